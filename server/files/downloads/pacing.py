"""How much of a file is sent at a time: long pieces cost the server less, and short ones are taken in time over a slow line."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator

FIRST_BYTES, SHORT_BYTES = 256 * 1024, 64 * 1024
"""What is sent before anything is known of the reader, and to one that is slow: whoever takes 26 KiB a second takes the first
within the ten seconds after which a reader is given up, and at 7 all others."""
QUICK_SECONDS = 1.0
"""Who takes a piece in this time is sent whole pieces."""


async def paced(pieces: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    """The same bytes in their order, as long at a time as whoever asks for the next has been quick with the last."""
    size = FIRST_BYTES
    async for piece in pieces:
        at = 0
        while at < len(piece):
            part = piece[at : at + size]
            at += len(part)
            start = time.monotonic()
            yield part
            size = len(piece) if time.monotonic() - start < QUICK_SECONDS else SHORT_BYTES
