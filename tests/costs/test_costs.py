"""What a call may cost: its statements, counted on a real server, against the budget in docs/costs.md."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest

from server.content.review.forced import Forced
from server.content.schedules.running import Due
from tests.content import reviewing
from tests.content.desk import Desk
from tests.costs.day import Day, budgets
from tests.costs.editing import batches, content_types, documents, merging
from tests.costs.people import departments, people
from tests.costs.serving import pictures, reading, uploads, uploads_in_pieces
from tests.servers import Servers
from tests.service import Service, running
from tests.statements import counted

PARTS = (content_types, documents, merging, batches, reading, uploads, uploads_in_pieces, pictures, people, departments)


@pytest.fixture
async def day(service: Service) -> Day:
    desk = await Desk.opened(service)
    await desk.published()  # what a process reads once, it has read
    return Day(desk)


@pytest.mark.parametrize("part", PARTS)
async def test_no_call_asks_more_than_its_budget(day: Day, part: Callable[[Day], Awaitable[None]]) -> None:
    """Each call sends PostgreSQL no more statements than docs/costs.md allows it; and one without a line there may not be."""
    await part(day)
    known = budgets()
    assert not set(day.measured) - set(known)
    assert not {call: (count, known[call]) for call, count in day.measured.items() if count > known[call]}


def test_the_budget_holds_what_was_promised() -> None:
    """What editors do all day has a budget that a change of this page cannot loosen unseen."""
    known = budgets()
    most = {
        "GetDocument": 1,
        "ListDocuments": 1,
        "CreateDocument": 4,
        "UpdateDocument": 4,
        "SubmitDocument": 4,
        "PublishDocument": 7,
    }
    assert not {
        name: known["ContentService", name, ""] for name, limit in most.items() if known["ContentService", name, ""] > limit
    }


async def test_what_is_due_costs_what_it_may(servers: Servers, template: str, tmp_path: Path) -> None:
    """Looking for what is due costs two statements, and publishing a document that is due eight more, as docs/costs.md says."""
    async with running(servers, template, tmp_path, BACKGROUND_JOBS="false") as service:
        desk, due = await Desk.opened(service), service.app.means(Due)
        document = await desk.approved()
        await desk.publish(await desk.approved())
        with counted(beside=True) as counts:
            await due.do_all()
        assert counts == {"": 2}
        scheduled = await desk.schedule(document, timedelta(milliseconds=100))
        await asyncio.sleep(0.2)
        with counted(beside=True) as counts:
            await due.do_all()
        assert counts == {"": 10}
        assert not (await desk.get(scheduled)).draft.state


async def test_what_is_forced_costs_what_it_may(servers: Servers, template: str, tmp_path: Path) -> None:
    """Looking for what was forced costs one statement, and telling two people of it eleven more, as docs/costs.md says."""
    async with running(servers, template, tmp_path, BACKGROUND_JOBS="false") as service:
        desk, forced = await Desk.opened(service), service.app.means(Forced)
        await forced.tell_all()
        with counted(beside=True) as counts:
            await forced.tell_all()
        assert counts == {"": 1}
        await reviewing.force(desk, await desk.create())
        with counted(beside=True) as counts:
            await forced.tell_all()
        assert counts == {"": 12}
