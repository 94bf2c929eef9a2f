"""How the service says that it is: to people and monitors, and to what probes it."""

from __future__ import annotations

from contextlib import ExitStack, closing
from importlib.metadata import version
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from google.protobuf.descriptor_pool import Default
from grpc_health.v1 import health_pb2
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthStub
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest
from grpc_reflection.v1alpha.reflection_pb2_grpc import ServerReflectionStub

from deploy.envoy.render import SERVICES
from gazette.auth.v1.account_pb2 import Role
from gazette.system.v1.system_service_pb2 import (
    GetDetailedHealthRequest,
    GetDetailedHealthResponse,
    GetHealthRequest,
    GetHealthResponse,
    HealthStatus,
)
from gazette.system.v1.system_service_pb2_grpc import SystemServiceStub
from server import app
from tests.edge import Edge
from tests.polling import until
from tests.refusals import refused
from tests.servers import Servers
from tests.service import Person, Service, make_settings, running

HEALTHY, DEGRADED = HealthStatus.HEALTH_STATUS_HEALTHY, HealthStatus.HEALTH_STATUS_DEGRADED
NOWHERE = "127.0.0.1:1"


def system(service: Service) -> Any:
    return SystemServiceStub(service.channel)


async def detailed(service: Service, person: Person) -> GetDetailedHealthResponse:
    answer: GetDetailedHealthResponse = await system(service).GetDetailedHealth(
        GetDetailedHealthRequest(), metadata=person.metadata, timeout=5
    )
    return answer


async def check(channel: grpc.aio.Channel, name: str) -> str:
    stub: Any = HealthStub(channel)
    answer = await stub.Check(HealthCheckRequest(service=name), timeout=5)
    return HealthCheckResponse.ServingStatus.Name(answer.status)


async def listed_healths(channel: grpc.aio.Channel) -> dict[str, str]:
    """What Health/List says of each name. The types' stubs are older than it."""
    stub: Any = HealthStub(channel)
    request: Any = vars(health_pb2)["HealthListRequest"]
    answer = await stub.List(request(), timeout=5)
    return {name: HealthCheckResponse.ServingStatus.Name(each.status) for name, each in answer.statuses.items()}


async def serves(channel: grpc.aio.Channel, name: str) -> None:
    """Waits until it serves: a database that was slow for two seconds counts as away for the next. Raises TimeoutError."""

    async def is_so() -> bool:
        return await check(channel, name) == "SERVING"

    await until(is_so)


async def test_anyone_may_ask_whether_it_works(service: Service) -> None:
    """GetHealth needs nobody to sign in, and says no more than how it is."""

    async def is_healthy() -> bool:
        answer = await system(service).GetHealth(GetHealthRequest(), timeout=5)
        assert answer == GetHealthResponse(status=answer.status)
        return bool(answer.status == HEALTHY)

    await until(is_healthy)


@pytest.mark.timed
async def test_each_part_with_its_latency(service: Service) -> None:
    """An administrator is told of every part how it is and how long it took, and of the process its version, age and memory."""
    admin = await service.account(role=Role.ROLE_ADMIN)

    async def healthy() -> GetDetailedHealthResponse | None:
        answer = await detailed(service, admin)
        return answer if answer.status == HEALTHY else None

    answer = await until(healthy)
    assert answer is not None, "what is none is looked for again"
    assert {part.name: (part.status, part.message) for part in answer.components} == {
        "database": (HEALTHY, ""),
        "redis": (HEALTHY, ""),
        "object_storage": (HEALTHY, ""),
    }
    assert all(0 < part.latency.ToMicroseconds() < 2_000_000 for part in answer.components)
    assert answer.version == version("gazette-server")
    assert answer.uptime.ToMicroseconds() > 0
    assert answer.start_time.ToSeconds() > 1_700_000_000
    assert answer.memory_bytes > 20_000_000


async def test_details_are_not_for_everyone(service: Service) -> None:
    """Strangers are to sign in first, and an editor lacks the permission; neither learns of a part or a version."""
    stranger = await refused(system(service).GetDetailedHealth(GetDetailedHealthRequest(), timeout=5))
    assert (stranger.code, stranger.reason) == (grpc.StatusCode.UNAUTHENTICATED, "UNAUTHENTICATED")
    editor = await refused(detailed(service, await service.account(role=Role.ROLE_EDITOR)))
    assert (editor.code, editor.info.metadata["permission"]) == (
        grpc.StatusCode.PERMISSION_DENIED,
        "PERMISSION_SYSTEM_READ",
    )


