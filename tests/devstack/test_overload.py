"""Too much at once: what Envoy says of what it does not let through any more, and whose places are whose."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from google.rpc import error_details_pb2

from devstack.envoy import Envoy
from devstack.home import Home
from tests.devstack.echo import HELD, echoing
from tests.polling import until
from tests.refusals import Refusal, refused

READS, CALLS = 3, 2
GET_PAGE = "/gazette.delivery.v1.DeliveryService/GetPage"
GET_ME = "/gazette.auth.v1.AuthService/GetMe"
NOTHING = bytes(5)
"""An empty message, as gRPC frames it."""


@pytest.fixture
async def edge(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an Envoy that lets through three reads and two other calls at a time."""
    async with (
        echoing(Home.at(tmp_path), reads_at_once=READS, calls_at_once=CALLS) as url,
        httpx.AsyncClient(base_url=url, timeout=20) as http,
    ):
        yield http


@asynccontextmanager
async def held(http: httpx.AsyncClient, path: str, count: int, **headers: str) -> AsyncIterator[None]:
    """So many requests that are under way and are not answered: one more is refused."""
    waiting = [asyncio.create_task(http.get(path, headers=headers)) for _ in range(count)]

    async def is_full() -> bool:
        done, _ = await asyncio.wait([asyncio.create_task(http.get(path, headers=headers))], timeout=0.5)
        return bool(done) and done.pop().result().status_code == httpx.codes.TOO_MANY_REQUESTS

    try:
        await until(is_full)
        yield
    finally:
        for each in waiting:
            each.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


def is_told_when(refusal: Refusal) -> bool:
    info = error_details_pb2.RetryInfo()
    return any(detail.Unpack(info) and info.retry_delay.seconds == 1 for detail in refusal.status.details)


async def test_what_is_refused_says_when_to_come_back(edge: httpx.AsyncClient) -> None:
    """What exceeds the places is RESOURCE_EXHAUSTED with ErrorInfo and RetryInfo, over HTTP/JSON, gRPC-Web and gRPC alike
    (D8)."""
    async with held(edge, "/v1/auth/me", CALLS, authorization=HELD):
        answer = await edge.get("/v1/auth/me")
        web = await edge.post(GET_ME, content=NOTHING, headers={"content-type": "application/grpc-web+proto"})
        async with grpc.aio.insecure_channel(str(edge.base_url).removeprefix("http://")) as channel:
            method: Any = channel.unary_unary(GET_ME)
            refusal = await refused(method(b"", timeout=10))
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
    error = answer.json()
    assert (error["code"], error["details"][0]["reason"], error["details"][0]["domain"]) == (8, "TOO_MANY_CALLS", "gazette")
    assert error["details"][1]["retryDelay"] == "1s"
    assert error["details"][2]["requestId"] == answer.headers["x-request-id"]
    assert "grpc-status-details-bin" not in answer.headers
    assert (web.headers["grpc-status"], web.headers["retry-after"]) == ("8", "1")
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_CALLS")
    assert is_told_when(refusal)


async def test_the_public_has_places_of_its_own(edge: httpx.AsyncClient) -> None:
    """While all else is refused, pages are read and load balancers are told the health; and the other way round (D8)."""
    async with held(edge, "/v1/auth/me", CALLS, authorization=HELD):
        for path in ("/v1/pages/a", "/health"):
            assert (await edge.get(path)).status_code == 200
    async with held(edge, f"/v1/pages/{HELD}", READS):
        assert (await edge.get("/v1/auth/me")).status_code == 200


async def test_places_become_free(edge: httpx.AsyncClient) -> None:
    """What was refused is answered when others have left."""
    async with held(edge, "/v1/auth/me", CALLS, authorization=HELD):
        assert (await edge.get("/v1/auth/me")).status_code == 429

    async def is_answered() -> bool:
        return (await edge.get("/v1/auth/me")).status_code == 200

    await until(is_answered)


async def test_nobody_there(tmp_path: Path) -> None:
    """Where no process takes calls any more, gRPC is told UNAVAILABLE with its ErrorInfo, as HTTP is (X1)."""
    envoy = Envoy(home := Home.at(tmp_path), port=home.port("http"), workers=1)
    envoy.launch()
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{envoy.port}") as channel:
            method: Any = channel.unary_unary(GET_ME)
            refusal = await refused(method(b"", timeout=20, wait_for_ready=True))
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{envoy.port}") as client:
            answer = await client.get("/v1/auth/me")
    finally:
        await asyncio.to_thread(envoy.stop)
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.UNAVAILABLE, "SERVER_UNAVAILABLE")
    assert (answer.status_code, answer.json()["details"][0]["reason"]) == (503, "SERVER_UNAVAILABLE")
    assert answer.json()["details"][1]["requestId"] == answer.headers["x-request-id"]
