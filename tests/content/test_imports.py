"""Documents that were published elsewhere."""

from __future__ import annotations

import asyncio
import uuid
from contextlib import suppress
from typing import Any

import grpc
import pytest
from google.protobuf.struct_pb2 import Struct
from google.protobuf.timestamp_pb2 import Timestamp
from sqlalchemy import select

from gazette.auth.v1.account_pb2 import Role
from gazette.content.v1.content_service_pb2 import ListRevisionsRequest
from gazette.content.v1.content_type_pb2 import ContentType
from gazette.content.v1.document_import_pb2 import ImportDocumentsRequest, ImportedDocument, ImportOptions, ImportOutcome
from gazette.content.v1.document_pb2 import Document, LinkTargets, LiveState
from gazette.delivery.v1.page_pb2 import PageState
from gazette.record.v1.record_entry_pb2 import RecordEntryKind
from server.audit.models import AuditEvent
from tests.content.desk import Desk, imported
from tests.polling import until, until_so
from tests.refusals import refused

CREATED = ImportOutcome.IMPORT_OUTCOME_CREATED
UPDATED = ImportOutcome.IMPORT_OUTCOME_UPDATED
UNCHANGED = ImportOutcome.IMPORT_OUTCOME_UNCHANGED
REFUSED = ImportOutcome.IMPORT_OUTCOME_REFUSED

WITHDRAWN = LiveState.LIVE_STATE_WITHDRAWN
REDIRECTED = LiveState.LIVE_STATE_REDIRECTED
GONE = LiveState.LIVE_STATE_GONE

LONG_AGO = Timestamp(seconds=1_000_000_000)
LATER = Timestamp(seconds=1_400_000_000, nanos=123_000_000)


async def test_an_import_is_public_at_once(desk: Desk) -> None:
    """An imported document is a page, with its source's times beside the record's own, and on the record and in the audit."""
    (result,) = await desk.bring_in(
        imported(f"{desk.root}/a", said={"body": "*b*"}, claimed_first_publish_time=LONG_AGO, claimed_public_update_time=LATER)
    )
    assert (result.source, result.outcome, result.reason) == (f"elsewhere{desk.root}/a", CREATED, "")
    page = (await desk.page(f"{desk.root}/a")).page
    assert (page.document_id, page.html) == (result.document_id, "<p><em>b</em></p>\n")
    assert (page.claimed_times.first_publish_time, page.claimed_times.public_update_time) == (LONG_AGO, LATER)
    assert page.publish_time == page.first_publish_time == page.public_update_time
    assert page.publish_time.seconds > LATER.seconds
    (entry,) = await desk.record()
    assert (entry.kind, entry.record_time) == (RecordEntryKind.RECORD_ENTRY_KIND_PUBLISHED, page.publish_time)
    async with desk.service.database.read() as connection:
        event = (await connection.execute(select(AuditEvent.__table__).where(AuditEvent.target == result.document_id))).one()
    assert (event.action, event.details["source"], str(event.actor_id)) == (
        "document.import",
        f"elsewhere{desk.root}/a",
        desk.admin.id,
    )


async def test_a_version_is_imported_once(desk: Desk) -> None:
    """What was imported before changes nothing, whatever its source is called, and even after newer versions."""
    old, new = imported(f"{desk.root}/a", key=str(uuid.uuid4())), ImportedDocument()
    new.CopyFrom(old)
    new.document.title = "New"
    outcomes = [result.outcome for result in await desk.bring_in(old, old, new)]
    assert outcomes == [CREATED, UNCHANGED, UPDATED]
    old.source = "a copy"
    old.document.id, old.document.etag = str(uuid.uuid4()), "7"
    again = await desk.bring_in(old, new)
    assert [result.outcome for result in again] == [UNCHANGED, UNCHANGED]
    assert again[0].document_id == again[1].document_id
    assert (await desk.page(f"{desk.root}/a")).page.title == "New"
    assert len(await desk.record()) == 2
    request = ListRevisionsRequest(document_id=again[0].document_id)
    revisions = (await desk.documents.ListRevisions(request, metadata=desk.author.metadata)).revisions
    assert [(each.number, each.title) for each in revisions] == [(2, "New"), (1, "A title")]


