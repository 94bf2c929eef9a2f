"""Files that are what they say, and such as are not: made here, so that no binary is committed."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from typing import Any

import pikepdf
from PIL import Image

from server.demo.files import chunk, form_pdf, harbour_png
from server.formats import types
from tests.formats import packages, pdfs
from tests.formats.packages import archive

PNG, PDF = harbour_png(), form_pdf()
DOCX, XLSX, _ = types.OFFICE_OPEN
MAIN = types.OFFICE_OPEN[DOCX]
ODT = "application/vnd.oasis.opendocument.text"
OFFICE_MAIN = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
SCRIPT = b"<script>alert(1)</script>"


def image(kind: str, **how: Any) -> bytes:
    return encoded(Image.effect_noise((120, 80), 60).convert("RGB"), kind, **how)


def encoded(picture: Image.Image, kind: str, **how: Any) -> bytes:
    made = io.BytesIO()
    picture.save(made, kind, **how)
    return made.getvalue()


def frames(count: int) -> bytes:
    """A GIF that moves."""
    one = encoded(Image.effect_noise((4, 4), 60).convert("P"), "GIF")
    at = one.index(b"\x2c\0\0\0\0\4\0\4\0")
    return one[:at] + one[at:-1] * count + b";"


def png(width: int, height: int, rows: bytes = b"", *before: bytes) -> bytes:
    """One that says that it is so large, with these chunks before its pixels."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(before) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def office(*more: tuple[str, str | bytes], main: str = MAIN, types_more: str = "", target: str = "") -> bytes:
    part = target or "word/document.xml"
    kinds = f'<Types><Override PartName="/word/document.xml" ContentType="{main}"/>{types_more}</Types>'
    related = f'<Relationships><Relationship Id="r1" Type="{OFFICE_MAIN}" Target="{part}"/></Relationships>'
    members = {"[Content_Types].xml": kinds, "_rels/.rels": related, "word/document.xml": "<document/>"}
    return archive(*{**members, **dict(more)}.items())


def odt(*more: tuple[str, str], said: str = ODT) -> bytes:
    manifest = f'<manifest><file-entry full-path="/" media-type="{said}"/></manifest>'
    members = [("mimetype", ODT), ("META-INF/manifest.xml", manifest), ("content.xml", "<document/>"), *more]
    return archive(*members, method=zipfile.ZIP_STORED)


def patched_size(name: str, content: bytes) -> bytes:
    """An archive whose member inflates to more than its directory says."""
    made = office((name, content))
    said = len(content).to_bytes(4, "little")
    return made.replace(said, (10).to_bytes(4, "little"))


def saved_pdf(**how: Any) -> bytes:
    made = io.BytesIO()
    with pikepdf.open(io.BytesIO(PDF)) as pdf:
        pdf.save(made, **how)
    return made.getvalue()


def counted_from(count: int) -> bytes:
    """A PDF behind so many line ends, whose places are counted from the first byte of the file."""
    start = PDF.index(b"xref\n")
    table = PDF[start:]
    for line in table.split(b"\n"):
        if line.endswith(b" 00000 n "):
            table = table.replace(line, b"%010d 00000 n " % (int(line[:10]) + count))
    table = table.replace(b"startxref\n%d" % start, b"startxref\n%d" % (start + count))
    return b"\n" * count + PDF[:start] + table


JPEG, GIF, WEBP, TIFF, AVIF = (image(kind) for kind in ("JPEG", "GIF", "WEBP", "TIFF", "AVIF"))

SOUND: list[tuple[str, str, bytes]] = [
    ("image/png", "a.png", PNG),
    ("image/png", "zeros behind it.png", PNG + bytes(100)),
    ("image/jpeg", "a.jpg", JPEG),
    ("image/jpeg", "progressive.jpeg", image("JPEG", progressive=True, exif=Image.Exif())),
    ("image/jpeg", "two in one.jpg", JPEG + bytes(9) + JPEG),
    ("image/jpeg", "of a telephone.jpg", JPEG + b"\0\0\1\x0a\x0e\0\0\0Image_UTC_Data1700000000000SEFH\x6b\0\0\0SEFT"),
    ("image/gif", "a.gif", GIF),
    ("image/gif", "moving.gif", frames(20)),
    ("image/webp", "a.webp", WEBP),
    ("image/tiff", "a.tiff", TIFF),
    ("image/avif", "a.avif", AVIF),
    ("application/pdf", "a.pdf", PDF),
    ("application/pdf", "behind a mark.pdf", b"\xef\xbb\xbf" + PDF),
    ("application/pdf", "behind as much as may be.pdf", b"\n" * 1024 + PDF),
    ("application/pdf", "of a printer.pdf", b"\x1b%-12345X@PJL JOB\r\n" + PDF),
    ("application/pdf", "counted from the first byte.pdf", counted_from(200)),
    ("application/pdf", "fast on the web.pdf", saved_pdf(linearize=True)),
    ("application/pdf", "with streams of objects.pdf", saved_pdf(object_stream_mode=pikepdf.ObjectStreamMode.generate)),
    ("application/pdf", "not to be changed.pdf", saved_pdf(encryption=pikepdf.Encryption(owner="secret", user=""))),
    (DOCX, "a.docx", office(("word/media/image1.png", PNG), ("docProps/core.xml", "<core/>"))),
    (ODT, "a.odt", odt(("Pictures/", ""))),
    ("text/csv", "a.csv", "name,Höhe\n<b>pier</b>,3\n".encode()),
    ("text/csv", "behind a mark.csv", b"\xef\xbb\xbfa,b\r\n"),
    *((types.PDF, name, content) for name, content in pdfs.SOUND),
    *packages.SOUND,
]
"""Type, name, bytes."""