@pytest.mark.parametrize(
    ("changed", "part"),
    [
        ({"REDIS_URL": f"redis://:hidden-word@{NOWHERE}/0"}, "redis"),
        (
            {
                "FILES_DIRECTORY": "",
                "S3_ENDPOINT": f"http://{NOWHERE}",
                "S3_BUCKET_NAME": "files",
                "S3_ACCESS_KEY": "hidden-word",
                "S3_SECRET_KEY": "hidden-word",
            },
            "object_storage",
        ),
    ],
)
async def test_what_it_can_do_without(service: Service, tmp_path: Path, changed: dict[str, str], part: str) -> None:
    """Without Redis, or without object storage, it is DEGRADED and ready; the part is named, not its address or its secrets."""
    admin = await service.account(role=Role.ROLE_ADMIN)
    database = service.settings.database_url.rpartition("/")[2]
    process = await app.build(make_settings(service.servers, database, tmp_path, **changed))
    await process.start()
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{process.port}") as channel:
            less = Service(process, channel, service.owner, service.redis, service.servers)
            await serves(channel, "")
            answer = await detailed(less, admin)
            assert answer.status == DEGRADED
            (missing,) = [each for each in answer.components if each.status != HEALTHY]
            assert (missing.name, missing.status) == (part, DEGRADED)
            assert missing.message.startswith("does not answer")
            for word in (NOWHERE, "hidden-word"):
                assert word not in str(answer)
            assert (await system(less).GetHealth(GetHealthRequest(), timeout=5)).status == DEGRADED
    finally:
        await process.stop()


@pytest.mark.parametrize("name", ["", "liveness", *SERVICES])
async def test_probes(service: Service, name: str) -> None:
    """grpc.health.v1 knows readiness, liveness and each service."""
    await serves(service.channel, name)


async def test_a_probe_of_nothing(service: Service) -> None:
    """A service that there is not is NOT_FOUND."""
    assert (await refused(check(service.channel, "gazette.nothing.v1.NothingService"))).code == grpc.StatusCode.NOT_FOUND


async def test_all_at_once(service: Service) -> None:
    """Health/List says of readiness, liveness and each service what Check says of it, and of nothing else."""
    await serves(service.channel, "")
    assert await listed_healths(service.channel) == dict.fromkeys(("", "liveness", *SERVICES), "SERVING")


async def test_all_at_once_while_it_drains(own_service: Service) -> None:
    """A process that drains serves nothing, and lists that."""
    await serves(own_service.channel, "")
    await own_service.app.health.drain()
    assert await listed_healths(own_service.channel) == dict.fromkeys(("", "liveness", *SERVICES), "NOT_SERVING")


async def test_all_at_once_through_envoy(edge: Edge) -> None:
    """Whoever reaches the service through Envoy alone lists the same."""
    async with grpc.aio.insecure_channel(edge.http.removeprefix("http://")) as channel:
        await serves(channel, "")
        assert await listed_healths(channel) == dict.fromkeys(("", "liveness", *SERVICES), "SERVING")


async def test_a_watch(own_service: Service) -> None:
    """Whoever watches is told at once how it is, and again when it drains, as is whoever asks."""
    stub: Any = HealthStub(own_service.channel)
    watch = stub.Watch(HealthCheckRequest(), timeout=10)
    while (await watch.read()).status != HealthCheckResponse.SERVING:
        pass
    await own_service.app.health.drain()
    assert (await watch.read()).status == HealthCheckResponse.NOT_SERVING
    watch.cancel()
    for name in ("", *SERVICES):
        assert await check(own_service.channel, name) == "NOT_SERVING"
    refusal = await refused(system(own_service).GetHealth(GetHealthRequest(), timeout=5))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.UNAVAILABLE, "NOT_READY")


async def reflected(service: Service) -> set[str]:
    """The services that reflection lists."""
    channel: Any = service.channel
    stub: Any = ServerReflectionStub(channel)
    async for answer in stub.ServerReflectionInfo(iter([ServerReflectionRequest(list_services="")]), timeout=5):
        return {each.name for each in answer.list_services_response.service}
    return set()


async def test_reflection(service: Service) -> None:
    """Where the setting says so, reflection lists all services, and each is one that clients can look up."""
    listed = await reflected(service)
    assert listed >= {*SERVICES, "grpc.health.v1.Health"}
    for name in listed:
        Default().FindServiceByName(name)


async def test_no_reflection(servers: Servers, template: str, tmp_path: Path) -> None:
    """Where it does not, which is the default, nobody answers (D9)."""
    async with running(servers, template, tmp_path, REFLECTION="") as service:
        assert (await refused(reflected(service))).code == grpc.StatusCode.UNIMPLEMENTED


def test_over_http(edge: Edge) -> None:
    """Over HTTP the health is public; its details are 401 for strangers, 403 for an editor, and there for an administrator."""
    emails = {"stranger": "", "editor": "editor@example.gov", "admin": "admin@example.gov"}
    with ExitStack() as opened:
        clients = {name: opened.enter_context(closing(edge.client(email))) for name, email in emails.items()}
        health = clients["stranger"].get("/health")
        details = {name: client.get("/health/detailed") for name, client in clients.items()}
    assert (health.status_code, health.json()) == (httpx.codes.OK, {"status": "HEALTH_STATUS_HEALTHY"})
    statuses = [httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN, httpx.codes.OK]
    assert [answer.status_code for answer in details.values()] == statuses
    answer = details["admin"].json()
    assert [part["name"] for part in answer["components"]] == ["database", "redis", "object_storage"]
    assert {part["status"] for part in answer["components"]} == {"HEALTH_STATUS_HEALTHY"}
    assert all(part["latency"].endswith("s") for part in answer["components"])
    assert answer["version"] == version("gazette-server")
