"""Backup and restore by dump: all of it comes back, or it is said what does not."""

from __future__ import annotations

import asyncio
import hashlib
import json
import stat
from pathlib import Path

import pytest
from sqlalchemy import text

from server.recovery import contents
from tests.recovery.conftest import Installation


async def test_everything_comes_back(installed: Installation, tmp_path: Path) -> None:
    """A backup restored into an empty database agrees in every table, the record, the audit and every file's SHA-256."""
    taken = await installed.backup()
    assert taken.exit_code == 0, taken.output
    for blob in installed.service.blobs():
        assert blob.read_bytes() not in [path.read_bytes() for path in installed.objects()], "files are sealed, too"
    async with contents.connected(installed.service.settings.migration_database_url) as connection:
        before = await contents.contents(connection)
    before.tables.pop("public.backup_successes")
    async with installed.empty_database() as name:
        elsewhere = installed.elsewhere(name, tmp_path / "other-files")
        restored = await installed.restore("--dump", "--files", **elsewhere)
        assert restored.exit_code == 0, restored.output
        checked = await installed.restore("check", "--exact", **elsewhere)
        assert checked.exit_code == 0, checked.output
        async with contents.connected(elsewhere["MIGRATION_DATABASE_URL"]) as connection:
            after = await contents.contents(connection)
        after.tables.pop("public.backup_successes")
        changing = {
            "public.accounts",
            "public.sessions",
            "public.audit_unsealed",
            "public.audit_seals",
        }  # by the service's jobs
        same = {each for each in before.tables if before.tables[each] == after.tables.get(each)}
        assert before.tables.keys() == after.tables.keys()
        assert before.tables.keys() - same <= changing
        assert before.record == after.record
        assert before.record.number == 20
        stored = {path.name: path.read_bytes() for path in (tmp_path / "other-files").rglob("*") if path.is_file()}
        assert stored == {path.name: path.read_bytes() for path in installed.service.blobs()}
        async with contents.connected(elsewhere["DATABASE_URL"]) as connection:
            may = "SELECT has_table_privilege('record_entries', 'INSERT'), has_table_privilege('record_entries', 'DELETE')"
            assert tuple((await connection.execute(text(may))).one()) == (True, False)


async def test_what_is_missing_is_found(installed: Installation, tmp_path: Path) -> None:
    """A row that was changed, an entry of the record that is gone, a file with other bytes: each is named."""
    assert (await installed.backup()).exit_code == 0
    async with installed.empty_database() as name:
        elsewhere = installed.elsewhere(name, tmp_path / "other-files")
        assert (await installed.restore("--dump", "--files", **elsewhere)).exit_code == 0
        async with contents.connected(elsewhere["MIGRATION_DATABASE_URL"]) as connection:
            await connection.execute(text("DELETE FROM record_entries WHERE number = 20"))
            await connection.execute(text("UPDATE organisations SET name = 'Another'"))
            await connection.commit()
        blob = next(path for path in (tmp_path / "other-files").rglob("*") if path.is_file())
        blob.write_bytes(blob.read_bytes() + b"!")
        checked = await installed.restore("check", "--exact", **elsewhere)
    assert checked.exit_code == 1
    for words in ("public.organisations has other rows", "has 19 rows and not 20", "nothing at 20", "has other bytes"):
        assert words in checked.output


async def test_a_database_that_is_not_empty_is_left_alone(installed: Installation) -> None:
    assert (await installed.backup()).exit_code == 0
    refused = await installed.restore("--dump")
    assert refused.exit_code == 1
    assert "not empty, and nothing was changed" in refused.output


async def test_another_key_opens_nothing(installed: Installation) -> None:
    assert (await installed.backup()).exit_code == 0
    for command in (("verify",), ("list",)):
        refused = await installed.backup(*command, BACKUP_ENCRYPTION_KEY="another key, which is as long as the first")
        assert refused.exit_code == 1
        assert "BACKUP_ENCRYPTION_KEY is another" in refused.output
    refused = await installed.backup("verify", BACKUP_ENCRYPTION_KEY="")
    assert refused.exit_code == 1
    assert "is BACKUP_ENCRYPTION_KEY set?" in refused.output


