"""SQL: uploads that are on their way."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, func, insert, literal, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.files.v1 import file_pb2, upload_pb2
from gazette.files.v1.file_pb2 import FileState
from server.files.models import File, Upload
from server.files.stages import Stage, Way
from server.files.standing import IS_PUBLIC
from server.rpc.messages import message
from server.stores.idempotency import IdempotencyKey
from server.stores.postgres import AnyRow

LEASE = timedelta(seconds=30)
"""For how long whoever is at an upload holds it without saying so again."""
BYTES_A_SECOND = 20e6
"""How fast, at the least, a storage brings together or moves what it has."""
WHEN_TOGETHER = func.now() + func.make_interval(0, 0, 0, 0, 0, 0, LEASE.seconds + Upload.size_bytes / literal(BYTES_A_SECOND))
"""When the bytes of an upload are brought together, by whoever began to."""
AFTER_LEASE = func.now() + LEASE
"""When somebody else may see to it, by PostgreSQL's clock."""
ENDED = "/gazette.files.v1.FileService/CompleteUpload"
"""Under which method it is remembered what became of an upload whose row is gone."""
OF_UPLOAD = select(Upload, File.organisation_id.label("organisation_id"), IS_PUBLIC).join(File, File.id == Upload.file_id)
IS_LIVE = Upload.expire_time > func.now()


async def add_file(connection: AsyncConnection, **columns: Any) -> None:
    """Adds a file of which no byte has come."""
    await connection.execute(
        insert(File).values(state=FileState.FILE_STATE_PENDING, content_type="", sha256="", blob_key="", **columns)
    )


async def add(connection: AsyncConnection, **columns: Any) -> AnyRow:
    return (await connection.execute(insert(Upload).values(stage=Stage.RECEIVING, **columns).returning(Upload))).one()


async def file(connection: AsyncConnection, id: uuid.UUID) -> AnyRow | None:
    """With `is_public`."""
    return (await connection.execute(select(File, IS_PUBLIC).where(File.id == id))).one_or_none()


async def upload(connection: AsyncConnection, id: uuid.UUID, author_id: uuid.UUID) -> AnyRow | None:
    """What this account has on its way, with `organisation_id`. What has had its time is as good as gone."""
    wanted = OF_UPLOAD.where(Upload.id == id, Upload.author_id == author_id)
    return (await connection.execute(wanted.where(or_(IS_LIVE, Upload.stage != Stage.RECEIVING)))).one_or_none()


async def locked(connection: AsyncConnection, id: uuid.UUID) -> AnyRow | None:
    """The upload, whoever's it is, locked, while its bytes are coming."""
    wanted = OF_UPLOAD.where(Upload.id == id, Upload.stage == Stage.RECEIVING)
    return (await connection.execute(wanted.with_for_update(of=Upload))).one_or_none()


async def take(connection: AsyncConnection, id: uuid.UUID, holder: uuid.UUID) -> AnyRow | None:
    """The upload, which this holder has from now on. None where no bytes of it are coming any more."""
    taken = (
        update(Upload)
        .where(Upload.id == id, Upload.stage == Stage.RECEIVING, IS_LIVE)
        .values(holder=holder, held_until=AFTER_LEASE)
    )
    return (await connection.execute(taken.returning(Upload))).one_or_none()


async def take_free(
    connection: AsyncConnection, id: uuid.UUID, holder: uuid.UUID, parts: Sequence[tuple[int, int, str]] | None
) -> AnyRow | None:
    """The same, if nobody else is at it, for as long as it may take to bring its bytes together. It comes up again by itself,
    should this holder get no further. `parts` are noted, if there are any."""
    named = {} if parts is None else {"parts": [list(part) for part in parts]}
    taken = (
        update(Upload)
        .where(Upload.id == id, Upload.stage == Stage.RECEIVING)
        .where(or_(Upload.held_until.is_(None), Upload.held_until < func.now()))
        .values(holder=holder, held_until=WHEN_TOGETHER, next_attempt_time=WHEN_TOGETHER, **named)
    )
    return (await connection.execute(taken.returning(Upload))).one_or_none()


