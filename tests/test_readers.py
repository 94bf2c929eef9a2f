"""What one address may have under way at a time, shown on a service whose answers are as large as they are asked to be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import grpc
import pytest

from gazette.record.v1 import record_service_pb2 as rpc
from gazette.record.v1.record_service_pb2_grpc import RecordServiceStub
from server.background.processes import Processes
from server.process.judging import judging
from server.rpc import translating
from server.rpc.admission import readers
from server.rpc.admission.arriving import Arrivals
from server.rpc.admission.readers import Readers, TooManyStreams, TooMuchAtOnce
from server.rpc.registry import Registry
from server.rpc.requests.parsing import Parsing
from tests.polling import turned, until_so
from tests.refusals import refused

MOST = 3
READ = rpc.GetRecordEntryRequest(number=readers.LARGE_ANSWER + 1)


class Large:
    """GetRecordEntry answers as many bytes as its number says."""

    async def GetRecordEntry(self, request: rpc.GetRecordEntryRequest, call: Any) -> bytes:
        return bytes(request.number)

    async def ListRecordEntries(self, request: rpc.ListRecordEntriesRequest, call: Any) -> rpc.ListRecordEntriesResponse:
        return rpc.ListRecordEntriesResponse()


@asynccontextmanager
async def serving() -> AsyncIterator[tuple[Readers, str]]:
    mine, processes = Readers(MOST), Processes()
    parsing = Parsing(judging(processes))
    chain = [translating.translating, Arrivals().intercept, mine.intercept, parsing.intercept]
    registry = Registry(chain, frozenset({"127.0.0.1"}))
    registry.serve(rpc.DESCRIPTOR.services_by_name["RecordService"], Large())
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((registry,))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    yield mine, f"127.0.0.1:{port}"
    await server.stop(0)
    await processes.close()


def raw(channel: grpc.aio.Channel) -> Any:
    return channel.unary_unary("/gazette.record.v1.RecordService/GetRecordEntry")


async def test_large_answers_count_until_they_were_taken() -> None:
    """An answer that was taken counts no more, and a small one never did (D11)."""
    async with serving() as (mine, address), grpc.aio.insecure_channel(address) as channel:
        for _ in range(3 * MOST):
            assert await raw(channel)(READ.SerializeToString(), timeout=20)
        await until_so(lambda: not mine.counts)
        await RecordServiceStub(channel).ListRecordEntries(rpc.ListRecordEntriesRequest(), timeout=20)
        assert not mine.counts


async def test_an_address_has_its_share() -> None:
    """Beyond its share an address is refused, and told when to come back; another address is answered (D11)."""
    async with serving() as (mine, address), grpc.aio.insecure_channel(address) as channel:
        here, elsewhere = (("x-forwarded-for", "203.0.113.5"),), (("x-forwarded-for", "203.0.113.6"),)
        mine.counts["203.0.113.5"] = MOST
        refusal = await refused(raw(channel)(READ.SerializeToString(), metadata=here, timeout=20))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_STREAMS")
        assert await raw(channel)(READ.SerializeToString(), metadata=elsewhere, timeout=20)


async def test_json_is_paced() -> None:
    """So many bytes of large answers an address gets as JSON at once, then in turn, and beyond that it is told when to come
    back; a megabyte at a time waits for nothing (D11)."""
    mine = Readers(MOST)
    turns = [asyncio.ensure_future(mine.take_turn("a", readers.JSON_A_SECOND)) for _ in range(20)]
    await turned()
    done = [turn for turn in turns if turn.done()]
    refusals = [error for turn in done if (error := turn.exception())]
    for turn in turns:
        turn.cancel()
    assert len(done) - len(refusals) in {1, 2}
    assert len(turns) - len(done) in {1, 2}
    for refusal in refusals:
        assert isinstance(refusal, TooMuchAtOnce)
        assert refusal.retry_after > readers.MOST_DELAY
    await mine.take_turn("b", 1024 * 1024)


async def test_what_is_not_taken_counts_after_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream whose reader is given up counts until the reader has gone, for as long it holds what was not taken (D11)."""
    monkeypatch.setattr(readers, "WRITE_SECONDS", 0.1)
    taken = asyncio.Event()
    mine = Readers(1)
    method: Any = SimpleNamespace(client_streaming=False, server_streaming=True)
    context = SimpleNamespace(write=lambda _: taken.wait())
    call: Any = SimpleNamespace(address="203.0.113.5", context=context)

    async def stream(_request: Any, call: Any) -> None:
        await readers.write(call.context, b"x")

    count = mine.intercept(method, stream)
    with pytest.raises(readers.ReadsTooSlowly):
        await count(b"", call)
    with pytest.raises(TooManyStreams):
        await count(b"", call)
    taken.set()
    await until_so(lambda: not mine.counts)
    await count(b"", call)
    assert not mine.counts
