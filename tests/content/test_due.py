"""What is due is published by itself, once; what cannot be says why; and what was changed meanwhile is left alone."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pytest
from sqlalchemy import select, text

from gazette.auth.v1.account_administration_pb2 import DisableAccountRequest
from gazette.auth.v1.account_pb2 import Role
from gazette.auth.v1.account_service_pb2_grpc import AccountServiceStub
from gazette.content.v1.document_pb2 import Document, DraftState, LiveState
from server import app as server_app
from server.audit.models import AuditEvent
from server.stores import migrations
from tests.auth.mailbox import arrived, mails, part
from tests.content.desk import Desk
from tests.content.test_schedules import stored
from tests.polling import until
from tests.refusals import refused
from tests.test_migrations import SCRIPTS

DRAFT = DraftState.DRAFT_STATE_DRAFT
SCHEDULED = DraftState.DRAFT_STATE_SCHEDULED
FAILED = DraftState.DRAFT_STATE_SCHEDULE_FAILED
SOON = timedelta(seconds=0.5)
DAY = timedelta(days=1)


async def live(desk: Desk, document: Document) -> Document:
    """The document, once its draft has been published."""

    async def look() -> list[Document]:
        found = await desk.get(document)
        return [] if found.draft.state else [found]

    return (await until(look))[0]


async def failed(desk: Desk, document: Document) -> Document:
    """The document, once it was found out that it cannot be published."""

    async def look() -> list[Document]:
        found = await desk.get(document)
        return [found] if found.draft.state == FAILED else []

    return (await until(look))[0]


async def events(desk: Desk, document: Document, action: str) -> Sequence[Any]:
    statement = select(AuditEvent.__table__).where(AuditEvent.target == document.id, AuditEvent.action == action)
    async with desk.service.database.read() as connection:
        return (await connection.execute(statement)).all()


async def execute(desk: Desk, statement: str, **given: Any) -> None:
    """Does to the database what no call does."""
    async with desk.service.owner.begin() as connection:
        await connection.execute(text(statement), given)


async def make_due(desk: Desk, document: Document) -> None:
    """Lets the time come that the document is scheduled for."""
    moved = "UPDATE schedules SET due_time = now(), next_attempt_time = now() WHERE document_id = :id"
    await execute(desk, moved, id=uuid.UUID(document.id))
    await execute(desk, "SELECT pg_notify('gazette_schedules', '')")


@pytest.mark.timed
async def test_what_is_due_is_published(desk: Desk) -> None:
    """Within a second of its time, and not before, the draft is what the public sees: on the record once, by whoever scheduled
    it (X11)."""
    approved = await desk.approved(f"{desk.root}/due", body="*now*")
    due = datetime.now(UTC) + timedelta(seconds=1)
    scheduled = await desk.schedule(approved, due)
    found = await live(desk, scheduled)
    assert timedelta(0) <= found.live.publish_time.ToDatetime(UTC) - due < timedelta(seconds=1)
    assert found.live.state == LiveState.LIVE_STATE_PUBLISHED
    assert not found.draft.HasField("schedule")
    assert (await desk.page(f"{desk.root}/due")).page.html == "<p><em>now</em></p>\n"
    assert [entry.path for entry in await desk.record()].count(f"{desk.root}/due") == 1
    (event,) = await events(desk, found, "document.publish")
    assert (str(event.actor_id), event.details["by"], event.request_id) == (desk.publisher.id, "schedule", "")
    assert event.details["due_time"] == due.isoformat(timespec="microseconds")
    assert await stored(desk, found) == []


async def test_readers_need_not_notice(desk: Desk) -> None:
    """A minor change that was scheduled leaves the time of the last change that readers were to notice."""
    first = await desk.published()
    changed = await desk.approve(await desk.submit(await desk.update(first, title="B")))
    found = await live(desk, await desk.schedule(changed, SOON, minor=True))
    assert found.live.revision_number == 2
    assert found.live.public_update_time == first.live.public_update_time
    assert found.live.publish_time != first.live.publish_time


async def test_what_is_wanted_earlier_happens_earlier(desk: Desk) -> None:
    """The job, which sleeps until what is due first, is woken for what is to come before that."""
    waits = await desk.schedule(await desk.approved(), DAY)
    document = await desk.schedule(await desk.approved(), DAY)
    await live(desk, await desk.schedule(document, SOON))
    assert (await desk.get(waits)).draft == waits.draft


async def test_whoever_may_no_longer_publishes_nothing(desk: Desk) -> None:
    """A schedule of somebody who has been disabled fails when it is due, and says so: on the document, on the audit and by mail
    to its author and its reviewer. The public sees what it saw. Somebody else schedules it again."""
    publisher = await desk.service.account(role=Role.ROLE_PUBLISHER, organisation_id=desk.organisation_id)
    document = await desk.schedule(await desk.approved(f"{desk.root}/left", title="Moorings"), DAY, publisher)
    accounts: Any = AccountServiceStub(desk.service.channel)
    await accounts.DisableAccount(DisableAccountRequest(id=publisher.id), metadata=desk.admin.metadata)
    await make_due(desk, document)
    found = await failed(desk, document)
    failure = found.draft.schedule.failure
    assert (failure.reason, found.draft.schedule.account_id) == ("PERMISSION_DENIED", publisher.id)
    assert "may not publish" in failure.message
    assert failure.HasField("fail_time")
    assert (await refused(desk.page(f"{desk.root}/left"))).code == grpc.StatusCode.NOT_FOUND
    (event,) = await events(desk, document, "document.schedule_fail")
    assert (event.actor_id, event.details["reason"], event.details["account_id"]) == (None, "PERMISSION_DENIED", publisher.id)
    for person in (desk.author, desk.editor):
        (mail,) = await mails(desk.service, person.email)
        assert mail["Subject"] == "A document was not published as scheduled"
        for kind in ("plain", "html"):
            told = " ".join(part(mail, kind).split())
            assert "Moorings" in told
            assert f"{desk.root}/left" in told
            assert "the account that scheduled it may not do that any more" in told
    assert arrived(desk.service, publisher.email) == []
    await live(desk, await desk.schedule(found, SOON))


async def test_a_role_that_was_lost(desk: Desk) -> None:
    """So it is with a role that was taken, and then the one who scheduled it is told, too."""
    publisher = await desk.service.account(role=Role.ROLE_PUBLISHER, organisation_id=desk.organisation_id)
    document = await desk.schedule(await desk.approved(), DAY, publisher)
    await execute(
        desk, "UPDATE grants SET role = :role WHERE account_id = :id", role=Role.ROLE_EDITOR, id=uuid.UUID(publisher.id)
    )
    await make_due(desk, document)
    assert (await failed(desk, document)).draft.schedule.failure.reason == "PERMISSION_DENIED"
    await mails(desk.service, publisher.email)


async def test_a_content_type_that_asks_for_more(desk: Desk) -> None:
    """What satisfied its content type when it was scheduled, and does not when it is due, is not published."""
    name = desk.kind("kind")
    content_type = await desk.content_type(name)
    document = await desk.schedule(await desk.approved(content_type=name), DAY)
    await desk.change_content_type(content_type, details_schema={"type": "object", "required": ["phone"]})
    await make_due(desk, document)
    found = await failed(desk, document)
    assert found.draft.schedule.failure.reason == "INVALID_DETAILS"
    refusal = await refused(desk.publish(found))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "INVALID_DETAILS")


async def test_a_path_that_is_taken(desk: Desk) -> None:
    """Where another document is read by then nothing is overwritten, and the failure says where."""
    first = await desk.published(f"{desk.root}/one")
    await desk.update(first, path=f"{desk.root}/two")  # and is read at the old path until that is published
    document = await desk.schedule(await desk.approved(f"{desk.root}/one"), SOON)
    failure = (await failed(desk, document)).draft.schedule.failure
    assert failure.reason == "PATH_TAKEN"
    assert f"{desk.root}/one" in failure.message
    assert (await desk.page(f"{desk.root}/one")).page.document_id == first.id


async def test_what_has_failed_is_taken_back_or_published(desk: Desk) -> None:
    """The approval holds: the draft is approved again, or published by hand once nothing is in the way."""
    for step in (desk.unschedule, desk.publish):
        other = await desk.published()
        moved = await desk.update(other, path=f"{other.path}-moved")
        document = await failed(desk, await desk.schedule(await desk.approved(other.path), SOON))
        await desk.through_review(moved)  # leaves a redirect, which may be overwritten
        found = await step(document)
        assert found.draft.state == (0 if step == desk.publish else DraftState.DRAFT_STATE_APPROVED)
        assert await stored(desk, found) == []


async def test_words_that_nobody_approved_are_not_published(desk: Desk) -> None:
    """A draft that was edited after it was scheduled is not published when the time has come, nor is what it said before; and
    who scheduled it is told at once."""
    document = await desk.schedule(await desk.approved(f"{desk.root}/edited"), SOON)
    saved = await desk.update(document, body="not approved")
    (mail,) = await mails(desk.service, desk.publisher.email)
    assert mail["Subject"] == "A document will not be published as scheduled"
    (event,) = await events(desk, document, "document.schedule_void")
    assert (event.details["revision"], event.details["account_id"]) == (1, desk.publisher.id)
    assert datetime.now(UTC) < document.draft.schedule.due_time.ToDatetime(UTC) + timedelta(minutes=1)
    await live(desk, await desk.schedule(await desk.approved(), SOON))  # which is due later, and done
    assert await desk.get(saved) == saved
    assert (await refused(desk.page(f"{desk.root}/edited"))).code == grpc.StatusCode.NOT_FOUND


async def test_who_edits_what_they_scheduled_knows(desk: Desk) -> None:
    """No mail tells people what they have just done themselves."""
    document = await desk.schedule(await desk.approved(), DAY)
    await desk.update(document, desk.publisher, title="B")

    async def is_gone() -> bool:
        return await stored(desk, document) == []

    await until(is_gone)
    assert arrived(desk.service, desk.publisher.email) == []


async def test_a_release_that_knows_no_schedules(desk: Desk) -> None:
    """A process of the release before edits a scheduled draft, and leaves the schedule as it is: it is void all the same."""
    document = await desk.schedule(await desk.approved(f"{desk.root}/before"), DAY)
    id = uuid.UUID(document.id)
    await execute(desk, "UPDATE documents SET draft_state = 1, version = version + 1 WHERE id = :id", id=id)
    await make_due(desk, document)

    async def is_gone() -> bool:
        return await stored(desk, document) == []

    await until(is_gone)
    found = await desk.get(document)
    assert (found.draft.state, found.live.state) == (DRAFT, 0)


async def test_going_back_to_the_release_before(own_desk: Desk) -> None:
    """Where the schema is taken back, what was scheduled is approved, and can be published by hand; nothing else is lost."""
    desk = own_desk
    scheduled = await desk.schedule(await desk.approved(), DAY)
    (script,) = [each for each in SCRIPTS if each.revision == "0029"]
    await migrations.migrate(desk.service.settings, str(script.down_revision))
    async with desk.service.owner.connect() as connection:
        rows = await connection.execute(text("SELECT id::text, draft_state FROM documents"))
        assert rows.all() == [(scheduled.id, DraftState.DRAFT_STATE_APPROVED)]
    await migrations.migrate(desk.service.settings)
    found = await desk.get(scheduled)
    assert not found.draft.HasField("schedule")
    assert (await desk.publish(found)).live.state == LiveState.LIVE_STATE_PUBLISHED


async def test_two_processes_publish_each_once(own_desk: Desk) -> None:
    """What is due in a crowd is shared among the processes, and each is on the record once."""
    desk = own_desk
    another = await server_app.build(desk.service.settings)
    await another.start()
    try:
        documents = [await desk.approved(f"{desk.root}/{number}") for number in range(20)]
        due = datetime.now(UTC) + timedelta(seconds=1)
        documents = [await desk.schedule(each, due) for each in documents]
        found = [await live(desk, each) for each in documents]
    finally:
        await another.stop()
    assert all(each.live.publish_time.ToDatetime(UTC) >= due for each in found)
    assert sorted(entry.path for entry in await desk.record()) == sorted(each.path for each in documents)


async def taken(desk: Desk, document: Document, attempts: int, seconds: float = 0) -> None:
    """Leaves the schedule as a process does that took it, for so many seconds, and died."""
    statement = (
        "UPDATE schedules SET attempts = :attempts, next_attempt_time = now() + make_interval(secs => :seconds)"
        " WHERE document_id = :id"
    )
    await execute(desk, statement, attempts=attempts, seconds=seconds, id=uuid.UUID(document.id))
    await execute(desk, "SELECT pg_notify('gazette_schedules', '')")


async def test_what_a_dead_process_had_taken(desk: Desk) -> None:
    """It is taken again when its time with that process is over."""
    document = await desk.schedule(await desk.approved(), DAY)
    await taken(desk, document, attempts=1, seconds=0.5)
    await live(desk, document)


async def test_what_never_ends_is_given_up(desk: Desk) -> None:
    """A draft that has cost five processes their lives costs no sixth: it has failed, and people are told."""
    document = await desk.schedule(await desk.approved(), DAY)
    await taken(desk, document, attempts=5)
    failure = (await failed(desk, document)).draft.schedule.failure
    assert failure.reason == "INTERNAL"
    await mails(desk.service, desk.publisher.email)


async def test_what_is_busy_is_waited_for(own_desk: Desk) -> None:
    """While there is no process to render what other rules had rendered, the schedule waits, and no attempt counts."""
    desk = own_desk
    document = await desk.schedule(await desk.approved(body="| a |\n|---|\n| [x](y) |"), DAY)
    await execute(
        desk, "UPDATE revisions SET renderer = 'other', html = 'old' WHERE document_id = :id", id=uuid.UUID(document.id)
    )
    processes = desk.service.app.base.processes
    places, processes.places = processes.places, 0
    await make_due(desk, document)

    async def was_put_off() -> bool:
        (row,) = await stored(desk, document)
        return bool(row.next_attempt_time > row.due_time and row.attempts == 0)

    await until(was_put_off)
    await asyncio.sleep(0)
    assert (await desk.get(document)).draft.state == SCHEDULED
    processes.places = places
    await live(desk, document)
    assert "<table>" in (await desk.page(document.path)).page.html