async def test_a_new_path_is_a_move(desk: Desk) -> None:
    """The same document at another path has moved, and may have become of another content type; its old path leads there."""
    news = desk.kind("news")
    await desk.content_type(news)
    key = str(uuid.uuid4())
    first, second = await desk.bring_in(
        imported(f"{desk.root}/old", key=key),
        imported(f"{desk.root}/new", key=key, said={"content_type": news, "title": "B"}),
    )
    assert first.document_id == second.document_id
    assert (await desk.page(f"{desk.root}/old")).redirect.location == f"{desk.root}/new"
    page = (await desk.page(f"{desk.root}/new")).page
    assert (page.content_type, page.title) == (news, "B")
    (third,) = await desk.bring_in(imported(f"{desk.root}/old"))
    assert third.outcome == CREATED
    assert (await desk.page(f"{desk.root}/old")).page.document_id == third.document_id


async def test_live_states(desk: Desk) -> None:
    """What was withdrawn, gone or redirected elsewhere is so here, and so on the record."""
    results = await desk.bring_in(
        imported(f"{desk.root}/w", live_state=WITHDRAWN, explanation="<p onclick=x>Old</p>", withdraw_time=LATER),
        imported(f"{desk.root}/w-now", live_state=WITHDRAWN),
        imported(f"{desk.root}/g", live_state=GONE, explanation="<p>Wrong</p><script>1</script>", location=f"{desk.root}/w"),
        imported(f"{desk.root}/r", live_state=REDIRECTED, location=f"{desk.root}/w?a=1#b"),
        imported(
            f"{desk.root}/p", live_state=REDIRECTED, location="https://example.gov/x", covers_prefix=True, preserves_suffix=True
        ),
    )
    assert [result.outcome for result in results] == [CREATED] * 5
    page = (await desk.page(f"{desk.root}/w")).page
    assert (page.state, page.withdrawal.explanation, page.withdrawal.withdraw_time) == (
        PageState.PAGE_STATE_WITHDRAWN,
        "<p>Old</p>",
        LATER,
    )
    now = (await desk.page(f"{desk.root}/w-now")).page
    assert now.withdrawal.withdraw_time == now.publish_time
    gone = (await desk.page(f"{desk.root}/g")).gone
    assert (gone.explanation, gone.alternative_path, gone.record_number) == ("<p>Wrong</p>", f"{desk.root}/w", desk.first + 3)
    assert (await desk.page(f"{desk.root}/r")).redirect.location == f"{desk.root}/w?a=1#b"
    assert (await desk.page(f"{desk.root}/p/below/it")).redirect.location == "https://example.gov/x/below/it"
    kinds = [RecordEntryKind.Name(entry.kind).removeprefix("RECORD_ENTRY_KIND_") for entry in await desk.record()]
    assert kinds == ["WITHDRAWN", "WITHDRAWN", "GONE", "REDIRECTED", "REDIRECTED"]


async def test_an_imported_document_is_edited_as_any_other(desk: Desk) -> None:
    """After an import a document is edited as any other; what its source claims of its first publication stays."""
    key = str(uuid.uuid4())
    await desk.bring_in(
        imported(
            f"{desk.root}/a", key=key, live_state=WITHDRAWN, explanation="<p>Old</p>", claimed_first_publish_time=LONG_AGO
        ),
    )
    page = (await desk.page(f"{desk.root}/a")).page
    document = await desk.get(Document(id=page.document_id))
    assert (document.live.state, document.draft.state) == (WITHDRAWN, 0)
    document = await desk.through_review(await desk.update(document, title="Again"))
    page = (await desk.page(f"{desk.root}/a")).page
    assert (page.state, page.title, page.withdrawal.explanation) == (PageState.PAGE_STATE_PUBLISHED, "Again", "")
    assert page.claimed_times.first_publish_time == LONG_AGO
    assert not page.claimed_times.HasField("public_update_time")


async def test_a_draft_is_not_overtaken(desk: Desk) -> None:
    """While somebody works on a document an import of it is refused, and the work stays."""
    draft = await desk.create(f"{desk.root}/a")
    live = await desk.published(f"{desk.root}/b")
    begun = await desk.update(live, title="Begun")
    results = await desk.bring_in(
        imported(f"{desk.root}/a", key=draft.translation_key), imported(f"{desk.root}/b", key=live.translation_key)
    )
    assert [(result.outcome, result.reason) for result in results] == [(REFUSED, "DRAFT_IN_PROGRESS")] * 2
    assert await desk.get(draft) == draft
    assert await desk.get(begun) == begun


def struct(**members: Any) -> Struct:
    result = Struct()
    result.update(members)
    return result


