"""GetJwks, over HTTP as others read it: what they verify our tokens with, and that they can."""

from __future__ import annotations

import asyncio
import json
import re
import shlex
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest

from devstack.envoy import Envoy
from devstack.home import Home
from server.auth.tokens.signing import KeyRing, key_in
from tests.auth.forging import FORGES, Forge
from tests.servers import Servers
from tests.service import Service, running

PATH = "/.well-known/jwks.json"
ADDRESS = f"https://gazette.example.gov{PATH}"
DOCUMENT = (Path(__file__).parents[2] / "docs/tokens.md").read_text()


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


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the commands that docs/tokens.md names were run."""
    directory = tmp_path_factory.mktemp("keys")
    commands = re.findall(r"^    (openssl .*)$", DOCUMENT, re.MULTILINE)
    assert len(commands) == 4
    for command in commands:
        subprocess.run(shlex.split(command), cwd=directory, check=True, capture_output=True)
    return directory


@pytest.mark.parametrize(("file", "algorithm"), [("jwt-ed25519.pem", "EdDSA"), ("jwt-p256.pem", "ES256")])
async def test_others_can_verify_our_tokens(
    servers: Servers, template: str, tmp_path: Path, made: Path, file: str, algorithm: str
) -> None:
    """With the keys that the documentation makes, and the function that it shows, others find out who a token stands for."""
    assert (made / file).stat().st_mode & 0o077 == 0
    other = {"JWT_VERIFICATION_KEY_FILES": str(made / "jwt-ed25519.pub.pem")}
    async with behind_envoy(servers, template, tmp_path, JWT_KEY_FILE=str(made / file), **other) as (service, client):
        person = await service.sign_in((await service.account()).email)
        claims = shown(str(client.base_url.join(PATH)))
        said = await asyncio.to_thread(claims, person.access_token)
        (signing, *_) = (await client.get(PATH)).json()["keys"]
        key = key_in(made / file, "the test", must_sign=True)
        forge = Forge(KeyRing.of(key), FORGES[algorithm].thief, said)
        for forged in (
            forge.signed(key=forge.thief),
            forge.with_hmac(json.dumps(signing).encode(), forge.headed(alg="HS256")),
            forge.unsigned(forge.headed(alg="none")) + ".",
            forge.with_header(typ="JWT"),
            forge.with_claims(aud="treasury"),
            forge.with_claims(exp=said["iat"] - 1),
            person.refresh_token,
        ):
            with pytest.raises(jwt.PyJWTError):
                await asyncio.to_thread(claims, forged)
        assert await asyncio.to_thread(claims, forge.signed()) == said
    assert said["sub"] == person.id
    assert jwt.get_unverified_header(person.access_token) == {"alg": algorithm, "typ": "at+jwt", "kid": signing["kid"]}


def shown(address: str) -> Callable[[str], dict[str, Any]]:
    """The function of docs/tokens.md, with our address in it."""
    (block,) = re.findall(r"^```python$(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)
    assert ADDRESS in block
    names: dict[str, Any] = {}
    exec(block.replace(ADDRESS, address), names)
    claims: Callable[[str], dict[str, Any]] = names["claims"]
    return claims


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
