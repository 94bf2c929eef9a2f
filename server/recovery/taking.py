"""Taking a backup: a dump and what the database holds by one and the same snapshot, a base backup, and the files."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from importlib.metadata import version

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from server.recovery import contents, files, manifests, verifying
from server.recovery.failures import RecoveryFailed
from server.recovery.manifests import Manifest, Physical
from server.recovery.programs import Programs
from server.recovery.vault import Vault
from server.settings import Settings
from server.stores import backups
from server.stores.blobs import ObjectStorage, open_storage

LOCK = 0x6261636B7570  # "backup": the key of the advisory lock of who takes one
CLUSTER = text(
    "SELECT system_identifier::text AS system, pg_walfile_name(pg_current_wal_lsn()) AS segment,"
    " current_setting('server_version') AS version FROM pg_control_system()"
)

Tell = Callable[[str], None]


def database_url(settings: Settings) -> str:
    return settings.backup_database_url or settings.owner_database_url


async def take(settings: Settings, vault: Vault, tell: Tell) -> Manifest:
    """Takes a backup and verifies it; without its manifest, which is written last, there is none. Raises RecoveryFailed."""
    programs, storage = Programs.of(settings), open_storage(settings)
    programs.path("pg_dump")
    try:
        async with alone(settings), contents.connected(database_url(settings)) as connection:
            manifest, copy = await parts(settings, vault, programs, storage, connection, tell)
        await verifying.verify(vault, programs, manifest, tell)
        for stored in copy.new:
            await vault.verify(stored)
        await manifests.save(vault, manifest)
        await manifests.load(vault, manifest.id)
    finally:
        await storage.close()
    return manifest


@asynccontextmanager
async def alone(settings: Settings) -> AsyncIterator[None]:
    """Refuses while another backup is under way."""
    async with contents.connected(database_url(settings)) as connection:
        if not (await connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": LOCK})).scalar_one():
            raise RecoveryFailed("another backup is under way")
        await connection.commit()  # the lock is the connection's: no transaction stays open
        yield


async def parts(
    settings: Settings, vault: Vault, programs: Programs, storage: ObjectStorage, connection: AsyncConnection, tell: Tell
) -> tuple[Manifest, files.Copy]:
    snapshot, start_time = (await connection.execute(text("SELECT pg_export_snapshot(), now()"))).one()
    id_ = manifests.new_id(start_time)
    if await vault.names(f"{manifests.BACKUPS}/{id_}"):
        raise RecoveryFailed(f"there is a backup of this very second: {id_}")
    url = database_url(settings)
    tell(f"backup {id_}: the dump")
    dumping = programs.output("pg_dump", "--format=custom", "--no-password", f"--snapshot={snapshot}", url=url)
    dump = await vault.store(manifests.place(id_, "dump"), dumping)
    held = await contents.contents(connection)
    tell(f"dump: {dump.size} bytes, {len(held.tables)} tables; the files")
    copy = files.Copy(vault, storage, set(await vault.names(files.FILES)))
    inventory = await vault.store(manifests.place(id_, "inventory"), copy.inventory(contents.ready_files(connection)))
    await connection.rollback()
    tell(f"files: {copy.count}, {copy.size} bytes, of which {len(copy.new)} are new")
    physical = await base(settings, vault, programs, id_, tell) if settings.backup_physical else None
    manifest = Manifest(
        id=id_,
        start_time=start_time,
        finish_time=datetime.now(UTC),
        release=version("gazette-server"),
        contents=held,
        dump=dump,
        physical=physical,
        inventory=inventory,
        file_count=copy.count,
        file_bytes=copy.size,
        flaws=copy.flaws,
    )
    return manifest, copy


async def base(settings: Settings, vault: Vault, programs: Programs, id_: str, tell: Tell) -> Physical:
    """The base backup, with the WAL that it needs to be whole by itself and PostgreSQL's manifest inside the tar."""
    url = database_url(settings)
    async with contents.connected(url) as connection:
        cluster = (await connection.execute(CLUSTER)).one()
    options = ("--pgdata=-", "--format=tar", "--wal-method=fetch", "--checkpoint=fast", "--manifest-checksums=SHA256")
    packing = "--compress=client-gzip:1"
    taking = programs.output("pg_basebackup", *options, packing, "--no-password", f"--label=gazette {id_}", url=url)
    archive = await vault.store(manifests.place(id_, "base"), taking)
    async with contents.connected(url) as connection:
        finish_time = (await connection.execute(text("SELECT clock_timestamp()"))).scalar_one()
    tell(f"base backup: {archive.size} bytes")
    return Physical(
        archive=archive,
        system=cluster.system,
        first_segment=cluster.segment.lower(),
        finish_time=finish_time,
        version=cluster.version,
    )


async def note(settings: Settings, kind: str, time: datetime) -> None:
    """Notes the success, as the server: for the metrics."""
    async with contents.connected(settings.database_url) as connection:
        await backups.note(connection, kind, time)
        await connection.commit()