def refusals(live: Document) -> list[tuple[ImportedDocument | ContentType, str, str]]:
    """Parts that are refused, with the reason and what the message names."""
    return [
        (imported("bad path"), "INVALID_ARGUMENT", "document.document.path"),
        (imported("/x", said={"title": ""}), "INVALID_ARGUMENT", "title"),
        (imported("/x", said={"translation_key": ""}), "INVALID_ARGUMENT", "translation_key"),
        (imported("/x", live_state=LiveState.LIVE_STATE_UNSPECIFIED), "INVALID_ARGUMENT", "live_state"),
        (imported("/x", live_state=REDIRECTED), "INVALID_ARGUMENT", "location"),
        (imported("/x", live_state=REDIRECTED, location="javascript:alert(1)"), "INVALID_ARGUMENT", "location"),
        (imported("/x", live_state=REDIRECTED, location="//evil.example"), "INVALID_ARGUMENT", "location"),
        (imported("/x", live_state=REDIRECTED, location="/x"), "REDIRECT_LOOP", "location"),
        (imported("/x", explanation="why"), "INVALID_ARGUMENT", "explanation"),
        (imported("/x", said={"summary": "\0"}), "INVALID_ARGUMENT", "document.document.summary"),
        (imported("/x", said={"content_type": "absent"}), "CONTENT_TYPE_NOT_FOUND", "absent"),
        (imported("/x", said={"content_type": "strict_for_imports"}), "INVALID_DETAILS", "document.details"),
        (imported("/x", said={"attachments": [str(uuid.uuid4())]}), "ATTACHMENT_NOT_FOUND", "document.attachments"),
        (imported(live.path), "PATH_TAKEN", "document.path"),
        (ContentType(name="Bad Name", title="x"), "INVALID_ARGUMENT", "content_type.name"),
        (ContentType(name="bad", title="x", details_schema=struct(type="nonsense")), "INVALID_SCHEMA", "details_schema"),
    ]


async def test_what_is_refused_stops_nothing_else(desk: Desk) -> None:
    """Each part that cannot be imported is named with its reason and field; all the others are there afterwards."""
    with suppress(grpc.aio.AioRpcError):  # it is there already
        await desk.content_type("strict_for_imports", {"required": ["a"]})
    live = await desk.published(f"{desk.root}/live")
    parts = refusals(live)
    stream: list[Any] = []
    for number, (part, _, _) in enumerate(parts):
        stream += [part, imported(f"{desk.root}/good/{number}")]
    results = await desk.bring_in(*stream)
    for result, (part, reason, named) in zip(results[::2], parts, strict=True):
        assert (result.outcome, result.reason, result.document_id) == (REFUSED, reason, ""), part
        assert named in result.message, result.message
        assert result.source == (part.source if isinstance(part, ImportedDocument) else f"content_type/{part.name}")
    assert [result.outcome for result in results[1::2]] == [CREATED] * len(parts)
    assert len(await desk.record()) == 1 + len(parts)
    assert (await refused(desk.page(f"{desk.root}/x"))).reason == "PAGE_NOT_FOUND"


async def test_a_redirect_does_not_lead_to_where_it_comes_from(desk: Desk) -> None:
    """A document that moved away cannot redirect to its old path, which redirects to it."""
    key = str(uuid.uuid4())
    await desk.bring_in(imported(f"{desk.root}/a", key=key))
    (result,) = await desk.bring_in(imported(f"{desk.root}/b", key=key, live_state=REDIRECTED, location=f"{desk.root}/a"))
    assert (result.outcome, result.reason) == (REFUSED, "REDIRECT_LOOP")
    assert (await desk.page(f"{desk.root}/a")).page.path == f"{desk.root}/a"


async def test_links_within_an_import(desk: Desk) -> None:
    """A page links to what came before it in the stream."""
    target = imported(f"{desk.root}/target", said={"title": "Target"})
    links = {"related": LinkTargets(translation_keys=[target.document.translation_key])}
    await desk.bring_in(target, imported(f"{desk.root}/linking", said={"links": links}))
    assert [page.title for page in (await desk.page(f"{desk.root}/linking")).page.links["related"].pages] == ["Target"]


async def test_content_types_come_along(desk: Desk) -> None:
    """A content type that is not there is made, by who may write them; one that is there stays as it is."""
    mine = desk.kind("mine")
    kind = desk.kind("speech")
    speech = ContentType(name=kind, title="Speech", details_schema=struct(required=["a"]))
    results = await desk.bring_in(
        speech,
        speech,
        ContentType(name="guide", title="Changed"),
        imported(f"{desk.root}/a", said={"content_type": kind, "details": {"a": 1}}),
    )
    assert [(result.source, result.outcome) for result in results] == [
        (f"content_type/{kind}", CREATED),
        (f"content_type/{kind}", UNCHANGED),
        ("content_type/guide", UNCHANGED),
        (f"elsewhere{desk.root}/a", CREATED),
    ]
    local = await desk.service.account(role=Role.ROLE_ADMIN, organisation_id=desk.organisation_id)
    results = await desk.bring_in(ContentType(name=mine, title="Mine"), speech, imported(f"{desk.root}/b"), by=local)
    assert [(result.outcome, result.reason) for result in results] == [
        (REFUSED, "PERMISSION_DENIED"),
        (UNCHANGED, ""),
        (CREATED, ""),
    ]


