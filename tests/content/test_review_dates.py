"""By when pages must be looked at again: setting it, that a page is still right, and who is told that it is due."""

from __future__ import annotations

import asyncio
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
from sqlalchemy import text

from gazette.auth.v1.account_pb2 import Role
from gazette.content.v1 import content_service_pb2 as content
from gazette.content.v1 import review_dates_pb2 as rpc
from gazette.content.v1.document_pb2 import Document
from server.auth.accounts.people import People
from server.content.review_dates import mails as letters
from server.content.review_dates import rules
from server.content.review_dates.due import DueReviews
from server.mail.models import Mail
from tests.auth.stored import events
from tests.content.desk import Desk
from tests.refusals import refused

DAY = timedelta(days=1)
WEEK = 7 * DAY


async def set_date(desk: Desk, document: Document, due: timedelta | None = WEEK, interval: timedelta | None = None) -> Document:
    request = rpc.SetReviewDateRequest(id=document.id, etag=document.etag)
    if due is not None:
        request.review_by_time.FromDatetime(datetime.now(UTC) + due)
    if interval is not None:
        request.review_interval.FromTimedelta(interval)
    answer = await desk.documents.SetReviewDate(request, metadata=desk.author.metadata)
    found: Document = answer.document
    return found


async def confirm(desk: Desk, document: Document, due: timedelta | None = None) -> Document:
    request = rpc.ConfirmDocumentRequest(id=document.id, etag=document.etag)
    if due is not None:
        request.review_by_time.FromDatetime(datetime.now(UTC) + due)
    answer = await desk.documents.ConfirmDocument(request, metadata=desk.author.metadata)
    found: Document = answer.document
    return found


async def due(desk: Desk, before: datetime) -> list[str]:
    request = content.ListDocumentsRequest(organisation_id=desk.organisation_id)
    request.review_due_before.FromDatetime(before)
    answer = await desk.documents.ListDocuments(request, metadata=desk.author.metadata)
    return [each.id for each in answer.documents]


async def test_a_date_is_no_content(desk: Desk) -> None:
    """A review date makes no revision, leaves a draft as it is, and the page, too; a list finds it, until it is taken away.
    (C37)"""
    document = await desk.published(f"{desk.root}/a")
    page = await desk.page(document.path)
    draft = await desk.submit(await desk.update(document, body="b"))
    dated = await set_date(desk, draft, WEEK, 30 * DAY)
    assert (dated.revision_number, dated.draft) == (draft.revision_number, draft.draft)
    assert dated.live.review_interval.ToTimedelta() == 30 * DAY
    assert (await desk.get(dated)) == dated
    now = datetime.now(UTC)
    assert await due(desk, now + 8 * DAY) == [document.id]
    assert await due(desk, now + 6 * DAY) == []
    assert await desk.page(document.path) == page
    gone = await set_date(desk, dated, None)
    assert not gone.live.HasField("review_by_time")
    assert not gone.live.HasField("review_interval")
    assert await due(desk, now + 8 * DAY) == []
    told = [each for each in await events(desk.service, "document.set_review_date") if each.target == document.id]
    assert [each.details["revision"] for each in told] == [2, 2]


async def test_still_right(desk: Desk) -> None:
    """One call says that a page is still right: who and when is kept, and the date moves on by the interval, to the given
    time, or away. (C37)"""
    dated = await set_date(desk, await desk.published(f"{desk.root}/a"), DAY, 30 * DAY)
    right = await confirm(desk, dated)
    assert right.live.reviewer_id == desk.author.id
    moved = right.live.review_by_time.ToDatetime(UTC) - right.live.reviewed_time.ToDatetime(UTC)
    assert moved == 30 * DAY
    given = await confirm(desk, right, DAY)
    assert given.live.review_by_time.ToDatetime(UTC) - datetime.now(UTC) <= DAY
    assert given.live.reviewed_time.ToDatetime(UTC) > right.live.reviewed_time.ToDatetime(UTC)
    once = await confirm(desk, await set_date(desk, given, DAY))
    assert not once.live.HasField("review_by_time")
    (event, *_) = [each for each in await events(desk.service, "document.confirm") if each.target == dated.id]
    assert str(event.actor_id) == desk.author.id


async def test_what_cannot_be_looked_at(desk: Desk) -> None:
    """A date lies between now and ten years from now; only a page can be right; of another organisation's nothing is told.
    (C37)"""
    document = await desk.published(f"{desk.root}/a")
    for wrong in (-DAY, 3654 * DAY):
        for call in (set_date(desk, document, wrong), confirm(desk, document, wrong)):
            refusal = await refused(call)
            assert (refusal.reason, [*refusal.fields]) == ("INVALID_REVIEW_TIME", ["review_by_time"])
    refusal = await refused(set_date(desk, document, WEEK, timedelta(hours=1)))
    assert refusal.code is grpc.StatusCode.INVALID_ARGUMENT
    assert (await refused(set_date(desk, document, None, WEEK))).code is grpc.StatusCode.INVALID_ARGUMENT
    assert (await refused(set_date(desk, Document(id=document.id, etag="1")))).reason == "STALE_ETAG"
    draft = await desk.create(f"{desk.root}/draft")
    refusal = await refused(confirm(desk, draft))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "WRONG_LIVE_STATE")
    reader = await desk.service.account(role=Role.ROLE_READER, organisation_id=desk.organisation_id)
    stranger = await desk.service.account(role=Role.ROLE_ADMIN, organisation_id=await desk.service.organisation())
    for name in ("SetReviewDate", "ConfirmDocument"):
        request = getattr(rpc, f"{name}Request")(id=document.id, etag=document.etag)
        method: Any = getattr(desk.documents, name)
        assert (await refused(method(request, metadata=reader.metadata))).code is grpc.StatusCode.PERMISSION_DENIED
        assert (await refused(method(request, metadata=stranger.metadata))).reason == "DOCUMENT_NOT_FOUND"


