"""A base backup's tar, unpacked as it comes; and held against the manifest that PostgreSQL has put in it."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import tarfile
from io import FileIO
from pathlib import Path

from server.recovery.failures import Damaged
from server.recovery.vault import Stored, Vault


async def unpack(vault: Vault, archive: Stored, folder: Path) -> None:
    """Raises Damaged; what was unpacked by then stays."""
    await extracted(vault, archive, folder)
    await asyncio.to_thread(check, folder)


async def extracted(vault: Vault, archive: Stored, folder: Path) -> None:
    reading, writing = os.pipe()
    work = asyncio.create_task(asyncio.to_thread(extract, reading, folder, archive.name))
    pipe = FileIO(writing, "wb")
    try:
        async for chunk in vault.checked(archive):
            await asyncio.to_thread(write, pipe, chunk)
    finally:
        pipe.close()  # the thread sees the end, and ends
        await asyncio.wait([work])
    await work


def write(pipe: FileIO, chunk: bytes) -> None:
    rest = memoryview(chunk)
    try:
        while rest:
            rest = rest[pipe.write(rest) :]
    except BrokenPipeError:
        pass  # the thread says why it stopped


def extract(descriptor: int, folder: Path, name: str) -> None:
    with os.fdopen(descriptor, "rb") as pipe:
        try:
            with tarfile.open(fileobj=pipe, mode="r|gz") as tar:
                tar.extractall(folder, filter=private)  # noqa: S202  the filter lets nothing out  # nosec B202
            while pipe.read(1 << 20):  # what follows the tar's end
                pass
        except (tarfile.TarError, EOFError, OSError) as error:
            raise Damaged(f"{name} cannot be unpacked ({error})") from error


def private(member: tarfile.TarInfo, folder: str) -> tarfile.TarInfo:
    """Nothing outside the folder, and nothing that others may read: PostgreSQL starts with no other."""
    safe = tarfile.data_filter(member, folder)
    return safe.replace(mode=0o700 if member.isdir() else 0o600, deep=False)


def check(folder: Path) -> None:
    """Whether each file is as PostgreSQL's manifest has it, and none is missing. Raises Damaged."""
    try:
        raw = (folder / "backup_manifest").read_bytes()
        listed = json.loads(raw)["Files"]
    except (OSError, ValueError, KeyError):
        raise Damaged("the base backup has no manifest of PostgreSQL's") from None
    covered, _, checksum = raw.rpartition(b'"Manifest-Checksum"')
    if hashlib.sha256(covered).hexdigest().encode() not in checksum:
        raise Damaged("the manifest of the base backup was altered")
    for each in listed:
        name = each["Path"] if "Path" in each else bytes.fromhex(each["Encoded-Path"]).decode()
        path = folder / name
        if not path.is_file() or path.stat().st_size != each["Size"] or sum_of(path) != each["Checksum"]:
            raise Damaged(f"the base backup's file {name} is not what PostgreSQL has listed")


def sum_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
