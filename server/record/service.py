"""RecordService: anyone may read the record."""

from __future__ import annotations

from dataclasses import dataclass

from gazette.record.v1 import record_service_pb2 as rpc
from server.record import queries
from server.record.failures import RecordEntryNotFound
from server.record.views import entry
from server.rpc.call import Call
from server.stores.postgres import Database

PAGE_SIZE = 100


@dataclass(frozen=True)
class RecordService:
    """Reads; only publication writes."""

    database: Database

    async def GetRecordEntry(self, request: rpc.GetRecordEntryRequest, call: Call) -> rpc.GetRecordEntryResponse:
        async with self.database.read() as connection:
            row = await queries.entry(connection, request.number)
        if row is None:
            raise RecordEntryNotFound
        return rpc.GetRecordEntryResponse(entry=entry(row))

    async def ListRecordEntries(self, request: rpc.ListRecordEntriesRequest, call: Call) -> rpc.ListRecordEntriesResponse:
        async with self.database.read(newest=False) as connection:
            rows = await queries.entries_after(connection, request.after_number, request.page_size or PAGE_SIZE)
        return rpc.ListRecordEntriesResponse(entries=[entry(row) for row in rows])