async def told(desk: Desk, email: str) -> list[dict[str, Any]]:
    """What mails about due pages to this address say."""
    async with desk.service.database.read() as connection:
        query = Mail.__table__.select().where(Mail.recipient == email, Mail.kind == letters.DUE).order_by(Mail.id)
        return [each.parameters for each in (await connection.execute(query)).all()]


async def make_due(desk: Desk, *documents: Document) -> None:
    async with desk.service.owner.begin() as connection:
        for each in documents:
            statement = text("UPDATE documents SET review_by_time = :time WHERE id = :id")
            await connection.execute(statement, {"time": datetime.now(UTC) - 2 * DAY, "id": uuid.UUID(each.id)})


def telling(desk: Desk) -> DueReviews:
    return DueReviews(desk.service.database, People(desk.service.database, ()).find)


async def test_one_mail_a_person(own_desk: Desk) -> None:
    """Who wrote, reviewed or last confirmed pages that are due is told of all of them in one mail, once, whoever else looks;
    after the next confirmation again. (C37)"""
    desk = own_desk
    first = await set_date(desk, await desk.published("/a", title="A page"))
    second = await set_date(desk, await desk.published("/b", title="B page"))
    waits = await set_date(desk, await desk.published("/c"))
    draft = await set_date(desk, await desk.create("/d"))
    job = telling(desk)
    await job.tell_all()
    assert await told(desk, desk.author.email) == []
    await make_due(desk, first, second, draft)
    for _ in range(2):
        await job.tell_all()
    for person in (desk.author, desk.editor):
        (mail,) = await told(desk, person.email)
        assert [each["title"] for each in mail["documents"]] == ["A page", "B page"]
        assert mail["more"] == 0
    assert await told(desk, desk.publisher.email) == []
    confirmed = await confirm(desk, await desk.get(first), WEEK)
    await make_due(desk, confirmed)
    await job.tell_all()
    assert [[each["title"] for each in mail["documents"]] for mail in await told(desk, desk.author.email)] == [
        ["A page", "B page"],
        ["A page"],
    ]
    assert (await desk.get(waits)).etag == waits.etag


async def test_two_that_tell(own_desk: Desk) -> None:
    """Of two processes that look at once one tells people; and what somebody is changing at that moment is told of the next
    time. (C37)"""
    desk = own_desk
    documents = [await set_date(desk, await desk.published(f"/{number}")) for number in range(3)]
    await make_due(desk, *documents)
    async with desk.service.owner.connect() as connection, connection.begin():
        lock = text("SELECT id FROM documents WHERE id = :id FOR UPDATE")
        await connection.execute(lock, {"id": uuid.UUID(documents[0].id)})
        await asyncio.gather(*(telling(desk).tell() for _ in range(4)))
    (mail,) = await told(desk, desk.author.email)
    assert len(mail["documents"]) == 2
    await telling(desk).tell_all()
    assert [len(each["documents"]) for each in await told(desk, desk.author.email)] == [2, 1]


async def test_who_may_not_read_any_more_is_not_told(own_desk: Desk) -> None:
    """A mail says titles: it goes to who may read the documents now, and has an address. (C37)"""
    desk = own_desk
    document = await set_date(desk, await desk.published("/a"))
    await make_due(desk, document)
    async with desk.service.owner.begin() as connection:
        await connection.execute(text("DELETE FROM grants WHERE account_id = :id"), {"id": uuid.UUID(desk.editor.id)})
    await telling(desk).tell_all()
    assert len(await told(desk, desk.author.email)) == 1
    assert await told(desk, desk.editor.email) == []


async def test_what_the_mail_says() -> None:
    """The mail names the pages, as many as thirty, and how many there are beside."""
    compose = letters.composers("https://gazette.example.gov")[letters.DUE]
    documents = [{"title": f"Page {number}", "path": f"/p/{number}"} for number in range(3)]
    letter = await compose(None, {"name": "Ada", "documents": documents, "more": 4})  # type: ignore[arg-type]
    assert letter is not None
    assert letter.subject == "7 pages must be looked at again"
    assert '"Page 1", at /p/1' in letter.text
    assert "And 4 more." in letter.text
    letter = await compose(None, {"name": "Ada", "documents": documents[:1], "more": 0})  # type: ignore[arg-type]
    assert letter is not None
    assert letter.subject == "A page must be looked at again"
    assert "gazette.example.gov" in letter.text


def test_when_people_are_told() -> None:
    """From six o'clock UTC on of what has become due by then; before that, of what had the day before."""
    for hour, until in ((7, datetime(2026, 3, 3, 6, tzinfo=UTC)), (5, datetime(2026, 3, 2, 6, tzinfo=UTC))):
        assert rules.due_until(datetime(2026, 3, 3, hour, tzinfo=UTC)) == until
