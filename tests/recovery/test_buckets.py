"""Backups in a bucket: a stream of any length goes there in parts, and a backup comes back from there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

from server.recovery.vault import Vault
from server.settings import Settings
from server.stores import blobs
from server.stores.blobs.s3 import BACKUP_PART_BYTES
from tests.recovery.conftest import KEY, Installation
from tests.storage.moto import BUCKET, serving


def keys(endpoint: str) -> dict[str, str]:
    given = {"ENDPOINT": endpoint, "ACCESS_KEY": "key", "SECRET_KEY": "secret", "BUCKET_NAME": BUCKET}
    return {"BACKUP_DIRECTORY": "", **{f"BACKUP_S3_{name}": value for name, value in given.items()}}


async def test_a_backup_comes_back_from_a_bucket(installed: Installation, tmp_path: Path) -> None:
    with serving() as endpoint:
        taken = await installed.backup(**keys(endpoint))
        assert taken.exit_code == 0, taken.output
        async with installed.empty_database() as name:
            elsewhere = {**installed.elsewhere(name, tmp_path / "other-files"), **keys(endpoint)}
            for command in (("--dump", "--files"), ("check", "--exact")):
                done = await installed.restore(*command, **elsewhere)
                assert done.exit_code == 0, done.output


async def test_a_long_object_goes_in_parts(installed: Installation) -> None:
    """It is the same again, and is listed."""
    settings = installed.service.settings

    async def much() -> AsyncIterator[bytes]:
        for number in range(BACKUP_PART_BYTES // 1_000_000 + 5):
            yield bytes([number]) * 1_000_000

    with serving() as endpoint:
        changed = {name.lower(): value for name, value in keys(endpoint).items()}
        given: Settings = settings.model_copy(update={**changed, "backup_directory": None})
        storage = blobs.open_backups(given)
        vault = Vault(storage, KEY)
        stored = await vault.store("backups/long/dump", much())
        await vault.verify(stored)
        assert stored.size > BACKUP_PART_BYTES
        assert await vault.names("backups") == ["backups/long/dump"]
        await storage.close()
