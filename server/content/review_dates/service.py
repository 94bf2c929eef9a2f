"""SetReviewDate and ConfirmDocument: by when a page must be looked at again, and that it is still right."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from gazette.access.v1.access_pb2 import Permission
from gazette.content.v1 import review_dates_pb2 as rpc
from gazette.content.v1.document_pb2 import Document
from server.content.documents import saving, views
from server.content.documents.premises import Premises
from server.content.documents.queries import DOCUMENT
from server.content.documents.rules import Named, changeable
from server.content.documents.saving import Save
from server.content.review_dates import queries, rules
from server.rpc.call import Call
from server.rpc.messages import moment
from server.stores.parameters import named
from server.stores.postgres import Database
from server.stores.statements import Row, Statement

WRITE = Permission.PERMISSION_DOCUMENTS_WRITE


@dataclass(frozen=True)
class ReviewDates:
    """What is said of a page beside what it says: it makes no revision. The job tells people (`due`)."""

    database: Database
    premises: Premises

    async def SetReviewDate(self, request: rpc.SetReviewDateRequest, call: Call) -> rpc.SetReviewDateResponse:
        time, now = given_time(request), datetime.now(UTC)
        if time is not None:
            rules.check_time(time, now)
        interval = request.review_interval.ToTimedelta() if request.HasField("review_interval") else None

        def decide(document: Row) -> dict[str, Any]:
            return {"review_by_time": time, "review_interval": interval, "review_mail_time": None}

        about = {"review_by_time": time}
        changed = await self.changed(request, call, "document.set_review_date", queries.SETTING, decide, **about)
        return rpc.SetReviewDateResponse(document=changed)

    async def ConfirmDocument(self, request: rpc.ConfirmDocumentRequest, call: Call) -> rpc.ConfirmDocumentResponse:
        time, now = given_time(request), datetime.now(UTC)
        if time is not None:
            rules.check_time(time, now)

        def decide(document: Row) -> dict[str, Any]:
            rules.check_page(document.live_state)
            return {
                "review_by_time": time or rules.next_time(now, document.review_interval),
                "reviewed_time": now,
                "reviewer_id": call.caller.known_id,
                "review_mail_time": None,
            }

        changed = await self.changed(request, call, "document.confirm", queries.CONFIRMING, decide)
        return rpc.ConfirmDocumentResponse(document=changed)

    async def changed(
        self,
        request: Named,
        call: Call,
        action: str,
        statement: Statement,
        decide: Callable[[Row], dict[str, Any]],
        **about: Any,
    ) -> Document:
        """The document with these columns changed."""
        async with self.database.direct() as connection:

            async def attempt(anew: bool) -> Row | None:
                found = await DOCUMENT.first(connection, id=uuid.UUID(request.id))
                document = changeable(found, call.caller, WRITE, request)
                columns = decide(document)
                row = document._replace(version=document.version + 1, **columns)
                given = named("document", {"id": row.id, "version": document.version, **columns})
                return await Save(row, given | saving.event(action, row, **about)).stored(connection, statement)

            row = await self.premises.settled(attempt)
        return views.document(await self.premises.objects.shown(row))


def given_time(request: rpc.SetReviewDateRequest | rpc.ConfirmDocumentRequest) -> datetime | None:
    return moment(request.review_by_time) if request.HasField("review_by_time") else None
