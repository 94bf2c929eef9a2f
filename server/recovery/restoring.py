"""Bringing a backup back: a dump into an empty database, or the whole cluster to a moment; and whether it is all there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import pool, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from gazette.audit.v1.audit_service_pb2 import VerifyAuditRequest
from server.audit import verification
from server.record import rules
from server.recovery import contents, files, unpacking, verifying, wal
from server.recovery.failures import RecoveryFailed
from server.recovery.manifests import Manifest
from server.recovery.programs import Programs
from server.recovery.vault import Vault
from server.settings import Settings
from server.stores import migrations
from server.stores.blobs import open_storage
from server.stores.postgres import sqlalchemy_url

Tell = Callable[[str], None]

RECOVERY = """
# Written by `gazette restore`. PostgreSQL removes recovery.signal when it has recovered; these lines have no effect after that.
restore_command = 'cp "gazette_wal/%f" "%p"'
recovery_target_timeline = 'latest'
recovery_target_action = 'promote'
"""
BATCH = 500


async def dump(settings: Settings, vault: Vault, manifest: Manifest, tell: Tell) -> None:
    """Restores the dump into the owner's database, which must be empty, in one transaction; and gives the server its rights."""
    url = settings.owner_database_url
    async with contents.connected(url) as connection:
        if not await contents.is_empty(connection):
            raise RecoveryFailed(
                "the database is not empty, and nothing was changed: name an empty one in MIGRATION_DATABASE_URL"
            )
    await vault.verify(manifest.dump)  # all of it, before any of it is used
    programs = Programs.of(settings)
    database = sqlalchemy_url(url).database
    options = ("--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges", "--no-password")
    await programs.feed("pg_restore", *options, f"--dbname={database}", chunks=vault.checked(manifest.dump), url=url)
    engine = create_async_engine(sqlalchemy_url(url), poolclass=pool.NullPool)
    try:
        async with engine.begin() as writing:
            await migrations.grant(writing, sqlalchemy_url(settings.database_url).username or "")
    finally:
        await engine.dispose()
    tell(f"backup {manifest.id}: the dump was restored as of {manifest.start_time.astimezone(UTC).isoformat()}")


async def data_directory(vault: Vault, manifest: Manifest, folder: Path, to_time: datetime | None, tell: Tell) -> None:
    """Makes a data directory with which PostgreSQL, once it is started, recovers to the moment, or to the last one there is."""
    physical = manifest.physical
    if physical is None:
        raise RecoveryFailed(f"backup {manifest.id} has no base backup; restore its dump")
    if to_time and to_time < physical.finish_time:
        raise RecoveryFailed(f"backup {manifest.id} was finished after {to_time.isoformat()}: name an older one, or none")
    await asyncio.to_thread(make_empty, folder)
    archive = await wal.archived(vault, physical.system, physical.first_segment)
    if to_time and (archive.until is None or to_time > archive.until):
        until = archive.until.isoformat() if archive.until else "nothing"
        raise RecoveryFailed(f"{to_time.isoformat()} was not archived: the WAL archive holds what was committed up to {until}")
    await unpacking.unpack(vault, physical.archive, folder)
    segments = folder / "gazette_wal"
    segments.mkdir(mode=0o700)
    await wal.fetch_all(vault, physical.system, physical.first_segment, segments)
    with (folder / "postgresql.auto.conf").open("a") as file:
        file.write(RECOVERY)
        if to_time:
            file.write(f"recovery_target_time = '{to_time.astimezone(UTC).isoformat(sep=' ')}'\n")
    (folder / "recovery.signal").touch(0o600)
    moment = to_time or archive.until or physical.finish_time
    tell(f"backup {manifest.id}: {folder} holds PostgreSQL {physical.version} up to {moment.astimezone(UTC).isoformat()}")
    tell("start it as its account with: pg_ctl start -w -D " + str(folder))


def make_empty(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    if any(folder.iterdir()):
        raise RecoveryFailed(f"{folder} is not empty, and nothing was changed: name a new folder")


async def put_files_back(settings: Settings, vault: Vault, manifest: Manifest, tell: Tell) -> None:
    storage = open_storage(settings)
    try:
        written, flaws = await files.put_back(vault, manifest.inventory, storage)
    finally:
        await storage.close()
    if flaws:
        raise RecoveryFailed(f"{len(flaws)} files could not be put back: {'; '.join(flaws[:5])}")
    tell(f"files: {written} were put back; the other {manifest.file_count - written} were there as they should be")


async def check(settings: Settings, manifest: Manifest, *, is_exact: bool, tell: Tell) -> list[str]:
    """What is wrong with the restored installation: the record and the audit go on from where the backup ended, with every hash
    as it should be, and every file is there; with `is_exact` each table is as it was backed up. None: all is well."""
    wrong: list[str] = []
    async with contents.connected(settings.owner_database_url) as connection:
        held = await contents.contents(connection)
        if is_exact:
            wrong += verifying.differences(manifest.contents, held)
        wrong += await chains(connection, manifest.contents)
        tell(f"{len(held.tables)} tables; the record up to {held.record.number}, the audit up to {held.audit.number}")
        storage, count = open_storage(settings), 0
        try:
            async for row in contents.ready_files(connection):
                count += 1
                if flaw := await files.differs(storage, row):
                    wrong.append(f"the file {row.key} {flaw}")
        finally:
            await storage.close()
        tell(f"{count} files")
    return wrong


async def chains(connection: AsyncConnection, expected: contents.Contents) -> list[str]:
    """What is wrong with the record and the audit."""
    wrong = []
    for what, name, column, newest in (
        ("record", "record_entries", "leaf_hash", expected.record),
        ("audit", "audit_seals", "hash", expected.audit),
    ):
        found = await contents.hash_of(connection, name, column, newest.number) if newest.number else ""
        if found != newest.sha256:
            wrong.append(f"the {what} has {found or 'nothing'} at {newest.number}, and not {newest.sha256}")
    wrong += await record_flaws(connection)
    request = VerifyAuditRequest(known_number=expected.audit.number, known_sha256=expected.audit.sha256)
    while (answer := await verification.verify(connection, request)).next_number:
        request.first_number = answer.next_number
    if not answer.is_intact:
        wrong.append(f"the audit is not intact at {answer.problem.number or answer.problem.event_id}")
    return wrong


async def record_flaws(connection: AsyncConnection) -> list[str]:
    """Numbers without a gap, and each leaf's hash made anew."""
    after = 0
    statement = text(
        "SELECT number, body_bytes, leaf_hash FROM record_entries WHERE number > :after ORDER BY number LIMIT :batch"
    )
    while rows := (await connection.execute(statement, {"after": after, "batch": BATCH})).all():
        for row in rows:
            if row.number != after + 1:
                return [f"the record lacks entry {after + 1}"]
            if rules.leaf_hash(bytes(row.body_bytes)) != bytes(row.leaf_hash):
                return [f"entry {row.number} of the record was altered"]
            after = row.number
        await asyncio.sleep(0)
    return []
