"""The record: numbers without gaps in the order of commit, hashes that can be checked, and nobody who can rewrite it."""

from __future__ import annotations

import asyncio
import hashlib
from contextlib import suppress

import grpc
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from gazette.delivery.v1.delivery_service_pb2 import GetPageRequest
from gazette.delivery.v1.delivery_service_pb2_grpc import DeliveryServiceStub
from gazette.record.v1.record_entry_pb2 import RecordEntryBody, RecordEntryKind
from gazette.record.v1.record_service_pb2 import GetRecordEntryRequest, ListRecordEntriesRequest
from gazette.record.v1.record_service_pb2_grpc import RecordServiceStub
from server import record
from server.record import rules as record_rules
from server.rpc.failures import Aborted
from tests.publishing import put_page, put_redirect
from tests.refusals import refused
from tests.service import Service


async def test_an_entry_can_be_checked(service: Service, root: str) -> None:
    """An entry's hash covers its bytes, and its bytes the answer that its path serves."""
    number = await put_page(service.database, f"{root}/a", "Alpha")
    stub = RecordServiceStub(service.channel)
    entry = (await stub.GetRecordEntry(GetRecordEntryRequest(number=number))).entry
    assert entry.leaf_hash == hashlib.sha256(b"\0" + entry.body_bytes).digest()
    assert RecordEntryBody.FromString(entry.body_bytes) == entry.body
    assert (entry.body.number, entry.body.kind, entry.body.path) == (
        number,
        RecordEntryKind.RECORD_ENTRY_KIND_PUBLISHED,
        f"{root}/a",
    )
    page = await DeliveryServiceStub(service.channel).GetPage(GetPageRequest(path=f"{root}/a"))
    assert entry.body.answer_sha256 == hashlib.sha256(page.SerializeToString()).digest()


async def test_numbers_have_no_gaps(own_service: Service) -> None:
    """Fifty publications at once, some of them rolled back, leave numbers from 1 without a gap and times that only grow."""

    async def publish(number: int) -> None:
        if number % 5 == 0:
            with suppress(Aborted):
                async with own_service.database.direct() as connection, record.locked(connection):
                    raise Aborted
        await put_page(own_service.database, f"/{number}")

    await asyncio.gather(*(publish(number) for number in range(50)))
    answer = await RecordServiceStub(own_service.channel).ListRecordEntries(ListRecordEntriesRequest(page_size=1000))
    assert [entry.body.number for entry in answer.entries] == list(range(1, 51))
    times = [entry.body.record_time.ToNanoseconds() for entry in answer.entries]
    assert times == sorted(set(times))


async def test_reading_on(own_service: Service) -> None:
    """Whoever has seen n goes on after n, until there is nothing more."""
    for path in ("/a", "/b", "/c"):
        await put_page(own_service.database, path)
    stub = RecordServiceStub(own_service.channel)
    seen: list[str] = []
    after = 0
    while entries := (await stub.ListRecordEntries(ListRecordEntriesRequest(after_number=after, page_size=2))).entries:
        seen += [entry.body.path for entry in entries]
        after = entries[-1].body.number
    assert seen == ["/a", "/b", "/c"]


async def test_an_entry_that_is_not_there(own_service: Service) -> None:
    """A number beyond the record's end is NOT_FOUND, one below 1 is INVALID_ARGUMENT with the field named."""
    stub = RecordServiceStub(own_service.channel)
    missing = await refused(stub.GetRecordEntry(GetRecordEntryRequest(number=99)))
    assert (missing.code, missing.reason) == (grpc.StatusCode.NOT_FOUND, "RECORD_ENTRY_NOT_FOUND")
    wrong = await refused(stub.GetRecordEntry(GetRecordEntryRequest(number=0)))
    assert (wrong.code, list(wrong.fields)) == (grpc.StatusCode.INVALID_ARGUMENT, ["number"])


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM record_entries",
        "UPDATE record_entries SET path = '/b'",
        "TRUNCATE record_entries",
        "DELETE FROM audit_events",
        "UPDATE audit_events SET action = 'none'",
        "TRUNCATE audit_events",
    ],
)
async def test_the_server_cannot_rewrite(service: Service, statement: str, root: str) -> None:
    """The server's database role can neither change nor remove what is on the record or in the audit (I2)."""
    await put_page(service.database, f"{root}/a")
    with pytest.raises(DBAPIError, match="permission denied"):
        async with service.database.transaction() as connection:
            await connection.execute(text(statement))


@pytest.mark.parametrize("covers", [True, False])
@pytest.mark.parametrize("path", ["/", "/a/b"])
def test_notices(path: str, covers: bool) -> None:
    """What NOTIFY carries is read as it was written."""
    assert record_rules.read_notice(record_rules.notice(7, "en", path, covers_prefix=covers)) == (7, "en", path, covers)


async def test_kinds(service: Service, root: str) -> None:
    """A redirect is on the record as what it is."""
    number = await put_redirect(service.database, f"{root}/old", f"{root}/new")
    entry = (await RecordServiceStub(service.channel).GetRecordEntry(GetRecordEntryRequest(number=number))).entry
    assert entry.body.kind == RecordEntryKind.RECORD_ENTRY_KIND_REDIRECTED
