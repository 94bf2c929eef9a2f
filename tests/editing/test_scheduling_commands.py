"""`gazette documents schedule` and `unschedule`: what happens by itself, said at a command line."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from tests.content.desk import Desk
from tests.editing.test_commands import desk, office

__all__ = ["desk"]
LATER = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)


def written(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


async def test_publication(desk: Desk) -> None:
    """A draft is scheduled and taken back; each command tells in a line how it stands, or with --json as the API does."""
    document, at = await desk.approved(f"{desk.root}/a"), office(desk)
    code, told, _ = await at.run("documents", "schedule", document.id, written(LATER), "--minor")
    assert (code, told) == (0, f"{desk.root}/a (en) is published at {written(LATER)}\n")
    scheduled = (await desk.get(document)).draft.schedule
    assert (scheduled.due_time.ToDatetime(UTC), scheduled.minor) == (LATER, True)
    code, told, _ = await at.run("documents", "schedule", document.id, written(LATER + timedelta(days=1)), "--json")
    assert (code, json.loads(told)["document"]["draft"]["state"]) == (0, "DRAFT_STATE_SCHEDULED")
    code, told, _ = await at.run("documents", "unschedule", document.id)
    assert (code, told) == (0, f"{desk.root}/a (en) is not scheduled\n")


async def test_taking_down(desk: Desk) -> None:
    """So is what takes a page down, in each of the ways."""
    document, at = await desk.published(f"{desk.root}/a"), office(desk)
    for option, said, into in (
        ("--withdraw", "Old", "withdrawn"),
        ("--remove", "Closed", "gone"),
        ("--redirect", f"{desk.root}/b", "redirect"),
    ):
        code, told, _ = await at.run("documents", "schedule", document.id, written(LATER), option, said)
        assert (code, told) == (0, f"{desk.root}/a (en) is taken down at {written(LATER)}\n")
        assert (await desk.get(document)).live.schedule.take_down.WhichOneof("into") == into
    code, told, _ = await at.run("documents", "unschedule", document.id, "--taking-down")
    assert (code, told) == (0, f"{desk.root}/a (en) is not scheduled\n")


async def test_refusals(desk: Desk) -> None:
    """What is refused is one line with its reason, and nothing has changed."""
    document, at = await desk.published(f"{desk.root}/a"), office(desk)
    code, _, error = await at.run("documents", "schedule", document.id, written(LATER), "--minor")
    assert (code, error.startswith("Error: NOT_APPROVED: ")) == (1, True)
    both = ("--withdraw", "Old", "--remove", "Closed")
    assert (await at.run("documents", "schedule", document.id, written(LATER), *both))[0] == 2
    assert (await at.run("documents", "schedule", document.id, "tomorrow"))[0] == 2
    code, _, error = await at.run("documents", "unschedule", document.id, "--taking-down")
    assert (code, error.startswith("Error: NOT_SCHEDULED: ")) == (1, True)
    assert await desk.get(document) == document


async def test_a_note_for_readers(desk: Desk) -> None:
    """What was public before is scheduled with what readers are told of the change, or as a minor update."""
    draft = await desk.update(await desk.published(f"{desk.root}/a"), title="B")
    document, at = await desk.approve(await desk.submit(draft)), office(desk)
    code, _, error = await at.run("documents", "schedule", document.id, written(LATER))
    assert (code, "CHANGE_NOTE_REQUIRED" in error) == (1, True)
    code, _, _ = await at.run("documents", "schedule", document.id, written(LATER), "--change-note", "Another title.")
    assert (code, (await desk.get(document)).draft.schedule.change_note) == (0, "Another title.")
