"""A pod is deleted while clients send what they have to send, and none of it is lost."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest

from devstack.ports import LOOPBACK
from devstack.run import Ports, environment_beside
from devstack.server import Task
from devstack.stack import Stack
from gazette.delivery.v1.delivery_service_pb2 import ListPagesRequest
from gazette.delivery.v1.delivery_service_pb2_grpc import DeliveryServiceStub
from tests import polling
from tests.deploy import manifests, pods
from tests.edge import PASSWORD

pytestmark = [pytest.mark.deploy, pytest.mark.heavy]

PAGE = "/v1/pages/guidance/moor-a-boat"
PAUSE = 0.04
DIRECT = "gRPC to the server"


@contextmanager
def two_pods(path: Path, spec: dict[str, Any]) -> Iterator[tuple[pods.Pod, pods.Pod]]:
    """Two pods of the manifest over one PostgreSQL and one Redis, with the demo's content."""
    with ExitStack() as running:
        stack = running.enter_context(Stack.start(path / "stack", fast=True))
        environment = environment_beside(stack, Ports(8080, 50051, 9464))
        Task("migrate", stack.home, environment).run()
        both = [pods.Pod.of(path / name, environment, spec) for name in ("a", "b")]
        for pod in both:
            running.callback(pod.stop)
            pod.launch()
        Task("demo", stack.home, environment).run()
        for pod in both:
            pod.wait_until_ready()
        yield both[0], both[1]


class Load:
    """Clients of every kind, each with one request at a time, and what became of their requests."""

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        self.failures: list[str] = []
        self.is_over = asyncio.Event()

    async def repeat(self, kind: str, send: Callable[[], Awaitable[Any]]) -> None:
        while not self.is_over.is_set():
            try:
                await send()
                self.outcomes[kind] += 1
            except (httpx.HTTPError, grpc.RpcError) as error:
                self.failures.append(f"{kind}: {error!r}")
            await asyncio.sleep(PAUSE)


@asynccontextmanager
async def load(http: int, direct: int, organisation: str, token: str) -> AsyncIterator[Load]:
    """Readers and an author over HTTP/1.1, on connections that stay and on new ones; gRPC through Envoy, and without it."""
    base, bearer = f"http://{LOOPBACK}:{http}", {"authorization": f"Bearer {token}"}
    told = Load()
    async with AsyncExitStack() as open_clients, asyncio.TaskGroup() as tasks:

        async def client(**more: Any) -> httpx.AsyncClient:
            return await open_clients.enter_async_context(httpx.AsyncClient(base_url=base, timeout=10, **more))

        async def read(reader: httpx.AsyncClient) -> None:
            (await reader.get(PAGE)).raise_for_status()

        async def write(author: httpx.AsyncClient) -> None:
            path = f"/drained/{uuid.uuid4().hex}"
            document = {"organisationId": organisation, "contentType": "harbour_guide", "path": path, "title": "A draft"}
            (await author.post("/v1/documents", json=document)).raise_for_status()

        for _ in range(3):
            reader = await client()
            tasks.create_task(told.repeat("reads, kept connection", partial(read, reader)))
        anew = await client(limits=httpx.Limits(max_keepalive_connections=0))
        tasks.create_task(told.repeat("reads, new connections", partial(read, anew)))
        author = await client(headers=bearer)
        tasks.create_task(told.repeat("writes, kept connection", partial(write, author)))
        author_anew = await client(headers=bearer, limits=httpx.Limits(max_keepalive_connections=0))
        tasks.create_task(told.repeat("writes, new connections", partial(write, author_anew)))
        through, straight = ("gRPC through Envoy", http), (DIRECT, direct)
        for kind, port in (through, through, straight, straight):  # twice: one begins with each pod
            options = [("grpc.use_local_subchannel_pool", 1)]
            channel = await open_clients.enter_async_context(grpc.aio.insecure_channel(f"{LOOPBACK}:{port}", options))
            stub = DeliveryServiceStub(channel)
            tasks.create_task(told.repeat(kind, partial(stub.ListPages, ListPagesRequest(), timeout=10)))
        yield told
        told.is_over.set()


async def sign_in(http: int) -> tuple[str, str]:
    """The author's organisation and access token."""
    async with httpx.AsyncClient(base_url=f"http://{LOOPBACK}:{http}", timeout=10) as client:
        given = {"email": "author@example.gov", "password": PASSWORD}
        token = (await client.post("/v1/auth/login", json=given)).raise_for_status().json()["accessToken"]
        me = await client.get("/v1/auth/me", headers={"authorization": f"Bearer {token}"})
        return me.raise_for_status().json()["account"]["grants"][0]["organisationId"], token


async def deleted(path: Path, spec: dict[str, Any], late: float, delete: Callable[..., Awaitable[Any]]) -> tuple[Load, Any]:
    with two_pods(path, spec) as (leaving, staying):
        organisation, token = await sign_in(staying.http)
        web, direct = pods.Balancer([leaving.http, staying.http]), pods.Balancer([leaving.grpc, staying.grpc])
        async with web, direct, load(web.port, direct.port, organisation, token) as told:
            await polling.until_so(lambda: web.open.get(leaving.http) and direct.open.get(leaving.grpc))
            await asyncio.sleep(1)
            found = await delete(leaving, {web: leaving.http, direct: leaving.grpc}, late)
            await asyncio.sleep(1)
        return told, found


def with_pause(seconds: int) -> dict[str, Any]:
    """The server's pods, with another pause before SIGTERM than the manifest's; a test has no cluster to wait for."""
    spec = manifests.pod_spec(manifests.find(manifests.base(), "Deployment", "gazette-server"))
    assert spec is not None
    manifests.container(spec, "server")["lifecycle"]["preStop"]["exec"]["command"] = ["sleep", str(seconds)]
    return spec


@pytest.mark.parametrize(("pause", "late"), [pytest.param(5, 2.5, id="soon"), pytest.param(15, 10, id="as deployed")])
async def test_nothing_is_lost(tmp_path: Path, pause: int, late: float) -> None:
    """Load balancers hear of a pod's end late, and all that they send meanwhile is answered. Before the server is told to end,
    Envoy's clients have gone elsewhere by themselves."""
    told, (had, seconds) = await deleted(tmp_path, with_pause(pause), late, pods.delete)
    print(f"{sum(told.outcomes.values())} requests, {len(told.failures)} failures, {seconds:.1f} s: {dict(told.outcomes)}")
    assert [each for each in told.failures if not each.startswith(DIRECT)] == []
    # One call may reach the server at the very moment at which gRPC's core stops listening, which then says CANCELLED.
    direct = [each for each in told.failures if each.startswith(DIRECT)]
    assert len(direct) <= 1, direct
    assert all("StatusCode.CANCELLED" in each for each in direct)
    assert len(told.outcomes) == 6, "every kind of client was served"
    assert min(told.outcomes.values()) > 20
    assert had == [0, 1], "only a gRPC client's own connection is left, and the server tells that to go"
    assert seconds < with_pause(pause)["terminationGracePeriodSeconds"]


async def test_without_the_order_requests_are_lost(tmp_path: Path) -> None:
    """The same load shows it when both are told to end at once: the test above can fail."""
    told, _ = await deleted(tmp_path, with_pause(0), 2.5, pods.delete_at_once)
    assert told.failures
