"""The files' bytes: copied once each, under their SHA-256, and put back under their keys."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field

from server.recovery.contents import FileRow
from server.recovery.failures import Damaged, RecoveryFailed
from server.recovery.vault import Counted, Stored, Vault
from server.stores.blobs import BlobNotFound, ObjectStorage, StorageUnavailable

FILES = "files"
LINE_BYTES = 64 * 1024


def place(sha256: str) -> str:
    return f"{FILES}/{sha256}"


@dataclass
class Copy:
    """The files of one backup, as they are read, checked and copied."""

    vault: Vault
    storage: ObjectStorage
    there: set[str]
    """Names in the vault, of earlier backups too."""
    new: list[Stored] = field(default_factory=list)
    flaws: list[str] = field(default_factory=list)
    count: int = 0
    size: int = 0

    async def inventory(self, rows: AsyncIterator[FileRow]) -> AsyncGenerator[bytes, None]:
        """A line for each file, once its bytes are in the vault."""
        async for row in rows:
            flaw = await self.copy(row)
            if flaw:
                self.flaws.append(f"{row.key} {flaw}")
            self.count += 1
            self.size += row.size
            yield row.model_dump_json().encode() + b"\n"

    async def copy(self, row: FileRow) -> str:
        """Reads the file and stores it unless it is there. Says what is wrong with it."""
        name, count = place(row.sha256), Counted(self.storage.read(row.key))
        try:
            if name in self.there:
                async for _ in count.counted():
                    pass
                return flaw(row, count)
            stored = await self.vault.store(name, count.counted())
        except BlobNotFound:
            return "is lost: the storage has no bytes of it"
        except StorageUnavailable as failure:
            raise RecoveryFailed(f"the files' storage cannot be read ({failure.__cause__ or failure})") from failure
        if found := flaw(row, count):
            await self.vault.delete(name)
            return found
        self.new.append(stored)
        self.there.add(name)
        return ""


def flaw(row: FileRow, count: Counted) -> str:
    same = (count.size, count.hash.hexdigest()) == (row.size, row.sha256)
    return "" if same else "has other bytes than those that came"


async def listed(vault: Vault, inventory: Stored) -> AsyncIterator[FileRow]:
    """The files of a backup."""
    held = b""
    async for chunk in vault.checked(inventory):
        *lines, held = (held + chunk).split(b"\n")
        for line in lines:
            yield FileRow.model_validate_json(line)
    if held:
        raise Damaged(f"{inventory.name} is cut off")


async def put_back(vault: Vault, inventory: Stored, storage: ObjectStorage) -> tuple[int, list[str]]:
    """Writes each file that is not there as it should be. How many, and what is wrong with the others."""
    written, flaws = 0, []
    async for row in listed(vault, inventory):
        if not await differs(storage, row):
            continue
        stored = Stored(name=place(row.sha256), size=row.size, sha256=row.sha256)
        try:
            await vault.verify(stored)
            await storage.delete(row.key)
            await storage.write(row.key, vault.checked(stored), content_type=row.content_type)
        except Damaged as damaged:
            flaws.append(f"{row.key}: {damaged}")
        except StorageUnavailable as failure:
            raise RecoveryFailed(f"the files' storage cannot be written ({failure.__cause__ or failure})") from failure
        else:
            written += 1
    return written, flaws


async def differs(storage: ObjectStorage, row: FileRow) -> str:
    """What is wrong with a file in the storage; empty if nothing is."""
    count = Counted(storage.read(row.key))
    try:
        async for _ in count.counted():
            pass
    except BlobNotFound:
        return "is lost: the storage has no bytes of it"
    except StorageUnavailable as failure:
        raise RecoveryFailed(f"the files' storage cannot be read ({failure.__cause__ or failure})") from failure
    return flaw(row, count)
