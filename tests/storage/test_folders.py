"""What a folder of blobs keeps of an assembly, when something else comes between."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from server.stores.blobs import BlobNotFound, folders
from server.stores.blobs.folders import tag_of
from server.stores.blobs.interface import Part
from tests.polling import wait_until
from tests.storage.storing import KEY

PART_BYTES = 4


@pytest.fixture
def assembly(tmp_path: Path) -> str:
    return folders.begun_assembly(tmp_path, KEY)


def test_parts_of_the_release_before_are_not_there(tmp_path: Path, assembly: str) -> None:
    """It kept each part in a file of its own. They are asked for again, beside new ones, too: no zeros stand for them."""
    pieces = folders.place(tmp_path, KEY, assembly)
    (pieces / "1").write_bytes(b"abcd")
    old = Part(1, 4, tag_of((pieces / "1").stat()))

    with pytest.raises(BlobNotFound):
        folders.assembled(tmp_path, KEY, assembly, [old])
    new = folders.put_part(pieces, 2, [b"ef"], PART_BYTES)
    with pytest.raises(BlobNotFound):
        folders.assembled(tmp_path, KEY, assembly, [old, new])
    again = folders.put_part(pieces, 1, [b"abcd"], PART_BYTES)
    folders.assembled(tmp_path, KEY, assembly, [again, new])

    assert (tmp_path / KEY).read_bytes() == b"abcdef"


def test_a_part_that_breaks_off_is_not_there(tmp_path: Path, assembly: str) -> None:
    """Not even the one whose place it was taking: its bytes are gone by then."""
    pieces = folders.place(tmp_path, KEY, assembly)
    first = folders.put_part(pieces, 1, [b"abcd"], PART_BYTES)
    with pytest.raises(OSError, match="broken off"):
        folders.put_part(pieces, 1, breaking_off(), PART_BYTES)

    with pytest.raises(BlobNotFound):
        folders.assembled(tmp_path, KEY, assembly, [first])


def breaking_off() -> Iterator[bytes]:
    yield b"xy"
    raise OSError("broken off")


def test_who_is_late_writes_to_no_blob(tmp_path: Path, assembly: str) -> None:
    """A part whose writer has opened the file, and goes on when that has become the blob, changes nothing of it."""
    pieces = folders.place(tmp_path, KEY, assembly)
    folders.put_part(pieces, 1, [b"abcd"], PART_BYTES)
    with ThreadPoolExecutor(1) as late:
        with folders.locked(pieces / folders.WHOLE, fcntl.LOCK_EX):
            part = late.submit(folders.put_part, pieces, 1, [b"late"], PART_BYTES)
            wait_until(lambda: opened(pieces / folders.WHOLE) == 2)
            folders.renamed(pieces / folders.WHOLE, tmp_path / KEY)
            found = folders.stat(tmp_path, KEY)
        with pytest.raises(BlobNotFound):
            part.result()

    assert (tmp_path / KEY).read_bytes() == b"abcd"
    assert folders.stat(tmp_path, KEY) == found


def opened(path: Path) -> int:
    """How often this process has the file open."""
    count = 0
    for each in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):
            count += each.readlink() == path
    return count


def test_an_assembly_that_was_finished_by_somebody_who_died_is_found(tmp_path: Path, assembly: str) -> None:
    """The file is the blob already, and what it was made of is still there."""
    pieces = folders.place(tmp_path, KEY, assembly)
    part = folders.put_part(pieces, 1, [b"abcd"], PART_BYTES)
    folders.renamed(pieces / folders.WHOLE, tmp_path / KEY)

    made = folders.assembled(tmp_path, KEY, assembly, [part])

    assert made == folders.stat(tmp_path, KEY)
    assert not pieces.exists()
