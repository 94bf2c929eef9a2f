"""DeliveryService: what the public reads."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

import grpc
from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.delivery.v1 import delivery_service_pb2 as rpc
from gazette.delivery.v1.delivery_service_pb2_grpc import DeliveryServiceServicer
from server import calls, http
from server.database import Database
from server.delivery import queries, rules
from server.delivery.list_cache import ListCache
from server.delivery.page_cache import Entry, PageCache
from server.paging import Paging
from server.record import queries as record

PAGE_SIZE = 20

Context = grpc.aio.ServicerContext[Any, Any]


@dataclass(frozen=True)
class DeliveryService(DeliveryServiceServicer):
    """Answers from the caches, with bytes."""

    database: Database
    page_cache: PageCache
    list_cache: ListCache
    paging: Paging
    max_age: int
    """For how many seconds browsers and CDNs may keep an answer."""

    # Both answer with bytes that were serialised at publication, which the generated signature does not foresee.

    async def GetPage(self, request: rpc.GetPageRequest, context: Context) -> Any:
        path = rules.site_path(request.path)
        entry = self.page_cache.held(path, request.locale) or await self.page_cache.get(path, request.locale)
        if entry.number == 0:
            raise rules.PageNotFound
        call = calls.current()
        if call.is_http:
            call.headers += self.headers(call, entry)
        return entry.answer

    def headers(self, call: calls.Call, entry: Entry) -> tuple[tuple[str, str], ...]:
        if not entry.headers:
            entry.headers = rules.http_headers(rpc.GetPageResponse.FromString(entry.answer), entry.number, self.max_age)
        is_page = all(name != "x-http-status" for name, _ in entry.headers)
        is_held_by_client = is_page and http.matches(call, rules.etag(entry.number))
        return (*entry.headers, http.NOT_MODIFIED) if is_held_by_client else entry.headers

    async def ListPages(self, request: rpc.ListPagesRequest, context: Context) -> Any:
        answer = await self.list_cache.get(request.SerializeToString(deterministic=True), lambda: self.read_list(request))
        call = calls.current()
        if call.is_http:
            headers = rules.list_headers(answer, self.max_age)
            is_held_by_client = http.matches(call, headers[0][1])
            call.headers += (*headers, http.NOT_MODIFIED) if is_held_by_client else headers
        return answer

    async def read_list(self, request: rpc.ListPagesRequest) -> bytes:
        """From the replica, unless it lags behind: the answer will hold until the next publication."""
        if self.database.has_replica:
            async with self.database.read(newest=False) as connection:
                if await record.head(connection) >= self.list_cache.head:
                    return await self.list_pages(request, connection)
        async with self.database.read() as connection:
            return await self.list_pages(request, connection)

    async def list_pages(self, request: rpc.ListPagesRequest, connection: AsyncConnection) -> bytes:
        page = self.paging.page(request, "", PAGE_SIZE)
        rows = await queries.summaries(
            connection,
            organisation_id=uuid.UUID(request.organisation_id) if request.organisation_id else None,
            content_type=request.content_type,
            locale=request.locale,
            before=page.after,
            limit=page.limit,
        )
        rows, token = page.cut(rows, lambda row: (row.record_number,))
        return rules.list_answer([row.summary for row in rows], token)
