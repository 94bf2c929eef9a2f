"""Scans, counted."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import structlog
from prometheus_client import Counter, Histogram

from server.files.scanning.scanner import Scanner, ScannerUnavailable, TooLongToScan

log = structlog.get_logger(__name__)

SCANS = Counter("gazette_file_scans_total", "Scans for viruses by outcome: clean, infected, away or too_long.", ["outcome"])
SECONDS = Histogram(
    "gazette_file_scan_seconds", "How long scans for viruses took.", buckets=(0.01, 0.1, 1.0, 10.0, 60.0, 600.0)
)


async def scanned(scanner: Scanner, pieces: AsyncIterator[bytes], size: int) -> str:
    """As `Scanner.scan`."""
    start = time.perf_counter()
    try:
        signature = await scanner.scan(pieces, size)
    except TooLongToScan:
        SCANS.labels("too_long").inc()
        log.error("a file is too long for the virus scanner, and waits; see StreamMaxLength", bytes=size)  # noqa: TRY400
        raise
    except ScannerUnavailable as error:
        SCANS.labels("away").inc()
        log.warning("the virus scanner does not answer", error=str(error.__cause__ or error))
        raise
    SECONDS.observe(time.perf_counter() - start)
    SCANS.labels("infected" if signature else "clean").inc()
    return signature
