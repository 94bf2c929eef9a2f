"""SQL: what is on its way to take a file's place."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence

from sqlalchemy import ARRAY, Uuid, any_, literal, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from server.files.models import File, Upload
from server.files.standing import IS_PUBLIC
from server.stores.postgres import AnyRow


async def replacements(connection: AsyncConnection, file_ids: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, AnyRow]:
    """The newest upload that is to become the next version of each of these files, of those that have one."""
    if not file_ids:
        return {}
    statement = (
        select(Upload)
        .ext(distinct_on(Upload.file_id))
        .where(Upload.file_id == any_(literal([*file_ids], ARRAY(Uuid()))), Upload.is_replacement)
        .order_by(Upload.file_id, Upload.create_time.desc(), Upload.id.desc())
    )
    return {row.file_id: row for row in await connection.execute(statement)}


async def file(connection: AsyncConnection, id: uuid.UUID) -> AnyRow | None:
    """With `is_public`."""
    return (await connection.execute(select(File, IS_PUBLIC).where(File.id == id))).one_or_none()
