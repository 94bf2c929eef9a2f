"""GetJwks: what others verify our tokens with, and that they can."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jwt
import pytest
from google.protobuf.json_format import MessageToDict

from gazette.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from gazette.auth.v1.jwk_pb2 import GetJwksRequest
from tests.auth.forging import FORGES
from tests.servers import Servers
from tests.service import Service, running


async def jwks(service: Service) -> dict[str, Any]:
    """The answer as it comes over HTTP."""
    return MessageToDict(await AuthServiceStub(service.channel).GetJwks(GetJwksRequest()))


@pytest.mark.parametrize("algorithm", ["EdDSA", "ES256"])
async def test_others_can_verify_our_tokens(servers: Servers, template: str, tmp_path: Path, algorithm: str) -> None:
    """Whoever reads the JWKS can check a token with it by the standards alone, and finds out who it stands for."""
    async with running(servers, template, tmp_path, **FORGES[algorithm].settings(tmp_path)) as service:
        person = await service.account()
        published = jwt.PyJWKSet.from_json(json.dumps(await jwks(service)))
    assert len(published.keys) == 2
    header = jwt.get_unverified_header(person.access_token)
    assert header == {"alg": algorithm, "typ": "at+jwt", "kid": published.keys[0].key_id}
    said = jwt.decode(person.access_token, published[header["kid"]], audience="gazette", issuer="gazette")
    assert said["sub"] == person.id
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(person.access_token, published.keys[1], audience="gazette", issuer="gazette")


async def test_nothing_private_is_told(servers: Servers, template: str, tmp_path: Path) -> None:
    """The keys have their public members alone, though the files hold the private ones too."""
    curve, edwards = (FORGES[algorithm].settings(tmp_path)["JWT_KEY_FILE"] for algorithm in ("ES256", "EdDSA"))
    async with running(servers, template, tmp_path, JWT_KEY_FILE=curve, JWT_VERIFICATION_KEY_FILES=edwards) as service:
        told = await jwks(service)
    named = {"kty", "use", "kid", "alg", "crv", "x"}
    assert [set(key) for key in told["keys"]] == [named | {"y"}, named]


async def test_a_secret_is_not_told(service: Service) -> None:
    """Where tokens are signed with a secret there is no key for others."""
    answer = await AuthServiceStub(service.channel).GetJwks(GetJwksRequest())
    assert len(answer.keys) == 0
