"""Steady, bounded load on an installation, over gRPC and over HTTP, and what came of each request."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
import httpx
from google.rpc import code_pb2

from gazette.auth.v1.auth_service_pb2 import GetMeRequest
from gazette.content.v1.content_service_pb2 import CreateDocumentRequest
from gazette.content.v1.document_pb2 import Document
from gazette.delivery.v1.delivery_service_pb2 import GetPageRequest
from gazette_client import AsyncClient, Retry
from gazette_client.errors import GazetteError
from tests.faults.installation import PAGE, PASSWORD, Installation
from tests.polling import until_so

AUTHOR = "author@example.gov"
LOCAL = (("grpc.use_local_subchannel_pool", 1),)  # each client has a connection of its own, to a worker of the kernel's choice
PAUSE = 0.08
"""Seconds between two requests of one source."""

Source = Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class Outcome:
    source: str
    start: float
    """time.monotonic()"""
    seconds: float
    code: str
    """Of google.rpc.Code, over HTTP too."""
    reason: str = ""
    said: str = ""
    """All that the client was told."""


class Refused(Exception):
    """An HTTP answer that is an error, as JSON."""

    def __init__(self, answer: httpx.Response) -> None:
        super().__init__(answer.text)
        self.status: dict[str, Any] = answer.json()


@dataclass
class Load:
    """Sources that each ask again and again, and what they were answered."""

    people: list[AsyncClient]
    http: httpx.AsyncClient
    organisation_id: str
    outcomes: list[Outcome] = field(default_factory=list)
    made: list[str] = field(default_factory=list)
    """The ids of the documents whose creation was acknowledged."""

    @classmethod
    @asynccontextmanager
    async def on(cls, installation: Installation, *, attempts: int = 5) -> AsyncIterator[Load]:
        """Signed in: over gRPC with that many attempts a call, over HTTP with one."""
        async with AsyncExitStack() as opened:
            given: dict[str, Any] = {"email": AUTHOR, "password": PASSWORD, "retry": Retry(attempts=attempts), "options": LOCAL}
            people = [await opened.enter_async_context(AsyncClient(installation.grpc, **given)) for _ in range(4)]
            http = await opened.enter_async_context(httpx.AsyncClient(base_url=installation.http, timeout=10))
            answer = await http.post("/v1/auth/login", json={"email": AUTHOR, "password": PASSWORD})
            http.headers["authorization"] = f"Bearer {answer.raise_for_status().json()['accessToken']}"
            accounts = [(await person.auth.GetMe(GetMeRequest())).account for person in people]
            load = cls(people, http, accounts[0].grants[0].organisation_id)
            for _ in range(8):  # until both workers have the page in their memory
                await load.http_page()
            yield load

    @asynccontextmanager
    async def running(self, *sources: Source) -> AsyncIterator[None]:
        """Keeps all sources asking until the end of the block, and waits for their last answers."""
        is_over = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            for source in sources:
                group.create_task(self.repeat(source, is_over))
            try:
                yield
            finally:
                is_over.set()

    async def repeat(self, source: Source, is_over: asyncio.Event) -> None:
        while not is_over.is_set():
            start = time.monotonic()
            told = await outcome(source)
            self.outcomes.append(Outcome(source.__name__, start, time.monotonic() - start, *told))
            await asyncio.sleep(PAUSE)

    def of(self, *sources: Source, since: float = 0.0, until: float = float("inf")) -> list[Outcome]:
        """What came of these requests, if any are named, that began in this time."""
        names = {source.__name__ for source in sources}
        return [each for each in self.outcomes if (not names or each.source in names) and since <= each.start < until]

    async def has_come(self, count: int, *sources: Source, since: float = 0.0) -> None:
        """Waits until so many of these requests that began since then have been answered."""
        await until_so(lambda: len(self.of(*sources, since=since)) >= count, seconds=60)

    @property
    def reads(self) -> tuple[Source, ...]:
        """Cached, and those that need the database."""
        return (self.grpc_page, self.http_page, self.grpc_me, self.http_me)

    @property
    def writes(self) -> tuple[Source, ...]:
        return (self.grpc_create, self.http_create)

    @property
    def one(self) -> AsyncClient:
        """The clients in turn."""
        return self.people[len(self.outcomes) % len(self.people)]

    async def grpc_page(self) -> None:
        await self.one.delivery.GetPage(GetPageRequest(path=PAGE))

    async def http_page(self) -> None:
        await self.ask("GET", f"/v1/pages/{PAGE}")

    async def grpc_me(self) -> None:
        await self.one.auth.GetMe(GetMeRequest())

    async def http_me(self) -> None:
        await self.ask("GET", "/v1/auth/me")

    async def grpc_create(self) -> None:
        answer = await self.one.content.CreateDocument(CreateDocumentRequest(document=self.draft()))
        self.made.append(answer.document.id)

    async def http_create(self) -> None:
        draft = self.draft()
        said = {"organisationId": draft.organisation_id, "contentType": draft.content_type, "path": draft.path}
        answer = await self.ask("POST", "/v1/documents", json={**said, "title": draft.title})
        self.made.append(answer.json()["document"]["id"])

    async def ask(self, method: str, path: str, **said: Any) -> httpx.Response:
        """The answer. Raises Refused for one that is an error."""
        answer = await self.http.request(method, path, **said)
        if answer.status_code >= httpx.codes.BAD_REQUEST:
            raise Refused(answer)
        return answer

    def draft(self) -> Document:
        return Document(
            organisation_id=self.organisation_id,
            content_type="harbour_news",
            path=f"/news/{uuid.uuid4().hex}",
            title="Written under load",
        )


async def outcome(source: Source) -> tuple[str, str, str]:
    """Code, reason, and all that the client was told."""
    try:
        await source()
    except GazetteError as error:
        return error.code().name, error.reason, f"{error} {error.trailing_metadata()!r}"
    except Refused as refused:
        told = refused.status
        return code_pb2.Code.Name(told["code"]), told["details"][0]["reason"], str(refused)
    except (httpx.HTTPError, grpc.RpcError) as error:
        return "BROKEN", type(error).__name__, repr(error)
    return "OK", "", ""
