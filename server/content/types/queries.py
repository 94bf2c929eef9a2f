"""SQL: content types and their versions."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    CTE,
    Select,
    SQLColumnExpression,
    Text,
    Uuid,
    cast,
    column,
    delete,
    exists,
    func,
    insert,
    literal,
    literal_column,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from server.content.models import ContentType, ContentTypeVersion, Document
from server.content.types.held import CHANNEL
from server.rpc.answers import MOST_OF_A_LIST
from server.stores.postgres import AnyRow

COLUMNS = ContentType.__table__.c
KEPT = ("name", "version", "settings", "author_id", "create_time")


async def content_type(connection: AsyncConnection, name: str, *, lock: bool = False) -> AnyRow | None:
    statement = select(ContentType).where(ContentType.name == name)
    return (await connection.execute(statement.with_for_update() if lock else statement)).one_or_none()


async def content_types(connection: AsyncConnection, *, after: str, limit: int, is_full: bool = False) -> Sequence[AnyRow]:
    """By name, from behind `after`, without their schemas unless they are to be full: then fewer than the limit, where these
    are large, and with how many were `found`."""
    columns = [column for column in COLUMNS if is_full or column.key != "details_schema"]
    statement = select(*columns).where(ContentType.name > after).order_by(ContentType.name).limit(limit)
    if is_full:
        first = statement.subquery()
        size = func.octet_length(cast(first.c.details_schema, Text))
        above = func.coalesce(func.sum(size).over(order_by=first.c.name, rows=(None, -1)), 0).label("above")
        whole = select(first, above, func.count().over().label("found")).subquery()
        statement = select(whole).where(whole.c.above < MOST_OF_A_LIST).order_by(whole.c.name)
    return (await connection.execute(statement)).all()


async def insert_content_type(connection: AsyncConnection, author_id: uuid.UUID, **content_type: Any) -> AnyRow | None:
    """The new content type; None when there is one of its name. Its number follows those of one that was deleted."""
    last = select(func.max(ContentTypeVersion.version)).where(ContentTypeVersion.name == content_type["name"])
    version = func.coalesce(last.scalar_subquery(), 0) + 1
    statement = upsert(ContentType).values(version=version, **content_type).on_conflict_do_nothing()
    made = statement.returning(ContentType.__table__).cte("made")
    found: AnyRow | None = (await connection.execute(select(made).add_cte(kept(made, author_id)))).one_or_none()
    return found


async def update_content_type(connection: AsyncConnection, author_id: uuid.UUID, name: str, **changed: Any) -> AnyRow:
    """The changed content type, its next version. Every process is told at commit. The version before is kept, too, should a
    process of a release that knew of none have made it."""
    statement = update(ContentType).where(ContentType.name == name)
    statement = statement.values(version=ContentType.version + 1, update_time=func.now(), **changed)
    row = statement.returning(ContentType.__table__).cte("changed")
    settings = func.to_jsonb(literal_column("content_types"))
    said = select(ContentType.name, ContentType.version, settings, literal(None, Uuid()), ContentType.update_time)
    former = upsert(ContentTypeVersion).from_select(KEPT, said.where(ContentType.name == name), include_defaults=False)
    former_kept = former.on_conflict_do_nothing().cte("former")
    found = select(row, func.pg_notify(CHANNEL, row.c.name)).add_cte(former_kept, kept(row, author_id))
    return (await connection.execute(found)).one()


def kept(content_type: CTE, author_id: uuid.UUID) -> CTE:
    """Keeps what was made or changed as a version, whatever columns there are."""
    settings = func.to_jsonb(literal_column(content_type.name))
    of_it = content_type.c
    said = select(of_it.name, of_it.version, settings, literal(author_id, Uuid()), of_it.update_time)
    return insert(ContentTypeVersion).from_select(KEPT, said, include_defaults=False).cte("kept")


async def delete_content_type(connection: AsyncConnection, name: str) -> None:
    """Every process is told at commit."""
    gone = delete(ContentType).where(ContentType.name == name).returning(ContentType.name).cte("gone")
    await connection.execute(select(func.pg_notify(CHANNEL, gone.c.name)))


async def is_used(connection: AsyncConnection, name: str) -> bool:
    return bool((await connection.execute(select(exists().where(Document.content_type == name)))).scalar())


async def versions(connection: AsyncConnection, name: str, *, before: int | None = None, limit: int = 1) -> Sequence[AnyRow]:
    """Of a content type, newest first, from below a number: all that it was without its schema, with who made it so."""
    statement = as_it_was(ContentTypeVersion.settings.op("-")(literal("details_schema", Text())), name)
    if before is not None:
        statement = statement.where(ContentTypeVersion.version < before)
    return (await connection.execute(statement.order_by(ContentTypeVersion.version.desc()).limit(limit))).all()


async def version(connection: AsyncConnection, name: str, number: int) -> AnyRow | None:
    """One of them, with its schema."""
    statement = as_it_was(ContentTypeVersion.settings, name).where(ContentTypeVersion.version == number)
    return (await connection.execute(statement)).one_or_none()


def as_it_was(settings: SQLColumnExpression[Any], name: str) -> Select[*tuple[Any, ...]]:
    """All that a content type was, from its settings then."""
    record = func.jsonb_populate_record(literal_column("NULL::content_types"), settings)
    was = record.table_valued(*(column(each.key, each.type) for each in COLUMNS)).alias("was")
    made = ContentTypeVersion.author_id, ContentTypeVersion.create_time.label("version_time")
    found = select(*was.c, *made).select_from(ContentTypeVersion).join(was, literal_column("true"))
    return found.where(ContentTypeVersion.name == name)
