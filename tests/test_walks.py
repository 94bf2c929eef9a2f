"""Walks through lists, of which both the store and the answer cut parts short: nothing is hidden, and where nothing moves
nothing comes twice."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from operator import itemgetter

import pytest

from gazette.delivery.v1.delivery_service_pb2 import ListPagesRequest
from server.rpc.lists.paging import Paging
from server.rpc.lists.walks import Found, Key, Order, Walk

ROWS = 30
WALKS = 50
Row = dict[str, int]


@dataclass
class Shelf:
    """Rows that change between the parts, and are read as a store reads them that ends where there is no room."""

    chance: random.Random
    cuts: bool
    clock: int = ROWS
    rows: list[Row] = field(default_factory=lambda: [{"id": at, "made": at, "changed": at} for at in range(ROWS)])

    def change_some(self) -> None:
        for row in self.chance.sample(self.rows, self.chance.choice((0, 0, 1, 3))):
            self.clock += 1
            row["changed"] = self.clock

    async def read(self, order: Order, last: Key | None, limit: int) -> Found[Row]:
        by = itemgetter(order.field)
        rows = sorted(self.rows, key=by, reverse=order.is_newest_first)
        if last is not None:
            rows = [row for row in rows if (by(row) < last[0] if order.is_newest_first else by(row) > last[0])]
        found = [dict(row) for row in rows[:limit]]
        fitting = found[: self.chance.randint(1, limit)] if self.cuts else found
        return Found(fitting, is_cut=len(fitting) < len(found))

    async def horizon(self) -> Key:
        return [self.clock]


@pytest.mark.parametrize("cuts", [False, True], ids=["whole", "cut"])
@pytest.mark.parametrize("order_by", ["made", "made desc", "changed", "changed desc"])
@pytest.mark.parametrize("is_asked", [False, True], ids=["first row", "horizon"])
async def test_nothing_is_hidden_where_parts_are_cut(order_by: str, cuts: bool, is_asked: bool) -> None:
    """However few rows the store returns of a part, and an answer has room for: all that was there all the time is seen; and
    once, in order, where it does not move (C12)."""
    paging, order = Paging.from_secrets("secret"), Order.named(order_by, "")
    for seed in range(WALKS):
        chance = random.Random(seed)
        shelf, request, seen = Shelf(chance, cuts), ListPagesRequest(), []
        moves = order.field == "changed"
        walk = Walk(order, moves, shelf.read, lambda row: [row[order.field]], shelf.horizon if is_asked else None)
        for _ in range(50 * ROWS):
            part = await walk.part(paging.page(request, "", chance.randint(1, 8)))
            shown = chance.randint(1, len(part.rows)) if part.rows else 0
            seen += [row["id"] for row in part.rows[:shown]]
            request.page_token = part.token(shown)
            if not request.page_token:
                break
            if len(seen) < 10 * ROWS:
                shelf.change_some()
        else:
            pytest.fail(f"the walk of the seed {seed} has no end")
        if moves:
            assert Counter(seen).keys() == {*range(ROWS)}, seed
        else:
            assert seen == sorted(range(ROWS), reverse=order.is_newest_first), seed