async def held(connection: AsyncConnection, id: uuid.UUID, holder: uuid.UUID) -> AnyRow | None:
    return (await connection.execute(select(Upload).where(Upload.id == id, Upload.holder == holder))).one_or_none()


async def note(connection: AsyncConnection, id: uuid.UUID, holder: uuid.UUID, *, is_over: bool, **columns: Any) -> bool:
    """Notes how far the upload has come, if the holder has it still. `is_over`: it lets go of it."""
    columns = {"held_until": None if is_over else AFTER_LEASE, **columns}
    held = update(Upload).where(Upload.id == id, Upload.holder == holder, Upload.stage == Stage.RECEIVING)
    return bool((await connection.execute(held.values(columns))).rowcount)


async def receive(connection: AsyncConnection, row: Any) -> bool:
    """Says that all bytes are in the quarantine, if the holder in `row` has the upload still. They are examined at once by who
    says so, or soon by somebody else. What became of the upload is remembered beyond its row."""
    received = (
        update(Upload)
        .where(Upload.id == row.id, Upload.holder == row.holder, Upload.stage == Stage.RECEIVING)
        .values(
            stage=Stage.RECEIVED,
            received_bytes=Upload.size_bytes,
            parts=[],
            storage_upload="",
            found={},
            holder=None,
            held_until=None,
            next_attempt_time=AFTER_LEASE,
        )
    )
    if not (await connection.execute(received)).rowcount:
        return False
    said = message(upload_pb2.Upload, row, file=file_pb2.File(id=str(row.file_id)), offset=row.size_bytes, parts=())
    remembered = upsert(IdempotencyKey).values(
        account_id=row.author_id, method=ENDED, key=str(row.id), request_sha256=b"", answer=said.SerializeToString()
    )
    await connection.execute(remembered.on_conflict_do_nothing())
    return True


async def ended(connection: AsyncConnection, id: uuid.UUID, author_id: uuid.UUID) -> upload_pb2.Upload | None:
    """An upload of the account's whose row is gone, with its file's id; None where nobody remembers."""
    wanted = select(IdempotencyKey.answer).where(
        IdempotencyKey.account_id == author_id, IdempotencyKey.method == ENDED, IdempotencyKey.key == str(id)
    )
    answer = (await connection.execute(wanted)).scalar_one_or_none()
    return None if answer is None else upload_pb2.Upload.FromString(answer)


async def remove(connection: AsyncConnection, row: AnyRow) -> None:
    """Takes away an upload, and with it the file that it was to become."""
    if row.is_replacement:
        await connection.execute(delete(Upload).where(Upload.id == row.id))
    else:
        await connection.execute(delete(File).where(File.id == row.file_id, File.state == FileState.FILE_STATE_PENDING))
        await connection.execute(delete(Upload).where(Upload.id == row.id))


async def expired(connection: AsyncConnection) -> AnyRow | None:
    """An upload that has had its time, now locked; None when there is none that nobody else has locked."""
    wanted = OF_UPLOAD.where(Upload.stage == Stage.RECEIVING, Upload.expire_time <= func.now())
    wanted = wanted.order_by(Upload.expire_time).limit(1).with_for_update(of=Upload, skip_locked=True)
    return (await connection.execute(wanted)).one_or_none()


async def waiting(connection: AsyncConnection) -> uuid.UUID | None:
    """An upload whose bytes have all come, or so it was said, and that nobody has taken further."""
    wanted = (
        select(Upload.id)
        .where(Upload.next_attempt_time <= func.now(), Upload.stage == Stage.RECEIVING, Upload.way != Way.STREAM, IS_LIVE)
        .where(or_(Upload.held_until.is_(None), Upload.held_until < func.now()))
        .order_by(Upload.next_attempt_time)
        .limit(1)
    )
    return (await connection.execute(wanted)).scalar_one_or_none()
