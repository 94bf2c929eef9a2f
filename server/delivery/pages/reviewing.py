"""All redirects that are stored, and where each leads: for whoever looks for what was stored before circles were refused."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from typing import NamedTuple

import asyncpg
from sqlalchemy import Integer, Text, bindparam, func, select, tuple_

from server.delivery.models import Page
from server.delivery.pages import reading, rules
from server.delivery.pages.circles import Search
from server.delivery.pages.following import Place
from server.stores.statements import Row, Statement

BATCH = 1000
STORED = Statement(
    select(Page.path, Page.locale, Page.answer, Page.document_id, Page.covers_prefix, Page.preserves_suffix)
    .where(
        Page.summary.is_(None),
        func.get_byte(Page.answer, 0) == rules.REDIRECT[0],
        tuple_(Page.path, Page.locale) > tuple_(bindparam("path", type_=Text()), bindparam("locale", type_=Text())),
    )
    .order_by(Page.path, Page.locale)
    .limit(bindparam("limit", type_=Integer()))
)


class Stored(NamedTuple):
    """A redirect that is stored, and where it leads by now."""

    path: str
    locale: str
    document_id: uuid.UUID
    location: str
    """As it was published."""
    places: list[Place]
    """Which of this site's paths it leads to, its own first."""
    circle: list[Place]
    """As `circles.circle`."""
    is_served: bool
    """Whether something is at the end; true of what is elsewhere."""


async def stored(connection: asyncpg.Connection) -> AsyncIterator[list[Stored]]:
    """All of them, by path, so many at a time."""
    after = Place("", "")
    while rows := await STORED.all(connection, path=after.path, locale=after.locale, limit=BATCH):
        yield [await followed(connection, row) for row in rows]
        after = Place(rows[-1].path, rows[-1].locale)


async def followed(connection: asyncpg.Connection, row: Row) -> Stored:
    search = Search(connection, Place(row.path, row.locale))
    way = await search.way(row.path)
    circle = await search.circle(preserves_suffix=row.covers_prefix and row.preserves_suffix)
    location = reading.location_of(row)
    if way is None:
        return Stored(row.path, row.locale, row.document_id, location, [], circle, is_served=False)
    is_served = not way.location.startswith("/") or search.is_served(way.places[-1])
    return Stored(row.path, row.locale, row.document_id, location, way.places, circle, is_served)
