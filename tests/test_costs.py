"""What a call may cost: its statements, counted on a real server, against the budget in docs/costs.md."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from gazette.audit.v1 import audit_service_pb2 as audit
from gazette.audit.v1.audit_service_pb2_grpc import AuditServiceStub
from gazette.auth.v1 import account_service_pb2 as accounts
from gazette.auth.v1 import auth_service_pb2 as auth
from gazette.auth.v1 import organisation_service_pb2 as organisations
from gazette.auth.v1 import session_pb2 as sessions
from gazette.auth.v1.account_service_pb2_grpc import AccountServiceStub
from gazette.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from gazette.auth.v1.organisation_pb2 import Organisation
from gazette.auth.v1.organisation_service_pb2_grpc import OrganisationServiceStub
from gazette.content.v1 import content_service_pb2 as content
from gazette.content.v1 import content_type_change_pb2 as changes
from gazette.content.v1 import content_type_service_pb2 as types
from gazette.content.v1 import preview_pb2 as preview
from gazette.content.v1 import review_dates_pb2 as review_dates
from gazette.content.v1 import translations_pb2 as translations
from gazette.content.v1.document_import_pb2 import ExportDocumentsRequest
from gazette.content.v1.document_pb2 import Document, LinkTargets, LiveState
from gazette.content.v1.presence_pb2 import AnnouncePresenceRequest
from gazette.content.v1.publish_check_pb2 import CheckDocumentRequest
from gazette.content.v1.reference_pb2 import ListReferencesRequest
from gazette.content.v1.removal_pb2 import Removal
from gazette.content.v1.translations_pb2 import TranslationGapKind as GapKind
from gazette.delivery.v1 import delivery_service_pb2 as delivery
from gazette.delivery.v1.delivery_service_pb2_grpc import DeliveryServiceStub
from gazette.files.v1 import file_service_pb2 as files
from gazette.files.v1 import managing_pb2 as managing
from gazette.files.v1 import serving_pb2 as serving
from gazette.files.v1.file_pb2 import File
from gazette.files.v1.file_service_pb2_grpc import FileServiceStub
from gazette.files.v1.serving_pb2 import CreateDownloadUrlRequest
from gazette.record.v1 import record_service_pb2 as record
from gazette.record.v1.record_service_pb2_grpc import RecordServiceStub
from gazette.system.v1 import system_service_pb2 as system
from gazette.system.v1.system_service_pb2_grpc import SystemServiceStub
from server.content.review.forced import Forced
from server.content.schedules.running import Due
from tests.content import reviewing, revising
from tests.content.desk import Desk, imported
from tests.content.merging import merge
from tests.content.merging import preview as merge_preview
from tests.content.referring import published_block
from tests.content.swapping import swap
from tests.content.taking import DISCARD, KEEP, redirect, remove, restore, vanish, withdraw
from tests.files import keeping, pieces
from tests.files.uploading import PDF, PNG, requests, upload_of
from tests.refusals import refused
from tests.servers import Servers
from tests.service import PASSWORD, Service, running
from tests.statements import counted

PAGE = Path(__file__).parent.parent / "docs/costs.md"
ROW = re.compile(r"\| (\w+)\.(\w+)(?:, ([^|]+?))? \| (\d+) \|")
"""A service and its method, in which case, and how many statements."""


def budgets() -> dict[tuple[str, str, str], int]:
    return {(service, method, case or ""): int(most) for service, method, case, most in ROW.findall(PAGE.read_text())}


@dataclass
class Day:
    """A desk in the middle of its work, which has done everything once: what is held in the process is held by now."""

    desk: Desk
    measured: dict[tuple[str, str, str], int] = field(default_factory=dict)

    async def measure(self, call: Callable[[], Awaitable[Any]], case: str = "") -> Any:
        """What the call is answered; its statements are noted."""
        with counted() as counts:
            answer = await call()
        (path,) = counts or {self.path_of_nothing: 0}
        service, _, method = path.rpartition("/")
        self.measured[service.rpartition(".")[2], method, case] = counts[path]
        return answer

    path_of_nothing = ""
    """Which method was called, where none asks the database."""


async def content_types(day: Day) -> None:
    desk, name = day.desk, f"type-{uuid.uuid4().hex[:8]}".replace("-", "_")
    stub, admin = desk.content_types, desk.admin.metadata
    made = await day.measure(lambda: desk.content_type(name))
    await day.measure(lambda: stub.GetContentType(types.GetContentTypeRequest(name=name), metadata=admin))
    await day.measure(lambda: stub.ListContentTypes(types.ListContentTypesRequest(), metadata=admin))
    versioned = types.GetContentTypeRequest(name=name, version=1)
    await day.measure(lambda: stub.GetContentType(versioned, metadata=admin), "a version")
    await day.measure(lambda: stub.ListContentTypeVersions(changes.ListContentTypeVersionsRequest(name=name), metadata=admin))
    changed = await day.measure(lambda: desk.change_content_type(made, title="Another"))
    await desk.create(content_type=name, details={"a": 1})
    await day.measure(lambda: stub.CheckContentType(types.CheckContentTypeRequest(name=name), metadata=admin))
    await day.measure(lambda: desk.change_content_type(changed, details_schema={"type": "object"}), "with documents")
    unused = await desk.content_type(f"{name}_unused")
    delete = changes.DeleteContentTypeRequest(name=unused.name, etag=unused.etag)
    await day.measure(lambda: stub.DeleteContentType(delete, metadata=admin))


async def looked_at_again(day: Day, document: Document) -> None:
    """What is said of a page beside its content."""
    documents, author = day.desk.documents, day.desk.author.metadata
    dated = review_dates.SetReviewDateRequest(id=document.id, etag=(await day.desk.get(document)).etag)
    dated.review_by_time.FromDatetime(datetime.now(UTC) + timedelta(days=1))
    etag = (await day.measure(lambda: documents.SetReviewDate(dated, metadata=author))).document.etag
    right = review_dates.ConfirmDocumentRequest(id=document.id, etag=etag)
    await day.measure(lambda: documents.ConfirmDocument(right, metadata=author))
    listing = content.ListDocumentsRequest(organisation_id=day.desk.organisation_id)
    listing.review_due_before.FromDatetime(datetime.now(UTC))
    await day.measure(lambda: documents.ListDocuments(listing, metadata=author), "due for review")


async def translated(day: Day, document: Document) -> None:
    """A page in another language."""
    desk, author = day.desk, day.desk.author.metadata
    key = document.translation_key
    welsh = await day.measure(lambda: desk.create(locale="cy", translation_key=key), "a translation")
    listing = translations.ListTranslationsRequest(document_id=document.id)
    await day.measure(lambda: desk.documents.ListTranslations(listing, metadata=author))
    same = translations.ConfirmTranslationRequest(id=welsh.id, etag=welsh.etag)
    await day.measure(lambda: desk.documents.ConfirmTranslation(same, metadata=author))
    for kind, case in ((GapKind.TRANSLATION_GAP_KIND_MISSING, "missing"), (GapKind.TRANSLATION_GAP_KIND_OUTDATED, "outdated")):
        gaps = translations.ListTranslationGapsRequest(kind=kind, source_locale="en", target_locale="cy")
        await day.measure(partial(desk.documents.ListTranslationGaps, gaps, metadata=author), case)


async def documents(day: Day) -> None:  # noqa: PLR0915  # one call after another
    desk = day.desk
    author = desk.author.metadata
    document = await day.measure(desk.create)
    await day.measure(lambda: desk.create(metadata=(*author, ("idempotency-key", uuid.uuid4().hex))), "with a key")
    await day.measure(lambda: desk.get(document))
    listing = content.ListDocumentsRequest(organisation_id=desk.organisation_id)
    await day.measure(lambda: desk.documents.ListDocuments(listing, metadata=author))
    listing.order_by = "update_time desc"
    await day.measure(lambda: desk.documents.ListDocuments(listing, metadata=author), "newest change first")
    listing.order_by = "title"
    await day.measure(lambda: desk.documents.ListDocuments(listing, metadata=author), "by title")
    filtered = content.ListDocumentsRequest(organisation_id=desk.organisation_id, tag="boats", query="moor", with_count=True)
    await day.measure(lambda: desk.documents.ListDocuments(filtered, metadata=author), "filtered and counted")
    await swapped(day)
    document = await day.measure(lambda: desk.update(document, title="Another"))
    document = await day.measure(lambda: desk.submit(document))
    asked = CheckDocumentRequest(id=document.id)
    await day.measure(lambda: desk.documents.CheckDocument(asked, metadata=author))
    linked = await desk.create(body="[a](/a) [b](#b)", links={"related": LinkTargets(translation_keys=[str(uuid.uuid4())])})
    await day.measure(lambda: desk.submit(linked), "with links")
    document = await day.measure(lambda: desk.request_changes(document))
    document = await desk.submit(document)
    document = await day.measure(lambda: desk.approve(document))
    document = await day.measure(lambda: desk.publish(document))
    await reviews_and_comments(day)
    moved = await desk.update(document, path=f"{document.path}-moved")
    moved = await desk.approve(await desk.submit(moved))
    moved = await day.measure(lambda: desk.publish(moved), "moved")
    await looked_at_again(day, await desk.published())
    await translated(day, await desk.published())
    later = await desk.approved()
    later = await day.measure(lambda: desk.schedule(later, timedelta(days=1)))
    later = await day.measure(lambda: desk.unschedule(later))
    gone = Removal(explanation="Over.")
    await day.measure(lambda: desk.schedule_taking_down(moved, timedelta(days=1), gone=gone), "taking down")
    moved = await desk.get(moved)
    await taken_down(day, moved)
    stub = desk.documents
    await day.measure(lambda: stub.ListReferences(ListReferencesRequest(document_id=document.id), metadata=author))
    of_file = ListReferencesRequest(file_id=str(uuid.uuid4()))
    await day.measure(lambda: stub.ListReferences(of_file, metadata=author), "of a file")
    revisions = content.ListRevisionsRequest(document_id=document.id)
    await day.measure(lambda: desk.documents.ListRevisions(revisions, metadata=author))
    await revised(day, document)
    await day.measure(lambda: desk.bring_in(imported(f"{desk.root}/{uuid.uuid4().hex}")), "one document")
    led = imported(f"{desk.root}/led", live_state=LiveState.LIVE_STATE_REDIRECTED, location=document.path)
    await day.measure(lambda: desk.bring_in(led), "one redirect")
    prefix = imported(f"{desk.root}/prefix", live_state=LiveState.LIVE_STATE_REDIRECTED, location=f"{desk.root}/led")
    prefix.covers_prefix = prefix.preserves_suffix = True
    await day.measure(lambda: desk.bring_in(prefix), "one prefix redirect")
    export = ExportDocumentsRequest(organisation_id=desk.organisation_id)

    async def exported() -> list[Any]:
        return [part async for part in desk.documents.ExportDocuments(export, metadata=author)]

    await day.measure(exported, "of few documents")
    block = await published_block(desk, "Monday")
    naming = await desk.approved(body=f"[a](document:{document.id}) [[block:{block.id}]]")
    await day.measure(lambda: desk.publish(naming), "naming others by id")


async def swapped(day: Day) -> None:
    desk = day.desk
    one, other = await desk.published(), await desk.published()
    await day.measure(lambda: swap(desk, one, other))
    draft, another = await desk.create(), await desk.create()
    await day.measure(lambda: swap(desk, draft, another), "drafts")


async def revised(day: Day, document: Document) -> None:
    desk = day.desk
    draft = await desk.update(await desk.get(document), title="A draft")
    await day.measure(lambda: revising.revision(desk, draft, 1))
    await day.measure(lambda: revising.diff(desk, draft, 1, 2))
    restored = await day.measure(lambda: revising.restore_revision(desk, draft, 1))
    made = await day.measure(lambda: revising.preview_link(desk, restored))
    await day.measure(lambda: revising.previewed(desk, made), "a preview")
    author, link = desk.author.metadata, made.preview_link
    listing = preview.ListPreviewLinksRequest(document_id=draft.id)
    await day.measure(lambda: desk.documents.ListPreviewLinks(listing, metadata=author))
    revocation = preview.RevokePreviewLinkRequest(document_id=draft.id, id=link.id)
    await day.measure(lambda: desk.documents.RevokePreviewLink(revocation, metadata=author))
    await day.measure(lambda: revising.discard(desk, restored))
    unwanted = await desk.create()
    deleted = await day.measure(lambda: revising.delete(desk, unwanted))
    await day.measure(lambda: revising.undelete(desk, deleted))


async def reviews_and_comments(day: Day) -> None:
    desk = day.desk
    document = await desk.submit(await desk.create())
    document = await day.measure(lambda: reviewing.recall(desk, document))
    document = await day.measure(lambda: reviewing.force(desk, document), "by force")
    document = await day.measure(lambda: reviewing.approve_publication(desk, document))
    await day.measure(lambda: reviewing.reviews(desk, document))
    plain = await day.measure(lambda: reviewing.comment(desk, document))
    await day.measure(lambda: reviewing.comment(desk, document, parent_id=plain.id), "a reply")
    one = await day.measure(lambda: reviewing.comment(desk, document, blocks_approval=True), "one that blocks")
    await day.measure(lambda: reviewing.comments(desk, document))
    await day.measure(lambda: reviewing.change_comment(desk, document, one, text="Well?"))
    await day.measure(lambda: reviewing.resolve(desk, document, one))
    await day.measure(lambda: reviewing.reopen(desk, document, one))
    await day.measure(lambda: reviewing.delete_comment(desk, document, one))


async def merging(day: Day) -> None:
    desk = day.desk
    began = await desk.create(title="A", summary="s")
    await desk.update(began, title="B")
    await day.measure(lambda: merge_preview(desk, began, summary="t"))
    await day.measure(lambda: merge(desk, began, summary="t"), "merging")
    await day.measure(lambda: refused(desk.update(began, title="C")), "refused as stale")
    request = AnnouncePresenceRequest(id=began.id)
    stub = desk.documents
    await day.measure(lambda: stub.AnnouncePresence(request, metadata=desk.author.metadata))
    await day.measure(lambda: stub.AnnouncePresence(request, metadata=desk.editor.metadata), "with others")


async def batches(day: Day) -> None:
    desk, stub = day.desk, day.desk.documents
    made = [await desk.create() for _ in range(3)]
    get = content.BatchGetDocumentsRequest(ids=[each.id for each in made])
    await day.measure(lambda: stub.BatchGetDocuments(get, metadata=desk.author.metadata))
    submit = content.BatchSubmitDocumentsRequest()
    submit.requests.extend(content.SubmitDocumentRequest(id=each.id, etag=each.etag) for each in made)
    await day.measure(lambda: stub.BatchSubmitDocuments(submit, metadata=desk.author.metadata), "of three")
    approved = [await desk.approve(await desk.get(each)) for each in made]
    publish = content.BatchPublishDocumentsRequest()
    publish.requests.extend(content.PublishDocumentRequest(id=each.id, etag=each.etag) for each in approved)
    await day.measure(lambda: stub.BatchPublishDocuments(publish, metadata=desk.publisher.metadata), "of three")


async def taken_down(day: Day, moved: Document) -> None:
    desk = day.desk
    to, document = await desk.published(), await desk.published()
    withdrawn = (await day.measure(lambda: withdraw(desk, document))).document
    withdrawn = await day.measure(lambda: restore(desk, withdrawn))
    gone = await day.measure(lambda: remove(desk, withdrawn), "gone")
    gone = await day.measure(lambda: restore(desk, gone), "gone")
    led = await day.measure(lambda: redirect(desk, gone, to.path), "redirected")
    led = await day.measure(lambda: redirect(desk, led, to.path, keeps=True), "redirected with all below")
    draft = await desk.update(led, title="A draft")
    draft = await day.measure(lambda: remove(desk, draft, draft=KEEP), "past a draft")
    await day.measure(lambda: remove(desk, draft, draft=DISCARD), "with a draft discarded")
    vanished = await day.measure(lambda: vanish(desk, moved), "vanished")
    await day.measure(lambda: restore(desk, vanished, by=desk.admin), "vanished")


async def reading(day: Day) -> None:
    desk = day.desk
    document = await desk.published()
    stub = DeliveryServiceStub(desk.service.channel)
    request = delivery.GetPageRequest(path=document.path, locale="en")
    newest = document.live.record_number  # once that is heard of, no notice takes the page away again
    await stub.GetPage(delivery.GetPageRequest(path=document.path, locale="en", min_record_number=newest))
    day.path_of_nothing = "/gazette.delivery.v1.DeliveryService/GetPage"
    await day.measure(lambda: stub.GetPage(request), "held")
    pages = delivery.ListPagesRequest(content_type=desk.kind("unasked"))
    await day.measure(lambda: stub.ListPages(pages), "not held")
    entries = RecordServiceStub(desk.service.channel)
    await day.measure(lambda: entries.GetRecordEntry(record.GetRecordEntryRequest(number=1)))
    await day.measure(lambda: entries.ListRecordEntries(record.ListRecordEntriesRequest(page_size=5)))
    health = SystemServiceStub(desk.service.channel)
    day.path_of_nothing = "/gazette.system.v1.SystemService/GetHealth"
    await day.measure(lambda: health.GetHealth(system.GetHealthRequest()))


async def uploads(day: Day) -> None:
    desk = day.desk
    stub: Any = FileServiceStub(desk.service.channel)
    upload = upload_of(desk.organisation_id, PDF, "form.pdf")
    made = await day.measure(lambda: stub.UploadFile(requests(upload, PDF), metadata=desk.author.metadata))
    await day.measure(lambda: stub.GetFile(files.GetFileRequest(id=made.file.id), metadata=desk.author.metadata))

    async def downloaded() -> None:
        async for _ in stub.DownloadFile(files.DownloadFileRequest(id=made.file.id), metadata=desk.author.metadata):
            pass

    await day.measure(downloaded)
    await day.measure(lambda: stub.GetFileText(serving.GetFileTextRequest(id=made.file.id), metadata=desk.author.metadata))

    async def downloaded_in_part() -> None:
        part = files.DownloadFileRequest(id=made.file.id, offset=100, limit=100)
        async for _ in stub.DownloadFile(part, metadata=desk.author.metadata):
            pass

    await day.measure(downloaded_in_part, "a part")
    usage = managing.GetFileUsageRequest(organisation_id=desk.organisation_id)
    await day.measure(lambda: stub.GetFileUsage(usage, metadata=desk.author.metadata))
    quota = managing.SetFileQuotaRequest(organisation_id=desk.organisation_id, quota_bytes=1 << 30)
    await day.measure(lambda: stub.SetFileQuota(quota, metadata=desk.admin.metadata))
    address = CreateDownloadUrlRequest(id=made.file.id)
    await day.measure(lambda: stub.CreateDownloadUrl(address, metadata=desk.author.metadata))
    await files_kept(day, made.file)


async def files_kept(day: Day, file: File) -> None:
    desk = day.desk
    await day.measure(lambda: keeping.listed(desk))
    file = await day.measure(lambda: keeping.update(desk, file, alternative_text="A form"))
    new = PDF + b"\n"
    await day.measure(lambda: keeping.replacing(desk, file, new))
    await day.measure(lambda: keeping.versions(desk, file))
    await day.measure(lambda: keeping.delete(desk, file))
    await day.measure(lambda: keeping.restore(desk, file))
    await desk.published(f"{desk.root}/with-a-file", attachments=[file.id])
    file = await keeping.known(desk, file.id)
    await day.measure(lambda: keeping.update(desk, file, desk.publisher, alternative_text="The form"), "of a public file")
    asked = {"now": True, "explanation": "A leak"}
    await day.measure(lambda: keeping.delete(desk, file, desk.publisher, **asked), "now")


async def uploads_in_pieces(day: Day) -> None:
    service, author, organisation_id = day.desk.service, day.desk.author, day.desk.organisation_id
    begin = partial(pieces.begun, service, author, organisation_id, PDF, name="form.pdf")
    upload = await day.measure(begin)
    await day.measure(partial(begin, key=uuid.uuid4().hex), "with a key")
    await day.measure(lambda: pieces.got(service, author, upload.id))
    await day.measure(lambda: pieces.appended(service, author, upload.id, 0, PDF[:100]), "a piece")
    await day.measure(lambda: pieces.appended(service, author, upload.id, 100, PDF[100:]))
    await day.measure(lambda: pieces.got(service, author, upload.id), "of what has become a file")
    await day.measure(lambda: pieces.completed(service, author, upload.id))
    given_up = await begin()
    await day.measure(lambda: pieces.cancelled(service, author, given_up.id))


async def pictures(day: Day) -> None:
    desk = day.desk
    stub: Any = FileServiceStub(desk.service.channel)
    upload = upload_of(desk.organisation_id, PNG)
    id = (await stub.UploadFile(requests(upload, PNG), metadata=desk.author.metadata)).file.id

    async def rendered() -> None:
        wanted = serving.GetRenditionRequest(id=id, specification="w160.webp")
        async for _ in stub.GetRendition(wanted, metadata=desk.author.metadata):
            pass

    await day.measure(rendered, "new")
    await day.measure(rendered)
    wanted = serving.CreateRenditionUrlRequest(id=id, specification="w99.webp")
    await day.measure(lambda: stub.CreateRenditionUrl(wanted, metadata=desk.author.metadata))


async def people(day: Day) -> None:
    desk, channel = day.desk, day.desk.service.channel
    person = await desk.service.account()
    stub: Any = AuthServiceStub(channel)
    await desk.service.sign_in(person.email)
    answer = await day.measure(lambda: stub.Login(auth.LoginRequest(email=person.email, password=PASSWORD)))
    mine = (("authorization", f"Bearer {answer.access_token}"),)
    await day.measure(lambda: stub.RefreshToken(auth.RefreshTokenRequest(refresh_token=answer.refresh_token)))
    await day.measure(lambda: stub.GetMe(auth.GetMeRequest(), metadata=mine))
    await day.measure(lambda: stub.ListSessions(sessions.ListSessionsRequest(), metadata=mine))
    await day.measure(lambda: stub.Logout(auth.LogoutRequest(), metadata=mine))
    looking: Any = AccountServiceStub(channel)
    admin = desk.admin.metadata
    await day.measure(lambda: looking.GetAccount(accounts.GetAccountRequest(id=person.id), metadata=admin))
    await day.measure(lambda: looking.ListAccounts(accounts.ListAccountsRequest(), metadata=admin))


async def departments(day: Day) -> None:
    channel, admin = day.desk.service.channel, day.desk.admin.metadata
    stub: Any = OrganisationServiceStub(channel)
    wanted = Organisation(slug=f"department-{uuid.uuid4().hex[:12]}", name="Department")
    made = await day.measure(
        lambda: stub.CreateOrganisation(organisations.CreateOrganisationRequest(organisation=wanted), metadata=admin)
    )
    id, prefix = made.organisation.id, f"part-{uuid.uuid4().hex}"
    await day.measure(lambda: stub.GetOrganisation(organisations.GetOrganisationRequest(id=id), metadata=admin))
    await day.measure(lambda: stub.ListOrganisations(organisations.ListOrganisationsRequest(), metadata=admin))
    renamed = organisations.UpdateOrganisationRequest(
        organisation=Organisation(id=id, name="Another"), update_mask=FieldMask(paths=["name"])
    )
    await day.measure(lambda: stub.UpdateOrganisation(renamed, metadata=admin))
    reserve = organisations.ReservePathRequest(organisation_id=id, prefix=prefix)
    await day.measure(lambda: stub.ReservePath(reserve, metadata=admin))
    release = organisations.ReleasePathRequest(organisation_id=id, prefix=prefix)
    await day.measure(lambda: stub.ReleasePath(release, metadata=admin))
    events = AuditServiceStub(channel)
    await day.measure(lambda: events.ListAuditEvents(audit.ListAuditEventsRequest(), metadata=admin))


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


@pytest.fixture
async def day(service: Service) -> Day:
    desk = await Desk.opened(service)
    await desk.published()  # what a process reads once, it has read
    return Day(desk)


PARTS = (content_types, documents, merging, batches, reading, uploads, uploads_in_pieces, pictures, people, departments)


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
