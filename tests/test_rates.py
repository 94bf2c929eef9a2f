"""How often somebody may call: over gRPC, in one process and in two."""

from __future__ import annotations

import asyncio
import itertools
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_health.v1.health_pb2 import HealthCheckRequest
from grpc_health.v1.health_pb2_grpc import HealthStub
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest

from gazette.auth.v1.account_pb2 import Role
from gazette.auth.v1.auth_service_pb2 import GetMeRequest, LoginRequest
from gazette.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from gazette.delivery.v1.delivery_service_pb2 import GetPageRequest, ListPagesRequest
from gazette.delivery.v1.delivery_service_pb2_grpc import DeliveryServiceStub
from gazette.record.v1.record_service_pb2 import ListRecordEntriesRequest
from gazette.record.v1.record_service_pb2_grpc import RecordServiceStub
from gazette.system.v1.system_service_pb2 import GetHealthRequest
from gazette.system.v1.system_service_pb2_grpc import SystemServiceStub
from server import app
from server.app import App
from server.rpc.admission import rates
from server.rpc.admission.rates import Rates
from server.rpc.call import network
from server.stores import redis as stores_redis
from server.stores.shared_counts import SharedCounts
from tests.polling import until
from tests.publishing import put_page
from tests.refusals import Refusal, refusal, refused
from tests.servers import Servers
from tests.service import Person, Service, running

MOST = 8
REFLECT = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
GET_ME = "/gazette.auth.v1.AuthService/GetMe"


@pytest.fixture
async def limited(servers: Servers, template: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Service]:
    """A server that takes eight calls a day: no window ends amid a test. It waits for a Redis that a busy machine keeps; what
    one costs that is silent is seen in tests/faults."""
    monkeypatch.setattr(stores_redis, "TIMEOUT", 5.0)
    async with running(servers, template, tmp_path, RATE_LIMIT_MAX=str(MOST), RATE_LIMIT_WINDOW="1d") as service:
        yield service


def get_me(channel: grpc.aio.Channel, caller: Person) -> Any:
    return AuthServiceStub(channel).GetMe(GetMeRequest(), metadata=caller.metadata, timeout=5)


async def answered(call: Callable[[], Any], most: int = 50) -> int:
    """How many of these calls are answered before one is refused for its rate."""
    return (await exhausted(call, most))[0]


async def exhausted(call: Callable[[], Any], most: int = 50) -> tuple[int, Refusal]:
    """The same, and the refusal."""
    for number in range(most):
        try:
            await call()
        except grpc.aio.AioRpcError as error:
            if error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED:
                return number, refusal(error)
    raise AssertionError(f"{most} calls were answered")


def seconds_to_wait(refusal: Refusal) -> float:
    info = error_details_pb2.RetryInfo()
    assert any(detail.Unpack(info) for detail in refusal.status.details)
    return info.retry_delay.ToNanoseconds() / 1e9


def from_address(address: str) -> tuple[tuple[str, str], ...]:
    """As Envoy says where a call comes from."""
    return (("x-forwarded-for", address),)


async def told(service: Service, key: str) -> int:
    """What Redis knows of an account or address."""
    redis = service.redis
    return sum([int(await redis.get(each) or 0) async for each in redis.scan_iter(f"gazette:rates:{key}/*")])


async def test_an_account_may_call_so_often(limited: Service) -> None:
    """An account makes as many calls as it may, and not one more; the refusal says when to come again. Others go on."""
    busy, other = await limited.account(), await limited.account()
    assert await answered(lambda: get_me(limited.channel, busy)) == MOST
    told_so = await refused(call := get_me(limited.channel, busy))
    assert (told_so.code, told_so.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "RATE_LIMITED")
    assert 0 < seconds_to_wait(told_so) <= 86400
    assert int(dict(await call.trailing_metadata())["retry-after"]) >= seconds_to_wait(told_so)
    assert (await get_me(limited.channel, other)).account.id == other.id


async def test_only_http_callers_get_headers(limited: Service) -> None:
    """A gRPC caller is not told by headers how many calls are left: sending them would cost every call."""
    call = get_me(limited.channel, await limited.account())
    await call
    assert not [name for name, _ in await call.initial_metadata() if name.startswith("ratelimit")]


@pytest.mark.timed
async def test_a_window_ends(servers: Servers, template: str, tmp_path: Path) -> None:
    """When the time that the refusal names is over, as many calls as before are answered."""
    async with running(servers, template, tmp_path, RATE_LIMIT_MAX=str(MOST), RATE_LIMIT_WINDOW="3s") as service:
        person = await service.account()
        _, last = await exhausted(lambda: get_me(service.channel, person))  # of a window that had begun already
        for _ in range(2):
            assert seconds_to_wait(last) <= 3
            await asyncio.sleep(seconds_to_wait(last))
            number, last = await exhausted(lambda: get_me(service.channel, person))
            assert number == MOST


async def test_a_refused_call_is_not_read(limited: Service) -> None:
    """What exceeds the rate is refused before its bytes are looked at."""
    person = await limited.account()
    garbage: Any = limited.channel.unary_unary(GET_ME)
    first = await refused(garbage(b"\xff", metadata=person.metadata, timeout=5))
    assert first.reason == "MALFORMED_MESSAGE"
    await answered(lambda: get_me(limited.channel, person))
    assert (await refused(garbage(b"\xff", metadata=person.metadata, timeout=5))).reason == "RATE_LIMITED"


async def test_what_is_refused_counts(limited: Service) -> None:
    """A call that the caller may not make counts as any other."""
    person = await limited.account(role=Role.ROLE_UNSPECIFIED)
    detailed: Any = limited.channel.unary_unary("/gazette.system.v1.SystemService/GetDetailedHealth")
    refusals = [await refused(detailed(b"", metadata=person.metadata, timeout=5)) for _ in range(MOST + 1)]
    assert [each.reason for each in refusals] == ["PERMISSION_DENIED"] * MOST + ["RATE_LIMITED"]


