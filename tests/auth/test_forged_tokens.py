"""Forged tokens against the server itself, under each algorithm (T1 to T3)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import grpc
import jwt
import pytest

from gazette.auth.v1.auth_service_pb2 import RefreshTokenRequest
from gazette.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from tests.auth.asking import get_me
from tests.auth.forgeries import forgeries
from tests.auth.forging import FORGES
from tests.refusals import refused
from tests.servers import Servers
from tests.service import running


@pytest.mark.parametrize("algorithm", FORGES)
async def test_no_forged_token_passes(servers: Servers, template: str, tmp_path: Path, algorithm: str) -> None:
    """All forgeries that can be sent at all are UNAUTHENTICATED, while the token that they are made like is accepted."""
    forge = FORGES[algorithm]
    async with running(servers, template, tmp_path, **forge.settings(tmp_path)) as service:
        person = await service.sign_in((await service.account()).email)
        forge = replace(forge, good=jwt.decode(person.access_token, options={"verify_signature": False}))
        forged = {name: token for name, token in forgeries(forge).items() if token.isascii() and token.isprintable()}
        assert len(forged) > 200
        for name, token in forged.items():
            refusal = await refused(get_me(service.channel, token))
            assert refusal.code is grpc.StatusCode.UNAUTHENTICATED, name
            assert refusal.reason in {"INVALID_ACCESS_TOKEN", "UNAUTHENTICATED"}, name
        assert (await get_me(service.channel, forge.signed())).account.id == person.id


@pytest.mark.parametrize("algorithm", FORGES)
async def test_one_kind_of_token_is_not_the_other(servers: Servers, template: str, tmp_path: Path, algorithm: str) -> None:
    """A refresh token opens nothing, and an access token cannot be exchanged (T2)."""
    async with running(servers, template, tmp_path, **FORGES[algorithm].settings(tmp_path)) as service:
        person = await service.sign_in((await service.account()).email)
        assert (await refused(get_me(service.channel, person.refresh_token))).reason == "INVALID_ACCESS_TOKEN"
        exchange = AuthServiceStub(service.channel).RefreshToken(RefreshTokenRequest(refresh_token=person.access_token))
        assert (await refused(exchange)).code in {grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.INVALID_ARGUMENT}
        assert (await get_me(service.channel, person.access_token)).account.id == person.id
