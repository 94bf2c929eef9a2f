"""ZIP archives as files of their own: data sets, forms that belong together. All that is in them is inflated, archives within
archives too, and nothing in them is a program."""

from __future__ import annotations

import mmap
import re
from io import BytesIO

from server.formats import archives, programs
from server.formats.archives import LOCAL_SIGNATURE, Archive
from server.formats.malformed import Malformed

MAX_DEPTH = 3
"""Archives within archives; a document of an office within one is one, too."""
PACKED = re.compile(
    rb"Rar!\x1a|7z\xbc\xaf\x27|\x1f\x8b|BZh[1-9]|\xfd7zXZ\x00|\x28\xb5\x2f\xfd|MSCF\x00|\x04\x22\x4d\x18|LZIP|\x1f\x9d|\x60\xea",
    re.DOTALL,
)
"""How other archives begin, into which nothing here looks."""
EMPTY = b"PK\x05\x06"


def parse(path: str, data: mmap.mmap) -> None:
    """Raises Malformed."""
    if data[:4] == EMPTY:
        raise Malformed("is an archive in which there is nothing")
    Looking().check(Archive.opened(path, data), depth=1)


class Looking:
    """What is left of what an archive and all within it may have."""

    def __init__(self) -> None:
        self.bytes, self.members = archives.MAX_BYTES, archives.MAX_MEMBERS

    def check(self, archive: Archive, depth: int) -> None:
        """Raises Malformed."""
        self.members -= len(archive.members)
        if self.members < 0:
            raise Malformed(f"has more than {archives.MAX_MEMBERS} members, with those of the archives in it")
        self.bytes -= archive.check(self.bytes)
        for member in archive.members:
            if member.is_dir():
                continue
            name = member.filename
            programs.check_name(name, "holds a program")
            beginning = next(archive.inflated(member, member.file_size), b"")
            programs.check_content(beginning, name, "holds a program")
            if PACKED.match(beginning):
                raise Malformed(
                    f"holds an archive that is not looked into: {name[: programs.MAX_SHOWN]!r}; put in what it holds"
                )
            if beginning.startswith((LOCAL_SIGNATURE, EMPTY)) or name.lower().endswith(".zip"):
                self.check_within(archive, name, depth)

    def check_within(self, archive: Archive, name: str, depth: int) -> None:
        if depth == MAX_DEPTH:
            raise Malformed(f"holds archives more than {MAX_DEPTH} deep: {name[: programs.MAX_SHOWN]!r}")
        content = archive.read(name)
        try:
            self.check(Archive.opened(BytesIO(content), content), depth + 1)
        except Malformed as flaw:
            raise Malformed(f"holds an archive, {name[: programs.MAX_SHOWN]!r}, that {flaw}") from None
