"""Saving documents, and listing them."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from gazette.content.v1 import content_service_pb2 as rpc
from gazette.content.v1.document_pb2 import Document, DraftState
from tests.content.desk import Desk
from tests.refusals import refusal as refusal_of
from tests.refusals import refused


async def test_an_update_changes_what_its_mask_names(desk: Desk) -> None:
    """Each save is one more revision; what the mask does not name stays, what it names may be emptied."""
    document = await desk.create(summary="s", body="b", tags=["a"])
    document = await desk.update(document, by=desk.editor, summary="", tags=["c"], title="New")
    assert (document.title, document.summary, document.body, [*document.tags]) == ("New", "", "b", ["c"])
    assert (document.revision_number, document.draft.revision_number) == (2, 2)
    request = rpc.ListRevisionsRequest(document_id=document.id)
    revisions = (await desk.documents.ListRevisions(request, metadata=desk.author.metadata)).revisions
    assert [(each.number, each.title, each.summary, each.author_id) for each in revisions] == [
        (2, "New", "", desk.editor.id),
        (1, "A title", "s", desk.author.id),
    ]


@pytest.mark.parametrize(
    "paths", [[], ["*"], ["status"], ["author_id"], ["details.a"], ["organisation_id"], ["title", "locale"]]
)
async def test_masks_that_are_refused(desk: Desk, paths: list[str]) -> None:
    """A mask that names what an update cannot change is refused, and the row stays as it is (Z3)."""
    document = await desk.create()
    changed = Document(id=document.id, etag=document.etag, title="x", organisation_id=str(uuid.uuid4()))
    request = rpc.UpdateDocumentRequest(document=changed, update_mask=FieldMask(paths=paths))
    refusal = await refused(desk.documents.UpdateDocument(request, metadata=desk.author.metadata))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_UPDATE_MASK")
    assert await desk.get(document) == document


async def test_an_update_needs_id_and_etag(desk: Desk) -> None:
    """An update that names no version is refused, and so is one with an empty title."""
    document = await desk.create()
    assert (await refused(desk.update(Document(id=document.id), title="x"))).code == grpc.StatusCode.INVALID_ARGUMENT
    assert [*(await refused(desk.update(document, title=""))).fields] == ["document.title"]


async def test_one_of_fifty_updates_wins(desk: Desk) -> None:
    """Of fifty updates of one version one is saved, and the others are told both versions, who saved and what differs (I3)."""
    document = await desk.create()
    outcomes = await asyncio.gather(
        *(desk.update(document, title=f"Version {number}") for number in range(50)), return_exceptions=True
    )
    saved = [each for each in outcomes if isinstance(each, Document)]
    assert len(saved) == 1
    for outcome in outcomes:
        if isinstance(outcome, grpc.aio.AioRpcError):
            assert outcome.code() == grpc.StatusCode.ABORTED
            told = dict(refusal_of(outcome).info.metadata)
            assert (told["given"], told["current"]) == (document.etag, saved[0].etag)
            assert (told["saved_by"], told["fields"]) == (desk.author.id, "title")
    assert await desk.get(document) == saved[0]


async def test_lists_go_on_where_they_ended(desk: Desk) -> None:
    """A list, page by page, holds every document once, newest first, without bodies and details."""
    made = [await desk.create(body="b", summary=f"{number}") for number in range(5)]
    made[1] = await desk.update(made[1], summary="changed")
    listed: list[Document] = []
    request = rpc.ListDocumentsRequest(organisation_id=desk.organisation_id, page_size=2)
    while True:
        answer = await desk.documents.ListDocuments(request, metadata=desk.author.metadata)
        listed += answer.documents
        if not answer.next_page_token:
            break
        request.page_token = answer.next_page_token
    order = made[::-1]
    for document in order:
        document.body = ""
    assert listed == order


async def test_lists_are_filtered(own_desk: Desk) -> None:
    """A list holds what matches all filters, in the organisations that the caller may read."""
    kind = own_desk.kind("news")
    await own_desk.content_type(kind)
    elsewhere = await own_desk.service.organisation()
    welsh = await own_desk.create(locale="cy")
    news = await own_desk.create(content_type=kind)
    other = await own_desk.create(organisation_id=elsewhere, metadata=own_desk.admin.metadata)
    submitted = await own_desk.submit(await own_desk.create())
    live = await own_desk.published()

    async def listed(metadata: Any = own_desk.author.metadata, **filter: Any) -> set[str]:
        answer = await own_desk.documents.ListDocuments(rpc.ListDocumentsRequest(**filter), metadata=metadata)
        return {document.id for document in answer.documents}

    assert await listed() == {welsh.id, news.id, submitted.id, live.id}
    assert await listed(own_desk.admin.metadata) == {welsh.id, news.id, submitted.id, live.id, other.id}
    assert await listed(organisation_id=elsewhere) == set()
    assert await listed(own_desk.admin.metadata, organisation_id=elsewhere) == {other.id}
    assert await listed(locale="cy") == {welsh.id}
    assert await listed(content_type=kind) == {news.id}
    assert await listed(draft_state=DraftState.DRAFT_STATE_IN_REVIEW) == {submitted.id}
    assert await listed(live_state=live.live.state) == {live.id}


async def test_page_tokens_are_bound(desk: Desk) -> None:
    """A token is of use only to its caller and its filter (Z4)."""
    for _ in range(2):
        document = await desk.create()
        document = await desk.update(document, title="x")
    request = rpc.ListDocumentsRequest(page_size=1)
    token = (await desk.documents.ListDocuments(request, metadata=desk.author.metadata)).next_page_token
    revisions = rpc.ListRevisionsRequest(document_id=document.id, page_size=1, page_token=token)
    for call in (
        desk.documents.ListDocuments(rpc.ListDocumentsRequest(page_token=token), metadata=desk.editor.metadata),
        desk.documents.ListDocuments(rpc.ListDocumentsRequest(page_token=token, locale="en"), metadata=desk.author.metadata),
        desk.documents.ListRevisions(revisions, metadata=desk.author.metadata),
    ):
        assert (await refused(call)).reason == "INVALID_PAGE_TOKEN"
    revisions.page_token = ""
    answer = await desk.documents.ListRevisions(revisions, metadata=desk.author.metadata)
    revisions.page_token = answer.next_page_token
    rest = await desk.documents.ListRevisions(revisions, metadata=desk.author.metadata)
    assert [each.number for each in (*answer.revisions, *rest.revisions)] == [2, 1]
    assert not rest.next_page_token
