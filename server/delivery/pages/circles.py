"""Whether a redirect that is being published leads in a circle.

It is looked for in the transaction that has written the redirect and still has the record's lock: nobody else can publish
one meanwhile that would close the circle from the other side. A new circle has the new redirect in it, so it is enough to
follow that.

A redirect that keeps what follows leads from as many paths as there are. It is followed from a path that no page can have,
which shows what becomes of all that meet no other redirect on their way; and from those that do meet one.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import asyncpg
from sqlalchemy import ARRAY, Integer, LargeBinary, Text, any_, bindparam, func, literal_column, or_, select

from gazette.delivery.v1.page_pb2 import Redirect
from server.delivery.models import Page
from server.delivery.pages import reading, rules
from server.delivery.pages.following import ANY_END, Place, Way, follow
from server.stores.statements import Row, Statement

MAX_HOPS = 50
"""What has not ended by then is taken for endless: it may become longer with each hop, and never be where it was before."""
MAX_STATEMENTS = 300
SECONDS = 2.0
"""All other publications wait meanwhile, and what lies below a prefix, all of the site perhaps, takes a while to look through.
A prefix below which more redirects are met is published, and a circle that is met by a path below it alone is answered as what
is not there (`leading`)."""
MAX_BELOW = 200

PATH, LOCALE = bindparam("path", type_=Text()), bindparam("locale", type_=Text())
SERVED = Statement(
    select(
        Page.path,
        Page.locale,
        Page.answer,
        Page.preserves_suffix,
        Page.covers_prefix,
        Page.summary.is_not(None).label("is_page"),
    )
    .where(
        Page.path == any_(bindparam("prefixes", type_=ARRAY(Text()))),
        or_(Page.path == PATH, Page.covers_prefix),
        ~Page.is_block,
    )
    .order_by(
        (Page.locale == LOCALE).desc(),
        func.length(Page.path).desc(),
        (Page.locale == rules.DEFAULT_LOCALE).desc(),
        Page.publish_time,
    )
    .limit(literal_column("1"))
)
"""What a path serves in a locale, or else in any, as the page cache would find it."""
BELOW = Statement(
    select(Page.path, func.bool_or(Page.covers_prefix).label("covers_prefix"))
    .where(
        Page.path.op("~>=~")(bindparam("first", type_=Text())),
        Page.path.op("~<~")(bindparam("behind", type_=Text())),
        Page.summary.is_(None),
        func.get_byte(Page.answer, 0) == rules.REDIRECT[0],
    )
    .group_by(Page.path)
    .order_by(
        func.bool_or(func.pg_catalog.position(Page.answer, bindparam("named", type_=LargeBinary())) > 0).desc(), Page.path
    )
    .limit(bindparam("limit", type_=Integer()))
)
"""Paths of redirects below a path, first those that lead to where a redirect comes from that is named."""


class Exhausted(Exception):
    """No more statements are to be spent, or no more time."""


@dataclass
class Search:
    """The search for circles that go through the redirect at one path in one locale."""

    connection: asyncpg.Connection
    start: Place
    found: dict[Place, Redirect | None] = field(default_factory=dict)
    served: set[Place] = field(default_factory=set)
    statements: int = 0
    begin: float = field(default_factory=time.monotonic)

    async def seek(self, path: str, locale: str) -> Redirect | None:
        place = asked(Place(path, locale))
        if place not in self.found:
            self.spend()
            row = await SERVED.first(self.connection, path=path, locale=place.locale, prefixes=rules.prefixes(path))
            self.found[place] = redirect_at(row, path)
            if row is not None:
                self.served.add(place)
        return self.found[place]

    def is_served(self, place: Place) -> bool:
        """Whether something is at a place to which a way has led."""
        return asked(place) in self.served

    def spend(self) -> None:
        self.statements += 1
        if self.statements > MAX_STATEMENTS or time.monotonic() - self.begin > SECONDS:
            raise Exhausted

    async def way(self, path: str) -> Way | None:
        """Where the path leads; None where it is not redirected."""
        redirect = await self.seek(path, self.start.locale)
        if redirect is None:
            return None
        return await follow(redirect, self.seek, start=Place(path, self.start.locale), most=MAX_HOPS)

    async def below(self, path: str) -> list[Row]:
        self.spend()
        prefix = path.rstrip("/")
        named = self.start.path.encode()
        return await BELOW.all(self.connection, first=f"{prefix}/", behind=f"{prefix}0", named=named, limit=MAX_BELOW)

    async def circle(self, *, preserves_suffix: bool) -> list[Place]:
        """Its places, or the beginning of a way without an end; empty if there is neither, or none was found in time."""
        try:
            way = await self.way(self.start.path)
            if way is not None and is_endless(way):
                return way.places
            return await self.circle_below() if preserves_suffix else []
        except Exhausted:
            return []

    async def circle_below(self) -> list[Place]:
        """The same for what is below, where the end of the path is kept."""
        prefix = self.start.path.rstrip("/")
        ends, seen = [ANY_END], {ANY_END}
        for end in ends:  # grows as it goes
            way = await self.way(prefix + end)
            if way is None:
                continue
            if is_endless(way):
                return way.places
            if not end.endswith(ANY_END):
                continue
            for place in way.places[1:]:
                if not place.path.endswith(ANY_END):
                    continue
                base = place.path.removesuffix(ANY_END)
                for row in await self.below(base):
                    met = end.removesuffix(ANY_END) + row.path[len(base.rstrip("/")) :]
                    more = [met, met + ANY_END] if row.covers_prefix else [met]
                    ends += [each for each in more if each not in seen]
                    seen.update(more)
        return []


async def circle(
    connection: asyncpg.Connection, path: str, locale: str, *, preserves_suffix: bool, begin: float | None = None
) -> list[Place]:
    """The circle into which the redirect leads that stands at this path now. The connection's transaction has the record's
    lock; several that are looked for in one share the time from their `begin` (time.monotonic)."""
    search = Search(connection, Place(path, locale), begin=time.monotonic() if begin is None else begin)
    return await search.circle(preserves_suffix=preserves_suffix)


def asked(place: Place) -> Place:
    """The place as it is looked up: who asks for any language asks for the default one first."""
    return Place(place.path, "") if place.locale == rules.DEFAULT_LOCALE else place


def is_endless(way: Way) -> bool:
    return way.is_circle or way.is_unended


def redirect_at(row: Row | None, path: str) -> Redirect | None:
    """What the row says at the path, if it redirects."""
    if row is None:
        return None
    if row.path != path:
        return reading.below(row, path)
    redirect = rules.redirect_of(reading.answer_of(row))
    return redirect and rules.redirected(redirect)