@pytest.mark.parametrize("key", ["", "a key of the tests, which is long enough"])
async def test_what_was_damaged_is_found(installed: Installation, key: str) -> None:
    """Each object cut by a byte, changed in a bit, and lost; with the seal, and by the checksums alone."""
    assert (await installed.backup(BACKUP_ENCRYPTION_KEY=key)).exit_code == 0
    file = next(path for path in installed.objects() if "/files/" in str(path))
    for path in (installed.objects("dump")[0], installed.objects("inventory")[0], file):
        content = path.read_bytes()
        half = len(content) // 2
        changed = content[:half] + bytes([content[half] ^ 1]) + content[half + 1 :]
        for damaged in (content[:-1], changed, None):
            path.unlink()
            if damaged is not None:
                path.write_bytes(damaged)
            found = await installed.backup("verify", "--files", BACKUP_ENCRYPTION_KEY=key)
            assert found.exit_code == 1, (path, found.output)
            assert path.name[:8] in found.output or "the backups have no bytes of the file" in found.output
        path.write_bytes(content)
    assert (await installed.backup("verify", "--files", BACKUP_ENCRYPTION_KEY=key)).exit_code == 0


async def test_a_dump_that_fails_is_no_backup(installed: Installation, tmp_path: Path) -> None:
    """pg_dump that writes something and fails then: an exit code that says so, nothing left, and the backup before is kept."""
    assert (await installed.backup()).exit_code == 0
    before = installed.objects()
    await asyncio.sleep(1)  # a backup is named by its second
    tools = tmp_path / "tools"
    tools.mkdir()
    failing = tools / "pg_dump"
    failing.write_text("#!/bin/sh\nhead -c 300000 /dev/zero\necho 'connection was lost' >&2\nexit 3\n")
    failing.chmod(failing.stat().st_mode | stat.S_IXUSR)
    failed = await installed.backup(BACKUP_POSTGRES_BIN=str(tools), BACKUP_RETENTION="1s")
    assert failed.exit_code == 1
    assert "pg_dump failed (exit code 3): connection was lost" in failed.output
    assert installed.objects() == before
    missing = await installed.backup(BACKUP_POSTGRES_BIN=str(tmp_path))
    assert missing.exit_code == 1
    assert "there is no pg_dump in" in missing.output


async def test_a_file_that_is_lost_is_said(installed: Installation) -> None:
    """The backup is kept, since the rest of it is whole; but the exit code says that all is not, and no success is noted."""
    blob = installed.service.blobs()[0]
    blob.unlink()
    failed = await installed.backup()
    assert failed.exit_code == 1
    assert f"{blob.name} is lost" in failed.output
    async with installed.service.database.read() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM backup_successes"))).scalar_one() == 0
    listed = await installed.backup("list", "--json")
    assert [len(each["flaws"]) for each in json.loads(listed.output)] == [1]


async def test_former_versions_of_files_come_back(installed: Installation, tmp_path: Path) -> None:
    """What a file was before it was replaced is in the backup, and bytes that several files share are in it once; what is on
    its way, and what is made of others, is not."""
    service = installed.service
    folder = service.settings.files_directory
    assert folder is not None
    for key in ("blobs/former", "quarantine/coming", "incoming/coming", "renditions/a/w160-webp"):
        (folder / key).parent.mkdir(parents=True, exist_ok=True)
        (folder / key).write_bytes(b"bytes")
    async with service.database.transaction() as connection:
        former = text(
            "INSERT INTO file_versions SELECT id, 7, name, content_type, :size, :sha256, 'blobs/former', author_id, facts,"
            " true, create_time, now() FROM files"
        )
        await connection.execute(former, {"size": 5, "sha256": hashlib.sha256(b"bytes").hexdigest()})

    taken = await installed.backup()

    assert taken.exit_code == 0, taken.output
    assert "files: 3," in taken.output
    async with installed.empty_database() as name:
        elsewhere = installed.elsewhere(name, tmp_path / "other-files")
        assert (await installed.restore("--dump", "--files", **elsewhere)).exit_code == 0
        assert (await installed.restore("check", "--exact", **elsewhere)).exit_code == 0
    restored = {
        str(path.relative_to(tmp_path / "other-files")) for path in (tmp_path / "other-files").rglob("*") if path.is_file()
    }
    there = {str(path.relative_to(folder)) for path in service.blobs()}
    assert restored == {key for key in there if key.startswith("blobs/")}
    assert "blobs/former" in restored
