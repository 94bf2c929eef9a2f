"""Walks through a list, part by part, in an order that the request names: whoever walks sees all that was there all the time.

By what never changes, such as the time of creation, nothing moves. By the last change, what is changed moves towards the
newest, and never back: whoever changes a row has seen what the change before it left, so its time is later. Where the oldest
comes first, it moves ahead of the walk, and is met there. Where the newest comes first, it may move to where the walk has been:
so the walk, at its end, turns round, and goes up again from where the newest stood when it began. What was changed since is
seen there, and so may be seen twice.

A row that is committed late, with an older time than those that were seen, was not there all the time; and one that was there
before stood where it had stood until then, and is seen there, or where it moved to. Only where the newest stood (`horizon`)
must not be later than any change that commits after the first part was read.

By anything else that changes, a title say, a row may move to where the walk has been, whichever way it goes: so that walk
turns, too, and meets at its end what was changed since it began, by the last change (`changes`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from server.rpc.lists.paging import InvalidPageToken, Page

Row = TypeVar("Row")
Key = Sequence[Any]
"""The sort key of a row, of which no two rows have the same: JSON values."""
ON, BACK = "on", "back"
DESCENDING = " desc"


class Order(NamedTuple):
    """What `order_by` names."""

    field: str
    is_newest_first: bool

    @classmethod
    def named(cls, order_by: str, default: str) -> Order:
        """As the contract has it: a field's name, with ` desc` behind it or not."""
        name = order_by or default
        return cls(name.removesuffix(DESCENDING), name.endswith(DESCENDING))


class Place(NamedTuple):
    """How far a walk has come."""

    field: str
    """Of its order: what another release made has another one, or none."""
    way: str
    """ON or BACK."""
    key: Key | None
    """Of the last row that was seen; None at the beginning."""
    turn: Key | None
    """ON, where things move and the newest comes first: where the newest stood."""


class Found(NamedTuple, Generic[Row]):
    """What was read of a list."""

    rows: Sequence[Row]
    is_cut: bool = False
    """Whether there are more behind them, for which an answer has no room."""


Read = Callable[[Order, Key | None, int], Awaitable[Found[Row]]]
"""Reads at most so many rows in an order, those after a key or, for None, the first."""


@dataclass(frozen=True)
class Part(Generic[Row]):
    """The rows of a page. Its answer may have room for the first of them only: the walk goes on behind any."""

    rows: Sequence[Row]
    end: str
    """The `next_page_token` behind all of them; empty where the walk ends."""
    behind: Callable[[int], str]
    """The same behind the first so many of them."""

    def token(self, shown: int) -> str:
        return self.end if shown == len(self.rows) else self.behind(shown)


@dataclass(frozen=True)
class Walk(Generic[Row]):
    """A walk through one list."""

    order: Order
    moves: bool
    """Whether what is changed gets another place in the order."""
    read: Read[Row]
    key: Callable[[Row], Key]
    horizon: Callable[[], Awaitable[Key]] | None = None
    """Where what changes from now on comes after, asked before the first part is read. Without it that is the first row, since
    changes commit in the order of their keys."""
    changes: Order | None = None
    """By what, and oldest first, the walk meets what was changed since it began, where that is not what it goes by. It needs a
    horizon."""
    change: Callable[[Row], Key] | None = None
    """The sort key of a row in that order."""

    @property
    def turns(self) -> bool:
        """Whether it meets at its end what was changed since it began."""
        return self.moves and (self.order.is_newest_first or self.changes is not None)

    def place(self, page: Page) -> Place:
        """Where the request's page begins. Raises InvalidPageToken for what another order, or release, has made."""
        if page.position is None:
            return Place(self.order.field, ON, None, None)
        try:
            place = Place(*page.position[: len(Place._fields)])
        except TypeError:
            raise InvalidPageToken from None
        if place.field != self.order.field or place.way not in {ON, BACK} or not isinstance(place.key, list):
            raise InvalidPageToken
        return place

    async def part(self, page: Page, *more: Any) -> Part[Row]:
        """The rows of this page, whose tokens carry `more` behind the walk's own."""
        place = self.place(page)
        turn = place.turn
        ahead: Sequence[Row] = ()
        changed_key = self.change or self.key

        def token(way: str, key: Key, turn: Key | None = None) -> str:
            return page.token(self.order.field, way, key, turn, *more)

        def behind(shown: int) -> str:
            is_ahead = shown <= len(ahead)
            return token(ON, self.key(ahead[shown - 1]), turn) if is_ahead else token(BACK, changed_key(rows[shown - 1]))

        if place.way == ON:
            is_first = place.key is None
            if is_first and self.turns and self.horizon is not None:
                turn = await self.horizon()
            found = await self.read(self.order, place.key, page.limit)
            ahead = rows = found.rows[: page.size]
            if is_first and self.turns and turn is None and ahead:
                turn = self.key(ahead[0])
            if found.is_cut or len(found.rows) > page.size:
                return Part(ahead, behind(len(ahead)), behind)
            if is_first or turn is None:  # what was read at once did not move meanwhile
                return Part(ahead, "", behind)
        back = place.key if place.way == BACK else turn
        assert back is not None, "a token says where the walk is, or turns"
        left = page.size - len(ahead)
        found = await self.read(self.changes or Order(self.order.field, is_newest_first=False), back, left + 1)
        changed = found.rows[:left]
        rows = [*ahead, *changed]
        if not found.is_cut and len(found.rows) <= left:
            return Part(rows, "", behind)
        return Part(rows, token(BACK, changed_key(changed[-1]) if changed else back), behind)
