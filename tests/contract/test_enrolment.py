"""An account that must set up an authenticator app can do nothing else: every method of the contract, one by one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest
import pytest_asyncio
from sqlalchemy import select

from gazette.auth.v1.account_pb2 import Role
from gazette.auth.v1.auth_service_pb2 import LogoutRequest
from gazette.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from server.auth.models import Account
from server.rpc.methods import access_rule
from tests.auth.asking import get_me
from tests.auth.authenticator import set_up, sign_in
from tests.auth.stored import rows
from tests.contract.asking import ATTEMPTS, has_lost_its_status
from tests.contract.test_contract import methods, nonsense
from tests.refusals import refusal, refused
from tests.servers import Servers
from tests.service import Person, Service, running

ALLOWED = {"EnrolTotp", "ConfirmTotp", "Logout"}


@pytest_asyncio.fixture
async def strict(servers: Servers, template: str, tmp_path: Path) -> AsyncIterator[Service]:
    """A server where publishers, and who can do more, must have an app."""
    async with running(servers, template, tmp_path, TOTP_REQUIRED_ROLES="publisher") as started:
        yield started


async def newcomer(service: Service, role: Role.ValueType) -> Person:
    person = await service.account(role=role)
    answer = await sign_in(service, person)
    return Person(person.id, person.email, person.password, answer.access_token, answer.refresh_token)


async def reason(service: Service, method: str, person: Person) -> tuple[grpc.StatusCode, str]:
    """What a request that cannot be read is answered: who may not call is not told what is wrong with it."""
    for _ in range(ATTEMPTS):
        method_of: Any = service.channel.stream_stream(method)
        call = method_of(nonsense(), metadata=person.metadata, timeout=10)
        if not await has_lost_its_status(call):
            break
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        async for _ in call:
            pass
    said = refusal(caught.value)
    return said.code, said.reason


@pytest.mark.parametrize("role", [Role.ROLE_PUBLISHER, Role.ROLE_ADMIN])
async def test_every_method_but_three_is_refused(strict: Service, role: Role.ValueType) -> None:
    """Whatever needs a sign-in says that an app is needed first, but for what sets one up, and the sign-out."""
    person = await newcomer(strict, role)
    refused_ones = (grpc.StatusCode.PERMISSION_DENIED, "TOTP_ENROLMENT_REQUIRED")
    let_in = (grpc.StatusCode.INVALID_ARGUMENT, "MALFORMED_MESSAGE")
    asked = [method for method in methods() if not access_rule(method).public]
    answers = {
        method.name: await reason(strict, f"/{method.containing_service.full_name}/{method.name}", person) for method in asked
    }
    assert answers == {method.name: let_in if method.name in ALLOWED else refused_ones for method in asked}
    assert len(answers) > 50


async def test_the_way_out(strict: Service) -> None:
    """Once the app is confirmed the same token may do all that its account may, in the session that confirmed it. Before, it
    can be signed out of."""
    person = await newcomer(strict, Role.ROLE_ADMIN)
    assert (await refused(get_me(strict.channel, person.access_token))).reason == "TOTP_ENROLMENT_REQUIRED"
    await set_up(strict, person)
    assert (await get_me(strict.channel, person.access_token)).account.id == person.id
    other = await newcomer(strict, Role.ROLE_PUBLISHER)
    await AuthServiceStub(strict.channel).Logout(LogoutRequest(), metadata=other.metadata)
    again = AuthServiceStub(strict.channel).Logout(LogoutRequest(), metadata=other.metadata)
    assert (await refused(again)).reason == "INVALID_ACCESS_TOKEN"
    assert [row.name for row in await rows(strict, select(Account.name).where(Account.email == other.email))]
