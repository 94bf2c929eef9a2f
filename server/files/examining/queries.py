"""SQL: uploads whose bytes are all there, and the files that they become."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, delete, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.files.v1.file_pb2 import FileState
from server.files.models import File, FileText, PageFile, Upload
from server.files.stages import Stage
from server.stores.postgres import AnyRow

PENDING, READY = FileState.FILE_STATE_PENDING, FileState.FILE_STATE_READY
SCANNING, REJECTED = FileState.FILE_STATE_SCANNING, FileState.FILE_STATE_REJECTED
LEASE = timedelta(seconds=60)
"""For how long whoever examines an upload holds it without saying so again."""
KEPT = timedelta(days=30)
"""For so long it is told why something was rejected."""
SOON = timedelta(minutes=1)
EXAMINED = (Stage.RECEIVED, Stage.PROMOTING)
UNHELD = or_(Upload.held_until.is_(None), Upload.held_until < func.now())
IS_PUBLIC = select(PageFile.file_id).where(PageFile.file_id == File.id).exists().label("is_public")


async def file(connection: AsyncConnection, id: uuid.UUID) -> AnyRow | None:
    """With `is_public`."""
    return (await connection.execute(select(File, IS_PUBLIC).where(File.id == id))).one_or_none()


async def upload(connection: AsyncConnection, id: uuid.UUID) -> AnyRow | None:
    return (await connection.execute(select(Upload).where(Upload.id == id))).one_or_none()


async def add(connection: AsyncConnection, *, file: Mapping[str, Any] | None, lifetime: timedelta, **columns: Any) -> AnyRow:
    """Adds an upload, and the file that it is to become where it does not take the place of one."""
    if file is not None:
        unknown = {"state": PENDING, "content_type": "", "sha256": "", "blob_key": ""}
        await connection.execute(insert(File).values({**unknown, **file, "id": columns["file_id"]}))
    added = insert(Upload).values(
        stage=Stage.RECEIVING, is_replacement=file is None, expire_time=func.now() + lifetime, **columns
    )
    return (await connection.execute(added.returning(Upload))).one()


async def claim(connection: AsyncConnection, id: uuid.UUID, holder: uuid.UUID) -> AnyRow | None:
    """The upload, which this holder has from now on; None where there is nothing to do, or somebody else is at it."""
    return await held(connection, and_(Upload.id == id, Upload.stage.in_(EXAMINED), UNHELD), holder)


async def claim_next(connection: AsyncConnection, holder: uuid.UUID) -> AnyRow | None:
    """One whose next attempt has come, of those that nobody else is at."""
    waiting = (
        select(Upload.id)
        .where(Upload.next_attempt_time <= func.now(), Upload.stage.in_(EXAMINED), UNHELD)
        .order_by(Upload.next_attempt_time)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    return await held(connection, Upload.id.in_(waiting), holder)


async def held(connection: AsyncConnection, which: ColumnElement[bool], holder: uuid.UUID) -> AnyRow | None:
    taken = update(Upload).where(which).values(holder=holder, held_until=func.now() + LEASE).returning(Upload)
    row = (await connection.execute(taken)).one_or_none()
    if row is not None and not row.is_replacement:
        await connection.execute(update(File).where(File.id == row.file_id).values(state=SCANNING))
    return row


async def hold_on(connection: AsyncConnection, row: AnyRow) -> bool:
    """Says that its holder is at it still. False if that is somebody else by now."""
    longer = update(Upload).where(*of_holder(row)).values(held_until=func.now() + LEASE)
    return bool((await connection.execute(longer)).rowcount)


async def intend(connection: AsyncConnection, row: AnyRow, *, blob_key: str, found: Mapping[str, Any]) -> AnyRow | None:
    """Says what it is to become. None if somebody else is at it by now."""
    intended = update(Upload).where(*of_holder(row)).values(stage=Stage.PROMOTING, blob_key=blob_key, found=found)
    return (await connection.execute(intended.returning(Upload))).one_or_none()


async def keep_text(connection: AsyncConnection, blob_key: str, text: str, *, is_truncated: bool) -> None:
    given = upsert(FileText).values(blob_key=blob_key, text=text, is_truncated=is_truncated)
    kept = {"text": given.excluded.text, "is_truncated": given.excluded.is_truncated}
    await connection.execute(given.on_conflict_do_update(index_elements=[FileText.blob_key], set_=kept))


async def remove(connection: AsyncConnection, row: AnyRow) -> bool:
    """Removes the upload, if its holder has it still."""
    return bool((await connection.execute(delete(Upload).where(*of_holder(row)))).rowcount)


async def make_ready(connection: AsyncConnection, arrived_id: uuid.UUID, **columns: Any) -> AnyRow:
    """The file that has arrived, which gets another id and other times if they are given."""
    made = update(File).where(File.id == arrived_id).values(**{"state": READY, "update_time": func.now(), **columns})
    return (await connection.execute(made.returning(File))).one()


async def put_off(connection: AsyncConnection, row: AnyRow, pause: timedelta, **columns: Any) -> None:
    """Lets go of it until later; not if somebody else is at it."""
    later = {"next_attempt_time": func.now() + pause, "holder": None, "held_until": None, "attempts": Upload.attempts + 1}
    put = await connection.execute(update(Upload).where(*of_holder(row)).values(**later, **columns))
    if put.rowcount and not row.is_replacement:
        await connection.execute(update(File).where(File.id == row.file_id).values(state=PENDING))


async def reject(connection: AsyncConnection, row: AnyRow, *, reason: str, message: str) -> AnyRow | None:
    """The file's row; None if somebody else is at it by now."""
    why = {"rejection_reason": reason, "rejection_message": message}
    rejected = (
        update(Upload)
        .where(*of_holder(row))
        .values(
            stage=Stage.REJECTED,
            blob_key="",
            found={},
            holder=None,
            held_until=None,
            expire_time=func.now() + KEPT,
            next_attempt_time=func.now() + SOON,
            **why,
        )
    )
    if not (await connection.execute(rejected)).rowcount:
        return None
    if not row.is_replacement:
        await connection.execute(
            update(File).where(File.id == row.file_id).values(state=REJECTED, update_time=func.now(), **why)
        )
    return await file(connection, row.file_id)


