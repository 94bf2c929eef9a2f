"""Appending to the record."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, insert, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.record.v1.record_entry_pb2 import RecordEntryBody, RecordEntryKind
from server.record import rules
from server.record.models import RecordEntry
from server.rpc.messages import message

CHANNEL = "gazette_record"
LOCK = 0x67617A65747465  # "gazette": the key of the advisory lock that makes numbers commit in order


@dataclass(frozen=True, slots=True)
class Place:
    """The next place in the record, which is this transaction's until it ends."""

    number: int
    record_time: datetime


async def reserve(connection: AsyncConnection) -> Place:
    """The next place. Everyone else who wants to append waits until this transaction ends, so call it as late as possible."""
    await connection.execute(select(func.pg_advisory_xact_lock(LOCK)))
    last = select(RecordEntry.number, RecordEntry.record_time).order_by(RecordEntry.number.desc()).limit(1).subquery()
    clock = select(func.clock_timestamp().label("now")).subquery()  # a row of its own, for when the record is empty
    statement = select(clock.c.now, last.c.number, last.c.record_time).select_from(clock.outerjoin(last, true()))
    now, number, time = (await connection.execute(statement)).one()
    if number is None:
        return Place(1, now)
    return Place(number + 1, max(now, time + timedelta(microseconds=1)))  # a clock set back reorders nothing


async def append(
    connection: AsyncConnection,
    place: Place,
    kind: RecordEntryKind.ValueType,
    *,
    document_id: uuid.UUID,
    revision_number: int,
    organisation_id: uuid.UUID,
    path: str,
    locale: str,
    answer: bytes,
    covers_prefix: bool = False,
) -> None:
    """Puts an entry in its place, and tells every process at commit. `answer` is the serialised GetPageResponse."""
    body = message(
        RecordEntryBody,
        place,
        kind=kind,
        document_id=document_id,
        revision_number=revision_number,
        organisation_id=organisation_id,
        path=path,
        locale=locale,
        answer_sha256=hashlib.sha256(answer).digest(),
    ).SerializeToString(deterministic=True)
    entry = {
        "number": place.number,
        "kind": kind,
        "document_id": document_id,
        "path": path,
        "locale": locale,
        "record_time": place.record_time,
        "body_bytes": body,
        "leaf_hash": rules.leaf_hash(body),
        "answer": answer,
    }
    await connection.execute(insert(RecordEntry), entry)
    notice = rules.notice(place.number, locale, path, covers_prefix=covers_prefix)
    await connection.execute(select(func.pg_notify(CHANNEL, notice)))
