"""Scheduling a draft: who may, when, and what becomes of a schedule before it is due."""

from __future__ import annotations

import asyncio
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pytest
from sqlalchemy import select

from gazette.content.v1 import content_service_pb2 as rpc
from gazette.content.v1.document_pb2 import Document, DocumentView, DraftState
from gazette.content.v1.schedule_pb2 import ScheduledAction
from server.audit.models import AuditEvent
from server.content.models import Schedule
from tests.content.desk import Desk
from tests.polling import until
from tests.refusals import refused

APPROVED = DraftState.DRAFT_STATE_APPROVED
SCHEDULED = DraftState.DRAFT_STATE_SCHEDULED
DAY = timedelta(days=1)


async def stored(desk: Desk, document: Document) -> list[Any]:
    """What is scheduled of the document."""
    async with desk.service.database.read() as connection:
        statement = select(Schedule.__table__).where(Schedule.document_id == uuid.UUID(document.id))
        return [*(await connection.execute(statement)).all()]


async def test_a_draft_is_scheduled_and_taken_back(desk: Desk) -> None:
    """An approved draft is scheduled, moved to another time, and taken back to what it was; every answer tells the same."""
    approved = await desk.approved(f"{desk.root}/later")
    due = datetime.now(UTC) + DAY
    scheduled = await desk.schedule(approved, due, minor=True)
    schedule = scheduled.draft.schedule
    assert (scheduled.draft.state, scheduled.draft.revision_number) == (SCHEDULED, 1)
    assert (schedule.action, schedule.account_id) == (ScheduledAction.SCHEDULED_ACTION_PUBLISH, desk.publisher.id)
    assert (schedule.revision_number, schedule.minor) == (1, True)
    assert schedule.due_time.ToDatetime(UTC) == due
    assert not schedule.HasField("failure")
    assert int(scheduled.etag) == int(approved.etag) + 1
    assert await desk.get(scheduled) == scheduled
    moved = await desk.schedule(scheduled, due + DAY)
    assert moved.draft.schedule.due_time.ToDatetime(UTC) == due + DAY
    assert not moved.draft.schedule.minor
    (row,) = await stored(desk, moved)
    assert (row.due_time, row.next_attempt_time, row.attempts) == (due + DAY, due + DAY, 0)
    back = await desk.unschedule(moved)
    assert back.draft.state == APPROVED
    assert not back.draft.HasField("schedule")
    assert await stored(desk, back) == []
    assert await desk.get(back) == back
    assert not approved.draft.HasField("schedule")


async def test_lists_tell_what_is_scheduled(desk: Desk) -> None:
    """A list of what is scheduled has it, with its time, in either view; what was approved alone is not in it."""
    await desk.approved()
    scheduled = await desk.schedule(await desk.approved(), DAY)
    for view in (DocumentView.DOCUMENT_VIEW_BASIC, DocumentView.DOCUMENT_VIEW_FULL):
        request = rpc.ListDocumentsRequest(organisation_id=desk.organisation_id, draft_state=SCHEDULED, view=view)
        answer = await desk.documents.ListDocuments(request, metadata=desk.author.metadata)
        assert [(each.id, each.draft) for each in answer.documents] == [(scheduled.id, scheduled.draft)]


async def test_who_scheduled_what_is_on_the_audit(desk: Desk) -> None:
    """Scheduling and taking back are events, with their actor and for when it was."""
    due = datetime.now(UTC) + DAY
    document = await desk.unschedule(await desk.schedule(await desk.approved(), due))
    async with desk.service.database.read() as connection:
        statement = select(AuditEvent.__table__).where(AuditEvent.target == document.id).order_by(AuditEvent.id)
        events = (await connection.execute(statement)).all()
    told = [(each.action, str(each.actor_id), each.details.get("due_time")) for each in events[-2:]]
    when = due.isoformat(timespec="microseconds")
    assert told == [("document.schedule", desk.publisher.id, when), ("document.unschedule", desk.publisher.id, when)]


