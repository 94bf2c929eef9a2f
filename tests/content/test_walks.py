"""Walks through ListDocuments: whatever is edited meanwhile, all that was there all the time is seen (C12)."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pytest
from sqlalchemy import func, update

from gazette.content.v1 import content_service_pb2 as rpc
from gazette.content.v1.document_pb2 import Document
from server.content.models import Document as Row
from server.rpc.lists.paging import Paging
from tests.content.desk import Desk
from tests.refusals import refused

STABLE = {"": True, "create_time desc": True, "create_time": False}
"""Orders, and whether the newest comes first."""
MOVING = (
    "update_time", "update_time desc", "title", "title desc", "path desc", "publish_time", "content_type, update_time desc",
    "title desc, path",
)  # fmt: skip


async def part(desk: Desk, order_by: str, token: str = "", size: int = 2) -> rpc.ListDocumentsResponse:
    request = rpc.ListDocumentsRequest(
        organisation_id=desk.organisation_id, order_by=order_by, page_size=size, page_token=token
    )
    answer: rpc.ListDocumentsResponse = await desk.documents.ListDocuments(request, metadata=desk.author.metadata)
    return answer


async def disturb(desk: Desk, chance: random.Random, known: list[Document]) -> None:
    """Somebody changes something: a document that has been seen, one that has not, or a new one."""
    if chance.random() < 0.2:
        known.append(await desk.create())
        return
    at = chance.randrange(len(known))
    known[at] = await desk.update(known[at], title=f"Title {chance.random()}", path=f"{known[at].path}x")


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("order_by", [*STABLE, *MOVING])
async def test_nothing_is_hidden(desk: Desk, order_by: str, seed: int) -> None:
    """Edited, moved and added to between any two parts, a list shows all that was there from the beginning: once, in its order,
    where that goes by creation; at least once where it goes by something that changes, and the walk ends (C12)."""
    chance = random.Random(seed)
    known = [await desk.create() for _ in range(9)]
    for at in chance.sample(range(9), 5):
        known[at] = await desk.update(known[at], title="Another title")
    first = [document.id for document in known]
    seen: list[str] = []
    answer = await part(desk, order_by)
    for turn in range(40):
        seen += [document.id for document in answer.documents]
        if not answer.next_page_token:
            break
        if turn < 8:
            for _ in range(chance.randrange(4)):
                await disturb(desk, chance, known)
        answer = await part(desk, order_by, answer.next_page_token)
    assert not answer.next_page_token
    assert not set(first) - set(seen)
    if order_by in STABLE:
        there = [id for id in seen if id in first]
        assert there == (first[::-1] if STABLE[order_by] else first)


async def test_orders_are_what_they_are_called(desk: Desk) -> None:
    """Each order is that of the times it names; a list that is read at once has no further part, and nothing comes twice where
    nothing was changed, nor could have been: a change under way anywhere else lets a walk down from the last change turn."""
    made = [await desk.create() for _ in range(5)]
    made[1] = await desk.update(made[1], title="x")
    by_creation = [document.id for document in made]
    by_change = [made[at].id for at in (0, 2, 3, 4, 1)]
    for order_by, wanted in (
        ("", by_creation[::-1]),
        ("create_time", by_creation),
        ("create_time desc", by_creation[::-1]),
        ("update_time", by_change),
        ("update_time desc", by_change[::-1]),
    ):
        whole = await part(desk, order_by, size=5)
        assert ([document.id for document in whole.documents], whole.next_page_token) == (wanted, "")
        seen, token = [], None
        while token != "":
            answer = await part(desk, order_by, token or "")
            seen += [document.id for document in answer.documents]
            token = answer.next_page_token
        assert (list(dict.fromkeys(seen)) if order_by == "update_time desc" else seen) == wanted


async def test_a_change_that_commits_late(desk: Desk) -> None:
    """A change that was made before a walk from the newest change began, and is committed when the walk has passed it, is seen:
    what was changed in between, and committed at once, is newer."""
    made = [await desk.create() for _ in range(6)]
    async with desk.service.database.transaction() as connection:
        change = update(Row).where(Row.id == made[0].id)
        await connection.execute(change.values(version=Row.version + 1, update_time=func.clock_timestamp()))
        await desk.update(made[3], title="committed at once")
        answer = await part(desk, "update_time desc")
    assert [document.id for document in answer.documents] == [made[3].id, made[5].id]
    seen = []
    while answer.next_page_token:
        answer = await part(desk, "update_time desc", answer.next_page_token)
        seen += [document.id for document in answer.documents]
    assert made[0].id in seen


async def test_a_clock_that_is_set_back(desk: Desk) -> None:
    """A change is later than the one before, though the clock says otherwise: nothing moves back behind a walk."""
    document = await desk.create()
    ahead = datetime.now(UTC) + timedelta(hours=1)
    async with desk.service.database.transaction() as connection:
        await connection.execute(update(Row).where(Row.id == document.id).values(update_time=ahead))
    changed = await desk.update(document, title="x")
    assert changed.update_time.ToDatetime(UTC) == ahead + timedelta(microseconds=1)
    assert (await desk.get(changed)).update_time == changed.update_time


async def test_what_is_refused(desk: Desk) -> None:
    """An order that is not in the contract is refused by name, and so is a token of another order or of the release before."""
    made = [await desk.create() for _ in range(3)]
    for order_by in ("titel", "create_time asc", "update_time  desc", "create_time,update_time"):
        refusal = await refused(part(desk, order_by))
        assert (refusal.code, list(refusal.fields)) == (grpc.StatusCode.INVALID_ARGUMENT, ["order_by"])
    token = (await part(desk, "")).next_page_token
    before: Any = rpc.ListDocumentsRequest(organisation_id=desk.organisation_id)
    paging = Paging.from_secrets(desk.service.settings.jwt_secret)
    old = paging.token(before, desk.author.id, datetime.now(UTC).isoformat(), made[0].id)
    for order_by, given in (("create_time", token), ("update_time desc", token), ("create_time, title", token), ("", old)):
        refusal = await refused(part(desk, order_by, given))
        assert (refusal.reason, list(refusal.fields)) == ("INVALID_PAGE_TOKEN", ["page_token"])