HUGE = png(100_000, 100_000, bytes(1000))
VBA = '<Default Extension="bin" ContentType="application/vnd.ms-office.vbaProject"/>'
MALFORMED: list[tuple[str, bytes, str]] = [
    ("five bytes.pdf", b"%PDF-", "startxref"),
    ("a header.pdf", b"%PDF-1.7\n" + bytes(500), "startxref"),
    ("cut off.pdf", PDF[:-100], "startxref"),
    ("damaged.pdf", PDF.replace(b"endobj", b"endxxx", 1), "expected endobj"),
    ("no page.pdf", PDF.replace(b"/Count 1", b"/Count 0").replace(b"[3 0 R]", b"[     ]"), "no page"),
    ("secret.pdf", saved_pdf(encryption=pikepdf.Encryption(owner="a", user="b")), "password"),
    ("far behind.pdf", bytes(1025) + PDF, "FILE_TYPE_NOT_ALLOWED"),
    ("a page.pdf", b"<html><body>" + SCRIPT + PDF, "page or a program"),
    ("unpacked.pdf", PDF + archive(("a.sh", "rm -rf /")), "ZIP archive as well"),
    ("program.pdf", b"MZ\x90\0\3" + bytes(60) + PDF, "begins as a program"),
    ("shell.pdf", b"#!/bin/sh\nexit\n" + PDF, "begins as a program"),
    ("packed.pdf", b"Rar!\x1a\7\0" + PDF, "begins as a program, an archive"),
    ("four bytes.jpg", JPEG[:4], "damaged image"),
    ("half.jpg", JPEG[: len(JPEG) // 2], "damaged image"),
    ("without its end.jpg", JPEG[:-2], "damaged image"),
    ("php.jpg", JPEG + b"<?php system($_GET[0]) ?>", "page or a program"),
    ("script.png", PNG[:8] + SCRIPT, "page or a program"),
    ("shell.png", PNG[:8] + b"#!/bin/sh\nrm -rf /\n", "damaged image"),
    ("half.png", PNG[: len(PNG) // 2], "damaged image"),
    ("without its end.png", PNG[:-12], "damaged image"),
    ("changed.png", PNG[:100] + b"!!!!" + PNG[104:], "damaged image"),
    ("unpacked.png", PNG + archive(("a", "b")), "ZIP archive as well"),
    ("followed.png", PNG + b"*/=1;alert(1)", "behind the end of its image"),
    ("huge.png", HUGE, "pixels"),
    ("words.png", png(1, 1, bytes(4), chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(64 << 20)))), "damaged image"),
    ("page.gif", GIF + b"<html><script src=x>", "page or a program"),
    ("script.gif", b"GIF89a/*" + GIF[8:-1] + b";*/=1;alert(1)//", "damaged image|behind the end|pixels"),
    ("long.gif", frames(100_000), "1000 frames"),
    ("half.gif", GIF[: len(GIF) // 2], "damaged image"),
    ("half.webp", WEBP[: len(WEBP) // 2], "damaged image"),
    ("followed.webp", WEBP + b"MZ", "behind the end of its image"),
    ("archive.docx", archive(("a", "b")), "lacks"),
    ("of excel.docx", office(main=types.OFFICE_OPEN[XLSX]), "another kind of document"),
    ("of macros.docx", office(main="application/vnd.ms-word.document.macroEnabled.main+xml"), "another kind of document"),
    ("with macros.docx", office(("word/vbaProject.bin", b"x"), types_more=VBA), "macros"),
    ("without main.docx", office(target="word/other.xml"), "another kind of document"),
    ("outside.docx", office(("../../etc/passwd", "x")), "leads elsewhere"),
    ("twice.docx", office(("word/Document.xml", "x")), "two members of one name"),
    ("bomb.docx", office(("word/a.bin", bytes(201 << 20))), "inflates to more"),
    ("liar.docx", patched_size("word/a.bin", bytes(123_457)), "other bytes than it says|holds more|another|damaged"),
    ("entities.docx", office(("word/document.xml", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>')), "document type"),
    ("followed.docx", office() + b"x", "behind the end"),
    ("also.docx", archive(("a.pdf", PDF), method=zipfile.ZIP_STORED), "PDF as well"),
    ("cut off.docx", office()[:-30], "damaged archive"),
    ("other.odt", odt(said="application/vnd.oasis.opendocument.spreadsheet"), "manifest"),
    ("basic.odt", odt(("Basic/Standard/Module1.xml", "<a/>")), "macros"),
    ("word.odt", office(), "first member"),
    ("zeros.csv", b"a,b\0c\n", "U\\+0000"),
    ("latin.csv", "a,Höhe\n".encode("latin-1"), "UTF-8"),
    ("program.csv", b"MZ\x90\0\3" + bytes(100), "text"),
    ("archive.odt", archive(("a", "b")), "first member"),
    *pdfs.MALFORMED,
    *packages.MALFORMED,
]
"""Name, bytes, and what the refusal says."""
