"""What a folder of blobs does with its files. All of it blocks.

A blob is the file at its key's path. What is on its way to become one is in `.unfinished`, which is no key: the file of a
write, or the folder of an assembly with the file that its parts are written to, and a mark for each part that is there. It is
named by the key, with dots for its slashes, and an id that tells when it was begun.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import uuid6

from server.stores.blobs.interface import CHUNK_BYTES, BlobChanged, BlobNotFound, Part, Stat

UNFINISHED = ".unfinished"
WHOLE = "whole"
"""What an assembly's file is called until it is the blob."""


def tag_of(found: os.stat_result) -> str:
    """A file written anew is another inode, and one written in place has another change time."""
    return f"{found.st_ino:x}-{found.st_ctime_ns:x}-{found.st_size:x}"


def stat_of(key: str, found: os.stat_result) -> Stat:
    return Stat(key, found.st_size, tag_of(found), datetime.fromtimestamp(found.st_mtime, UTC))


def stat(folder: Path, key: str) -> Stat | None:
    try:
        return stat_of(key, (folder / key).stat())
    except (FileNotFoundError, NotADirectoryError):
        return None


def opened(path: Path, start: int) -> BinaryIO:
    try:
        blob = path.open("rb")
    except FileNotFoundError:
        raise BlobNotFound(path) from None
    blob.seek(start)
    return blob


def pieces(blob: BinaryIO, start: int, stop: int | None) -> Iterator[bytes]:
    """What it holds from `start` on, where it is, up to `stop`, in pieces of at most CHUNK_BYTES."""
    left = sys.maxsize if stop is None else stop - start
    while piece := blob.read(min(CHUNK_BYTES, left)):
        left -= len(piece)
        yield piece


def place(folder: Path, key: str, name: str) -> Path:
    return folder / UNFINISHED / f"{key.replace('/', '.')}.{name}"


def new_name() -> str:
    return uuid6.uuid7().hex


def begun(path: Path) -> BinaryIO:
    """A write."""
    path.parent.mkdir(exist_ok=True)
    return path.open("xb")


def completed(part: BinaryIO, path: Path, target: Path) -> str:
    """Makes the blob durable, then visible. Its tag."""
    with part:
        part.flush()
        os.fsync(part.fileno())
    renamed(path, target)
    return tag_of(target.stat())


def renamed(path: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    path.replace(target)
    synced(target.parent)


def synced(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def moved(source: Path, target: Path, tag: str) -> None:
    try:
        found = source.stat()
    except FileNotFoundError:
        raise BlobNotFound(source) from None
    if tag_of(found) != tag:
        raise BlobChanged(source)
    renamed(source, target)


def begun_assembly(folder: Path, key: str) -> str:
    name = new_name()
    path = place(folder, key, name)
    path.mkdir(parents=True)
    synced(path.parent)
    return name


@contextmanager
def locked(path: Path, lock: int, flags: int = 0) -> Iterator[int]:
    """An assembly's file, open, under this lock. Raises BlobNotFound where it is gone."""
    try:
        descriptor = os.open(path, os.O_WRONLY | flags, 0o600)
        try:
            fcntl.flock(descriptor, lock)
            if path.stat().st_ino != os.fstat(descriptor).st_ino:
                raise FileNotFoundError
            yield descriptor
        finally:
            os.close(descriptor)
    except FileNotFoundError:
        raise BlobNotFound(path) from None


def put_part(pieces: Path, number: int, data: Iterable[bytes], part_bytes: int) -> Part:
    """The part is in its place in the file, and on the disk, once there is an empty file of its number, which has its tag.
    Parts may be put at the same time, each by one at a time, and none while the file is made the blob."""
    mark = pieces / str(number)
    with (
        locked(pieces / WHOLE, fcntl.LOCK_SH, os.O_CREAT) as whole,
        locked(pieces / f"{number}.lock", fcntl.LOCK_EX, os.O_CREAT),
    ):
        if mark.exists():
            mark.unlink()
            synced(pieces)
        at = start = (number - 1) * part_bytes
        for piece in data:
            rest = memoryview(piece)
            while rest:
                count = os.pwrite(whole, rest, at)
                rest, at = rest[count:], at + count
        os.fdatasync(whole)
        mark.touch()
        synced(pieces)
        return Part(number, at - start, tag_of(mark.stat()))


def assembled(folder: Path, key: str, name: str, parts: Sequence[Part]) -> Stat:
    """Makes the file of the parts the blob, if they are all there."""
    pieces, target, size = place(folder, key, name), folder / key, sum(part.size for part in parts)
    try:
        with locked(pieces / WHOLE, fcntl.LOCK_EX) as whole:
            for part in parts:
                check(pieces / str(part.number), part)
            os.ftruncate(whole, size)
            os.fsync(whole)
            renamed(pieces / WHOLE, target)
    except BlobNotFound:
        there = stat(folder, key)
        if (pieces / WHOLE).exists() or there is None or there.size != size:
            raise
    found = stat_of(key, target.stat())
    shutil.rmtree(pieces, ignore_errors=True)
    return found


def check(mark: Path, part: Part) -> None:
    """Raises FileNotFoundError unless the part is the one that is named. (In the release before it was the file itself.)"""
    found = mark.stat()
    if found.st_size or tag_of(found) != part.tag:
        raise FileNotFoundError(mark)


def abandoned(path: Path) -> None:
    """Removes a write, or an assembly."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def removed(folder: Path, key: str) -> None:
    with suppress(NotADirectoryError):
        (folder / key).unlink(missing_ok=True)
        (folder / f"{key}.part").unlink(missing_ok=True)  # where the release before wrote it
    for path in unfinished(folder, key):
        abandoned(path)


def unfinished(folder: Path, key: str) -> Iterator[Path]:
    prefix = key.replace("/", ".")
    with suppress(FileNotFoundError), os.scandir(folder / UNFINISHED) as entries:
        for entry in entries:
            if entry.name.rpartition(".")[0] == prefix:
                yield Path(entry.path)


def assemblies(folder: Path, prefix: str) -> list[tuple[str, str, datetime]]:
    found = []
    with suppress(FileNotFoundError), os.scandir(folder / UNFINISHED) as entries:
        for entry in entries:
            flat, _, name = entry.name.rpartition(".")
            key = flat.replace(".", "/")
            if key.startswith(f"{prefix}/"):
                found.append((key, name, datetime.fromtimestamp(uuid6.UUID(hex=name).time / 1000, UTC)))
    return found


def listed(folder: Path, prefix: str) -> Iterator[Stat]:
    """The blobs in the order of their keys: "a-b" comes before "a/b"."""
    try:
        with os.scandir(folder / prefix) as entries:
            children = sorted((f"{entry.name}/" if entry.is_dir(follow_symlinks=False) else entry.name) for entry in entries)
    except (FileNotFoundError, NotADirectoryError):
        return
    for name in children:
        if "." in name:
            continue  # nothing with a dot is a key
        if name.endswith("/"):
            yield from listed(folder, prefix + "/" + name[:-1])
        elif (found := stat(folder, f"{prefix}/{name}")) is not None:
            yield found
