"""An authenticated GetDocument against the same call of a server in which the access check is switched off.

Two single workers on one database take turns; both are sent the same access token, which one of them does not look at.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import grpc

from bench import load
from bench.measure import Subject, report, take_turns
from devstack.home import Home
from devstack.ports import free_port
from devstack.run import Ports, server_environment
from devstack.server import Server, Task
from devstack.stack import Stack
from gazette.auth.v1.auth_service_pb2 import LoginRequest
from gazette.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from gazette.content.v1.content_service_pb2 import GetDocumentRequest, ListDocumentsRequest
from gazette_client import Client

METHOD = "/gazette.content.v1.ContentService/GetDocument"
EMAIL, PASSWORD = "admin@example.gov", "gazette-demo-only"
ROUNDS, REQUESTS, ALONE = 100, 300, 2000
LIMIT = 1.08


@dataclass(frozen=True)
class Asked:
    """A worker that answers calls."""

    name: str
    port: int
    pid: int

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"


def main() -> None:
    with ExitStack() as running:
        directory = running.enter_context(tempfile.TemporaryDirectory(prefix="gazette-bench-"))
        home = Home.at(Path(directory))
        running.enter_context(home.lock())
        stack = Stack(home)
        running.callback(stack.stop)
        stack.launch()
        shared = server_environment(home, stack, Ports(http=free_port(), grpc=0, metrics=0))
        shared |= {"WORKERS": "1", "LOG_LEVEL": "warn", "RATE_LIMIT_MAX": "1000000000", "SOCKET_DIR": ""}
        for task in ("migrate", "demo"):
            Task(task, home, shared).run()
        checked = running.enter_context(serving(home, shared, "checked", "server", "worker", "0"))
        answer, request = signed_in(checked)
        unchecked = running.enter_context(serving(home, shared, "not checked", "bench.unchecked", answer.account.id))
        print(f"GetDocument, {ROUNDS} rounds of {REQUESTS} requests each, in turns")
        asyncio.run(measure(unchecked, checked, request, (("authorization", f"Bearer {answer.access_token}"),)))


@contextmanager
def serving(home: Home, shared: Mapping[str, str], name: str, module: str, *arguments: str) -> Iterator[Asked]:
    """A worker process by itself, ready to be called."""
    port = free_port()
    worker = Worker(home, {**shared, "GRPC_PORT": str(port)}, module, *arguments)
    worker.start()
    try:
        assert worker.pid is not None
        yield Asked(name, port, worker.pid)
    finally:
        worker.stop()


class Worker(Server):
    """One worker without its supervisor."""

    def __init__(self, home: Home, environment: Mapping[str, str], *module: str) -> None:
        super().__init__(home, environment)
        self._module = module

    def command(self) -> list[str]:
        return [sys.executable, "-m", *self._module]


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
