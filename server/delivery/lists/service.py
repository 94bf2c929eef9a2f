"""ListPages: what is published."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import takewhile

from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.delivery.v1 import delivery_service_pb2 as rpc
from server import record
from server.delivery.horizon import Horizon
from server.delivery.lists import rules, walks
from server.delivery.lists.cache import ListCache
from server.rpc import http
from server.rpc.answers import Room
from server.rpc.call import Call
from server.rpc.lists.paging import Page, Paging
from server.stores.postgres import Database

PAGE_SIZE = 20


@dataclass(frozen=True)
class Lists:
    """Answers from the cache, with bytes that are put together of serialised parts."""

    database: Database
    list_cache: ListCache
    horizon: Horizon
    paging: Paging
    max_age: int
    """For how many seconds browsers and CDNs may keep an answer."""

    async def ListPages(self, request: rpc.ListPagesRequest, call: Call) -> bytes:
        if number := record.minimum(request, call):
            await self.horizon.reach(number)
            request.ClearField("min_record_number")
        request.DiscardUnknownFields()  # what no list goes by would be held with each, and may have megabytes
        answer = await self.list_cache.get(request.SerializeToString(deterministic=True), lambda: self.read_list(request))
        if call.is_http:
            headers = rules.list_headers(answer, self.max_age)
            is_held_by_client = http.matches(call, headers[0][1])
            call.headers += (*headers, http.NOT_MODIFIED) if is_held_by_client else headers
        return answer

    async def read_list(self, request: rpc.ListPagesRequest) -> bytes:
        """From the replica, unless it lags behind: the answer will hold until the next publication, and is to be no older than
        the part before."""
        page = self.paging.page(request, "", PAGE_SIZE)
        seen = walks.seen(page)
        if self.database.has_replica:
            async with self.database.read(newest=False) as connection:
                head = await record.head(connection)
                if head >= max(seen, self.list_cache.head):
                    return await self.list_pages(request, page, head, connection)
        async with self.database.read() as connection:
            return await self.list_pages(request, page, await record.head(connection), connection)

    async def list_pages(self, request: rpc.ListPagesRequest, page: Page, head: int, connection: AsyncConnection) -> bytes:
        part = await walks.walk(connection, request).part(page, head)
        room = Room()
        summaries = [*takewhile(lambda summary: room.takes(len(summary)), (row.summary for row in part.rows))]
        return rules.list_answer(summaries, part.token(len(summaries)))
