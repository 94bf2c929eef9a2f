"""Putting pages, as a part of the statement that publishes, and what must be known of other pages for it."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from typing import Any

import asyncpg
from sqlalchemy import ARRAY, CTE, Integer, Subquery, Text, Uuid, all_, any_, bindparam, delete, exists, select
from sqlalchemy.dialects.postgresql import distinct_on, insert

from server.delivery.models import Page
from server.delivery.pages.rules import DEFAULT_LOCALE, redirect_of
from server.stores.parameters import given_rows, named_rows
from server.stores.statements import Row, Statement

COLUMNS = tuple(Page.__table__.c.keys())
LOCALE = bindparam("locale", type_=Text())
LINKS = Statement(
    select(Page.translation_key, Page.locale, Page.path, Page.title, Page.content_type)
    .ext(distinct_on(Page.translation_key))
    .where(Page.translation_key == any_(bindparam("keys", type_=ARRAY(Uuid()))), Page.summary.is_not(None))
    .order_by(Page.translation_key, (Page.locale == LOCALE).desc(), (Page.locale == DEFAULT_LOCALE).desc(), Page.record_number)
)
MAX_LEFT = 100
"""So many redirects of its own a move takes along: each is an entry of the record."""
ALL_LEFT = 10_000
"""More than any document has: for where none may stay behind."""
LEFT = Statement(
    select(Page.path, Page.answer, Page.covers_prefix, Page.preserves_suffix)
    .where(
        Page.translation_key == bindparam("translation_key", type_=Uuid()),  # for which there is an index
        Page.document_id == bindparam("document_id", type_=Uuid()),
        Page.locale == LOCALE,
        Page.path != all_(bindparam("paths", type_=ARRAY(Text()))),
        Page.summary.is_(None),
    )
    .order_by(Page.record_number.desc())
    .limit(bindparam("limit", type_=Integer()))
)

TAKEN = Statement(select(Page.path).where(Page.path == any_(bindparam("paths", type_=ARRAY(Text()))), Page.locale == LOCALE))


def puts(changed: CTE) -> CTE:
    """What makes pages that which their paths serve, if `changed`, which does what they show, yields a row. The statement is
    executed with `parameters`."""
    given = given_rows("pages", Page, COLUMNS)
    statement = insert(Page).from_select(COLUMNS, select(given).where(exists().select_from(changed)))
    columns = {name: statement.excluded[name] for name in COLUMNS}
    return statement.on_conflict_do_update(index_elements=[Page.path, Page.locale], set_=columns).cte("pages_put")


def parameters(*pages: Mapping[str, Any]) -> dict[str, Any]:
    """What `puts` is given: of each page all columns of models.Page."""
    return named_rows("pages", pages)


def removes(changed: CTE) -> CTE:
    """What takes away all that a document's paths serve, as if there had never been anything, if `changed` yields the
    document's row. The statement is executed with `removal`."""
    of_it = Page.translation_key == bindparam("pages_translation_key", type_=Uuid())  # for which there is an index
    return delete(Page).where(of_it, Page.document_id.in_(select(changed.c.id))).cte("pages_removed")


def removal(translation_key: uuid.UUID) -> dict[str, Any]:
    """What `removes` is given."""
    return {"pages_translation_key": translation_key}


def standing(name: str) -> Subquery:
    """What stands at exactly the path that the parameter of this name says, in the `locale`: one row or none."""
    there = select(Page.document_id, Page.answer).where(Page.path == bindparam(name, type_=Text()), Page.locale == LOCALE)
    return there.subquery(f"at_{name}")


async def left(connection: asyncpg.Connection, document: Any, *paths: str, most: int = MAX_LEFT) -> list[Row]:
    """The redirects that earlier moves of a document left, but for those at these paths, oldest first. Of very many the newest:
    the others lead to one of these."""
    rows = await LEFT.all(
        connection,
        translation_key=document.translation_key,
        document_id=document.id,
        locale=document.locale,
        paths=[*paths],
        limit=most,
    )
    return [row for row in reversed(rows) if redirect_of(row.answer) is not None]


async def free(connection: asyncpg.Connection, paths: Collection[str], locale: str) -> list[str]:
    """Those of these paths that serve nothing of their own."""
    taken = {row.path for row in await TAKEN.all(connection, paths=[*paths], locale=locale)}
    return [path for path in paths if path not in taken]


async def links(connection: asyncpg.Connection, translation_keys: Collection[uuid.UUID], locale: str) -> dict[uuid.UUID, Row]:
    """For each key that has a page: the one in this locale, or else in the default one, or else any."""
    rows = await LINKS.all(connection, keys=[*translation_keys], locale=locale)
    return {row.translation_key: row for row in rows}
