"""Restoring: entries that another installation has made, put on an empty record as they were hashed; and reading them for that.

A restored entry keeps its number, its time and its leaf hash. So the record that is restored is the other one's, up to where
the export was made, and goes on behind it. It is taken only while every entry that is here was restored.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import asyncpg
from google.protobuf.message import DecodeError
from sqlalchemy import BigInteger, Text, bindparam, func, insert, select, true

from gazette.record.v1.record_entry_pb2 import RecordEntryBody
from server.record import failures, rules
from server.record.log import CHANNEL, CLOCK
from server.record.models import RecordEntry
from server.rpc.messages import moment
from server.rpc.texts.characters import Unfit
from server.rpc.texts.languages import canonical
from server.stores.parameters import given, named
from server.stores.statements import Row, Statement

SKEW = timedelta(minutes=5)
"""How far another installation's clock may be ahead of ours: what we publish comes after what was restored."""
COLUMNS = tuple(RecordEntry.__table__.c.keys())
SHA256_BYTES = 32
NUMBER = bindparam("number", type_=BigInteger())

BODY = Statement(select(RecordEntry.body_bytes).where(RecordEntry.number == NUMBER))
BODIES = Statement(
    select(RecordEntry.number, RecordEntry.body_bytes)
    .where(
        RecordEntry.number > bindparam("after", type_=BigInteger()),
        RecordEntry.number < bindparam("before", type_=BigInteger()),
    )
    .order_by(RecordEntry.number)
    .limit(500)
)
LAST = select(RecordEntry.number, RecordEntry.record_time, RecordEntry.is_restored)
LAST_OF_ALL = LAST.order_by(RecordEntry.number.desc()).limit(1).subquery("last")
HEAD = Statement(select(CLOCK.c.now, LAST_OF_ALL).join_from(CLOCK, LAST_OF_ALL, true(), isouter=True))
"""The newest entry, of which an empty record has none, and the time."""
RESTORED = Statement(
    insert(RecordEntry).from_select(COLUMNS, select(*given("record", RecordEntry, COLUMNS)), include_defaults=False)
)
NOTICE = Statement(select(func.pg_notify(CHANNEL, bindparam("notice", type_=Text()))))


async def check_unused(connection: asyncpg.Connection) -> None:
    """Raises InstallationInUse if anything was published here that was not restored."""
    head = await HEAD.first(connection)
    assert head is not None, "the clock is always there"
    if head.number is not None and not head.is_restored:
        raise failures.InstallationInUse


def read_body(raw: bytes) -> RecordEntryBody:
    """Raises InvalidEntry."""
    try:
        body = RecordEntryBody.FromString(raw)
    except DecodeError:
        raise failures.InvalidEntry("is no RecordEntryBody") from None
    if body.number < 1 or not body.kind or not body.path.startswith("/") or len(body.answer_sha256) != SHA256_BYTES:
        raise failures.InvalidEntry("says not all that an entry of the record says")
    return body


def number_of(raw: bytes) -> int:
    """An entry's number, for people; 0 where there is none."""
    try:
        return RecordEntryBody.FromString(raw).number
    except DecodeError:
        return 0


async def restore(connection: asyncpg.Connection, raw: bytes, answer: bytes) -> bool:
    """Puts an entry in its place, the next one, within `locked`. False if it is there already.

    Raises InvalidEntry, InstallationInUse, RecordDiffers, RecordGap.
    """
    entry = read_body(raw)
    head = await HEAD.first(connection)
    assert head is not None, "the clock is always there"
    if head.number is not None and not head.is_restored:
        raise failures.InstallationInUse
    last = head.number or 0
    if entry.number <= last:
        if await BODY.value(connection, number=entry.number) != raw:
            raise failures.RecordDiffers(entry.number)
        return False
    if entry.number != last + 1:
        raise failures.RecordGap(entry.number, last + 1)
    time = moment(entry.record_time)
    if head.record_time is not None and time <= head.record_time:
        raise failures.InvalidEntry("is not later than the entry before it")
    if time > head.now + SKEW:
        raise failures.InvalidEntry(f"is of the future: {time.isoformat()}")
    columns: dict[str, Any] = {
        "number": entry.number,
        "kind": entry.kind,
        "document_id": document_id(entry),
        "path": entry.path,
        "locale": locale_of(entry),
        "record_time": time,
        "body_bytes": raw,
        "leaf_hash": rules.leaf_hash(raw),
        "answer": answer,
        "is_restored": True,
    }
    await RESTORED.run(connection, **named("record", columns))
    return True


def locale_of(body: RecordEntryBody) -> str:
    """The entry's language by its canonical tag, by which pages are found: what was published before tags were brought into it
    says another, for ever."""
    try:
        return canonical(body.locale)
    except Unfit:
        return body.locale


def document_id(body: RecordEntryBody) -> uuid.UUID:
    """Raises InvalidEntry."""
    try:
        return uuid.UUID(body.document_id)
    except ValueError:
        raise failures.InvalidEntry("has a document_id that is no UUID") from None


async def tell(connection: asyncpg.Connection, body: RecordEntryBody, *, covers_prefix: bool = False) -> None:
    """Tells every process, at commit, that the path serves something else."""
    await NOTICE.run(connection, notice=rules.notice(body.number, locale_of(body), body.path, covers_prefix=covers_prefix))


async def body(connection: asyncpg.Connection, number: int) -> bytes:
    """An entry, as it was hashed; nothing where there is none."""
    return bytes(await BODY.value(connection, number=number) or b"")


async def bodies(connection: asyncpg.Connection, after: int, before: int) -> Sequence[Row]:
    """The first of the entries between two numbers, in order."""
    return await BODIES.all(connection, after=after, before=before)
