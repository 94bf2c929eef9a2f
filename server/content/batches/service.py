"""BatchGetDocuments, BatchSubmitDocuments and BatchPublishDocuments: what single calls do, many times in one."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from google.protobuf.message import Message

from gazette.content.v1 import content_service_pb2 as rpc
from gazette.content.v1.document_pb2 import Document
from server.content.batches import queries, rules
from server.content.batches.failures import AnswerFull, NotBegun
from server.content.documents import views
from server.content.documents.rules import listed
from server.content.failures import DocumentNotFound, StaleEtag
from server.content.merging.explaining import Explaining
from server.content.publishing.service import Publishing
from server.content.rendering.renderer import ALLOWANCE
from server.content.review.service import Review
from server.content.types.reading import Details
from server.rpc.admission.rates import Rates
from server.rpc.answers import Room
from server.rpc.call import Call, Progress
from server.rpc.failures import DeadlineExceeded, Failure
from server.rpc.translating import told
from server.stores.postgres import Database

Request = TypeVar("Request", bound=Message)

AT_ONCE = 20
"""Documents that are shown in one turn of the event loop."""


@dataclass(frozen=True)
class Batches:
    """Hands each part to what answers the single call: what that decides, writes and audits is the same here."""

    database: Database
    objects: Details
    review: Review
    publishing: Publishing
    explaining: Explaining
    rates: Rates
    call_seconds: float
    """How long a call may take."""

    async def BatchGetDocuments(self, request: rpc.BatchGetDocumentsRequest, call: Call) -> rpc.BatchGetDocumentsResponse:
        ids = [uuid.UUID(id) for id in request.ids]
        async with self.database.direct() as connection:
            whose = listed(call.caller, "")
            rows = await queries.DOCUMENTS.all(connection, ids=ids, organisations=whose)
        found = {row.id: row for row in rows}
        response, room, is_full = rpc.BatchGetDocumentsResponse(), Room(), False
        for at, id in enumerate(ids):
            if at % AT_ONCE == AT_ONCE - 1:
                await asyncio.sleep(0)
            result, row = response.results.add(), found.get(id)
            if row is None:
                result.error.CopyFrom(DocumentNotFound().status())
                continue
            if not is_full and row.has_room:
                shown = await self.objects.shown(row)
                one = rpc.GetDocumentResponse(document=views.document(shown), notices=views.notices(row.notices))
                is_full = not room.takes(one.ByteSize())
                if not is_full:
                    result.response.CopyFrom(one)
                    continue
            is_full = True
            result.error.CopyFrom(AnswerFull().status())
        return response

    async def BatchSubmitDocuments(
        self, request: rpc.BatchSubmitDocumentsRequest, call: Call
    ) -> rpc.BatchSubmitDocumentsResponse:
        response = rpc.BatchSubmitDocumentsResponse()
        await self.each(request.requests, self.review.SubmitDocument, response.results, call)
        return response

    async def BatchPublishDocuments(
        self, request: rpc.BatchPublishDocumentsRequest, call: Call
    ) -> rpc.BatchPublishDocumentsResponse:
        response = rpc.BatchPublishDocumentsResponse()
        await self.each(request.requests, self.publishing.PublishDocument, response.results, call)
        return response

    async def each(
        self, requests: Sequence[Request], answer: Callable[[Request, Call], Awaitable[Any]], results: Any, call: Call
    ) -> None:
        """Fills the results with what becomes of each request, one after the other. What is cut off says how many were done."""
        self.rates.count(call, len(requests) - 1)
        call.allowance = ALLOWANCE
        room, done = Room(), 0
        for each in requests:
            result = results.add()
            try:
                one = await self.in_time(answer, each, call)
            except StaleEtag as failure:
                await self.explaining.explain(failure, call)
                result.error.CopyFrom(told(failure, call))
                continue
            except Failure as failure:
                result.error.CopyFrom(told(failure, call))
                continue
            shorten(one.document)
            if not room.takes(one.ByteSize()):
                one.document.ClearField("summary")
                one.document.ClearField("tags")
            result.response.CopyFrom(one)
            done += 1
            call.progress = Progress(f"{done} of {len(requests)} were done before.", {"done": str(done)})

    async def in_time(self, answer: Callable[[Request, Call], Awaitable[Any]], request: Request, call: Call) -> Any:
        """What the single call answers, if there is time for it. Raises what that does, NotBegun, and DeadlineExceeded, after
        which it may have been done or not, as after a single call."""
        left = rules.seconds_left(self.call_seconds + call.allowance, call)
        if left < rules.LEAST_SECONDS:
            raise NotBegun
        try:
            async with asyncio.timeout(left):
                return await answer(request, call)
        except TimeoutError:
            raise DeadlineExceeded from None


def shorten(document: Document) -> None:
    """Leaves out what lists leave out."""
    for name in ("body", "details", "links", "attachments"):
        document.ClearField(name)
    document.live.ClearField("explanation")
