"""Pages on their way to another installation: which there are, in the order of the record, and putting one that is restored."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

import asyncpg
from sqlalchemy import BigInteger, Integer, Text, Uuid, bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert

from server.delivery.models import Page
from server.stores.parameters import given, named
from server.stores.statements import Row, Statement

COLUMNS = tuple(Page.__table__.c.keys())
SHOWN = (
    Page.record_number,
    Page.path,
    Page.locale,
    Page.document_id,
    Page.translation_key,
    Page.covers_prefix,
    Page.preserves_suffix,
)


def served(*conditions: Any) -> Statement:
    statement = select(*SHOWN).where(Page.record_number > bindparam("after", type_=BigInteger()), *conditions)
    return Statement(statement.order_by(Page.record_number).limit(bindparam("limit", type_=Integer())))


OF_ALL = served()
OF_ONE = served(Page.organisation_id == bindparam("organisation_id", type_=Uuid()))
STANDING = Statement(
    select(Page.document_id, Page.record_number, Page.answer).where(
        Page.path == bindparam("path", type_=Text()), Page.locale == bindparam("locale", type_=Text())
    )
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
        return await OF_ALL.all(connection, after=number, limit=limit)
    return await OF_ONE.all(connection, after=number, limit=limit, organisation_id=organisation_id)


async def answer(connection: asyncpg.Connection, number: int) -> bytes | None:
    """What a path serves since this entry of the record; None where none does any more."""
    served: bytes | None = await ANSWER.value(connection, number=number)
    return served


async def there(connection: asyncpg.Connection, path: str, locale: str) -> Row | None:
    """What stands at exactly this path."""
    return await STANDING.first(connection, path=path, locale=locale)


async def restore(connection: asyncpg.Connection, page: dict[str, Any]) -> None:
    """Puts a page, of which all columns are given, unless what stands there is newer on the record."""
    await RESTORED.run(connection, **named("page", page))


async def remove(connection: asyncpg.Connection, path: str, locale: str, number: int) -> None:
    """Takes away what a path serves since an earlier entry of the record than this."""
    await REMOVED.run(connection, path=path, locale=locale, number=number)
