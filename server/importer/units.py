"""What is sent of an import at once: parts with the bytes that belong to them, in batches that can be sent again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import NamedTuple, Protocol

from gazette.content.v1.document_import_pb2 import ImportDocumentsRequest, ImportOptions

CHUNK = 256 << 10
IN_MEMORY = 1 << 20
MAX_BYTES = 64 << 20
"""Bytes of files in one call, unless one file alone has more."""


class Bytes(Protocol):
    """Bytes that are read when they are sent, as often as they are."""

    size: int

    def __iter__(self) -> Iterator[bytes]:
        """In pieces that a message takes."""


@dataclass
class FileBytes(Bytes):
    """The bytes of a file."""

    path: Path
    size: int

    def __iter__(self) -> Iterator[bytes]:
        with self.path.open("rb") as file:
            while piece := file.read(CHUNK):
                yield piece


class Spooled(Bytes):
    """Bytes that came with the part itself, kept until they are sent: in memory if they are few."""

    def __init__(self) -> None:
        self.size = 0
        self.file = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - it is closed with the batch that forgets it

    def add(self, piece: bytes) -> None:
        self.file.write(piece)
        self.size += len(piece)

    def __iter__(self) -> Iterator[bytes]:
        self.file.seek(0)
        while piece := self.file.read(CHUNK):
            yield piece


class Unit(NamedTuple):
    """One part, of which a call's answer says what became."""

    part: ImportDocumentsRequest
    bytes: Bytes | None = None


@dataclass
class Messages:
    """The messages of one call. No iterator, so that a client knows that it can begin again where the connection broke."""

    options: ImportOptions
    units: list[Unit]

    def __iter__(self) -> Iterator[ImportDocumentsRequest]:
        yield ImportDocumentsRequest(options=self.options)
        for unit in self.units:
            yield unit.part
            for piece in unit.bytes or ():
                yield ImportDocumentsRequest(chunk=piece)


def batches(units: Iterable[Unit], most: int) -> Iterator[list[Unit]]:
    """So many units together, and fewer where they bring many bytes."""
    some: list[Unit] = []
    size = 0
    for unit in units:
        own = unit.bytes.size if unit.bytes is not None else 0
        if some and size + own > MAX_BYTES:
            yield some
            some, size = [], 0
        some.append(unit)
        size += own
        if len(some) == most:
            yield some
            some, size = [], 0
    if some:
        yield some
