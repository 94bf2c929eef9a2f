"""How often the public may read: Envoy's own limit, by address."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest

from devstack.home import Home
from tests.devstack.echo import echoing
from tests.devstack.test_envoy import CLAIMS

BURST = 5
HERE, ELSEWHERE = "203.0.113.5", "203.0.113.6"
GET_PAGE = "/gazette.delivery.v1.DeliveryService/GetPage"
NOTHING = bytes(5)
"""An empty message, as gRPC frames it."""
RESOURCE_EXHAUSTED = "8"


@pytest.fixture
async def direct(tmp_path: Path) -> AsyncIterator[str]:
    """An Envoy that clients reach themselves, and that lets each read five times, then once a second."""
    async with echoing(Home.at(tmp_path), reads_per_second=1, reads_burst=BURST) as url:
        yield url


@pytest.fixture
async def behind_proxy(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """The same Envoy, behind one proxy that says where a request comes from."""
    edge = echoing(Home.at(tmp_path), reads_per_second=1, reads_burst=BURST, trusted_hops=1)
    async with edge as url, httpx.AsyncClient(base_url=url) as http:
        yield http


async def read(http: httpx.AsyncClient, address: str) -> httpx.Response:
    return await http.get("/v1/pages/a", headers={"x-forwarded-for": address})


async def reads(http: httpx.AsyncClient, address: str) -> int:
    """How many reads at once are answered before one is refused."""
    for number in range(10 * BURST):
        if (await read(http, address)).status_code == 429:
            return number
    raise AssertionError("no read was refused")


def is_about_burst(number: int) -> bool:
    """What a burst lets through, and what is let in anew while it goes on."""
    return BURST <= number <= 3 * BURST


async def test_an_address_is_limited_by_itself(behind_proxy: httpx.AsyncClient) -> None:
    """Who reads too often is refused, and may read again after a second; who comes from elsewhere is not refused."""
    assert is_about_burst(await reads(behind_proxy, HERE))
    assert is_about_burst(await reads(behind_proxy, ELSEWHERE))
    async with asyncio.timeout(10):
        while (await read(behind_proxy, HERE)).status_code == 429:
            await asyncio.sleep(0.2)


async def test_a_refusal_is_an_error_as_any_other(behind_proxy: httpx.AsyncClient) -> None:
    """Envoy refuses as the server does: a google.rpc.Status, and when to come again."""
    while (answer := await read(behind_proxy, HERE)).status_code != 429:
        assert answer.status_code == 200
    assert (answer.headers["retry-after"], answer.headers["content-type"]) == ("1", "application/json")
    error = answer.json()
    assert (error["code"], error["details"][0]["reason"], error["details"][0]["domain"]) == (8, "RATE_LIMITED", "gazette")


async def test_an_ipv6_network_is_one_client(behind_proxy: httpx.AsyncClient) -> None:
    """All addresses of a /64 have one limit: a client could have any of them."""
    addresses = [f"2001:db8::{number:x}" for number in range(1, 4 * BURST)]
    statuses = [(await read(behind_proxy, each)).status_code for each in addresses]
    assert is_about_burst(statuses.count(200))
    assert (await read(behind_proxy, "2001:db8:0:1::1")).status_code == 200


async def test_the_rest_is_left_to_the_server(behind_proxy: httpx.AsyncClient) -> None:
    """Health is asked for freely, and what needs a sign-in is counted by the server alone."""
    for path in ("/health", "/v1/auth/me") * 3 * BURST:
        assert (await behind_proxy.get(path, headers={"x-forwarded-for": HERE})).status_code == 200


async def test_claims_make_no_other_client(direct: str) -> None:
    """Whatever a client claims about where it comes from, its reads are counted together (Z7): HTTP/JSON, gRPC-Web and gRPC."""
    address, claims = direct.removeprefix("http://"), (CLAIMS | {"x-forwarded-for": f"6.6.6.{n}"} for n in range(100))
    async with httpx.AsyncClient(base_url=direct) as http, grpc.aio.insecure_channel(address) as channel:
        statuses = [(await http.get("/v1/pages/a", headers=next(claims))).status_code for _ in range(4 * BURST)]
        assert is_about_burst(statuses.count(200))
        web = {"content-type": "application/grpc-web+proto"}
        posts = [await http.post(GET_PAGE, content=NOTHING, headers=next(claims) | web) for _ in range(2 * BURST)]
        method: Any = channel.unary_unary(GET_PAGE)
        codes = [await method(b"", metadata=[*next(claims).items()], timeout=5).code() for _ in range(2 * BURST)]
    assert {each.headers["grpc-status"] for each in posts if each.status_code == 429} == {RESOURCE_EXHAUSTED}
    assert grpc.StatusCode.RESOURCE_EXHAUSTED in codes
    assert {*codes} <= {grpc.StatusCode.OK, grpc.StatusCode.RESOURCE_EXHAUSTED}
