"""Appending to the record, as a part of the statement that publishes.

Whoever appends takes the record's lock and then reads the next place, in two statements: what is read by the second has been
committed by all who held the lock before. The statement that publishes comes third, and the lock ends with the transaction.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import asyncpg
from sqlalchemy import ARRAY, CTE, Select, Text, bindparam, exists, func, insert, select, true

from gazette.record.v1.record_entry_pb2 import RecordEntryBody, RecordEntryKind
from server.record import rules
from server.record.models import RecordEntry
from server.rpc.messages import message
from server.stores.parameters import given_rows, named_rows
from server.stores.statements import Row, Statement

CHANNEL = "gazette_record"
LOCK = 0x67617A65747465  # "gazette": the key of the advisory lock that makes numbers commit in order
COLUMNS = tuple(RecordEntry.__table__.c.keys())
TICK = timedelta(microseconds=1)

LAST = select(RecordEntry.number, RecordEntry.record_time).order_by(RecordEntry.number.desc()).limit(1).subquery("last")
CLOCK = select(func.clock_timestamp().label("now")).subquery("clock")  # a row of its own, for when the record is empty
NEWEST = select(CLOCK.c.now, LAST.c.number, LAST.c.record_time).join_from(CLOCK, LAST, true(), isouter=True).subquery("newest")
"""One row, after which the next place comes."""
NEXT = Statement(select(NEWEST))


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the record, which is a transaction's until it ends."""

    number: int
    record_time: datetime

    @classmethod
    def after(cls, newest: Row) -> Place:
        """The next place, after what NEWEST yielded."""
        if newest.number is None:
            return cls(1, newest.now)
        return cls(newest.number + 1, max(newest.now, newest.record_time + TICK))  # a clock set back reorders nothing

    def next(self) -> Place:
        """The one behind it, for the same transaction."""
        return Place(self.number + 1, self.record_time + TICK)


@asynccontextmanager
async def locked(connection: asyncpg.Connection) -> AsyncIterator[None]:
    """A transaction that has the record's lock: everyone else who wants to append waits until it ends. So begin it as late as
    possible. It begins and takes the lock in one round trip."""
    try:
        await connection.execute(f"BEGIN; SELECT pg_advisory_xact_lock({LOCK})")
        yield
        await connection.execute("COMMIT")
    except Exception:  # a cancellation ends the connection
        await connection.execute("ROLLBACK")
        raise


def appends(changed: CTE) -> Select[Any]:
    """A statement that appends entries if `changed`, which does what they tell of, yields a row. It yields that row, once for
    each entry, and tells every process of the entry at commit. It is executed with `parameters`."""
    given = given_rows("record", RecordEntry, COLUMNS)
    entries = insert(RecordEntry).from_select(COLUMNS, select(given).where(exists().select_from(changed)))
    notices = func.unnest(bindparam("record_notice", type_=ARRAY(Text()))).table_valued("notice").render_derived("notices")
    statement = select(changed, func.pg_notify(CHANNEL, notices.c.notice).label("told")).join_from(changed, notices, true())
    return statement.add_cte(entries.cte("record_appended"))


def parameters(*entries: Mapping[str, Any]) -> dict[str, Any]:
    """What `appends` is given, of each `entry`, in the order of their places."""
    return named_rows("record", entries)


def entry(
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
) -> dict[str, Any]:
    """An entry in its place. `answer` is the serialised GetPageResponse."""
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
    return {
        "number": place.number,
        "kind": kind,
        "document_id": document_id,
        "path": path,
        "locale": locale,
        "record_time": place.record_time,
        "body_bytes": body,
        "leaf_hash": rules.leaf_hash(body),
        "answer": answer,
        "is_restored": False,
        "notice": rules.notice(place.number, locale, path, covers_prefix=covers_prefix),
    }
