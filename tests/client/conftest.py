"""Both clients, before a scripted server: every test of the client's behaviour runs with asyncio and with threads."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

import pytest
import pytest_asyncio

from gazette_client import AsyncClient, Client, Retry
from tests.client.scripted import EMAIL, PASSWORD, Server, serving

SOON = Retry(first_pause=0.05)
LOCAL = (("grpc.use_local_subchannel_pool", 1),)  # no connection is shared between tests


class Clients:
    """Makes clients of one kind, and calls them: `await clients.call(client.content.GetDocument, request)`."""

    def __init__(self, kind: type[AsyncClient | Client], address: str) -> None:
        self.kind = kind
        self.address = address
        self.threads = ThreadPoolExecutor(100)

    @asynccontextmanager
    async def opened(self, **given: Any) -> AsyncIterator[Any]:
        """A client that knows the password, unless it is told something else."""
        client = self.kind(self.address, **{"email": EMAIL, "password": PASSWORD, "options": LOCAL, "retry": SOON, **given})
        try:
            yield client
        finally:
            await self.call(client.close)

    async def call(self, function: Callable[..., Any], *given: Any, **named: Any) -> Any:
        if self.kind is AsyncClient:
            return await function(*given, **named)
        return await asyncio.get_running_loop().run_in_executor(self.threads, lambda: function(*given, **named))

    async def collect(self, function: Callable[..., Any], *given: Any, **named: Any) -> list[Any]:
        """All answers of a server's stream."""
        if self.kind is AsyncClient:
            return [answer async for answer in function(*given, **named)]
        answers: list[Any] = await self.call(lambda: list(function(*given, **named)))
        return answers


@pytest_asyncio.fixture
async def scripted() -> AsyncIterator[Server]:
    async with serving() as server:
        yield server


@pytest.fixture(params=[AsyncClient, Client], ids=["asyncio", "threads"])
def clients(request: pytest.FixtureRequest, scripted: Server) -> Clients:
    return Clients(request.param, scripted.address)


@pytest_asyncio.fixture
async def client(clients: Clients) -> AsyncIterator[Any]:
    async with clients.opened() as opened:
        yield opened
