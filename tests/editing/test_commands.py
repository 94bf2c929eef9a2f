"""`gazette documents`: taking pages down and bringing them back at a command line, as whoever signs in may."""

from __future__ import annotations

import asyncio
import json

import pytest_asyncio
from click.testing import CliRunner
from structlog.testing import capture_logs

from gazette.content.v1.document_pb2 import Document
from server.cli import gazette
from tests.command_line import terminal
from tests.content.desk import Desk
from tests.content.taking import GONE, PUBLISHED, VANISHED, comes_to_serve
from tests.importer.office import Office
from tests.service import Service


@pytest_asyncio.fixture
async def desk(service: Service) -> Desk:
    return await Desk.opened(service)


def office(desk: Desk) -> Office:
    """The command line of the desk's publisher."""
    return Office(desk.service, desk.publisher)


async def test_a_page_goes_through_all(desk: Desk) -> None:
    """Each command does what it says, tells it in a line, and exits with 0 (C30)."""
    document, at = await desk.published(f"{desk.root}/a", title="A"), office(desk)
    code, told, _ = await at.run("documents", "withdraw", document.id, "--explanation", "Old")
    assert (code, told.startswith(f"{desk.root}/a (en) is withdrawn; record entry ")) == (0, True)
    assert (await desk.page(f"{desk.root}/a")).page.withdrawal.explanation
    way = ("documents", "redirect", document.id, f"{desk.root}/b", "--keep-rest")
    code, told, _ = await at.run(*way)
    assert (code, told.startswith(f"{desk.root}/a (en) leads to {desk.root}/b; record entry ")) == (0, True)
    assert await comes_to_serve(desk, f"{desk.root}/a/x", f"{desk.root}/b/x")
    remove = ("documents", "remove", document.id, "--explanation", "Closed<script></script>", "--location", f"{desk.root}/b")
    code, told, error = await at.run(*remove)
    assert (code, told.startswith(f"{desk.root}/a (en) is gone; record entry ")) == (0, True)
    assert error.startswith("explanation: ELEMENT_DROPPED: ")
    code, told, _ = await at.run("documents", "restore", document.id)
    assert (code, told.startswith(f"{desk.root}/a (en) is a page; record entry ")) == (0, True)
    assert await comes_to_serve(desk, f"{desk.root}/a", "A")


async def test_as_json(desk: Desk) -> None:
    """With --json the answer is printed as the API gives it over HTTP."""
    document = await desk.published(f"{desk.root}/a")
    code, told, _ = await office(desk).run("documents", "remove", document.id, "--explanation", "Closed", "--json")
    answer = json.loads(told)
    assert (code, answer["document"]["live"]["state"]) == (0, "LIVE_STATE_GONE")
    assert int(answer["recordNumber"]) == (await desk.get(document)).live.record_number


async def test_refusals(desk: Desk) -> None:
    """What the service refuses is one line with its reason, exit code 1, and nothing has changed."""
    document = await desk.update(await desk.published(f"{desk.root}/a"), title="Draft")
    remove = ("documents", "remove", document.id, "--explanation", "Closed")
    code, told, error = await office(desk).run(*remove)
    assert (code, told) == (1, "")
    assert error.startswith("Error: DRAFT_IN_PROGRESS: ")
    code, _, error = await office(desk).run(*remove, "--etag", "1")
    assert (code, error.startswith("Error: STALE_ETAG: ")) == (1, True)
    code, _, error = await office(desk).run(*remove, by=desk.editor)
    assert (code, error.startswith("Error: PERMISSION_DENIED: ")) == (1, True)
    assert await desk.get(document) == document
    code, _, _ = await office(desk).run(*remove, "--draft", "keep")
    assert code == 0
    found = await desk.get(document)
    assert (found.live.state, found.title) == (GONE, "Draft")


async def test_vanishing_is_asked_about(desk: Desk) -> None:
    """Before something vanishes the command shows what, and has its path typed; whoever types anything else, or has no
    terminal, has changed nothing (C31)."""
    document = await desk.published(f"{desk.root}/a")
    at = Office(desk.service, desk.admin)
    words = at.words("documents", "vanish", document.id, "--reason", "Order 12")

    async def answered(answer: str) -> tuple[int, str, str]:
        with capture_logs(), terminal():
            done = await asyncio.to_thread(CliRunner().invoke, gazette, words, answer)
        return done.exit_code, done.stdout, done.stderr

    for answer in ("n\n", "y\n", "\n"):
        code, _, asked = await answered(answer)
        assert (code, asked.startswith(f"{desk.root}/a (en)  ")) == (1, True)
        assert asked.endswith("Error: nothing was changed\n")
    code, _, asked = await at.run("documents", "vanish", document.id, "--reason", "Order 12")
    assert (code, "--yes" in asked) == (2, True)
    assert await state(desk, document) == PUBLISHED
    code, told, _ = await answered(f"{desk.root}/a\n")
    assert (code, told.startswith(f"{desk.root}/a (en) has vanished; record entry ")) == (0, True)
    code, _, error = await office(desk).run("documents", "restore", document.id)
    assert (code, error.startswith("Error: PERMISSION_DENIED: ")) == (1, True)
    assert await state(desk, document) == VANISHED
    assert (await at.run("documents", "restore", document.id))[0] == 0
    code, _, _ = await at.run("documents", "vanish", document.id, "--reason", "Order 12", "--yes")
    assert (code, await state(desk, document)) == (0, VANISHED)


async def state(desk: Desk, document: Document) -> int:
    return (await desk.get(document)).live.state
