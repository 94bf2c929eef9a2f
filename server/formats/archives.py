"""ZIP archives: what each member holds, counted by inflating it, and never by what the archive says of it alone."""

from __future__ import annotations

import mmap
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import BinaryIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipInfo

from server.formats.malformed import Malformed

MAX_MEMBERS = 10_000
MAX_BYTES = 200 << 20
"""Of all members together, when they are inflated."""
MAX_PART = 64 << 20
"""Of a member that is read whole."""
PIECE = 1 << 20
LOCAL_HEADER, LOCAL_SIGNATURE = 30, b"PK\x03\x04"
END_RECORD, END_SIGNATURE = 22, b"PK\x05\x06"
ENCRYPTED, UNICODE_NAME = 0x1, 0x800
FILE_KIND, SYMBOLIC_LINK = 0o170000, 0o120000


@dataclass(frozen=True)
class Archive:
    """An archive that was opened, and is to be checked before it is read."""

    data: mmap.mmap | bytes
    members: tuple[ZipInfo, ...]
    comment: bytes

    @classmethod
    def opened(cls, source: str | BinaryIO, data: mmap.mmap | bytes) -> Archive:
        """Raises Malformed."""
        try:
            with zipfile.ZipFile(source) as file:
                return cls(data, tuple(file.infolist()), file.comment)
        except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, EOFError) as error:
            raise Malformed(f"is a damaged archive: {error}") from None

    @cached_property
    def by_name(self) -> dict[str, ZipInfo]:
        return {member.filename: member for member in self.members}

    @property
    def names(self) -> list[str]:
        return [*self.by_name]

    @property
    def first(self) -> str:
        """The member that stands at the beginning."""
        return min(self.members, key=lambda member: member.header_offset).filename

    def check(self, most: int = MAX_BYTES) -> int:
        """How many bytes it inflates to. Raises Malformed unless it is whole, has nothing but its members, and inflates to no
        more than it may."""
        if not 0 < len(self.members) <= MAX_MEMBERS:
            raise Malformed(f"has {len(self.members)} members, and may have {MAX_MEMBERS}")
        if len({member.filename.lower() for member in self.members}) < len(self.members):
            raise Malformed("has two members of one name")
        if self.comment or self.data[-END_RECORD : -END_RECORD + 4] != END_SIGNATURE:
            raise Malformed("goes on behind the end of its archive")
        end = 0
        for member in sorted(self.members, key=lambda member: member.header_offset):
            check_name(member)
            if member.header_offset < end or (end == 0 and member.header_offset):
                raise Malformed(f"has members one over the other, or bytes before the first: {member.filename[:100]!r}")
            end = self.start(member) + member.compress_size
        left = most
        for member in self.members:
            left -= sum(map(len, self.inflated(member, left)))
        return most - left

    def start(self, member: ZipInfo) -> int:
        """Where its bytes begin. Raises Malformed if it is another one there than the directory says."""
        at = member.header_offset
        header = self.data[at : at + LOCAL_HEADER]
        name_length, extra_length = int.from_bytes(header[26:28], "little"), int.from_bytes(header[28:30], "little")
        name = self.data[at + LOCAL_HEADER : at + LOCAL_HEADER + name_length]
        said = member.orig_filename.encode("utf-8" if member.flag_bits & UNICODE_NAME else "cp437")
        if header[:4] != LOCAL_SIGNATURE or name != said:
            raise Malformed(f"has a member that its directory calls otherwise: {member.filename[:100]!r}")
        return at + LOCAL_HEADER + name_length + extra_length

    def inflated(self, member: ZipInfo, most: int) -> Iterator[bytes]:
        """What it holds, in pieces. Raises Malformed if that is more than `most`, or not what was said of it."""
        start = self.start(member)
        end = start + member.compress_size
        count, crc = 0, 0
        for piece in self.pieces(member, start, end):
            count += len(piece)
            crc = zlib.crc32(piece, crc)
            if count > most:
                raise Malformed(f"inflates to more than {MAX_BYTES} bytes")
            yield piece
        if (count, crc) != (member.file_size, member.CRC):
            raise Malformed(f"holds other bytes than it says: {member.filename[:100]!r}")

    def pieces(self, member: ZipInfo, start: int, end: int) -> Iterator[bytes]:
        if member.compress_type == ZIP_STORED:
            yield from (self.data[at : min(at + PIECE, end)] for at in range(start, end, PIECE))
            return
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        at = start
        try:
            while not inflater.eof:
                given = inflater.unconsumed_tail or self.data[at : min(at + PIECE, end)]
                at += 0 if inflater.unconsumed_tail else len(given)
                piece = inflater.decompress(given, PIECE)
                if not given and not piece:
                    raise Malformed(f"is cut off: {member.filename[:100]!r}")
                yield piece
        except zlib.error as error:
            raise Malformed(f"is a damaged archive: {error}") from None
        if at != end or inflater.unused_data:
            raise Malformed(f"holds more than it says: {member.filename[:100]!r}")

    def read(self, name: str) -> bytes:
        """A member. Raises Malformed."""
        member = self.by_name.get(name)
        if member is None:
            raise Malformed(f"lacks {name}")
        if member.file_size > MAX_PART:
            raise Malformed(f"has {member.file_size} bytes in {name}, and may have {MAX_PART}")
        return b"".join(self.inflated(member, MAX_PART))


def check_name(member: ZipInfo) -> None:
    """Raises Malformed for what leads out of the folder that it is unpacked in, and for what cannot be looked at."""
    name = member.orig_filename
    parts = name.removesuffix("/").split("/")
    if not all(parts) or {".", ".."} & {*parts} or "\\" in name or ":" in parts[0] or "\0" in name:
        raise Malformed(f"has a member whose name leads elsewhere: {name[:100]!r}")
    if member.external_attr >> 16 & FILE_KIND == SYMBOLIC_LINK:
        raise Malformed(f"has a member that is a link: {name[:100]!r}")
    if member.flag_bits & ENCRYPTED or member.compress_type not in {ZIP_STORED, ZIP_DEFLATED}:
        raise Malformed(f"has a member that cannot be read: {name[:100]!r}")
