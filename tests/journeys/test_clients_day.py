"""The day of `docs/editors.md` through both Python clients: the same steps, and failures that have types."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.timestamp_pb2 import Timestamp

from gazette.auth.v1.organisation_service_pb2 import ListOrganisationsRequest
from gazette.content.v1 import commenting_pb2 as commenting
from gazette.content.v1 import content_service_pb2 as rpc
from gazette.content.v1 import taking_down_pb2 as taking_down
from gazette.content.v1.comment_pb2 import Comment
from gazette.content.v1.comparing_pb2 import ChangeKind, DiffRevisionsRequest
from gazette.content.v1.document_pb2 import Document, DraftState, LiveState
from gazette.content.v1.preview_pb2 import CreatePreviewLinkRequest
from gazette.content.v1.revising_pb2 import DiscardDraftRequest
from gazette.content.v1.schedule_pb2 import ScheduledAction
from gazette.content.v1.scheduling_pb2 import ScheduleDocumentRequest, UnscheduleDocumentRequest
from gazette.delivery.v1.delivery_service_pb2 import GetPageRequest
from gazette_client import AsyncClient, Client, errors
from tests.client.conftest import Clients
from tests.edge import PASSWORD, Edge

KINDS = pytest.mark.parametrize("kind", [AsyncClient, Client], ids=["asyncio", "threads"])
AT_EIGHT = Timestamp(seconds=2_051_251_200)
BODY = "The water rises.\n\nIt falls.\n"


@dataclass(frozen=True)
class Day:
    """Three people with clients of one kind, and how these are called."""

    clients: Clients
    author: Any
    editor: Any
    publisher: Any

    @classmethod
    @asynccontextmanager
    async def begun(cls, kind: type[AsyncClient | Client], address: str) -> AsyncIterator[Day]:
        clients = Clients(kind, address)
        async with (
            clients.opened(email="author@example.gov", password=PASSWORD) as author,
            clients.opened(email="editor@example.gov", password=PASSWORD) as editor,
            clients.opened(email="publisher@example.gov", password=PASSWORD) as publisher,
        ):
            yield cls(clients, author, editor, publisher)

    async def call(self, method: Any, request: Any) -> Any:
        return await self.clients.call(method, request)

    async def made(self, path: str) -> Document:
        found = await self.call(self.author.organisations.ListOrganisations, ListOrganisationsRequest())
        wanted = Document(
            organisation_id=found.organisations[0].id, content_type="harbour_guide", path=path, title="Tides", body=BODY
        )
        answer = await self.call(self.author.content.CreateDocument, rpc.CreateDocumentRequest(document=wanted))
        return Document.FromString(answer.document.SerializeToString())

    async def save(self, who: Any, document: Document, *, merge: bool = False, **fields: Any) -> Document:
        wanted = Document(id=document.id, etag=document.etag, **fields)
        request = rpc.UpdateDocumentRequest(document=wanted, update_mask=FieldMask(paths=[*fields]), merge=merge)
        return Document.FromString((await self.call(who.content.UpdateDocument, request)).document.SerializeToString())

    async def approved(self, document: Document, by: Any) -> Document:
        request = rpc.SubmitDocumentRequest(id=document.id, etag=document.etag)
        etag = (await self.call(self.author.content.SubmitDocument, request)).document.etag
        answer = await self.call(by.content.ApproveDocument, rpc.ApproveDocumentRequest(id=document.id, etag=etag))
        return Document.FromString(answer.document.SerializeToString())

    async def publish(self, document: Document, **said: Any) -> Document:
        request = rpc.PublishDocumentRequest(id=document.id, etag=document.etag, **said)
        answer = await self.call(self.publisher.content.PublishDocument, request)
        return Document.FromString(answer.document.SerializeToString())


@KINDS
async def test_from_a_draft_to_a_page(edge: Edge, kind: type[AsyncClient | Client]) -> None:
    """What is refused says in types who saved meanwhile, what collides and what stands in the way; what both wrote is merged;
    and what was published the same client reads at once."""
    path = f"/clients-day/{kind.__name__.lower()}/tides"
    async with Day.begun(kind, edge.grpc) as day:
        first = await day.made(path)
        await day.save(day.author, first, body=BODY.replace("falls", "ebbs"))
        with pytest.raises(errors.StaleEtag) as stale:
            await day.save(day.editor, first, body=BODY.replace("rises", "rose"))
        assert stale.value.metadata["fields"] == "body"
        conflict = stale.value.edit_conflict
        assert conflict is not None
        assert ([each.display_name for each in conflict.saved_by], [*conflict.fields]) == (["Author"], ["body"])
        merged = await day.save(day.editor, first, body=BODY.replace("rises", "rose"), merge=True)
        assert merged.body == "The water rose.\n\nIt ebbs.\n"
        with pytest.raises(errors.MergeConflict) as clash:
            await day.save(day.author, first, body=BODY.replace("rises", "floods"), merge=True)
        assert clash.value.edit_conflict is not None
        assert [hunk.theirs for each in clash.value.edit_conflict.conflicts for hunk in each.hunks] == ["The water rose.\n"]

        remark = Comment(text="In spring, too?", field="body", blocks_approval=True)
        request = commenting.AddCommentRequest(document_id=merged.id, comment=remark)
        comment = (await day.call(day.publisher.content.AddComment, request)).comment
        with pytest.raises(errors.PermissionDenied) as own:
            await day.approved(merged, day.editor)
        assert own.value.reason == "SELF_APPROVAL"
        got = await day.call(day.author.content.GetDocument, rpc.GetDocumentRequest(id=merged.id))
        approving = rpc.ApproveDocumentRequest(id=merged.id, etag=got.document.etag)
        with pytest.raises(errors.FailedPrecondition) as unmet:
            await day.call(day.publisher.content.ApproveDocument, approving)
        assert [each.reason for each in unmet.value.preconditions] == ["BLOCKING_COMMENTS"]
        resolving = commenting.ResolveCommentRequest(document_id=merged.id, id=comment.id)
        await day.call(day.publisher.content.ResolveComment, resolving)
        approved = (await day.call(day.publisher.content.ApproveDocument, approving)).document

        link = await day.call(day.author.content.CreatePreviewLink, CreatePreviewLinkRequest(id=merged.id))
        shown = await day.call(day.author.delivery.GetPage, GetPageRequest(path=path, preview_token=link.token))
        assert shown.page.draft
        await day.publish(approved)
        page = await day.call(day.publisher.delivery.GetPage, GetPageRequest(path=path))
        assert "The water rose." in page.page.html


@KINDS
async def test_from_a_correction_to_taking_down(edge: Edge, kind: type[AsyncClient | Client]) -> None:
    """A change is compared and told to readers, another one is scheduled, taken back and given up; the page is withdrawn, and
    comes back; and what is read in a batch has its own result each."""
    path = f"/clients-day/{kind.__name__.lower()}/ebb"
    async with Day.begun(kind, edge.grpc) as day:
        page = await day.publish(await day.approved(await day.made(path), day.editor))
        draft = await day.save(day.author, page, title="Ebb and flow")
        compared = await day.call(day.author.content.DiffRevisions, DiffRevisionsRequest(document_id=page.id))
        assert [each.field for each in compared.fields] == ["title"]
        assert ChangeKind.CHANGE_KIND_ADDED in {each.kind for each in compared.fields[0].text.segments}
        approved = await day.approved(draft, day.editor)
        with pytest.raises(errors.InvalidArgument) as noteless:
            await day.publish(approved)
        assert (noteless.value.reason, noteless.value.field_violations[0].field) == ("CHANGE_NOTE_REQUIRED", "change_note")
        page = await day.publish(approved, change_note="Another title.")
        read = await day.call(day.publisher.delivery.GetPage, GetPageRequest(path=path))
        assert [each.note for each in read.page.change_history] == ["Another title."]

        approved = await day.approved(await day.save(day.author, page, summary="When to sail."), day.editor)
        content = day.publisher.content
        at_eight = ScheduleDocumentRequest(id=page.id, etag=approved.etag, due_time=AT_EIGHT, minor=True)
        scheduled = (await day.call(content.ScheduleDocument, at_eight)).document
        assert scheduled.draft.state == DraftState.DRAFT_STATE_SCHEDULED
        action = ScheduledAction.SCHEDULED_ACTION_PUBLISH
        back = UnscheduleDocumentRequest(id=page.id, etag=scheduled.etag, action=action)
        etag = (await day.call(content.UnscheduleDocument, back)).document.etag
        given_up = await day.call(day.author.content.DiscardDraft, DiscardDraftRequest(id=page.id, etag=etag))
        assert given_up.document.summary == ""

        why = "<p>There is a newer guide.</p>"
        withdrawing = taking_down.WithdrawDocumentRequest(id=page.id, etag=given_up.document.etag, explanation=why)
        withdrawn = (await day.call(content.WithdrawDocument, withdrawing)).document
        assert withdrawn.live.state == LiveState.LIVE_STATE_WITHDRAWN
        restoring = taking_down.RestoreDocumentRequest(id=page.id, etag=withdrawn.etag)
        restored = (await day.call(content.RestoreDocument, restoring)).document
        assert restored.live.state == LiveState.LIVE_STATE_PUBLISHED
        asked = rpc.BatchGetDocumentsRequest(ids=[page.id, "0190d5c3-0000-7000-8000-000000000000"])
        found = (await day.call(day.author.content.BatchGetDocuments, asked)).results
        assert (found[0].response.document.etag, found[1].error.code) == (restored.etag, 5)
