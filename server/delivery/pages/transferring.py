"""Pages on their way to another installation: which there are, in the order of the record, and putting one that is restored."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any

import asyncpg
from sqlalchemy import ARRAY, BigInteger, Integer, Text, Uuid, bindparam, column, delete, func, select, tuple_
from sqlalchemy.dialects.postgresql import insert

from server.delivery.models import Page
from server.stores.parameters import given, named
from server.stores.statements import Row, Statement

COLUMNS = tuple(Page.__table__.c.keys())
BEGINNING, NOBODY = datetime(1, 1, 1, tzinfo=UTC), uuid.UUID(int=0)
SHOWN = (
    Page.record_number,
    Page.publish_time,
    Page.path,
    Page.locale,
    Page.document_id,
    Page.translation_key,
    Page.covers_prefix,
    Page.preserves_suffix,
)


def recorded(*conditions: Any) -> Statement:
    statement = select(*SHOWN).where(Page.record_number > bindparam("after", type_=BigInteger()), *conditions)
    return Statement(statement.order_by(Page.record_number).limit(bindparam("limit", type_=Integer())))


def published(*conditions: Any) -> Statement:
    place = Page.publish_time, Page.document_id
    after = bindparam("after_time", type_=Page.publish_time.type), bindparam("after_id", type_=Uuid())
    statement = select(*SHOWN).where(tuple_(*place) > tuple_(*after), *conditions)
    return Statement(statement.order_by(*place).limit(bindparam("limit", type_=Integer())))


OF_ONE_ORGANISATION = Page.organisation_id == bindparam("organisation_id", type_=Uuid())
RECORDED, RECORDED_OF_ONE = recorded(), recorded(OF_ONE_ORGANISATION)
PUBLISHED, PUBLISHED_OF_ONE = published(~Page.is_block), published(~Page.is_block, OF_ONE_ORGANISATION)
BLOCKS, BLOCKS_OF_ONE = published(Page.is_block), published(Page.is_block, OF_ONE_ORGANISATION)
STANDING = Statement(
    select(Page.document_id, Page.record_number, Page.answer).where(
        Page.path == bindparam("path", type_=Text()), Page.locale == bindparam("locale", type_=Text())
    )
)

PLACES = (
    func.unnest(bindparam("paths", type_=ARRAY(Text())), bindparam("locales", type_=ARRAY(Text())))
    .table_valued(column("path", Text()), column("locale", Text()))
    .render_derived(name="place")
)
SIZES = (
    select(
        Page.path,
        Page.locale,
        Page.record_number,
        func.sum(func.octet_length(Page.answer)).over(order_by=(Page.path, Page.locale), rows=(None, -1)).label("above"),
    )
    .join(PLACES, (Page.path == PLACES.c.path) & (Page.locale == PLACES.c.locale))
    .subquery("sizes")
)
ANSWERS = Statement(
    select(Page.path, Page.locale, Page.record_number, Page.answer)
    .join(SIZES, (Page.path == SIZES.c.path) & (Page.locale == SIZES.c.locale))
    .where(func.coalesce(SIZES.c.above, 0) < bindparam("most", type_=BigInteger()))
)

ANSWER = Statement(select(Page.answer).where(Page.record_number == bindparam("number", type_=BigInteger())))

PUT = insert(Page).from_select(COLUMNS, select(*given("page", Page, COLUMNS)), include_defaults=False)
RESTORED = Statement(
    PUT.on_conflict_do_update(
        index_elements=[Page.path, Page.locale],
        set_={name: PUT.excluded[name] for name in COLUMNS},
        where=Page.record_number < PUT.excluded.record_number,
    )
)

REMOVED = Statement(
    delete(Page).where(
        Page.path == bindparam("path", type_=Text()),
        Page.locale == bindparam("locale", type_=Text()),
        Page.record_number < bindparam("number", type_=BigInteger()),
    )
)


async def pages_after(
    connection: asyncpg.Connection, number: int, limit: int, organisation_id: uuid.UUID | None
) -> Sequence[Row]:
    """What paths serve since entries of the record behind this number, in its order: an organisation's, or all."""
    if organisation_id is None:
        return await RECORDED.all(connection, after=number, limit=limit)
    return await RECORDED_OF_ONE.all(connection, after=number, limit=limit, organisation_id=organisation_id)


async def pages_published_after(
    connection: asyncpg.Connection, last: Row | None, limit: int, organisation_id: uuid.UUID | None
) -> Sequence[Row]:
    """What paths serve, in the order in which it was published: what was only rendered again since stays in its place."""
    return await published_after(connection, (PUBLISHED, PUBLISHED_OF_ONE), last, limit, organisation_id)


async def blocks_published_after(
    connection: asyncpg.Connection, last: Row | None, limit: int, organisation_id: uuid.UUID | None
) -> Sequence[Row]:
    """The same of blocks, which no path serves."""
    return await published_after(connection, (BLOCKS, BLOCKS_OF_ONE), last, limit, organisation_id)


async def published_after(
    connection: asyncpg.Connection,
    statements: tuple[Statement, Statement],
    last: Row | None,
    limit: int,
    organisation_id: uuid.UUID | None,
) -> Sequence[Row]:
    after = {"after_time": BEGINNING, "after_id": NOBODY}
    if last is not None:
        after = {"after_time": last.publish_time, "after_id": last.document_id}
    of_all, of_one = statements
    if organisation_id is None:
        return await of_all.all(connection, **after, limit=limit)
    return await of_one.all(connection, **after, limit=limit, organisation_id=organisation_id)


async def answer(connection: asyncpg.Connection, number: int) -> bytes | None:
    """What a path serves since this entry of the record; None where none does any more."""
    served: bytes | None = await ANSWER.value(connection, number=number)
    return served


async def answers(connection: asyncpg.Connection, places: Collection[tuple[str, str]], most: int) -> dict[tuple[str, str], Row]:
    """What these paths serve in these locales: the first one, and as many others as have no more than so many bytes."""
    paths, locales = zip(*places, strict=True)
    rows = await ANSWERS.all(connection, paths=[*paths], locales=[*locales], most=most)
    return {(row.path, row.locale): row for row in rows}


async def there(connection: asyncpg.Connection, path: str, locale: str) -> Row | None:
    """What stands at exactly this path."""
    return await STANDING.first(connection, path=path, locale=locale)


async def restore(connection: asyncpg.Connection, page: dict[str, Any]) -> None:
    """Puts a page, of which all columns are given, unless what stands there is newer on the record."""
    await RESTORED.run(connection, **named("page", page))


async def remove(connection: asyncpg.Connection, path: str, locale: str, number: int) -> None:
    """Takes away what a path serves since an earlier entry of the record than this."""
    await REMOVED.run(connection, path=path, locale=locale, number=number)