async def test_strangers_count_by_address(limited: Service) -> None:
    """Bad tokens, calls without one and wrong sign-ins count for the address that they come from, and for no account there."""
    person = await limited.account()
    stub = AuthServiceStub(limited.channel)
    here, elsewhere = from_address("203.0.113.5"), from_address("203.0.113.6")
    bad = (*here, ("authorization", "Bearer nonsense"))
    wrong = LoginRequest(email="nobody@example.gov", password="wrong-password-of-nobody")
    reasons = [(await refused(stub.GetMe(GetMeRequest(), metadata=each, timeout=5))).reason for each in (bad, here) * 3]
    reasons += [(await refused(stub.Login(wrong, metadata=here, timeout=5))).reason for _ in range(2)]
    assert "RATE_LIMITED" not in reasons
    assert (await refused(stub.GetMe(GetMeRequest(), metadata=bad, timeout=5))).reason == "RATE_LIMITED"
    assert (await refused(stub.Login(wrong, metadata=here, timeout=5))).reason == "RATE_LIMITED"
    assert (await refused(stub.GetMe(GetMeRequest(), metadata=elsewhere, timeout=5))).reason == "UNAUTHENTICATED"
    answer = await stub.GetMe(GetMeRequest(), metadata=(*here, *person.metadata), timeout=5)
    assert answer.account.id == person.id


async def test_a_token_does_not_change_who_signs_in(limited: Service) -> None:
    """Signing in counts for the address, whatever token comes with it: an account would be as many sign-ins more."""
    person = await limited.account()
    stub = AuthServiceStub(limited.channel)
    metadata = (*from_address("203.0.113.7"), *person.metadata)
    request = LoginRequest(email=person.email, password=person.password)
    assert await answered(lambda: stub.Login(request, metadata=metadata, timeout=5)) == MOST
    assert (await get_me(limited.channel, person)).account.id == person.id


async def test_reading_and_probing_are_free(limited: Service) -> None:
    """What the public reads, health and reflection are answered however often they are asked for, and cost nobody a call."""
    await put_page(limited.database, "/a")
    probe: Any = HealthStub(limited.channel)
    reflection: Any = limited.channel.stream_stream(REFLECT, ServerReflectionRequest.SerializeToString)
    for _ in range(MOST + 1):
        await DeliveryServiceStub(limited.channel).GetPage(GetPageRequest(path="/a"), timeout=5)
        await DeliveryServiceStub(limited.channel).ListPages(ListPagesRequest(), timeout=5)
        await RecordServiceStub(limited.channel).ListRecordEntries(ListRecordEntriesRequest(), timeout=5)
        await SystemServiceStub(limited.channel).GetHealth(GetHealthRequest(), timeout=5)
        await probe.Check(HealthCheckRequest(), timeout=5)
        question = iter([ServerReflectionRequest(list_services="")])
        assert [each async for each in reflection(question, timeout=5)]
    account = await limited.account()
    assert (await limited.sign_in(account.email)).access_token


@asynccontextmanager
async def another_process(service: Service) -> AsyncIterator[tuple[App, grpc.aio.Channel]]:
    """A second server on the same database and Redis."""
    process = await app.build(service.settings)
    await process.start()
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{process.port}") as channel:
            yield process, channel
    finally:
        await process.stop()


async def test_processes_count_together(limited: Service) -> None:
    """What an account calls in one process is counted in the others, but for what they answered in the last quarter second."""
    person = await limited.account()
    async with another_process(limited) as (other, elsewhere):
        for _ in range(MOST - 2):
            await get_me(limited.channel, person)
        await until(lambda: is_told(limited, person.id, MOST - 2))
        await get_me(elsewhere, person)
        await until(lambda: is_known(other, person, MOST - 1))
        assert await answered(lambda: get_me(elsewhere, person)) == 1
        await until(lambda: is_told(limited, person.id, MOST))
        await get_me(limited.channel, person)  # the first process has not heard of the other's calls
        await until(lambda: is_known(limited.app, person, MOST + 1))
        assert (await refused(get_me(limited.channel, person))).reason == "RATE_LIMITED"


async def is_told(service: Service, key: str, calls: int) -> bool:
    return await told(service, key) == calls


async def is_known(process: App, person: Person, calls: int) -> bool:
    """Whether the process knows of so many calls of the account."""
    share: Any = next(job for job in process.jobs if job.name == "rates").work
    return bool(share.__self__.counts[uuid.UUID(person.id)].calls == calls)


async def test_an_attack_is_not_remembered_for_ever(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of calls from ever new addresses a process remembers so many addresses, and no more; and none when their time is over."""
    monkeypatch.setattr(rates, "MOST_KEYS", 100)
    clock = itertools.count(1_000_000.0, 0.001)
    here = Rates(MOST, 60, SharedCounts(service.app.base.redis), now=lambda: next(clock))
    for number in range(1000):
        here.begin(f"203.0.113.{number}", here.now())
    assert len(here.counts) == 100
    here.now = lambda: 1_000_120.0
    await here.share()
    assert not here.counts
    assert not here.untold


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("203.0.113.5", "203.0.113.5"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("2001:0DB8:0001:0002::2", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.5", "203.0.113.5"),
        ("", ""),
        ("no address", "no address"),
    ],
)
def test_what_is_one_client(address: str, counted: str) -> None:
    """An IPv4 address is counted by itself; of IPv6 a client has a /64, all of whose addresses are one."""
    assert network(address) == counted
