"""Files becoming public with the document that has them attached."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

import asyncpg
from sqlalchemy import ARRAY, Uuid, any_, bindparam, func, update

from server.files.models import File
from server.files.uploads.queries import READY
from server.stores.statements import Row, Statement

PUBLISHED = Statement(
    update(File)
    .where(
        File.id == any_(bindparam("ids", type_=ARRAY(Uuid()))),
        File.organisation_id == bindparam("whose", type_=Uuid()),
        File.state == READY,
    )
    .values(publish_time=func.coalesce(File.publish_time, bindparam("time", type_=File.publish_time.type)))
    .returning(File.id, File.name, File.content_type, File.size_bytes, File.alternative_text)
)


async def publish(
    connection: asyncpg.Connection, ids: Sequence[uuid.UUID], organisation_id: uuid.UUID, publish_time: datetime
) -> list[Row]:
    """Makes these files of the organisation public, if they are not; returns them in the order of `ids`. What is not there, not
    ready or somebody else's is left out."""
    rows = {row.id: row for row in await PUBLISHED.all(connection, ids=[*ids], whose=organisation_id, time=publish_time)}
    return [rows[id] for id in ids if id in rows]
