"""Files becoming public with the document that has them attached."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.files.models import File
from server.files.uploads.queries import READY
from server.stores.postgres import AnyRow


async def publish(
    connection: AsyncConnection, ids: Sequence[uuid.UUID], organisation_id: uuid.UUID, publish_time: datetime
) -> list[AnyRow]:
    """Makes these files of the organisation public, if they are not, and answers them in the order of `ids`. What is not there,
    not ready or somebody else's is not in the answer."""
    statement = (
        update(File)
        .where(File.id.in_(ids), File.organisation_id == organisation_id, File.state == READY)
        .values(publish_time=func.coalesce(File.publish_time, publish_time))
        .returning(File.id, File.name, File.content_type, File.size_bytes, File.alternative_text)
    )
    rows = {row.id: row for row in await connection.execute(statement)}
    return [rows[id] for id in ids if id in rows]
