"""DeliveryService: what the public reads."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

import grpc
from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.delivery.v1 import delivery_service_pb2 as rpc
from gazette.delivery.v1.delivery_service_pb2_grpc import DeliveryServiceServicer
from server.delivery import failures
from server.delivery.lists import queries as list_queries
from server.delivery.lists import rules as list_rules
from server.delivery.lists.cache import ListCache
from server.delivery.pages import rules as page_rules
from server.delivery.pages.cache import Entry, PageCache
from server.record import queries as record
from server.rpc import ambient, http
from server.rpc import call as rpc_call
from server.rpc.paging import Paging
from server.stores.postgres import Database

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
        path = page_rules.site_path(request.path)
        entry = self.page_cache.held(path, request.locale) or await self.page_cache.get(path, request.locale)
        if entry.number == 0:
            raise failures.PageNotFound
        call = ambient.current()
        if call.is_http:
            call.headers += self.headers(call, entry)
        return entry.answer

    def headers(self, call: rpc_call.Call, entry: Entry) -> tuple[tuple[str, str], ...]:
        if not entry.headers:
            entry.headers = page_rules.http_headers(rpc.GetPageResponse.FromString(entry.answer), entry.number, self.max_age)
        is_page = all(name != "x-http-status" for name, _ in entry.headers)
        is_held_by_client = is_page and http.matches(call, page_rules.etag(entry.number))
        return (*entry.headers, http.NOT_MODIFIED) if is_held_by_client else entry.headers

    async def ListPages(self, request: rpc.ListPagesRequest, context: Context) -> Any:
        answer = await self.list_cache.get(request.SerializeToString(deterministic=True), lambda: self.read_list(request))
        call = ambient.current()
        if call.is_http:
            headers = list_rules.list_headers(answer, self.max_age)
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
        rows = await list_queries.summaries(
            connection,
            organisation_id=uuid.UUID(request.organisation_id) if request.organisation_id else None,
            content_type=request.content_type,
            locale=request.locale,
            before=page.after,
            limit=page.limit,
        )
        rows, token = page.cut(rows, lambda row: (row.record_number,))
        return list_rules.list_answer([row.summary for row in rows], token)
