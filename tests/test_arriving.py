"""Calls whose message does not come: they end in time, and keep nobody out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest

from gazette.record.v1 import record_service_pb2 as rpc
from gazette.record.v1.record_service_pb2_grpc import RecordServiceStub
from server.rpc.admission import arriving, concurrency
from tests.misbehaving import LIST, UNARY, serving
from tests.polling import until
from tests.refusals import refused


async def nothing() -> AsyncIterator[bytes]:
    return
    yield


async def silence() -> AsyncIterator[bytes]:
    await asyncio.sleep(60)
    yield b""


@pytest.mark.parametrize("path", UNARY)
async def test_a_call_that_ends_without_its_message(path: str) -> None:
    """A unary call that ends and has said nothing is INVALID_ARGUMENT, in services of ours and in those of a library (D6)."""
    async with serving() as (_, channel):
        call: Any = channel.stream_unary(path)
        refusal = await refused(call(nothing(), timeout=20))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "MISSING_MESSAGE")


@pytest.mark.parametrize("path", UNARY)
async def test_a_call_whose_message_never_comes(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A unary call that opens and says nothing is DEADLINE_EXCEEDED, in services of ours and in those of a library (D6)."""
    monkeypatch.setattr(arriving, "MESSAGE_SECONDS", 0.2)
    monkeypatch.setattr(concurrency, "IDLE_SECONDS", 0.2)
    async with serving() as (_, channel):
        call: Any = channel.stream_unary(path)
        refusal = await refused(call(silence(), timeout=20))
        assert refusal.code == grpc.StatusCode.DEADLINE_EXCEEDED
        assert refusal.reason in {"MESSAGE_TOO_LATE", "STREAM_IDLE"}
        await RecordServiceStub(channel).ListRecordEntries(rpc.ListRecordEntriesRequest())


async def test_calls_that_say_nothing_take_no_place() -> None:
    """Calls whose message does not come soon are none that the bound counts, and a client that leaves leaves nothing."""
    async with serving(most_calls=1) as (_, channel):
        stub: Any = RecordServiceStub(channel)

        async def is_answered() -> bool:
            try:
                await stub.ListRecordEntries(rpc.ListRecordEntriesRequest())
            except grpc.aio.AioRpcError as error:
                if error.code() != grpc.StatusCode.RESOURCE_EXHAUSTED:
                    raise
                return False
            return True

        call: Any = channel.stream_unary(LIST)
        silent = [call(silence(), timeout=60) for _ in range(5)]
        await until(is_answered)
        for each in silent:
            each.cancel()
        await until(is_answered)
