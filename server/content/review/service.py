"""A draft's steps through its review."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from gazette.content.v1 import content_service_pb2 as rpc
from gazette.content.v1 import reviewing_pb2 as reviewing
from gazette.content.v1.publish_check_pb2 import PublishProblem
from gazette.content.v1.review_pb2 import Review as Reviewed
from gazette.content.v1.review_pb2 import ReviewVerdict
from server.content.checks.details import Verdicts
from server.content.documents import views
from server.content.documents.premises import Premises
from server.content.documents.queries import DOCUMENT, WHOSE
from server.content.documents.rules import changeable, readable
from server.content.preconditions import check_met
from server.content.publish_checks.checking import Checked, Judged
from server.content.publish_checks.queries import NEWEST
from server.content.publish_checks.rules import check_may_override, overrides, told
from server.content.review import queries, rules
from server.content.review.steps import approval, said, step
from server.content.transitions import (
    APPROVE,
    PUBLICATION_APPROVAL,
    RECALL,
    REQUEST_CHANGES,
    REVIEW,
    SUBMIT,
    WRITE,
    Verb,
)
from server.content.types import held as types
from server.content.types import policies
from server.rpc.answers import filled
from server.rpc.call import Call
from server.rpc.lists.paging import Paging
from server.rpc.messages import message
from server.stores.parameters import named
from server.stores.postgres import Database
from server.stores.statements import Row

PAGE_SIZE = 50


@dataclass(frozen=True)
class Review:
    """Each step reads the draft, decides, and is written if the draft still is what was read."""

    database: Database
    paging: Paging
    premises: Premises
    checked: Checked

    async def SubmitDocument(self, request: rpc.SubmitDocumentRequest, call: Call) -> rpc.SubmitDocumentResponse:
        verdicts, judged, overriding = Verdicts(), Judged(), overrides(request)
        problems: list[PublishProblem] = []

        async def attempt(anew: bool) -> Row | None:
            async with self.database.direct() as connection:
                found = await NEWEST.first(connection, id=uuid.UUID(request.id))
                document = changeable(found, call.caller, WRITE, request)
                check_may_override(call.caller, overriding, document)
                content_type = await self.premises.content_type(connection, document.content_type, anew=anew)
            document = await self.premises.objects.current(document, content_type)
            unmet = rules.unmet_step(document.draft_state, SUBMIT)
            check_met([*unmet, *await self.premises.unmet_details(content_type, document, verdicts)])
            passed = await self.checked.passed(document, content_type, overriding, judged, call)
            problems[:] = passed.problems
            state, about = rules.step(document.draft_state, SUBMIT), told(passed.overridden, overriding.reason)
            document = document._replace(approvals=None)
            save = step(SUBMIT, ReviewVerdict.REVIEW_VERDICT_SUBMITTED, document, state, request.comment, call, **about)
            async with self.database.direct() as connection:
                return await save.stored(connection, queries.COMPLETE_STEP, **types.parameters(content_type))

        row = await self.premises.objects.shown(await self.premises.settled(attempt))
        return rpc.SubmitDocumentResponse(document=views.document(row), problems=problems)

    async def RecallDocument(self, request: reviewing.RecallDocumentRequest, call: Call) -> reviewing.RecallDocumentResponse:
        row = await self.taken_back(RECALL, ReviewVerdict.REVIEW_VERDICT_RECALLED, request, call)
        return reviewing.RecallDocumentResponse(document=views.document(row))

    async def RequestChanges(self, request: rpc.RequestChangesRequest, call: Call) -> rpc.RequestChangesResponse:
        row = await self.taken_back(REQUEST_CHANGES, ReviewVerdict.REVIEW_VERDICT_CHANGES_REQUESTED, request, call)
        return rpc.RequestChangesResponse(document=views.document(row))

    async def taken_back(
        self,
        verb: Verb,
        verdict: ReviewVerdict.ValueType,
        request: reviewing.RecallDocumentRequest | rpc.RequestChangesRequest,
        call: Call,
    ) -> Row:
        """The draft leaves its review without an approval, and those that it had are void."""
        async with self.database.direct() as connection:

            async def attempt(anew: bool) -> Row | None:
                found = await DOCUMENT.first(connection, id=uuid.UUID(request.id))
                document = changeable(found, call.caller, verb.permission, request)
                check_met(rules.unmet_step(document.draft_state, verb))
                state = rules.step(document.draft_state, verb)
                save = step(verb, verdict, document._replace(approvals=None), state, request.comment, call)
                return await save.stored(connection, queries.STEP)

            row = await self.premises.settled(attempt)
        return await self.premises.objects.shown(row)

    async def ApproveDocument(self, request: rpc.ApproveDocumentRequest, call: Call) -> rpc.ApproveDocumentResponse:
        verdicts = Verdicts()

        async def attempt(anew: bool) -> Row | None:
            async with self.database.direct() as connection:
                found = await queries.REVIEWED.first(connection, id=uuid.UUID(request.id))
                document = changeable(found, call.caller, REVIEW, request)
                content_type = await self.premises.content_type(connection, document.content_type, anew=anew)
            call.caller.require(policies.PERMISSIONS[content_type.approver], document.organisation_id, document.locale)
            unmet = rules.unmet_approval(document, call.caller.known_id)
            check_met([*unmet, *await self.premises.unmet_details(content_type, document, verdicts)])
            state = rules.step(document.draft_state, APPROVE, rules.approvals(document, one_more=True))
            save = step(APPROVE, ReviewVerdict.REVIEW_VERDICT_APPROVED, document, state, request.comment, call)
            given = {**types.parameters(content_type), "blocking_comments": document.blocking_comments}
            async with self.database.direct() as connection:
                row = await save.stored(connection, queries.APPROVAL, **given)
            return row and row._replace(approvals=[*(row.approvals or ()), approval(row, request.comment, call)])

        row = await self.premises.objects.shown(await self.premises.settled(attempt))
        return rpc.ApproveDocumentResponse(document=views.document(row))

    async def ApprovePublication(
        self, request: reviewing.ApprovePublicationRequest, call: Call
    ) -> reviewing.ApprovePublicationResponse:
        async with self.database.direct() as connection:

            async def attempt(anew: bool) -> Row | None:
                found = await queries.REVIEWED.first(connection, id=uuid.UUID(request.id))
                document = changeable(found, call.caller, REVIEW, request)
                content_type = await self.premises.content_type(connection, document.content_type, anew=anew)
                call.caller.require(policies.PERMISSIONS[content_type.approver], document.organisation_id, document.locale)
                rules.check_publication_approval(document, call.caller.known_id)
                verdict, number = ReviewVerdict.REVIEW_VERDICT_PUBLICATION_APPROVED, document.force_revision_number
                about = {"forced_by": document.force_account_id, "forced_revision": number}
                clear = document._replace(**rules.NOT_FORCED)
                save = step(PUBLICATION_APPROVAL, verdict, clear, document.draft_state, request.comment, call, **about)
                given = {**named("document", rules.NOT_FORCED), **said(verdict, number, clear, request.comment, call)}
                return await save._replace(parameters={**save.parameters, **given}).stored(
                    connection, queries.PUBLICATION_APPROVAL
                )

            row = await self.premises.settled(attempt)
        row = await self.premises.objects.shown(row)
        return reviewing.ApprovePublicationResponse(document=views.document(row))

    async def ListReviews(self, request: reviewing.ListReviewsRequest, call: Call) -> reviewing.ListReviewsResponse:
        page = self.paging.page(request, call.caller.known_id, PAGE_SIZE)
        document_id = uuid.UUID(request.document_id)
        async with self.database.direct() as connection:
            readable(await WHOSE.first(connection, document_id=document_id), call.caller)
            rows = await queries.REVIEWS.all(connection, document_id=document_id, before=page.after, limit=page.limit)
        reviews, token = filled(page, rows, lambda row: (row.number,), lambda row: message(Reviewed, row))
        return reviewing.ListReviewsResponse(reviews=reviews, next_page_token=token)
