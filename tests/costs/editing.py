"""What editors ask for all day."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

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
from tests.content import reviewing, revising
from tests.content.desk import imported
from tests.content.merging import merge
from tests.content.merging import preview as merge_preview
from tests.content.referring import published_block
from tests.content.swapping import swap
from tests.content.taking import DISCARD, KEEP, redirect, remove, restore, vanish, withdraw
from tests.costs.day import Day
from tests.refusals import refused


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


async def documents(day: Day) -> None:
    desk = day.desk
    author = desk.author.metadata
    document = await day.measure(desk.create)
    await day.measure(lambda: desk.create(metadata=(*author, ("idempotency-key", uuid.uuid4().hex))), "with a key")
    await day.measure(lambda: desk.get(document))
    await listed(day)
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
    await exchanged(day, document)
    block = await published_block(desk, "Monday")
    naming = await desk.approved(body=f"[a](document:{document.id}) [[block:{block.id}]]")
    await day.measure(lambda: desk.publish(naming), "naming others by id")


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


async def listed(day: Day) -> None:
    desk, author = day.desk, day.desk.author.metadata
    listing = content.ListDocumentsRequest(organisation_id=desk.organisation_id)
    await day.measure(lambda: desk.documents.ListDocuments(listing, metadata=author))
    listing.order_by = "update_time desc"
    await day.measure(lambda: desk.documents.ListDocuments(listing, metadata=author), "newest change first")
    listing.order_by = "title"
    await day.measure(lambda: desk.documents.ListDocuments(listing, metadata=author), "by title")
    filtered = content.ListDocumentsRequest(organisation_id=desk.organisation_id, tag="boats", query="moor", with_count=True)
    await day.measure(lambda: desk.documents.ListDocuments(filtered, metadata=author), "filtered and counted")


async def exchanged(day: Day, document: Document) -> None:
    """What comes from elsewhere, and what goes there."""
    desk, author = day.desk, day.desk.author.metadata
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
