"""PDF, as qpdf reads it."""

from __future__ import annotations

import mmap
from io import BytesIO

import pikepdf

from server.formats import polyglots
from server.formats.malformed import Malformed

HEADER = polyglots.PDF_HEADER
BEFORE = 1024
"""Bytes that readers accept before the header."""
NO_HEADER = "can't find PDF header"


def parse(path: str, data: mmap.mmap) -> None:
    """Every object that the table of references names can be read, without a repair, and there is a page. What streams hold
    is not decoded: that is what a document of many pages costs most. Raises Malformed."""
    at = data[: BEFORE + len(HEADER)].find(HEADER)
    if at < 0:
        raise Malformed(f"is no PDF: there is no header in its first {BEFORE} bytes")
    polyglots.check_archive(path)
    flaw = flaw_of(BytesIO(data[at:]) if at else path)
    if flaw is not None and not (at and counts_from_the_beginning(data, at)):
        raise Malformed(f"is a damaged PDF: {flaw}; save it anew")


def counts_from_the_beginning(data: mmap.mmap, header: int) -> bool:
    """Whether the places in it are counted from the first byte, and not from the header. Readers accept both."""
    blind = bytearray(data)
    blind[header : header + len(HEADER)] = b"%----"
    return flaw_of(BytesIO(blind)) is None


def flaw_of(source: str | BytesIO) -> str | None:
    """What is wrong with it; None if nothing is."""
    try:
        with pikepdf.open(source, attempt_recovery=False, suppress_warnings=True) as pdf:
            count = len(pdf.pages)
            len(pdf.objects)  # reads each of them
            warnings = [each for each in map(str, pdf.get_warnings()) if NO_HEADER not in each]
    except pikepdf.PasswordError:
        return "it cannot be read without a password"
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001  a decoder raises whatever comes to it
        return shortened(str(error), source)
    if warnings:
        return shortened(warnings[0], source)
    return None if count else "it has no page"


def shortened(said: str, source: str | BytesIO) -> str:
    """Without the name that qpdf gives the file, and the place there, which says nothing to who sent it."""
    return (said.removeprefix(str(source)).partition(": ")[2] or said)[:200]
