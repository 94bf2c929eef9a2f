"""SQL: a file's versions, as one takes the place of another."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.files.models import File, FileVersion, PageFile, Upload
from server.files.stages import Stage
from server.files.standing import IS_PUBLIC, IS_THERE
from server.stores.postgres import AnyRow

STAYS = ("name", "content_type", "size_bytes", "sha256", "blob_key", "author_id", "facts")
"""What of a file is its version's."""


async def locked(connection: AsyncConnection, id: uuid.UUID) -> AnyRow | None:
    """The file, if it is ready and not deleted; until the transaction ends it is neither changed nor published."""
    return (await connection.execute(select(File).where(File.id == id, IS_THERE).with_for_update())).one_or_none()


async def pages(connection: AsyncConnection, file_id: uuid.UUID) -> Sequence[uuid.UUID]:
    """The documents whose pages have it now. To be asked once the file is locked: whoever publishes it locks it, too."""
    return (await connection.execute(select(PageFile.document_id).where(PageFile.file_id == file_id))).scalars().all()


async def archive(connection: AsyncConnection, file: AnyRow) -> None:
    """Keeps what the file has been until now as a version of it. Once a file has been public, each of its versions may have."""
    columns = {name: getattr(file, name) for name in STAYS}
    times = {"create_time": file.version_time or file.create_time, "replace_time": func.now()}
    was_public = file.publish_time is not None
    await connection.execute(
        insert(FileVersion).values(file_id=file.id, version=file.version, was_public=was_public, **columns, **times)
    )


async def renew(connection: AsyncConnection, file: AnyRow, **columns: Any) -> AnyRow:
    """Makes other bytes those of the file. The row, with `is_public`."""
    statement = (
        update(File)
        .where(File.id == file.id)
        .values(
            version=File.version + 1,
            edit_number=File.edit_number + 1,
            version_time=func.now(),
            update_time=func.now(),
            **columns,
        )
    )
    return (await connection.execute(statement.returning(File, IS_PUBLIC))).one()


async def forget_rejected(connection: AsyncConnection, file_id: uuid.UUID) -> None:
    """What was refused before is of no interest once something has taken the file's place, or is on its way again."""
    refused = delete(Upload).where(Upload.file_id == file_id, Upload.is_replacement, Upload.stage == Stage.REJECTED)
    await connection.execute(refused)
