"""Pictures to upload: the demo's, and one that is large enough to be seen on its way."""

from __future__ import annotations

import random
import struct
import zlib

from server.demo.files import chunk, harbour_png

SMALL = harbour_png()
WIDTH, HEIGHT = 1200, 900


def large() -> bytes:
    """Noise of 3 MB, as an 8-bit RGB image (PNG, ISO/IEC 15948). It is the same each time."""
    noise = random.Random(12)
    rows = b"".join(b"\0" + noise.randbytes(3 * WIDTH) for _ in range(HEIGHT))
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 0)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body
