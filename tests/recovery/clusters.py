"""Clusters of PostgreSQL that a test may destroy, and what is written there."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import asyncpg

from devstack import binaries
from server import settings
from server.recovery.programs import Programs
from server.recovery.scratch import Cluster
from server.settings import Settings


def environment(cluster: Cluster, folder: Path) -> dict[str, str]:
    """Of an installation whose database is the cluster's, and that is backed up into a folder."""
    return {
        "ENVIRONMENT": "test",
        "DATABASE_URL": cluster.url("gazette", "gazette"),
        "MIGRATION_DATABASE_URL": cluster.url("gazette", "gazette_owner"),
        "BACKUP_DATABASE_URL": cluster.url("gazette", "gazette_backup"),
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "JWT_SECRET": "a secret of the tests, for access tokens",
        "REFRESH_TOKEN_SECRET": "a secret of the tests, for refresh tokens",
        "ENCRYPTION_KEY": "a key of the tests, for authenticator secrets",
        "FILES_DIRECTORY": str(folder / "files"),
        "BACKUP_DIRECTORY": str(folder / "backups"),
        "BACKUP_ENCRYPTION_KEY": "a key of the tests, for backups that nobody else reads",
        "BACKUP_POSTGRES_BIN": str(Path(binaries.binary(binaries.POSTGRES)).parent),
        "BACKUP_WAL_DIRECTORY": str(folder / "wal"),
        "BACKUP_WAL_INTERVAL": "1s",
    }


def values(cluster: Cluster, folder: Path, **changed: str) -> Settings:
    return settings.load({**environment(cluster, folder), **changed})


async def make_roles(cluster: Cluster) -> None:
    """The roles and the database, as deploy/compose/roles.sql has them, and the role of backups, as docs/backup.md has it."""
    for role in ("gazette_owner", "gazette"):
        await cluster.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{cluster.password}'")
    await cluster.execute(f"CREATE ROLE gazette_backup LOGIN REPLICATION PASSWORD '{cluster.password}'")
    await cluster.execute("GRANT pg_read_all_data TO gazette_backup")
    await cluster.execute("CREATE DATABASE gazette OWNER gazette_owner")


async def write(connection: asyncpg.Connection, count: int) -> datetime:
    """So many transactions. The time of the database after the last was acknowledged."""
    for _ in range(count):
        await connection.execute("INSERT INTO written DEFAULT VALUES")
    time = await connection.fetchval("SELECT clock_timestamp()")
    assert isinstance(time, datetime)
    return time


async def held(programs: Programs, folder: Path, database: str = "gazette") -> int:
    """How much of what was written is in a data directory, once PostgreSQL has recovered."""
    async with Cluster.of(programs, folder) as cluster:
        await cluster.ready()
        connection = await asyncpg.connect(cluster.url(database))
        try:
            count = await connection.fetchval("SELECT count(*) FROM written")
            assert count == await connection.fetchval("SELECT max(id) FROM written"), "there is no gap"
            return int(count)
        finally:
            await connection.close()
