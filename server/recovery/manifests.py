"""Manifests: what each backup holds. A backup without one was never finished."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime

from pydantic import BaseModel, ValidationError

from server.recovery.contents import Contents
from server.recovery.failures import Damaged, RecoveryFailed
from server.recovery.vault import Stored, Vault

BACKUPS = "backups"
ID = re.compile(r"\d{8}t\d{6}z")


class Physical(BaseModel):
    """A base backup: all of the cluster's files, with PostgreSQL's own manifest, as a compressed tar."""

    archive: Stored
    system: str
    """The cluster's system identifier."""
    first_segment: str
    """Where in the WAL archive to begin."""
    finish_time: datetime
    """From when on it can be brought to a moment."""
    version: str
    """Of the server that it comes from."""


class Manifest(BaseModel):
    """One backup."""

    format: int = 1
    id: str
    start_time: datetime
    """The dump is what was committed by then."""
    finish_time: datetime
    release: str
    contents: Contents
    """Of the dump."""
    dump: Stored
    physical: Physical | None
    inventory: Stored
    """A line of JSON for each file that is ready, in the dump."""
    file_count: int
    file_bytes: int
    flaws: list[str]
    """What is wrong with the files themselves; what was wrong when the backup was taken cannot be restored."""

    @property
    def objects(self) -> list[Stored]:
        return [self.dump, self.inventory, *([self.physical.archive] if self.physical else [])]

    @property
    def size(self) -> int:
        return sum(each.size for each in self.objects)


def new_id(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y%m%dt%H%M%Sz")


def place(id_: str, what: str) -> str:
    return f"{BACKUPS}/{id_}/{what}"


async def save(vault: Vault, manifest: Manifest) -> None:
    async def written() -> AsyncIterator[bytes]:
        yield manifest.model_dump_json(indent=1).encode()

    await vault.store(place(manifest.id, "manifest"), written())


async def load(vault: Vault, id_: str) -> Manifest:
    """Raises Damaged."""
    name = place(id_, "manifest")
    raw = b"".join([chunk async for chunk in vault.read(name)])
    try:
        return Manifest.model_validate_json(raw)
    except ValidationError:
        raise Damaged(f"{name} is no manifest that this release can read: is BACKUP_ENCRYPTION_KEY set?") from None


async def ids(vault: Vault) -> tuple[list[str], list[str]]:
    """Of all backups, the oldest first: those that have a manifest, and those that were never finished."""
    finished: set[str] = set()
    found: set[str] = set()
    for name in await vault.names(BACKUPS):
        _, id_, *what = name.split("/")
        if ID.fullmatch(id_):
            found.add(id_)
            if what == ["manifest"]:
                finished.add(id_)
    return sorted(finished), sorted(found - finished)


async def chosen(vault: Vault, id_: str, before: datetime | None = None) -> Manifest:
    """The backup of this id, or the newest; with `before` the newest whose base backup was finished by then."""
    finished, _ = await ids(vault)
    if id_ and id_ not in finished:
        raise RecoveryFailed(f"there is no backup {id_}; `gazette backup list` shows those that there are")
    for each in [id_] if id_ else reversed(finished):
        manifest = await load(vault, each)
        if before is None or (manifest.physical and manifest.physical.finish_time <= before):
            return manifest
    raise RecoveryFailed("there is no backup" + (f" with a base backup that was finished by {before}" if before else " at all"))
