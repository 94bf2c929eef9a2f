"""Files that nobody used: they were never public, and no revision of a document names them. They go some time after they were
last changed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import ColumnElement, SQLColumnExpression, func, not_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.background.jobs import Job
from server.files.managing.removing import Removal
from server.files.models import File
from server.files.standing import IS_THERE
from server.stores.blobs import ObjectStorage
from server.stores.postgres import AnyRow, Database

log = structlog.get_logger(__name__)

SECONDS = 3600.0
KEPT = timedelta(days=30)
"""For so long a file may wait for the document that it was uploaded for."""

IsNamed = Callable[[SQLColumnExpression[Any]], ColumnElement[bool]]
"""Whether a revision names the file with this id. Content says so, which stands above files."""


def removal(database: Database, storage: ObjectStorage, is_named: IsNamed) -> Job:
    """The job that removes them. No two processes remove the same one."""

    async def work() -> None:
        if count := await remove_all(database, storage, is_named):
            log.info("unused files removed", count=count)

    return Job("removal of unused files", work, seconds=SECONDS)


async def remove_all(database: Database, storage: ObjectStorage, is_named: IsNamed, age: timedelta = KEPT) -> int:
    """Removes them, one in a transaction. How many there were."""
    count = 0
    while await remove_one(database, storage, is_named, age):
        count += 1
    return count


async def remove_one(database: Database, storage: ObjectStorage, is_named: IsNamed, age: timedelta) -> bool:
    """With its former versions. A blob that another file has stays."""
    async with database.transaction() as connection:
        file = await unused(connection, is_named, age)
        if file is not None:
            await Removal(database, storage).whole(connection, file)
    return file is not None


async def unused(connection: AsyncConnection, is_named: IsNamed, age: timedelta) -> AnyRow | None:
    """One of them, now locked; None when there is none that nobody else has locked."""
    statement = (
        select(File)
        .where(IS_THERE, File.publish_time.is_(None), not_(is_named(File.id)))
        .where(File.create_time < func.now() - age, File.update_time < func.now() - age)
        .order_by(File.create_time)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    return (await connection.execute(statement)).one_or_none()