async def test_times_that_are_refused(desk: Desk) -> None:
    """What is past, now, or more than ten years away is no time to be published; without a time nothing is scheduled."""
    document = await desk.approved()
    for due in (timedelta(seconds=-1), timedelta(0), timedelta(days=3654)):
        refusal = await refused(desk.schedule(document, due))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_DUE_TIME")
        assert set(refusal.fields) == {"due_time"}
    assert await desk.get(document) == document
    assert (await desk.schedule(document, timedelta(days=3652))).draft.state == SCHEDULED


async def test_only_what_is_approved_is_scheduled(desk: Desk) -> None:
    """From every other state it is refused, and nothing changes; what is not scheduled cannot be taken back."""
    draft = await desk.create()
    in_review = await desk.submit(await desk.create())
    given_back = await desk.request_changes(await desk.submit(await desk.create()))
    live = await desk.published()
    for document in (draft, in_review, given_back, live):
        refusal = await refused(desk.schedule(document, DAY))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "NOT_APPROVED")
        refusal = await refused(desk.unschedule(document))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "WRONG_STATE")
        assert await desk.get(document) == document
        assert await stored(desk, document) == []
    assert (await refused(desk.unschedule(await desk.approved()))).reason == "WRONG_STATE"


async def test_an_old_etag_schedules_nothing(desk: Desk) -> None:
    """Of two who decide by the same version one is heard, and a repeated call changes nothing."""
    approved = await desk.approved()
    scheduled = await desk.schedule(approved, DAY)
    for call in (desk.schedule(approved, 2 * DAY), desk.unschedule(approved)):
        refusal = await refused(call)
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.ABORTED, "STALE_ETAG")
    assert await desk.get(scheduled) == scheduled
    outcomes = await asyncio.gather(
        desk.schedule(scheduled, 2 * DAY), desk.unschedule(scheduled), desk.publish(scheduled), return_exceptions=True
    )
    assert len([each for each in outcomes if isinstance(each, Document)]) == 1


@pytest.mark.parametrize("role", ["author", "editor"])
async def test_who_may_not_publish_may_not_schedule(desk: Desk, role: str) -> None:
    """Scheduling is publishing: it needs that permission, in that organisation."""
    document, by = await desk.approved(), getattr(desk, role)
    assert (await refused(desk.schedule(document, DAY, by))).code == grpc.StatusCode.PERMISSION_DENIED
    scheduled = await desk.schedule(document, DAY)
    assert (await refused(desk.unschedule(scheduled, by))).code == grpc.StatusCode.PERMISSION_DENIED
    stranger = (await Desk.opened(desk.service)).publisher
    for call in (desk.schedule(scheduled, DAY, stranger), desk.unschedule(scheduled, stranger)):
        refusal = await refused(call)
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "DOCUMENT_NOT_FOUND")
    assert await desk.get(scheduled) == scheduled


async def test_a_draft_that_is_not_complete_is_not_scheduled(desk: Desk) -> None:
    """A content type that asks for more by now is found out when the draft is scheduled, not when it is due."""
    name = desk.kind("kind")
    content_type = await desk.content_type(name)
    document = await desk.approved(content_type=name)
    await desk.change_content_type(content_type, details_schema={"type": "object", "required": ["phone"]})
    refusal = await refused(desk.schedule(document, DAY))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "INVALID_DETAILS")
    assert await stored(desk, document) == []


async def test_what_is_saved_voids_the_schedule(desk: Desk) -> None:
    """A save makes the document a draft again, which nobody has approved; nothing of the schedule is left."""
    scheduled = await desk.schedule(await desk.approved(), DAY)
    saved = await desk.update(scheduled, title="Other words")
    assert saved.draft.state == DraftState.DRAFT_STATE_DRAFT
    assert not saved.draft.HasField("schedule")

    async def is_gone() -> bool:
        return await stored(desk, saved) == []

    await until(is_gone)
    assert (await refused(desk.unschedule(saved))).reason == "WRONG_STATE"
    assert await desk.get(saved) == saved


async def test_what_is_scheduled_can_be_published_now(desk: Desk) -> None:
    """PublishDocument does not wait, and leaves nothing that is due later."""
    scheduled = await desk.schedule(await desk.approved(f"{desk.root}/now"), DAY)
    live = await desk.publish(scheduled)
    assert live.draft.state == 0
    assert not live.draft.HasField("schedule")
    assert await stored(desk, live) == []
    assert (await desk.page(f"{desk.root}/now")).page.document_id == live.id
