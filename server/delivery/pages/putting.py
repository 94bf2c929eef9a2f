"""Putting pages, as a part of the statement that publishes, and what must be known of other pages for it."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import asyncpg
from sqlalchemy import (
    ARRAY,
    CTE,
    ColumnElement,
    Integer,
    Subquery,
    Text,
    Uuid,
    all_,
    and_,
    any_,
    bindparam,
    delete,
    exists,
    func,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import distinct_on, insert

from gazette.delivery.v1.delivery_service_pb2 import GetPageResponse
from gazette.delivery.v1.page_pb2 import PageState
from server import record
from server.delivery.models import Page
from server.delivery.pages.rules import DEFAULT_LOCALE, PAGE, redirect_of
from server.stores.parameters import given_rows, named_rows
from server.stores.statements import Row, Statement

COLUMNS = tuple(Page.__table__.c.keys())
LOCALE = bindparam("locale", type_=Text())
KEYS = bindparam("keys", type_=ARRAY(Uuid()))
IN_LOCALE_FIRST = ((Page.locale == LOCALE).desc(), (Page.locale == DEFAULT_LOCALE).desc(), Page.publish_time)
HEAD = select(record.NEWEST.c.number).scalar_subquery().label("head")
"""The record's newest number as it was when this was read."""
LINKS = Statement(
    select(HEAD, Page.translation_key, Page.locale, Page.path, Page.title, Page.content_type)
    .ext(distinct_on(Page.translation_key))
    .where(Page.translation_key == any_(KEYS), Page.summary.is_not(None))
    .order_by(Page.translation_key, *IN_LOCALE_FIRST)
)
IS_SHOWN = and_(Page.is_block, func.get_byte(Page.answer, 0) == PAGE[0])
"""A block, and not what it has left where it was before."""
BLOCKS = Statement(
    select(HEAD, Page.translation_key, Page.answer)
    .ext(distinct_on(Page.translation_key))
    .where(Page.translation_key == any_(KEYS), IS_SHOWN)
    .order_by(Page.translation_key, *IN_LOCALE_FIRST)
)
BLOCK_SIZES = Statement(
    select(Page.translation_key, func.max(func.octet_length(Page.answer)).label("size_bytes"))
    .where(Page.translation_key == any_(KEYS), IS_SHOWN)
    .group_by(Page.translation_key)
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


REFRESHED = ("path", "locale", "record_number", "answer")


def refreshes(changed: CTE) -> CTE:
    """What has pages say what they have come to show of others, if `changed` yields a row: a part of a statement that is
    executed with `refreshed`."""
    given = given_rows("pages", Page, REFRESHED)
    of_it = (Page.path == given.c.path) & (Page.locale == given.c.locale)
    statement = update(Page).where(of_it, exists().select_from(changed))
    return statement.values(record_number=given.c.record_number, answer=given.c.answer).cte("pages_refreshed")


def refreshed(pages: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What `refreshes` is given: of each page what REFRESHED names."""
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


def says_the_same(document_id: Any, said: Mapping[str, Any]) -> ColumnElement[bool]:
    """Whether a page of the document is listed at this path and locale that has what is `said`: title and content type."""
    return exists().where(
        Page.document_id == document_id,
        Page.summary.is_not(None),
        *(getattr(Page, name) == value for name, value in said.items()),
    )


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


class ShownBlock(NamedTuple):
    """What a live block says."""

    head: int
    """As HEAD."""
    html: str


async def blocks(
    connection: asyncpg.Connection, translation_keys: Collection[uuid.UUID], locale: str
) -> dict[uuid.UUID, ShownBlock]:
    """For each key that has a live block what that says, in the language that a link would lead to."""
    rows = await BLOCKS.all(connection, keys=[*translation_keys], locale=locale)
    found = {row.translation_key: (row.head, GetPageResponse.FromString(row.answer).page) for row in rows}
    is_live = PageState.PAGE_STATE_PUBLISHED
    return {key: ShownBlock(head, page.html) for key, (head, page) in found.items() if page.state == is_live}


async def block_sizes(connection: asyncpg.Connection, translation_keys: Collection[uuid.UUID]) -> dict[uuid.UUID, int]:
    """How many bytes the largest translation of each live block has, about."""
    rows = await BLOCK_SIZES.all(connection, keys=[*translation_keys])
    return {row.translation_key: row.size_bytes for row in rows}