async def test_other_organisations_documents_stay_theirs(desk: Desk) -> None:
    """An import into one organisation touches no document of another, in no locale."""
    here = await desk.published(f"{desk.root}/a")
    elsewhere = await desk.service.organisation()
    options = ImportDocumentsRequest(options=ImportOptions(organisation_id=elsewhere))
    parts = [
        imported(f"{desk.root}/b", key=here.translation_key),
        imported(f"{desk.root}/c", key=here.translation_key, said={"locale": "cy"}),
    ]
    requests = [options, *(ImportDocumentsRequest(document=part) for part in parts)]
    results = (await desk.documents.ImportDocuments(iter(requests), metadata=desk.admin.metadata)).results
    assert [(result.outcome, result.reason) for result in results] == [(REFUSED, "TRANSLATION_EXISTS")] * 2
    assert await desk.get(here) == here


async def test_options_come_first_and_once(desk: Desk) -> None:
    """A stream that does not begin with its options, or has them twice, is refused; what came before is there."""
    options = ImportDocumentsRequest(options=ImportOptions(organisation_id=desk.organisation_id))
    document = ImportDocumentsRequest(document=imported(f"{desk.root}/a"))
    for stream in ([], [document], [options, document, options]):
        refusal = await refused(desk.documents.ImportDocuments(iter(stream), metadata=desk.admin.metadata))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "OPTIONS_FIRST")
    assert (await desk.page(f"{desk.root}/a")).HasField("page")


async def test_who_may_import(desk: Desk) -> None:
    """An organisation that is not there or may not be read is not found; one that may only be read is refused."""
    for organisation_id in (str(uuid.uuid4()), desk.organisation_id):
        elsewhere = await desk.service.organisation()
        stranger = await desk.service.account(role=Role.ROLE_ADMIN, organisation_id=elsewhere)
        stream = [ImportDocumentsRequest(options=ImportOptions(organisation_id=organisation_id))]
        refusal = await refused(desk.documents.ImportDocuments(iter(stream), metadata=stranger.metadata))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "ORGANISATION_NOT_FOUND")
    stream = [ImportDocumentsRequest(options=ImportOptions(organisation_id=str(uuid.uuid4())))]
    refusal = await refused(desk.documents.ImportDocuments(iter(stream), metadata=desk.admin.metadata))
    assert refusal.reason == "ORGANISATION_NOT_FOUND"
    assert (
        await refused(desk.bring_in(imported(f"{desk.root}/a"), by=desk.publisher))
    ).code == grpc.StatusCode.PERMISSION_DENIED


async def test_two_imports_at_once(desk: Desk) -> None:
    """Two imports of the same documents at the same time make each document once, and refuse none."""
    parts = [imported(f"{desk.root}/a/{number}") for number in range(20)]
    both = await asyncio.gather(desk.bring_in(*parts), desk.bring_in(*parts))
    for one, other in zip(*both, strict=True):
        assert {one.outcome, other.outcome} == {CREATED, UNCHANGED}
        assert one.document_id == other.document_id
    assert len(await desk.record()) == 20


@pytest.mark.parametrize("documents", [1, 10])
async def test_a_lost_connection_leaves_whole_documents(desk: Desk, documents: int) -> None:
    """A client that goes away in the middle leaves every document either whole or not there."""

    async def endless() -> Any:
        yield ImportDocumentsRequest(options=ImportOptions(organisation_id=desk.organisation_id))
        for number in range(10_000):
            yield ImportDocumentsRequest(document=imported(f"{desk.root}/a/{number}"))
            await asyncio.sleep(0)

    call = desk.documents.ImportDocuments(endless(), metadata=desk.admin.metadata)

    async def has_begun() -> bool:
        return len(await desk.record()) >= documents

    await until(has_begun)
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    await until_so(lambda: not desk.service.app.limits.running)  # the server has noticed
    for entry in await desk.record():
        assert (await desk.page(entry.path)).page.record_number == entry.number
        document = await desk.get(Document(id=entry.document_id))
        assert (document.live.record_number, document.revision_number) == (entry.number, 1)
