"""Viruses: a scanner beside us is asked about each file before it is served.

- **scanner**: clamd, which takes bytes over a socket (INSTREAM) and says what it knows in them.
- **away**: it cannot be reached, does not answer in time, or takes no file so long. Then nobody knows, and the file waits.
- **infected**: it knows something in the file, by the name of a signature.
"""

from __future__ import annotations

import structlog

from server.files.scanning.clamd import Clamd
from server.files.scanning.scanner import Scanner, ScannerUnavailable, TooLongToScan
from server.settings import Settings

__all__ = ["Scanner", "ScannerUnavailable", "TooLongToScan", "scanner", "tell_what_is_scanned"]

log = structlog.get_logger(__name__)
OFF = "files are not scanned for viruses: there is no scanner; set CLAMAV_URL"


def scanner(settings: Settings) -> Scanner | None:
    """The one that the settings name; None where they name none, and nothing is scanned."""
    return Clamd(settings.clamav_url) if settings.clamav_url else None


def tell_what_is_scanned(settings: Settings) -> None:
    """Says in the log of a process that starts whether files are scanned: loudly, where the public is served."""
    if settings.clamav_url:
        log.info("files are scanned for viruses")
    elif settings.is_public:
        log.warning(OFF)
    else:
        log.info(OFF)
