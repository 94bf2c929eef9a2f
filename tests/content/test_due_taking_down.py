"""Pages that are taken down by themselves: when they are due, and what keeps them."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pytest

from gazette.auth.v1.account_administration_pb2 import DisableAccountRequest
from gazette.auth.v1.account_pb2 import Role
from gazette.auth.v1.account_service_pb2_grpc import AccountServiceStub
from gazette.content.v1.document_pb2 import Document, DraftState, LiveState
from gazette.content.v1.removal_pb2 import Redirection, Removal, Withdrawing
from gazette.content.v1.schedule_pb2 import ScheduledAction
from gazette.content.v1.taking_down_pb2 import DraftHandling
from tests.auth.mailbox import mails, part
from tests.content.desk import Desk
from tests.content.taking import remove, served, vanish
from tests.content.test_due import events, execute, make_due
from tests.content.test_schedules import stored
from tests.polling import until
from tests.refusals import refused

TAKE_DOWN = ScheduledAction.SCHEDULED_ACTION_TAKE_DOWN
PUBLISHED = LiveState.LIVE_STATE_PUBLISHED
GONE = Removal(explanation="The season is <em>over</em>.")
SOON = timedelta(seconds=0.5)
DAY = timedelta(days=1)


async def becomes(desk: Desk, document: Document, state: LiveState.ValueType) -> Document:
    """The document, once the public sees it so."""

    async def look() -> list[Document]:
        found = await desk.get(document)
        return [found] if found.live.state == state else []

    return (await until(look))[0]


@pytest.mark.parametrize(
    ("into", "state"),
    [
        ({"withdrawn": Withdrawing(explanation="Replaced.")}, LiveState.LIVE_STATE_WITHDRAWN),
        ({"gone": GONE}, LiveState.LIVE_STATE_GONE),
        ({"redirect": Redirection(location="/elsewhere")}, LiveState.LIVE_STATE_REDIRECTED),
    ],
    ids=["withdrawn", "gone", "redirected"],
)
async def test_what_is_due_is_taken_down(desk: Desk, into: dict[str, Any], state: LiveState.ValueType) -> None:
    """A page is taken down when it is due, and not before, as it was asked for, once, by whoever scheduled it; and then nothing
    is scheduled any more (X11)."""
    live = await desk.published(f"{desk.root}/season")
    due = datetime.now(UTC) + DAY
    scheduled = await desk.schedule_taking_down(live, due, **into)
    schedule = scheduled.live.schedule
    assert (schedule.action, schedule.account_id, schedule.revision_number) == (TAKE_DOWN, desk.publisher.id, 0)
    assert getattr(schedule.take_down, *into) == next(iter(into.values()))
    assert schedule.due_time.ToDatetime(UTC) == due
    assert (scheduled.live.state, scheduled.draft.state) == (PUBLISHED, 0)
    assert await desk.get(scheduled) == scheduled
    scheduled = await desk.schedule_taking_down(scheduled, datetime.now(UTC) + SOON, **into)
    found = await becomes(desk, scheduled, state)
    assert found.live.publish_time.ToDatetime(UTC) >= scheduled.live.schedule.due_time.ToDatetime(UTC)
    assert not found.live.HasField("schedule")
    assert await stored(desk, found) == []
    assert len([entry for entry in await desk.record(live.live.record_number) if entry.document_id == live.id]) == 1
    action = {"withdrawn": "withdraw", "gone": "remove", "redirect": "redirect"}[next(iter(into))]
    (event,) = await events(desk, found, f"document.{action}")
    assert (str(event.actor_id), event.details["by"]) == (desk.publisher.id, "schedule")


async def test_a_page_that_comes_and_goes(desk: Desk) -> None:
    """Before it is public, both are scheduled: it is published, and then it is gone. Either is taken back by itself."""
    document = await desk.schedule(await desk.approved(f"{desk.root}/fair"), DAY)
    document = await desk.schedule_taking_down(document, 2 * DAY, gone=GONE)
    assert (document.draft.schedule.action, document.live.schedule.action) == (1, TAKE_DOWN)
    back = await desk.unschedule(document, action=TAKE_DOWN)
    assert (back.draft.schedule, back.live.HasField("schedule")) == (document.draft.schedule, False)
    document = await desk.schedule_taking_down(back, 2 * DAY, gone=GONE)
    await make_due(desk, document)
    found = await becomes(desk, document, LiveState.LIVE_STATE_GONE)
    assert await stored(desk, found) == []
    kinds = [entry.kind for entry in await desk.record() if entry.document_id == document.id]
    assert len(kinds) == 2


async def test_a_draft_stays(desk: Desk) -> None:
    """Who is at work on the next version keeps it: nothing of a draft is lost when the page goes, and nothing is shown."""
    live = await desk.schedule_taking_down(await desk.published(), DAY, gone=GONE)
    draft = await desk.update(live, title="Next year")
    assert draft.live.schedule == live.live.schedule
    await make_due(desk, draft)
    found = await becomes(desk, draft, LiveState.LIVE_STATE_GONE)
    assert (found.title, found.draft.state) == ("Next year", DraftState.DRAFT_STATE_DRAFT)


async def test_what_is_taken_down_by_hand_is_not_so_again(desk: Desk) -> None:
    """Somebody was faster: what was scheduled is over."""
    scheduled = await desk.schedule_taking_down(await desk.published(), DAY, gone=GONE)
    gone = await remove(desk, scheduled, "Sooner.")
    assert not gone.live.HasField("schedule")
    assert await stored(desk, gone) == []


async def test_a_scheduled_draft_that_is_discarded(desk: Desk) -> None:
    """With the draft goes what was to publish it; one that is kept is published when it is due."""
    for draft, left in ((DraftHandling.DRAFT_HANDLING_DISCARD, 0), (DraftHandling.DRAFT_HANDLING_KEEP, 1)):
        changed = await desk.update(await desk.published(), title="B")
        scheduled = await desk.schedule(await desk.approve(await desk.submit(changed)), DAY)
        gone = await remove(desk, scheduled, draft=draft)
        assert len(await stored(desk, gone)) == left
        assert gone.draft.HasField("schedule") == bool(left)
    await make_due(desk, gone)
    assert (await becomes(desk, gone, PUBLISHED)).title == "B"


async def test_what_has_vanished_does_not_come_back_by_itself(desk: Desk) -> None:
    """A draft that a publisher scheduled is not published once its page has been removed for legal reasons: that is for those
    alone who may let it vanish."""
    changed = await desk.update(await desk.published(f"{desk.root}/secret"), title="B")
    scheduled = await desk.schedule(await desk.approve(await desk.submit(changed)), DAY)
    vanished = await vanish(desk, scheduled, draft=DraftHandling.DRAFT_HANDLING_KEEP)
    await make_due(desk, vanished)

    async def has_failed() -> bool:
        return (await desk.get(vanished)).draft.state == DraftState.DRAFT_STATE_SCHEDULE_FAILED

    await until(has_failed)
    assert (await desk.get(vanished)).draft.schedule.failure.reason == "PERMISSION_DENIED"
    assert await served(desk, f"{desk.root}/secret") == ""


async def test_what_cannot_be_taken_down_says_why(desk: Desk) -> None:
    """The page stays, `live.schedule` has the reason, and people are told; somebody takes it back or schedules it again."""
    publisher = await desk.service.account(role=Role.ROLE_PUBLISHER, organisation_id=desk.organisation_id)
    document = await desk.schedule_taking_down(await desk.published(), DAY, publisher, gone=GONE)
    accounts: Any = AccountServiceStub(desk.service.channel)
    await accounts.DisableAccount(DisableAccountRequest(id=publisher.id), metadata=desk.admin.metadata)
    await make_due(desk, document)

    async def look() -> list[Document]:
        found = await desk.get(document)
        return [found] if found.live.schedule.HasField("failure") else []

    (found,) = await until(look)
    assert (found.live.state, found.draft.state) == (PUBLISHED, 0)
    assert found.live.schedule.failure.reason == "PERMISSION_DENIED"
    assert len(await events(desk, document, "document.schedule_fail")) == 1
    again = await desk.schedule_taking_down(found, DAY, gone=GONE)
    assert not again.live.schedule.HasField("failure")
    assert not (await desk.unschedule(again, action=TAKE_DOWN)).live.HasField("schedule")


async def test_who_wrote_a_page_is_told(desk: Desk) -> None:
    """Of a draft that is being written its author is told, too, that the page could not be taken down."""
    document = await desk.schedule_taking_down(await desk.published(), DAY, gone=GONE)
    document = await desk.update(document, title="B")
    taken_role = "UPDATE grants SET role = :role WHERE account_id = :id"
    await execute(desk, taken_role, role=Role.ROLE_EDITOR, id=uuid.UUID(desk.publisher.id))
    await make_due(desk, document)
    for person in (desk.publisher, desk.author):
        (mail,) = await mails(desk.service, person.email)
        assert mail["Subject"] == "A document was not taken down as scheduled"
        assert "was to be taken down" in " ".join(part(mail, "plain").split())


async def test_what_is_refused(desk: Desk) -> None:
    """What is not public, nor to be so before, is not scheduled to go; nor is a page to lead where nobody trusts; nor does who
    may not publish; and what is not scheduled is not taken back."""
    approved, live = await desk.approved(), await desk.published()
    for call, code, reason in (
        (desk.schedule_taking_down(approved, DAY, gone=GONE), "FAILED_PRECONDITION", "WRONG_LIVE_STATE"),
        (
            desk.schedule_taking_down(live, DAY, redirect=Redirection(location="https://elsewhere.example/")),
            "INVALID_ARGUMENT",
            "LOCATION_NOT_ALLOWED",
        ),
        (desk.schedule_taking_down(live, DAY, redirect=Redirection(location="//a")), "INVALID_ARGUMENT", "INVALID_ARGUMENT"),
        (desk.schedule_taking_down(live, DAY), "INVALID_ARGUMENT", "INVALID_ARGUMENT"),
        (desk.schedule_taking_down(live, -DAY, gone=GONE), "INVALID_ARGUMENT", "INVALID_DUE_TIME"),
        (desk.schedule_taking_down(live, DAY, desk.editor, gone=GONE), "PERMISSION_DENIED", "PERMISSION_DENIED"),
        (desk.unschedule(live, action=TAKE_DOWN), "FAILED_PRECONDITION", "NOT_SCHEDULED"),
    ):
        refusal = await refused(call)
        assert (refusal.code, refusal.reason) == (grpc.StatusCode[code], reason)
    later = await desk.schedule(approved, 2 * DAY)
    assert (await refused(desk.schedule_taking_down(later, DAY, gone=GONE))).reason == "WRONG_LIVE_STATE"
    assert await desk.get(live) == live
