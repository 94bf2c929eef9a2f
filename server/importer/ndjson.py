"""Gazette's own NDJSON: a part of an import a line, as protobuf JSON. `gazette export` writes it, and so does
`GET /v1/documents:export`, and `gazette import` reads it, one line at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from google.protobuf.json_format import MessageToJson, ParseDict, ParseError
from google.protobuf.message import Message

from gazette.content.v1.document_import_pb2 import ImportDocumentsRequest
from server.importer import sources
from server.importer.failures import Refusal, Refused
from server.importer.units import FileBytes, Spooled, Unit

REASON = 500
"""Characters of a parser's complaint that are passed on; it may quote the whole line."""


@dataclass
class Reader:
    """Reads a file, or a pipe, in which there may be bytes behind some parts, as lines of their own, or beside it in a folder.
    What is long waits on the disk until it is sent."""

    text: BinaryIO
    """As UTF-8, from where the first line begins."""
    name: str
    refusals: list[Refusal]
    """A line that holds nothing of an import is added to them."""
    folder: Path | None = None
    """Where files lie by the SHA-256 of their bytes."""
    waiting: Unit | None = None
    """The newest unit, of which there may be more lines."""
    number: int = 0

    def units(self) -> Iterator[Unit]:
        """What each line holds, with the bytes that are its own. Options are the caller's."""
        while line := self.text.readline():
            self.number += 1
            if not line.strip():
                continue
            try:
                part = parsed(line)
            except Refused as refused:
                self.refuse(str(refused))
                continue
            if part.WhichOneof("part") == "chunk":
                self.add(part.chunk)
                continue
            yield from self.complete()
            if not part.WhichOneof("part"):
                self.refuse("holds no part of an import")
            elif not part.HasField("options"):
                self.waiting = Unit(part)
                if not may_have_bytes(part):  # nobody waits for what comes behind it
                    yield from self.complete()
        yield from self.complete()

    def refuse(self, reason: str) -> None:
        self.refusals.append(Refusal(f"{self.name}:{self.number}", reason[:REASON]))

    def add(self, chunk: bytes) -> None:
        """A line of bytes is the newest unit's."""
        if self.waiting is None:
            self.refuse("has bytes of no file and of no entry of the record")
            return
        if not isinstance(self.waiting.bytes, Spooled):
            self.waiting = self.waiting._replace(bytes=Spooled())
        assert isinstance(self.waiting.bytes, Spooled)
        self.waiting.bytes.add(chunk)

    def complete(self) -> Iterator[Unit]:
        """The newest unit, now that its bytes are known."""
        unit, self.waiting = self.waiting, None
        if unit is None:
            return
        if unit.bytes is None and unit.part.HasField("file"):
            file = unit.part.file
            path = self.folder / file.sha256 if self.folder is not None else None
            if path is None or not path.is_file():
                where = f"{path} is not there" if path is not None else "they are neither in the file nor in a folder beside it"
                self.refusals.append(Refusal(f"file/{file.name}", f"its bytes are missing: {where}"))
                return
            unit = unit._replace(bytes=FileBytes(path, path.stat().st_size))
        yield unit


def may_have_bytes(part: ImportDocumentsRequest) -> bool:
    return part.HasField("file") or part.HasField("record_entry") or part.document.HasField("record_entry")


def parsed(line: bytes) -> ImportDocumentsRequest:
    """Raises Refused."""
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        found = error.object[error.start : error.end].hex(" ")
        raise Refused(f"is not UTF-8: byte {error.start} of the line is {found} ({error.reason})") from None
    try:
        return ParseDict(sources.parsed(text), ImportDocumentsRequest())
    except (ParseError, ValueError, RecursionError) as error:
        raise Refused(str(error)) from None


def line(part: Message) -> bytes:
    """Equal for equal parts, so that exports can be compared."""
    return MessageToJson(part, indent=None, ensure_ascii=False, sort_keys=True).encode() + b"\n"
