"""RecordService: anyone may read the record."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import takewhile

from gazette.record.v1 import record_service_pb2 as rpc
from server.record import queries
from server.record.failures import RecordEntryNotFound, RecordNotReached
from server.record.minimum import minimum
from server.record.views import entry
from server.rpc.answers import Room
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
        number = minimum(request, call)
        async with self.database.read(newest=number > 0) as connection:
            if number and (head := await queries.head(connection)) < number:
                raise RecordNotReached(number, head)
            rows = await queries.entries_after(connection, request.after_number, request.page_size or PAGE_SIZE)
        room = Room()
        shown = takewhile(lambda each: room.takes(each.ByteSize()), map(entry, rows))
        return rpc.ListRecordEntriesResponse(entries=shown)
