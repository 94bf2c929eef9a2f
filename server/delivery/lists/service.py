"""ListPages: what is published, newest first."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.delivery.v1 import delivery_service_pb2 as rpc
from server import record
from server.delivery.lists import queries, rules
from server.delivery.lists.cache import ListCache
from server.rpc import http
from server.rpc.call import Call
from server.rpc.paging import Paging
from server.stores.postgres import Database

PAGE_SIZE = 20


@dataclass(frozen=True)
class Lists:
    """Answers from the cache, with bytes that are put together of serialised parts."""

    database: Database
    list_cache: ListCache
    paging: Paging
    max_age: int
    """For how many seconds browsers and CDNs may keep an answer."""

    async def ListPages(self, request: rpc.ListPagesRequest, call: Call) -> bytes:
        answer = await self.list_cache.get(request.SerializeToString(deterministic=True), lambda: self.read_list(request))
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
