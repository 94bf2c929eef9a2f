"""SQL: lists of files and of their versions, and what changes a file."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Uuid, any_, delete, func, literal, null, select, tuple_, union_all, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.files.v1.file_pb2 import FileState
from gazette.files.v1.managing_pb2 import ListFilesRequest
from server.files.models import File, FileVersion, PageFile, Upload
from server.files.stages import Stage
from server.files.standing import IS_PUBLIC
from server.stores.postgres import AnyRow

REJECTED = FileState.FILE_STATE_REJECTED
VERSION_COLUMNS = ("version", "name", "content_type", "size_bytes", "sha256", "author_id")


def conditions(request: ListFilesRequest, whose: Sequence[uuid.UUID] | None) -> list[ColumnElement[bool]]:
    """What holds of each file of the list."""
    found: list[ColumnElement[bool]] = []
    if whose is not None:  # of one alone, PostgreSQL finds the newest at the end of an index
        is_one = len(whose) == 1
        found.append(File.organisation_id == (whose[0] if is_one else any_(literal([*whose], ARRAY(Uuid())))))
    found.append(File.delete_time.is_not(None) if request.deleted else File.delete_time.is_(None))
    found.append(File.state == request.state if request.state else File.state != REJECTED)
    if request.content_type.endswith("/"):
        found.append(func.starts_with(File.content_type, request.content_type))
    elif request.content_type:
        found.append(File.content_type == request.content_type)
    if request.name:
        found.append(func.strpos(func.lower(File.name), func.lower(request.name)) > 0)
    return found


async def files(
    connection: AsyncConnection, request: ListFilesRequest, whose: Sequence[uuid.UUID] | None, after: Sequence[Any], limit: int
) -> Sequence[AnyRow]:
    """At most so many, the newest first, behind the one that `after` names by its time and id."""
    statement = select(File, IS_PUBLIC).where(*conditions(request, whose))
    if after:
        statement = statement.where(tuple_(File.create_time, File.id) < tuple_(*after))
    statement = statement.order_by(File.create_time.desc(), File.id.desc()).limit(limit)
    return (await connection.execute(statement)).all()


async def file(connection: AsyncConnection, id: uuid.UUID) -> AnyRow | None:
    """Deleted or not, with `is_public`."""
    return (await connection.execute(select(File, IS_PUBLIC).where(File.id == id))).one_or_none()


async def locked(connection: AsyncConnection, id: uuid.UUID) -> AnyRow | None:
    """The same without `is_public`; until the transaction ends it is neither changed nor published."""
    return (await connection.execute(select(File).where(File.id == id).with_for_update())).one_or_none()


async def pages(connection: AsyncConnection, file_id: uuid.UUID) -> Sequence[uuid.UUID]:
    """The documents whose pages have it now. To be asked once the file is locked: whoever publishes it locks it, too."""
    return (await connection.execute(select(PageFile.document_id).where(PageFile.file_id == file_id))).scalars().all()


async def change(connection: AsyncConnection, id: uuid.UUID, **columns: Any) -> AnyRow:
    """The file, whose etag is another one from now on."""
    statement = update(File).where(File.id == id).values(edit_number=File.edit_number + 1, update_time=func.now(), **columns)
    return (await connection.execute(statement.returning(File, IS_PUBLIC))).one()


async def versions(connection: AsyncConnection, file_id: uuid.UUID, before: int | None, limit: int) -> Sequence[AnyRow]:
    """What the file is, and what it was, the newest first; before a version, if one is named."""
    now = select(
        *(getattr(File, name) for name in VERSION_COLUMNS),
        func.coalesce(File.version_time, File.create_time).label("create_time"),
        null().label("replace_time"),
    ).where(File.id == file_id, File.state != REJECTED)
    former = select(
        *(getattr(FileVersion, name) for name in VERSION_COLUMNS), FileVersion.create_time, FileVersion.replace_time
    ).where(FileVersion.file_id == file_id)
    every = union_all(now, former).subquery("every")
    statement = select(every).order_by(every.c.version.desc()).limit(limit)
    if before is not None:
        statement = statement.where(every.c.version < before)
    return (await connection.execute(statement)).all()


async def uploads(connection: AsyncConnection, file_id: uuid.UUID) -> Sequence[AnyRow]:
    """What is on its way to become the file, or its next version."""
    return (await connection.execute(select(Upload).where(Upload.file_id == file_id).with_for_update())).all()


async def former_blobs(connection: AsyncConnection, file_id: uuid.UUID) -> Sequence[AnyRow]:
    """Key and size of each version before the one that the file is."""
    columns = select(FileVersion.blob_key, FileVersion.size_bytes)
    return (await connection.execute(columns.where(FileVersion.file_id == file_id))).all()


async def leave_pages(connection: AsyncConnection, file_id: uuid.UUID) -> Sequence[uuid.UUID]:
    """Makes it no page's any more. Whose it was."""
    left = delete(PageFile).where(PageFile.file_id == file_id).returning(PageFile.document_id)
    return (await connection.execute(left)).scalars().all()


async def remove(connection: AsyncConnection, id: uuid.UUID) -> None:
    """With its versions and uploads."""
    await connection.execute(delete(File).where(File.id == id))


async def remove_uploads(connection: AsyncConnection, file_id: uuid.UUID) -> None:
    await connection.execute(delete(Upload).where(Upload.file_id == file_id))


async def deleted(connection: AsyncConnection, age: timedelta) -> AnyRow | None:
    """A file that was deleted longer ago than that and was never public, now locked; None when there is none that nobody else
    has locked."""
    statement = (
        select(File)
        .where(File.delete_time < func.now() - age, File.publish_time.is_(None))
        .order_by(File.delete_time)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    return (await connection.execute(statement)).one_or_none()


def rejected(age: timedelta) -> ColumnElement[bool]:
    """Files of which nobody has to know any longer why they were refused."""
    return (File.state == REJECTED) & (File.update_time < func.now() - age)


def rejected_replacements(age: timedelta) -> ColumnElement[bool]:
    """Uploads of which the same is true; the files that they were to become a version of stay."""
    return (Upload.stage == Stage.REJECTED) & (Upload.create_time < func.now() - age)
