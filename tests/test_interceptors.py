"""What the interceptors promise of every call, shown on a service that misbehaves."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
import structlog

from gazette.record.v1 import record_service_pb2 as rpc
from gazette.record.v1.record_service_pb2_grpc import RecordServiceStub
from server.process import telemetry
from server.rpc import call as rpc_call
from server.rpc import failures
from server.rpc.admission.concurrency import Limits
from server.rpc.methods import declared
from tests.misbehaving import LIST, SECRET, UNARY, serving
from tests.polling import until_so
from tests.refusals import refused


@pytest.mark.parametrize("number", [1, 2, 4])
async def test_no_text_of_an_exception_leaves(number: int) -> None:
    """Whatever goes wrong inside, the caller is told INTERNAL and the request's id, and nothing of the cause."""
    async with serving() as (_, channel):
        call = RecordServiceStub(channel).GetRecordEntry(
            rpc.GetRecordEntryRequest(number=number), metadata=(("x-request-id", "request-42"),), timeout=5
        )
        refusal = await refused(call)
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INTERNAL, "INTERNAL")
    assert b"request-42" in refusal.status.SerializeToString()
    for word in (b"secret", b"db.internal", b"RuntimeError", b"TimeoutError", b"Traceback"):
        assert word not in refusal.status.SerializeToString()


@pytest.mark.parametrize("path", UNARY)
async def test_what_is_no_message(path: str) -> None:
    """Bytes that do not parse are INVALID_ARGUMENT in services of ours and in those of a library."""
    async with serving() as (_, channel):
        call: Any = channel.unary_unary(path)
        refusal = await refused(call(b"\xff\xff\xff", timeout=20))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "MALFORMED_MESSAGE")


async def test_our_deadline() -> None:
    """A call that brings no deadline ends at ours, and its handler with it (D6)."""
    async with serving(call_seconds=0.2) as (servicer, channel):
        refusal = await refused(RecordServiceStub(channel).GetRecordEntry(rpc.GetRecordEntryRequest(number=3)))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED")
        assert servicer.cancelled == 1


@pytest.mark.timed
async def test_a_call_that_may_take_longer() -> None:
    """A call whose work is known to be long is given more time than others, and not more than its client gives it."""
    async with serving(call_seconds=0.2) as (_, channel):
        stub = RecordServiceStub(channel)
        assert await stub.GetRecordEntry(rpc.GetRecordEntryRequest(number=7)) == rpc.GetRecordEntryResponse()
        late = stub.GetRecordEntry(rpc.GetRecordEntryRequest(number=7), timeout=0.3)
        assert (await refused(late)).code == grpc.StatusCode.DEADLINE_EXCEEDED


@pytest.mark.timed
async def test_a_call_that_overlooks_its_end() -> None:
    """A call whose driver swallows the cancellation is cancelled again, and its caller told the same."""
    async with serving(call_seconds=0.2) as (_, channel):
        start = time.monotonic()
        refusal = await refused(RecordServiceStub(channel).GetRecordEntry(rpc.GetRecordEntryRequest(number=6), timeout=5))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED")
        assert time.monotonic() - start < 2


async def test_the_client_s_deadline() -> None:
    """A client's own deadline ends the handler too, when it is the sooner one."""
    async with serving() as (servicer, channel):
        call = RecordServiceStub(channel).GetRecordEntry(rpc.GetRecordEntryRequest(number=3), timeout=0.4)
        assert (await refused(call)).code == grpc.StatusCode.DEADLINE_EXCEEDED
        await until_so(lambda: servicer.cancelled == 1)


async def test_a_client_that_leaves() -> None:
    """A call that its client cancels ends its handler, and the next call is answered."""
    async with serving() as (servicer, channel):
        stub = RecordServiceStub(channel)
        call = stub.GetRecordEntry(rpc.GetRecordEntryRequest(number=3))
        await until_so(lambda: servicer.begun == 1)
        call.cancel()
        await until_so(lambda: servicer.cancelled == 1)
        await stub.ListRecordEntries(rpc.ListRecordEntriesRequest())