async def rejected_with_bytes(connection: AsyncConnection) -> AnyRow | None:
    """An upload that was rejected, and whose bytes may not be gone, now locked."""
    left = select(Upload).where(Upload.stage == Stage.REJECTED, Upload.next_attempt_time <= func.now())
    return (await connection.execute(left.limit(1).with_for_update(skip_locked=True))).one_or_none()


async def note_gone(connection: AsyncConnection, id: uuid.UUID) -> None:
    """Of one that was rejected: its bytes are gone."""
    gone = update(Upload).where(Upload.id == id, Upload.stage == Stage.REJECTED).values(key="", next_attempt_time=None)
    await connection.execute(gone)


async def locked(connection: AsyncConnection, id: uuid.UUID) -> AnyRow | None:
    """An upload with the organisation that it is for."""
    wanted = select(Upload, File.organisation_id).join(File, File.id == Upload.file_id).where(Upload.id == id)
    return (await connection.execute(wanted.with_for_update(of=Upload))).one_or_none()


async def forget(connection: AsyncConnection, row: AnyRow) -> None:
    """Removes an upload, and the file that it has not become."""
    await connection.execute(delete(Upload).where(Upload.id == row.id))
    if not row.is_replacement:
        await connection.execute(delete(File).where(File.id == row.file_id, File.state != READY))


async def abandoned(connection: AsyncConnection, age: timedelta) -> AnyRow | None:
    """A stream that nobody is at any more, now locked; None where there is none that nobody else has locked."""
    wanted = (
        select(Upload.id)
        .where(Upload.stage != Stage.REJECTED, Upload.next_attempt_time.is_(None))
        .where(Upload.way == 0, Upload.create_time < func.now() - age)
        .order_by(Upload.create_time)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    return (await connection.execute(wanted)).one_or_none()


class Waiting(NamedTuple):
    """Uploads that are to be examined."""

    number: int
    oldest_seconds: float


async def waiting(connection: AsyncConnection) -> Waiting:
    age = func.coalesce(func.extract("epoch", func.now() - func.min(Upload.create_time)), 0.0)
    wanted = select(func.count(), age).where(Upload.next_attempt_time.is_not(None), Upload.stage.in_(EXAMINED))
    count, oldest = (await connection.execute(wanted)).one()
    return Waiting(count, float(oldest))


def of_holder(row: AnyRow) -> tuple[ColumnElement[bool], ...]:
    return Upload.id == row.id, Upload.holder == row.holder
