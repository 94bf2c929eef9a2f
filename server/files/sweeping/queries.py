"""SQL: which keys nothing refers to, what is to be in the storage, what organisations use, and whose turn a sweep is."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import ARRAY, Text, Uuid, bindparam, delete, exists, func, or_, select, union, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.files.v1.file_pb2 import FileState
from server.files.models import File, FileSweep, FileUsage, FileVersion, Rendition, Upload
from server.files.stages import Stage
from server.stores.postgres import AnyRow

READY = FileState.FILE_STATE_READY
FIRST = uuid.UUID(int=0)

# The name is no column's of the tables: inside EXISTS it would be theirs.
KEY = func.unnest(bindparam("keys", type_=ARRAY(Text))).column_valued("given")
ID = func.unnest(bindparam("ids", type_=ARRAY(Uuid))).column_valued("given")
UNREFERENCED = select(KEY).where(*(~exists().where(each.blob_key == KEY) for each in (File, FileVersion, Upload)))
UNKNOWN_RENDITIONS = select(KEY).where(~exists().where(Rendition.key == KEY))
UNKNOWN_UPLOADS = select(ID).where(~exists().where(Upload.id == ID))


async def unreferenced(connection: AsyncConnection, keys: Sequence[str]) -> set[str]:
    return set((await connection.execute(UNREFERENCED, {"keys": keys})).scalars())


async def unknown_renditions(connection: AsyncConnection, keys: Sequence[str]) -> set[str]:
    return set((await connection.execute(UNKNOWN_RENDITIONS, {"keys": keys})).scalars())


async def unknown_uploads(connection: AsyncConnection, ids: Collection[uuid.UUID]) -> set[uuid.UUID]:
    return set((await connection.execute(UNKNOWN_UPLOADS, {"ids": list(ids)})).scalars())


async def is_assembled(connection: AsyncConnection, assembly: str) -> bool:
    """Whether an upload is to be put together so."""
    return bool((await connection.execute(select(exists().where(Upload.storage_upload == assembly)))).scalar_one())


async def files(connection: AsyncConnection, after: uuid.UUID, limit: int) -> Sequence[AnyRow]:
    """Those whose blobs are to be there, by their ids."""
    statement = select(File.id, File.version, File.organisation_id, File.name, File.blob_key, File.size_bytes)
    return (
        await connection.execute(statement.where(File.state == READY, File.id > after).order_by(File.id).limit(limit))
    ).all()


async def versions(connection: AsyncConnection, after: uuid.UUID, after_version: int, limit: int) -> Sequence[AnyRow]:
    """Former versions, in the same way."""
    statement = (
        select(
            FileVersion.file_id.label("id"),
            FileVersion.version,
            File.organisation_id,
            FileVersion.name,
            FileVersion.blob_key,
            FileVersion.size_bytes,
        )
        .join(File, File.id == FileVersion.file_id)
        .where(or_(FileVersion.file_id > after, (FileVersion.file_id == after) & (FileVersion.version > after_version)))
        .order_by(FileVersion.file_id, FileVersion.version)
        .limit(limit)
    )
    return (await connection.execute(statement)).all()


async def is_still(connection: AsyncConnection, row: AnyRow) -> bool:
    """Whether the file, or one of its former versions, has this blob."""
    current = exists().where(File.id == row.id, File.blob_key == row.blob_key, File.state == READY)
    former = exists().where(FileVersion.file_id == row.id, FileVersion.blob_key == row.blob_key)
    return bool((await connection.execute(select(or_(current, former)))).scalar_one())


async def renditions(connection: AsyncConnection, after: str, limit: int) -> Sequence[AnyRow]:
    """By their blobs' keys: all that are made of each, and at least `limit` where there are so many."""
    keys = select(Rendition.blob_key).where(Rendition.blob_key > after).distinct().order_by(Rendition.blob_key).limit(limit)
    statement = select(Rendition.blob_key, Rendition.specification, Rendition.key).where(Rendition.blob_key.in_(keys))
    return (await connection.execute(statement)).all()


async def forget_rendition(connection: AsyncConnection, key: str) -> None:
    await connection.execute(delete(Rendition).where(Rendition.key == key))


async def organisations(connection: AsyncConnection) -> Sequence[uuid.UUID]:
    """Those that have files, or had some."""
    return (await connection.execute(union(select(File.organisation_id), select(FileUsage.organisation_id)))).scalars().all()


async def found(connection: AsyncConnection, organisation_id: uuid.UUID) -> int:
    """What it uses, by the rows of its files, of their former versions, and of what is on its way."""
    of_it = select(File.id).where(File.organisation_id == organisation_id)
    parts = (
        select(func.sum(File.size_bytes)).where(File.organisation_id == organisation_id, File.state == READY),
        select(func.sum(FileVersion.size_bytes)).where(FileVersion.file_id.in_(of_it)),
        select(func.sum(Upload.size_bytes)).where(Upload.file_id.in_(of_it), Upload.stage != Stage.REJECTED),
    )
    sums = (func.coalesce(part.scalar_subquery(), 0) for part in parts)
    return sum((await connection.execute(select(*sums))).one())


async def claim(connection: AsyncConnection, holder: uuid.UUID, *, every: timedelta, lease: timedelta) -> bool:
    """Whether a sweep is due, which is this holder's from now on."""
    statement = (
        update(FileSweep)
        .where(FileSweep.finish_time < func.now() - every)
        .where(or_(FileSweep.held_until.is_(None), FileSweep.held_until < func.now()))
        .values(holder=holder, held_until=func.now() + lease)
    )
    return bool((await connection.execute(statement)).rowcount)


async def hold_on(connection: AsyncConnection, holder: uuid.UUID, lease: timedelta) -> bool:
    """Says that it is at it still. False if somebody else is by now."""
    statement = update(FileSweep).where(FileSweep.holder == holder).values(held_until=func.now() + lease)
    return bool((await connection.execute(statement)).rowcount)


async def note(connection: AsyncConnection, told: Mapping[str, Any]) -> None:
    """Notes what a sweep that has ended well found."""
    statement = update(FileSweep).values(finish_time=func.now(), found=told, holder=None, held_until=None)
    await connection.execute(statement)


async def last(connection: AsyncConnection) -> AnyRow:
    """When the last one ended well, and what it found."""
    return (await connection.execute(select(FileSweep.finish_time, FileSweep.found))).one()
