"""When backups last succeeded: noted by `gazette backup`, and told to Prometheus by every process that runs jobs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from prometheus_client import Gauge
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from server.background.jobs import Job
from server.stores.postgres import Database, Model

SECONDS = 30.0
BACKUP, WAL = "backup", "wal"
GAUGES: Mapping[str, Gauge] = {
    BACKUP: Gauge(
        "gazette_backup_last_success_timestamp_seconds",
        "When the newest backup that was verified was finished; 0 if there is none.",
        multiprocess_mode="mostrecent",
    ),
    WAL: Gauge(
        "gazette_wal_archive_last_success_timestamp_seconds",
        "Up to when the write-ahead log is archived; 0 if it is not.",
        multiprocess_mode="mostrecent",
    ),
}


class BackupSuccess(Model):
    """One row for each kind of success."""

    __tablename__ = "backup_successes"

    kind: Mapped[str] = mapped_column(primary_key=True)
    success_time: Mapped[datetime]


async def note(connection: AsyncConnection, kind: str, time: datetime) -> bool:
    """Notes a success. False where the schema is of a release that does not know of them."""
    exists = (await connection.execute(text("SELECT to_regclass('backup_successes') IS NOT NULL"))).scalar_one()
    if exists:
        given: dict[str, Any] = {"success_time": time}
        noted = insert(BackupSuccess).values(kind=kind, **given)
        await connection.execute(noted.on_conflict_do_update(index_elements=["kind"], set_=given))
    return bool(exists)


def watching(database: Database) -> Job:
    """The job that reads what was noted."""

    async def look() -> None:
        async with database.read() as connection:
            rows = (await connection.execute(select(BackupSuccess))).all()
        times = {row.kind: row.success_time.timestamp() for row in rows}
        for kind, gauge in GAUGES.items():
            gauge.set(times.get(kind, 0))

    return Job("backup successes", look, seconds=SECONDS)
