"""What a PDF says, by PDFium, in a process that the one that parses it begins: if a page takes too long or brings PDFium down,
the text ends there, and the file is as sound as it was found to be."""

from __future__ import annotations

import ctypes
import os
import signal
from time import process_time

import pypdfium2

from server.formats.facts import MAX_TEXT, Text, cleaned

SOFT_SECONDS, HARD_SECONDS = 1.0, 1.5
"""Of CPU time: no page is begun after the first, and none is waited for beyond the second."""
MAX_PAGES = 5_000
PAGE_END = "\f"
WHOLE, MORE = b"\x00", b"\x01"
"""What comes last."""
PIECE = 1 << 16
SET_PARENT_DEATH_SIGNAL = 1
"""Linux: prctl(2)."""
MOST_READ = 2 * MAX_TEXT


def text(path: str) -> Text:
    """What it says, page after page with a form feed between them."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            extract(path, writing)
        finally:
            os._exit(0)
    os.close(writing)
    try:
        with os.fdopen(reading, "rb", buffering=0) as pipe:
            said = received(pipe.fileno())
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    is_whole = said.endswith(WHOLE)
    found = said.rstrip(WHOLE + MORE).decode(errors="ignore").rstrip()
    return cleaned(found, is_truncated=not is_whole) if found else Text("", is_truncated=not is_whole)


def received(descriptor: int) -> bytes:
    said = bytearray()
    while len(said) <= MOST_READ and (piece := os.read(descriptor, PIECE)):
        said += piece
    return bytes(said)


def extract(path: str, writing: int) -> None:
    """Writes the pages as they come, so that those before a costly one are there."""
    ctypes.CDLL(None).prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
    signal.setitimer(signal.ITIMER_PROF, HARD_SECONDS)
    begin, size = process_time(), 0
    with os.fdopen(writing, "wb") as pipe, pypdfium2.PdfDocument(path) as document:
        for number in range(len(document)):
            if number == MAX_PAGES or size > MAX_TEXT or process_time() - begin > SOFT_SECONDS:
                pipe.write(MORE)
                return
            said = page_text(document, number).replace("\0", "").replace(PAGE_END, "\n")
            page = (PAGE_END * (number > 0) + said).encode(errors="ignore")
            size += len(page)
            pipe.write(page)
            pipe.flush()
        pipe.write(WHOLE)


def page_text(document: pypdfium2.PdfDocument, number: int) -> str:
    """Of one page; nothing where PDFium cannot read it."""
    try:
        page = document[number]
        try:
            words = page.get_textpage()
            try:
                said: str = words.get_text_bounded()
            finally:
                words.close()
        finally:
            page.close()
    except pypdfium2.PdfiumError:
        return ""
    return said
