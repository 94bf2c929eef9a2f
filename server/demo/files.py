"""The demo's image and PDF, drawn here so that no binary is committed."""

from __future__ import annotations

import struct
import zlib

WIDTH, HEIGHT = 480, 270
SKY, SEA, SUN, PIER = (0xF6, 0xD9, 0xA8), (0x1F, 0x4E, 0x6B), (0xE8, 0x5D, 0x3A), (0x2B, 0x2B, 0x33)


def harbour_png() -> bytes:
    """A sunset beside a pier, as an 8-bit RGB image (PNG, ISO/IEC 15948)."""
    rows = b"".join(b"\0" + bytes(part for x in range(WIDTH) for part in colour(x, y)) for y in range(HEIGHT))
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")


def colour(x: int, y: int) -> tuple[int, int, int]:
    if (150 <= y < 165 and x > 260) or (y >= 165 and x > 260 and x % 44 < 8):
        return PIER
    if y < 160:
        return SUN if (x - 130) ** 2 + (y - 130) ** 2 < 2500 else SKY
    return SEA if (y + x // 30) % 9 else SUN if abs(x - 130) < 60 else SEA


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def form_pdf() -> bytes:
    """One page with a title and four lines to fill in (PDF 1.4, ISO 32000-1)."""
    lines = [
        "Application for a mooring",
        "Name of the boat: ______________",
        "Length: ______ m",
        "Owner: ______________",
        "Date: ______",
    ]
    text = b"BT /F1 16 Tf 72 760 Td 28 TL " + b" ".join(b"(%s) Tj T*" % line.encode() for line in lines) + b" ET"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    document, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(document))
        document += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    trailer = b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(document))
    return document + b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + table + trailer


FILES = {
    "harbour.png": (harbour_png, "A red sun goes down beside a dark pier"),
    "mooring-form.pdf": (form_pdf, "Form: application for a mooring"),
}
"""name -> how its bytes are made, and its alternative text."""
