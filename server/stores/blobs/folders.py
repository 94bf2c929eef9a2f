"""What a folder of blobs does with its files. All of it blocks.

A blob is the file at its key's path. What is on its way to become one is in `.unfinished`, which is no key: the file of a
write, or the folder of an assembly with a file for each part. It is named by the key, with dots for its slashes, and an id that
tells when it was begun.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import uuid6

from server.stores.blobs.interface import BlobChanged, BlobNotFound, Part, Stat

UNFINISHED = ".unfinished"
COPY_BYTES = 1 << 30
"""The most that the kernel is told to copy at once."""


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


def place(folder: Path, key: str, name: str) -> Path:
    return folder / UNFINISHED / f"{key.replace('/', '.')}.{name}"


def new_name() -> str:
    return uuid6.uuid7().hex


def begun(path: Path) -> BinaryIO:
    """A write."""
    path.parent.mkdir(exist_ok=True)
    return path.open("xb")


def completed(part: BinaryIO, path: Path, target: Path) -> None:
    """Makes the blob durable, then visible."""
    with part:
        part.flush()
        os.fsync(part.fileno())
    renamed(path, target)


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


def put_part(folder: Path, number: int, data: bytes) -> Part:
    """The part is in its place when it is whole and on the disk."""
    unfinished, path = folder / f"{number}.{new_name()}", folder / str(number)
    try:
        with unfinished.open("xb") as part:
            part.write(data)
            part.flush()
            os.fsync(part.fileno())
    except FileNotFoundError:
        raise BlobNotFound(folder) from None
    renamed(unfinished, path)
    return Part(number, len(data), tag_of(path.stat()))


def assembled(folder: Path, key: str, name: str, parts: Sequence[Part]) -> Stat:
    """Copies the parts one after the other into a file, by the kernel, and makes it the blob."""
    pieces = place(folder, key, name)
    if not pieces.is_dir():
        there = stat(folder, key)
        if there is None or there.size != sum(part.size for part in parts):
            raise BlobNotFound(pieces)
        return there
    path = place(folder, key, new_name())
    try:
        with begun(path) as whole:
            for part in parts:
                add(whole, pieces, part)
            os.fsync(whole.fileno())
        renamed(path, folder / key)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    found = stat_of(key, (folder / key).stat())
    shutil.rmtree(pieces, ignore_errors=True)
    return found


def add(whole: BinaryIO, pieces: Path, part: Part) -> None:
    """Raises BlobNotFound unless the part is the one that is named."""
    with opened(pieces / str(part.number), 0) as piece:
        if tag_of(os.fstat(piece.fileno())) != part.tag:
            raise BlobNotFound(pieces / str(part.number))
        while os.copy_file_range(piece.fileno(), whole.fileno(), COPY_BYTES):
            pass


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
