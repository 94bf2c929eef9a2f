"""An authenticated GetDocument against the same call of a server in which the access check is switched off.

Two single workers on one database take turns; both are sent the same access token, which one of them does not look at.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack, ExitStack
from functools import partial
from typing import Any

import grpc

from bench import load
from bench.installation import EMAIL, PASSWORD
from bench.measure import Subject, report, take_turns
from bench.workers import Asked, Stores
from gazette.auth.v1.auth_service_pb2 import LoginRequest
from gazette.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from gazette.content.v1.content_service_pb2 import GetDocumentRequest, ListDocumentsRequest
from gazette_client import Client

METHOD = "/gazette.content.v1.ContentService/GetDocument"
ROUNDS, REQUESTS, ALONE = 100, 300, 2000
LIMIT = 1.08


def main() -> None:
    with ExitStack() as running:
        stores = running.enter_context(Stores.filled())
        checked = running.enter_context(stores.serving("checked", "server", "process", "0"))
        answer, request = signed_in(checked)
        unchecked = running.enter_context(stores.serving("not checked", "bench.unchecked", answer.account.id))
        print(f"GetDocument, {ROUNDS} rounds of {REQUESTS} requests each, in turns")
        asyncio.run(measure(unchecked, checked, request, (("authorization", f"Bearer {answer.access_token}"),)))


def signed_in(server: Asked) -> tuple[Any, bytes]:
    """An admin's tokens, and the request for some document of the demo."""
    with Client(server.address, email=EMAIL, password=PASSWORD) as client:
        document = client.content.ListDocuments(ListDocumentsRequest(page_size=1)).documents[0]
    with grpc.insecure_channel(server.address) as channel:
        answer: Any = AuthServiceStub(channel).Login(LoginRequest(email=EMAIL, password=PASSWORD))  # typed for asyncio
    return answer, GetDocumentRequest(id=document.id).SerializeToString()


async def measure(unchecked: Asked, checked: Asked, request: bytes, metadata: load.Metadata) -> None:
    both = (unchecked, checked)
    subjects = [
        Subject(each.name, (each.pid,), partial(load.grpc_calls, each.address, METHOD, request, metadata=metadata))
        for each in both
    ]
    await take_turns(subjects, rounds=ROUNDS, requests=REQUESTS)
    report("gRPC", subjects)
    medians = await alone(both, request, metadata)
    print(f"\none call at a time, {ALONE} of each in turns")
    for each, median in zip(both, medians, strict=True):
        print(f"  {each.name:<44}{median * 1e6:7.0f} µs, the median{median / medians[0]:24.2f} ×")
    ratio = statistics.median(dear / cheap for cheap, dear in zip(*(each.costs for each in subjects), strict=True))
    print(
        f"\nthe access check costs {ratio - 1:.1%} of CPU (median of neighbouring rounds); at most {LIMIT - 1:.0%} is promised"
    )


async def alone(servers: Sequence[Asked], request: bytes, metadata: load.Metadata) -> list[float]:
    """The median seconds of a call to each, one call after the other and to each server in turn."""
    taken: list[list[float]] = [[] for _ in servers]
    async with AsyncExitStack() as open_channels:
        channels = [await open_channels.enter_async_context(grpc.aio.insecure_channel(each.address)) for each in servers]
        calls: list[grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]] = [each.unary_unary(METHOD) for each in channels]
        for _ in range(ALONE):
            for call, seconds in zip(calls, taken, strict=True):
                start = time.perf_counter()
                await call(request, metadata=metadata, timeout=10)
                seconds.append(time.perf_counter() - start)
    return [statistics.median(seconds) for seconds in taken]
