"""How often somebody may call: through Envoy, where a caller sees headers and may claim to be somebody else."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest

from devstack.envoy import Envoy
from devstack.home import Home
from gazette.auth.v1.account_pb2 import Role
from gazette.auth.v1.auth_service_pb2 import GetMeResponse
from tests.devstack.test_envoy import CLAIMS
from tests.servers import Servers
from tests.service import Person, Service, running

MOST = 6
GET_ME = "/gazette.auth.v1.AuthService/GetMe"
NOTHING = bytes(5)
"""An empty message, as gRPC frames it."""
RESOURCE_EXHAUSTED = "8"
WAYS = ["HTTP/JSON", "gRPC-Web", "gRPC"]


class Edge:
    """A client of an Envoy of its own, in front of a server that takes six calls an hour."""

    def __init__(self, service: Service, port: int) -> None:
        self.service = service
        self.http = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}")
        self.channel = grpc.aio.insecure_channel(f"127.0.0.1:{port}")

    async def get_me(self, way: str, headers: dict[str, str]) -> str:
        """Whose token came, "" without a good one, and "limited" for a call too many."""
        if way == "HTTP/JSON":
            answer = await self.http.get("/v1/auth/me", headers=headers)
            return "limited" if answer.status_code == 429 else answer.json().get("account", {}).get("id", "")
        if way == "gRPC-Web":
            answer = await self.http.post(
                GET_ME, content=NOTHING, headers={**headers, "content-type": "application/grpc-web+proto"}
            )
            if answer.headers.get("grpc-status", "0") != "0":
                return "limited" if answer.headers["grpc-status"] == RESOURCE_EXHAUSTED else ""
            length = int.from_bytes(answer.content[1:5], "big")
            return GetMeResponse.FromString(answer.content[5 : 5 + length]).account.id
        method: Any = self.channel.unary_unary(GET_ME)
        call = method(b"", metadata=[*headers.items()], timeout=5)
        if (code := await call.code()) != grpc.StatusCode.OK:
            return "limited" if code == grpc.StatusCode.RESOURCE_EXHAUSTED else ""
        return GetMeResponse.FromString(await call).account.id


@pytest.fixture
async def limited(servers: Servers, template: str, tmp_path: Path) -> AsyncIterator[Edge]:
    home = Home.at(tmp_path / "home")
    limits = {"RATE_LIMIT_MAX": str(MOST), "RATE_LIMIT_WINDOW": "1d"}
    async with running(servers, template, tmp_path, SOCKET_DIR=str(home.sockets), **limits) as service:
        envoy = Envoy(home, port=home.port("http"), workers=1)
        try:
            await asyncio.to_thread(envoy.start)
            limited = Edge(service, envoy.port)
            async with limited.http, limited.channel:
                yield limited
        finally:
            await asyncio.to_thread(envoy.stop)


def bearer(person: Person) -> dict[str, str]:
    return dict(person.metadata)


async def test_headers_count_down(limited: Edge) -> None:
    """Every answer says how many calls are left and for how long they must do; a refusal too, and when to come again."""
    headers = bearer(await limited.service.account())
    answers = [await limited.http.get("/v1/auth/me", headers=headers) for _ in range(MOST + 1)]
    assert [each.status_code for each in answers] == [200] * MOST + [429]
    assert {each.headers["ratelimit-limit"] for each in answers} == {str(MOST)}
    assert [int(each.headers["ratelimit-remaining"]) for each in answers] == [*range(MOST - 1, -1, -1), 0]
    assert all(0 < int(each.headers["ratelimit-reset"]) <= 86400 for each in answers)
    refusal = answers[-1]
    assert refusal.headers["retry-after"] == refusal.headers["ratelimit-reset"]
    error = refusal.json()
    kinds = {detail["@type"].rpartition(".")[2]: detail for detail in error["details"]}
    assert (error["code"], kinds["ErrorInfo"]["reason"]) == (8, "RATE_LIMITED")
    assert 0 < float(kinds["RetryInfo"]["retryDelay"].removesuffix("s")) <= 86400


async def test_refusals_of_other_kinds_count_down_too(limited: Edge) -> None:
    """A caller who is refused for another reason learns how many calls are left, too."""
    answer = await limited.http.get("/v1/auth/me", headers={"authorization": "Bearer nonsense"})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.headers["ratelimit-remaining"] == str(MOST - 1)


async def test_public_reads_have_none(limited: Edge) -> None:
    """What the public reads is not counted, and says nothing of it."""
    for path in ("/v1/pages/nowhere", "/v1/pages", "/health"):
        assert not [name for name in (await limited.http.get(path)).headers if name.startswith("ratelimit")]


async def test_a_creation_has_all_its_headers(limited: Edge) -> None:
    """What the handler says of an answer leaves together with what the rates say."""
    headers = bearer(await limited.service.account(role=Role.ROLE_ADMIN))
    answer = await limited.http.post("/v1/organisations", json={"slug": "harbours", "name": "Harbours"}, headers=headers)
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/v1/organisations/{answer.json()['organisation']['id']}"
    assert answer.headers["ratelimit-remaining"] == str(MOST - 1)


@pytest.mark.parametrize("way", WAYS)
async def test_claims_are_no_identity(limited: Edge, way: str) -> None:
    """Who claims to be somebody is nobody without a token, and with one is whom it stands for (Z7)."""
    person, other = await limited.service.account(), await limited.service.account()
    claims = {**CLAIMS, "x-user-id": other.id, "grpc-metadata-authorization": f"Bearer {other.access_token}"}
    assert await limited.get_me(way, claims) == ""
    assert await limited.get_me(way, {**claims, **bearer(person)}) == person.id


@pytest.mark.parametrize("way", WAYS)
async def test_claims_are_no_address(limited: Edge, way: str) -> None:
    """A client that claims another address with every call is counted as the one that it is (Z7)."""
    account = await limited.service.account()
    person = await limited.service.sign_in(account.email)
    claimed = (f"6.6.6.{number}" for number in itertools.count())
    names = ("x-forwarded-for", "x-real-ip", "forwarded", "x-envoy-external-address", "grpc-metadata-x-forwarded-for")
    answers = [await limited.get_me(way, CLAIMS | dict.fromkeys(names, next(claimed))) for _ in range(MOST + 1)]
    assert answers == [""] * (MOST - 1) + ["limited"] * 2  # signing in was a call, too
    assert await limited.get_me(way, bearer(person)) == person.id