async def test_too_many_calls() -> None:
    """Calls beyond the bound are refused at once, with when to come back, and those within it go on."""
    async with serving(most_calls=3) as (servicer, channel):
        stub = RecordServiceStub(channel)
        running = [stub.GetRecordEntry(rpc.GetRecordEntryRequest(number=3)) for _ in range(3)]
        await until_so(lambda: servicer.begun == 3)
        refusal = await refused(stub.ListRecordEntries(rpc.ListRecordEntriesRequest(), timeout=1))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_CALLS")
        for call in running:
            call.cancel()
        await until_so(lambda: servicer.cancelled == 3)
        await stub.ListRecordEntries(rpc.ListRecordEntriesRequest(), timeout=5)


async def test_when_to_come_back() -> None:
    """RESOURCE_EXHAUSTED says when to retry, in its details and as the header that HTTP clients know."""
    async with serving() as (_, channel):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await RecordServiceStub(channel).GetRecordEntry(rpc.GetRecordEntryRequest(number=5))
    assert ("retry-after", "3") in [(key, value) for key, value in caught.value.trailing_metadata()]


async def test_a_broken_rule_names_the_field() -> None:
    """A request that breaks a rule of the contract is refused with the field's name."""
    async with serving() as (_, channel):
        refusal = await refused(RecordServiceStub(channel).ListRecordEntries(rpc.ListRecordEntriesRequest(page_size=5000)))
    assert (refusal.code, list(refusal.fields)) == (grpc.StatusCode.INVALID_ARGUMENT, ["page_size"])


async def test_a_stream_whose_client_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client stream on which nothing comes ends with DEADLINE_EXCEEDED."""
    monkeypatch.setattr("server.rpc.admission.concurrency.IDLE_SECONDS", 0.2)

    async def read_all(requests: Any, call: Any) -> None:
        async for _ in requests:
            pass

    method = declared("/gazette.content.v1.ContentService/ImportDocuments")
    handler = Limits(10, 5.0).intercept(method, read_all)

    async def silence() -> AsyncIterator[bytes]:
        await asyncio.sleep(60)
        yield b""

    with pytest.raises(failures.DeadlineExceeded, match="No message came"):
        await handler(silence(), rpc_call.Call(method, None, frozenset()))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("ipv4:203.0.113.9:4711", "198.51.100.1", "203.0.113.9"),
        ("ipv4:127.0.0.1:4711", "198.51.100.1, 192.0.2.7", "192.0.2.7"),
        ("unix:", "192.0.2.7", "192.0.2.7"),
        ("ipv6:%5B2001:db8::1%5D:4711", "192.0.2.7", "2001:db8::1"),
        ("ipv4:127.0.0.1:4711", "", "127.0.0.1"),
    ],
)
def test_the_client_s_address(peer: str, forwarded: str, address: str) -> None:
    """x-forwarded-for is believed from a trusted proxy alone, and only what that proxy appended (Z7)."""

    class Context:
        def peer(self) -> str:
            return peer

    arrived = (("x-forwarded-for", forwarded),) if forwarded else ()
    call = rpc_call.Call(declared(LIST), Context(), frozenset({"127.0.0.1"}), arrived)  # type: ignore[arg-type]
    assert call.address == address


def test_logs_hold_no_secret_and_one_line() -> None:
    """Passwords, tokens, keys and connection strings are hidden in the log, and any text stays in one line (C8)."""
    event = {
        "event": f"connect to {SECRET}\r\n\x1b[31mred",
        "password": "hunter2",
        "Authorization": "Bearer abc",
        "given": {"refresh_token": "r1", "list": ["eyJhbGciOi.eyJzdWIi.c2ln", "gaz_0123_secretkey"]},
        "exception": f"RuntimeError: {SECRET}",
    }
    line = structlog.processors.JSONRenderer()(None, "", telemetry.redact(None, "", event))
    assert isinstance(line, str)
    assert len(line.splitlines()) == 1
    for word in ("very-secret", "hunter2", "Bearer abc", "r1", "eyJhbGci", "secretkey", "\x1b"):
        assert word not in line
    assert "db.internal" in json.loads(line)["event"]
