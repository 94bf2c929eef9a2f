"""GetJwks, over HTTP as others read it: what they verify our tokens with, and that they can."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import jwt
import pytest

from devstack.envoy import Envoy
from devstack.home import Home
from tests.auth.forging import FORGES
from tests.servers import Servers
from tests.service import Service, running

PATH = "/.well-known/jwks.json"


@asynccontextmanager
async def behind_envoy(
    servers: Servers, template: str, directory: Path, **settings: str
) -> AsyncIterator[tuple[Service, httpx.AsyncClient]]:
    """A server with these settings, and a client of an Envoy in front of it."""
    home = Home.at(directory / "home")
    async with running(servers, template, directory, SOCKET_DIR=str(home.sockets), **settings) as service:
        envoy = Envoy(home, port=home.port("http"), workers=1)
        try:
            await asyncio.to_thread(envoy.start)
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{envoy.port}") as client:
                yield service, client
        finally:
            await asyncio.to_thread(envoy.stop)


@pytest.mark.parametrize("algorithm", ["EdDSA", "ES256"])
async def test_others_can_verify_our_tokens(servers: Servers, template: str, tmp_path: Path, algorithm: str) -> None:
    """A library that knows no more of us than the address of our keys finds the right one, and out who a token stands for."""
    async with behind_envoy(servers, template, tmp_path, **FORGES[algorithm].settings(tmp_path)) as (service, client):
        person = await service.account()
        keys = jwt.PyJWKClient(str(client.base_url.join(PATH)))
        key = await asyncio.to_thread(keys.get_signing_key_from_jwt, person.access_token)
        (other,) = [each for each in keys.get_signing_keys() if each.key_id != key.key_id]
    assert jwt.get_unverified_header(person.access_token) == {"alg": algorithm, "typ": "at+jwt", "kid": key.key_id}
    said = jwt.decode(person.access_token, key, audience="gazette", issuer="gazette")
    assert said["sub"] == person.id
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(person.access_token, other, audience="gazette", issuer="gazette")


async def test_what_is_told(servers: Servers, template: str, tmp_path: Path) -> None:
    """The keys have their public members alone, though the files hold the private ones too. They may be kept for 5 minutes."""
    curve, edwards = (FORGES[algorithm].settings(tmp_path)["JWT_KEY_FILE"] for algorithm in ("ES256", "EdDSA"))
    files = {"JWT_KEY_FILE": curve, "JWT_VERIFICATION_KEY_FILES": edwards}
    async with behind_envoy(servers, template, tmp_path, **files) as (_, client):
        answer = await client.get(PATH)
        head = await client.head(PATH)
        with_a_bad_token = await client.get(PATH, headers={"authorization": "Bearer nonsense"})
    named = {"kty", "use", "kid", "alg", "crv", "x"}
    assert [set(key) for key in answer.json()["keys"]] == [named | {"y"}, named]
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == head.headers["cache-control"] == "public, max-age=300"
    assert with_a_bad_token.json() == answer.json()


async def test_a_secret_is_not_told(servers: Servers, template: str, tmp_path: Path) -> None:
    """Where tokens are signed with secrets there is no key for others, and the answer is a JWK Set all the same."""
    async with behind_envoy(servers, template, tmp_path, JWT_PREVIOUS_SECRET="x" * 32) as (_, client):
        answer = await client.get(PATH)
    assert (answer.status_code, answer.json()) == (200, {"keys": []})
