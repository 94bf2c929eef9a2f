"""What a scanner does, and how it fails."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from server.rpc.failures import Unavailable


class ScannerUnavailable(Unavailable):
    """It cannot be reached, or does not say whether a file is sound."""

    reason = "VIRUS_SCANNER_UNAVAILABLE"
    message = "The virus scanner cannot be reached. Try again later."


class TooLongToScan(ScannerUnavailable):
    """It takes no file that is so long: its configuration is to be changed, and nothing else helps."""

    message = "The virus scanner takes no file that is so long."


class Scanner(Protocol):
    """Says what it knows in a file."""

    async def scan(self, pieces: AsyncIterator[bytes], size: int) -> str:
        """The name of what it knows in these bytes, of which there are about so many; empty where that is nothing. Raises
        ScannerUnavailable."""

    async def check(self) -> None:
        """Raises ScannerUnavailable unless it answers."""
