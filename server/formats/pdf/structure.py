"""PDF, as qpdf reads it: whether it is built as one, and what it says of itself."""

from __future__ import annotations

import mmap
from io import BytesIO
from typing import Any

import pikepdf
from pikepdf import Name

from server.formats import polyglots, xml
from server.formats.facts import DocumentFacts, language, line
from server.formats.malformed import Malformed
from server.formats.pdf import contents

HEADER = polyglots.PDF_HEADER
BEFORE = 1024
"""Bytes that readers accept before the header."""
NO_HEADER = "can't find PDF header"
DC = "http://purl.org/dc/elements/1.1/"
MAX_METADATA = 1 << 20


class Flawed(Exception):
    """Readers would have to repair it. It says what is wrong."""


def parse(path: str, data: mmap.mmap) -> DocumentFacts:
    """Every object that the table of references names can be read, without a repair, and there is a page; what its streams hold
    is decoded, and nothing in it runs. Raises Malformed."""
    at = data[: BEFORE + len(HEADER)].find(HEADER)
    if at < 0:
        raise Malformed(f"is no PDF: there is no header in its first {BEFORE} bytes")
    polyglots.check_archive(path)
    try:
        return looked_through(BytesIO(data[at:]) if at else path)
    except Flawed as flaw:
        try:
            if at:
                return looked_through(BytesIO(counted_from_the_beginning(data, at)))
        except Flawed:
            pass
        raise Malformed(f"is a damaged PDF: {flaw}; save it anew") from None


def counted_from_the_beginning(data: mmap.mmap, header: int) -> bytes:
    """The same for qpdf, if the places in it are counted from the first byte, and not from the header. Readers accept both."""
    blind = bytearray(data)
    blind[header : header + len(HEADER)] = b"%----"
    return bytes(blind)


def looked_through(source: str | BytesIO) -> DocumentFacts:
    """Raises Flawed, and Malformed for what would be wrong with it however it was read."""
    try:
        with pikepdf.open(source, attempt_recovery=False, suppress_warnings=True) as pdf:
            count = len(pdf.pages)
            len(pdf.objects)  # reads each of them
            warnings = [each for each in map(str, pdf.get_warnings()) if NO_HEADER not in each]
            if warnings:
                raise Flawed(shortened(warnings[0], source))
            if not count:
                raise Flawed("it has no page")
            contents.check(pdf)
            return facts(pdf, count)
    except pikepdf.PasswordError:
        raise Flawed("it cannot be read without a password") from None
    except (Flawed, Malformed, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001  a decoder raises whatever comes to it
        raise Flawed(shortened(str(error), source)) from None


def shortened(said: str, source: str | BytesIO) -> str:
    """Without the name that qpdf gives the file, and the place there, which says nothing to who sent it."""
    return (said.removeprefix(str(source)).partition(": ")[2] or said)[:200]


def facts(pdf: pikepdf.Pdf, page_count: int) -> DocumentFacts:
    """What it says of itself: in its metadata, or where older ones say it."""
    root: Any = pdf.Root
    said = metadata(root)
    marks = root.get("/MarkInfo")
    marked: Any = marks.get("/Marked") if isinstance(marks, pikepdf.Dictionary) else None
    return DocumentFacts(
        page_count=page_count,
        title=line(said.get("title", "")) or line(string(information(pdf), "/Title")),
        language=language(string(root, "/Lang")) or language(said.get("language", "")),
        is_tagged=marked is True and isinstance(root.get("/StructTreeRoot"), pikepdf.Dictionary),
    )


def information(pdf: pikepdf.Pdf) -> Any:
    return pdf.trailer.get("/Info")


def string(dictionary: Any, name: str) -> str:
    """A text of a dictionary; empty where it has none."""
    if not isinstance(dictionary, pikepdf.Dictionary):
        return ""
    value = dictionary.get(name)
    try:
        return str(value) if isinstance(value, (str, pikepdf.String)) else ""
    except UnicodeDecodeError:
        return ""


def metadata(root: pikepdf.Object) -> dict[str, str]:
    """The title and the language that stand in its XMP (ISO 16684), if there is one that can be read."""
    stream = root.get("/Metadata")
    if not isinstance(stream, pikepdf.Stream) or stream.get("/Type") not in {None, Name.Metadata}:
        return {}
    try:
        content = b"".join(contents.pieces(stream))
        return xml.texts(content[:MAX_METADATA], {f"{DC} title": "title", f"{DC} language": "language"})
    except Malformed:
        return {}
