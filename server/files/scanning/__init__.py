"""Viruses: a scanner beside us is asked about each file before it is served.

- **scanner**: clamd, which takes bytes over a socket (INSTREAM) and says what it knows in them.
- **away**: it cannot be reached, does not answer in time, or takes no file so long. Then nobody knows, and the file waits.
- **infected**: it knows something in the file, by the name of a signature.
"""

from __future__ import annotations

from server.files.scanning.clamd import Clamd
from server.files.scanning.scanner import Scanner, ScannerUnavailable, TooLongToScan
from server.settings import Settings

__all__ = ["Scanner", "ScannerUnavailable", "TooLongToScan", "scanner"]


def scanner(settings: Settings) -> Scanner | None:
    """The one that the settings name; None where they name none, and nothing is scanned."""
    return Clamd(settings.clamav_url) if settings.clamav_url else None
