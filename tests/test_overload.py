"""More calls than a process can answer: who is refused and who is not, and what is told to those under way when it stops."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from sqlalchemy import text

from gazette.auth.v1.auth_service_pb2 import GetMeRequest
from gazette.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from gazette.content.v1.content_service_pb2 import ListDocumentsRequest
from gazette.content.v1.content_service_pb2_grpc import ContentServiceStub
from gazette.delivery.v1.delivery_service_pb2 import GetPageRequest
from gazette.delivery.v1.delivery_service_pb2_grpc import DeliveryServiceStub
from server.rpc.admission.shares import Turns
from tests.polling import turned, until, until_so
from tests.refusals import Refusal, refused
from tests.servers import Servers
from tests.service import Person, Service, running

MOST = 8
PATIENCE = 30.0
GET_PAGE = "/gazette.delivery.v1.DeliveryService/GetPage"


@pytest.fixture
async def narrow(servers: Servers, template: str, tmp_path: Path) -> AsyncIterator[Service]:
    """A server that takes eight public reads at a time, and four calls of people who are signed in."""
    async with running(servers, template, tmp_path, MAX_CONCURRENT_CALLS=str(MOST)) as service:
        yield service


@asynccontextmanager
async def locked(service: Service) -> AsyncIterator[None]:
    """Whoever asks for documents waits."""
    async with service.owner.begin() as connection:
        await connection.execute(text("LOCK TABLE documents IN ACCESS EXCLUSIVE MODE"))
        yield


def lists(service: Service, person: Person, count: int) -> list[Any]:
    """So many calls that ask for documents."""
    stub: Any = ContentServiceStub(service.channel)
    calls = range(count)
    return [stub.ListDocuments(ListDocumentsRequest(), metadata=person.metadata, timeout=PATIENCE) for _ in calls]


def page(service: Service) -> Any:
    return DeliveryServiceStub(service.channel).GetPage(GetPageRequest(path="/nowhere"), timeout=PATIENCE)


def retry_seconds(refusal: Refusal) -> int:
    """When it says to come back."""
    info = error_details_pb2.RetryInfo()
    return next((info.retry_delay.seconds for detail in refusal.status.details if detail.Unpack(info)), 0)


async def test_lists_give_way_to_public_reads(narrow: Service) -> None:
    """When as many lists are under way as there may be, another one is refused unread, with when to come back, and pages are
    read all the same; those under way end well (D8)."""
    person = await narrow.account()
    async with locked(narrow):
        under_way = lists(narrow, person, MOST // 2)
        await until_so(lambda: narrow.app.limits.work.is_full)
        for call in lists(narrow, person, 2 * MOST):
            refusal = await refused(call)
            assert (refusal.code, refusal.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_CALLS")
            assert retry_seconds(refusal) == 1
        refusals = await asyncio.gather(*(refused(page(narrow)) for _ in range(MOST // 2)))
        assert {each.reason for each in refusals} == {"PAGE_NOT_FOUND"}
    await asyncio.gather(*under_way)
    await asyncio.gather(*lists(narrow, person, 1))


async def test_signing_in_and_reading_are_counted_apart(narrow: Service) -> None:
    """Each kind of calls has its places: what people ask for who are signed in takes none of those who sign in (D8)."""
    person = await narrow.account()
    async with locked(narrow):
        under_way = lists(narrow, person, MOST // 2)
        await until_so(lambda: narrow.app.limits.work.is_full)
        assert (await narrow.sign_in(person.email)).id == person.id
    await asyncio.gather(*under_way)


async def test_calls_that_send_nothing_take_no_place(narrow: Service) -> None:
    """Calls of which no message comes keep nobody out (D8)."""
    method: Any = narrow.channel.stream_stream(GET_PAGE)

    async def silence() -> AsyncIterator[bytes]:
        await asyncio.sleep(60)
        yield b""

    silent = [method(silence(), timeout=60) for _ in range(3 * MOST)]
    await turned()

    async def is_answered() -> bool:
        return (await refused(page(narrow))).reason == "PAGE_NOT_FOUND"

    await until(is_answered)
    for call in silent:
        call.cancel()


async def test_what_is_under_way_when_the_time_is_up(own_service: Service) -> None:
    """A server that stops tells calls that it does not finish UNAVAILABLE, with its reason, and none CANCELLED (X1)."""
    person = await own_service.account()
    async with locked(own_service):
        under_way = [asyncio.create_task(refused(call)) for call in lists(own_service, person, 20)]
        await until_so(lambda: len(own_service.app.limits.running) == 20)
        stopping = asyncio.create_task(own_service.app.stop(0.1))
        refusals = await asyncio.gather(*under_way)
        assert {(each.code, each.reason) for each in refusals} == {(grpc.StatusCode.UNAVAILABLE, "SERVER_STOPPING")}
    await stopping


async def test_what_comes_while_it_stops(own_service: Service) -> None:
    """Callers that go on and on while a server stops are answered, or told UNAVAILABLE; none is told CANCELLED (X1)."""
    person = await own_service.account()
    codes: Counter[grpc.StatusCode] = Counter()
    options = [("grpc.use_local_subchannel_pool", 1)]
    channels = [grpc.aio.insecure_channel(own_service.address, options=options) for _ in range(4)]

    async def ask(channel: grpc.aio.Channel) -> None:
        while not codes[grpc.StatusCode.UNAVAILABLE]:
            try:
                await AuthServiceStub(channel).GetMe(GetMeRequest(), metadata=person.metadata, timeout=PATIENCE)
                codes[grpc.StatusCode.OK] += 1
            except grpc.aio.AioRpcError as error:
                codes[error.code()] += 1

    asking = [asyncio.create_task(ask(channel)) for channel in channels for _ in range(8)]
    await until_so(lambda: codes[grpc.StatusCode.OK] > len(asking))
    await own_service.app.stop(PATIENCE)
    await asyncio.gather(*asking)
    assert set(codes) == {grpc.StatusCode.OK, grpc.StatusCode.UNAVAILABLE}
    for channel in channels:
        await channel.close()


async def test_a_flood_of_one_method_is_taken_in(own_service: Service) -> None:
    """The more calls come at once, the more are taken in at once; when they are over, few are asked for again."""
    person = await own_service.account()
    path = "/gazette.auth.v1.AuthService/GetMe"
    questions = own_service.app.acceptance.questions
    before = questions[path]
    stub: Any = AuthServiceStub(own_service.channel)
    most = before
    for _ in range(5):
        calls = [stub.GetMe(GetMeRequest(), metadata=person.metadata, timeout=PATIENCE) for _ in range(90)]
        await asyncio.gather(*calls)
        most = max(most, questions[path])
    assert most > before


async def test_turns() -> None:
    """So many work at a time, in the order in which they came; whoever leaves the queue leaves his turn to the next."""
    turns = Turns()
    turns.allowed = 1
    order: list[int] = []

    async def work(number: int) -> None:
        await turns.take()
        order.append(number)
        await asyncio.sleep(0)
        turns.give()

    await turns.take()
    tasks = [asyncio.create_task(work(number)) for number in range(4)]
    await turned()
    assert order == []
    tasks[1].cancel()
    turns.give()
    tasks[0].cancel()  # at the very moment at which it was its turn
    await asyncio.gather(*tasks, return_exceptions=True)
    assert (order, turns.active, len(turns.waiting)) == ([2, 3], 0, 0)


def test_turns_follow_the_loop() -> None:
    """While the event loop is late fewer calls are worked on at a time, and more while it is not and others wait."""
    turns = Turns()
    for _ in range(50):
        turns.adapt(1.0)
    assert turns.allowed == turns.LEAST
    turns.adapt(0.0)
    assert turns.allowed == turns.LEAST + 1
    for _ in range(50):
        turns.adapt(0.0)
    assert turns.allowed == turns.FIRST
