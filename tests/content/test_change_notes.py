"""What readers are told of changes: the notes of major updates, and the history that a page has of them."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import grpc
from google.protobuf.timestamp_pb2 import Timestamp

from gazette.content.v1 import content_service_pb2 as rpc
from gazette.content.v1.document_import_pb2 import ExportDocumentsRequest
from gazette.content.v1.document_pb2 import Document
from gazette.content.v1.scheduling_pb2 import ScheduleDocumentRequest
from gazette.content.v1.taking_down_pb2 import WithdrawDocumentRequest
from gazette.delivery.v1.page_pb2 import ChangeNote, Page
from server.content.change_notes import rules
from server.content.change_notes.rules import History, Note
from tests.content.desk import Desk, imported
from tests.polling import until
from tests.refusals import refused

DAY = timedelta(days=1)


async def again(desk: Desk, document: Document, note: str = "", *, minor: bool = False) -> Document:
    """Changed, reviewed, and published with this note."""
    draft = await desk.approve(await desk.submit(await desk.update(document, body=f"{document.revision_number}")))
    request = rpc.PublishDocumentRequest(id=draft.id, etag=draft.etag, minor=minor, change_note=note)
    answer = await desk.documents.PublishDocument(request, metadata=desk.publisher.metadata)
    published: Document = answer.document
    return published


async def page(desk: Desk, document: Document) -> Page:
    return (await desk.page(document.path)).page


def notes(of: Page) -> list[str]:
    return [each.note for each in of.change_history]


async def test_major_and_minor_updates(desk: Desk) -> None:
    """A major update stamps the page and its note begins the history; a minor one changes neither. That it was published
    first needs no note, and is none. (C36)"""
    document = await desk.published(f"{desk.root}/a")
    first = await page(desk, document)
    assert (notes(first), first.earlier_change_count) == ([], 0)
    major = await again(desk, document, "  The fee is 12 pounds.\r\n")
    shown = await page(desk, major)
    assert notes(shown) == ["The fee is 12 pounds."]
    assert shown.change_history[0].time == shown.public_update_time == shown.publish_time
    assert not shown.change_history[0].claimed
    minor = await again(desk, major, minor=True)
    after = await page(desk, minor)
    assert (after.change_history, after.public_update_time) == (shown.change_history, shown.public_update_time)
    assert after.publish_time != after.public_update_time
    newest = await again(desk, minor, "The form is new.")
    assert notes(await page(desk, newest)) == ["The form is new.", "The fee is 12 pounds."]


async def test_what_readers_are_to_notice_needs_a_note(desk: Desk) -> None:
    """Of what was public before a major update without a note is refused, at once and when it is scheduled, by its field; a
    note that nobody would see is refused, too. (C36)"""
    document = await desk.published(f"{desk.root}/a")
    draft = await desk.approve(await desk.submit(await desk.update(document, body="b")))
    publish = rpc.PublishDocumentRequest(id=draft.id, etag=draft.etag)
    refusal = await refused(desk.documents.PublishDocument(publish, metadata=desk.publisher.metadata))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "CHANGE_NOTE_REQUIRED")
    assert [*refusal.fields] == ["change_note"]
    schedule = ScheduleDocumentRequest(id=draft.id, etag=draft.etag)
    schedule.due_time.FromDatetime(datetime.now(UTC) + DAY)
    refusal = await refused(desk.documents.ScheduleDocument(schedule, metadata=desk.publisher.metadata))
    assert refusal.reason == "CHANGE_NOTE_REQUIRED"
    for request in (
        rpc.PublishDocumentRequest(id=draft.id, etag=draft.etag, minor=True, change_note="x"),
        rpc.PublishDocumentRequest(id=draft.id, etag=draft.etag, change_note="x" * 1001),
    ):
        refusal = await refused(desk.documents.PublishDocument(request, metadata=desk.publisher.metadata))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_ARGUMENT")
    assert (await desk.get(draft)).etag == draft.etag


async def test_a_schedule_tells_readers(own_desk: Desk) -> None:
    """What is published when it is due has the note that it was scheduled with, which the document tells until then."""
    desk = own_desk
    document = await desk.published("/a")
    draft = await desk.approve(await desk.submit(await desk.update(document, body="b")))
    request = ScheduleDocumentRequest(id=draft.id, etag=draft.etag, change_note="From today.")
    request.due_time.FromDatetime(datetime.now(UTC) + timedelta(seconds=0.3))
    answer = await desk.documents.ScheduleDocument(request, metadata=desk.publisher.metadata)
    assert answer.document.draft.schedule.change_note == "From today."

    async def is_told() -> bool:
        return notes(await page(desk, document)) == ["From today."]

    await until(is_told)


async def test_what_was_taken_down_keeps_its_history(desk: Desk) -> None:
    """A page that is withdrawn still has its history, and so has one that comes back."""
    document = await again(desk, await desk.published(f"{desk.root}/a"), "A change.")
    request = WithdrawDocumentRequest(id=document.id, etag=document.etag, explanation="<p>Old.</p>")
    answer = await desk.documents.WithdrawDocument(request, metadata=desk.publisher.metadata)
    withdrawn = await page(desk, answer.document)
    assert (notes(withdrawn), withdrawn.HasField("withdrawal")) == (["A change."], True)


async def test_imports_bring_their_history(desk: Desk) -> None:
    """What an import says of changes elsewhere is in the history as its word, and a later import of the document says it anew;
    what was said here stays. An export has all of it."""
    key, times = str(uuid.uuid4()), [Timestamp(seconds=seconds) for seconds in (1_000, 2_000, 3_000)]
    said = [ChangeNote(time=time, note=f"Note {number}") for number, time in enumerate(times)]
    await desk.bring_in(imported(f"{desk.root}/a", key=key, change_history=said[:2]))
    shown = (await desk.page(f"{desk.root}/a")).page
    assert [(each.note, each.time, each.claimed) for each in shown.change_history] == [
        ("Note 1", times[1], True),
        ("Note 0", times[0], True),
    ]
    found = rpc.GetDocumentRequest(id=shown.document_id)
    document = (await desk.documents.GetDocument(found, metadata=desk.author.metadata)).document
    await again(desk, document, "Said here.")
    await desk.bring_in(imported(f"{desk.root}/a", key=key, change_history=said[1:]))
    assert notes((await desk.page(f"{desk.root}/a")).page) == ["Said here.", "Note 2", "Note 1"]
    request = ExportDocumentsRequest(organisation_id=desk.organisation_id)
    parts = [each async for each in desk.documents.ExportDocuments(request, metadata=desk.admin.metadata)]
    (exported,) = [each.document for each in parts if each.HasField("document")]
    assert [(each.note, each.claimed) for each in exported.change_history] == [
        ("Said here.", False),
        ("Note 2", False),
        ("Note 1", False),
    ]


async def test_a_history_that_is_too_long(desk: Desk) -> None:
    """An import may say as much of its history as a page shows."""
    said = [ChangeNote(time=Timestamp(seconds=number), note="ä" * 1000) for number in range(40)]
    (result,) = await desk.bring_in(imported(f"{desk.root}/a", change_history=said))
    assert result.reason == "HISTORY_TOO_LONG"


def test_a_page_shows_the_newest_notes() -> None:
    """A page shows at most 100 notes, and of long ones those that fit; how many there are beside, it says."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    short = [Note(start - number * DAY, f"{number}") for number in range(100)]
    shown, earlier = rules.shown(History(short, 250))
    assert ([each.note for each in shown], earlier) == ([each.note for each in short], 150)
    shown, earlier = rules.shown(History([each._replace(note="x" * 1000) for each in short], 100))
    assert (len(shown), earlier) == (63, 37)
    added = History(short, 250).after([Note(start + DAY, "new")])
    shown, earlier = rules.shown(added)
    assert (len(shown), shown[0].note, earlier) == (100, "new", 151)
