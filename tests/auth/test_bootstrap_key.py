"""The first key of an installation, which comes with its settings."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest
import pytest_asyncio
from sqlalchemy import func, select, update

from gazette.access.v1.access_pb2 import Permission
from gazette.auth.v1.account_pb2 import AccountKind, Role
from gazette.auth.v1.auth_service_pb2 import GetMeRequest
from gazette.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from server import app as application
from server.auth.api_keys import bootstrap
from server.auth.api_keys import rules as api_key_rules
from server.auth.models import Account, ApiKey
from server.settings import CannotStart
from tests.auth.api_keys import Desk, bearer, code_of, lets_in
from tests.auth.stored import change, events, rows
from tests.polling import until
from tests.servers import Servers
from tests.service import Service, running


@pytest_asyncio.fixture
async def own_desk(own_service: Service) -> Desk:
    """On a server of its own, which does not hear or has no other services."""
    return Desk(own_service, await own_service.account(role=Role.ROLE_ADMIN))


KEY = api_key_rules.make(uuid.UUID(int=7))


@pytest_asyncio.fixture
async def bootstrapped(servers: Servers, template: str, tmp_path: Path) -> AsyncIterator[Service]:
    async with running(servers, template, tmp_path, API_KEY=KEY) as started:
        await until(lambda: lets_in(started.channel, KEY))
        yield started


async def test_the_first_key_comes_with_the_settings(bootstrapped: Service) -> None:
    """API_KEY is the key of a service account that may do everything."""
    answer = await AuthServiceStub(bootstrapped.channel).GetMe(GetMeRequest(), metadata=bearer(KEY))
    assert answer.account.name == "bootstrap"
    assert [(grant.role, grant.organisation_id) for grant in answer.account.grants] == [(Role.ROLE_ADMIN, "")]
    (stored,) = await rows(bootstrapped, select(ApiKey.__table__))
    assert (stored.id, stored.name) == (uuid.UUID(int=7), "API_KEY")
    assert set(stored.scopes) == {number for number in Permission.values() if number}
    audited = [
        (event.target, event.actor_id)
        for action in ("account.create", "api_key.create")
        for event in await events(bootstrapped, action)
    ]
    assert audited == [(answer.account.id, None), (str(stored.id), None)]


async def test_many_processes_make_one_bootstrap_account(bootstrapped: Service) -> None:
    """Processes that start together, and later ones, find it made; another API_KEY joins the same account."""

    async def ensure(key: str) -> bool:
        async with bootstrapped.database.transaction() as connection:
            return await bootstrap.ensure(connection, key)

    other = api_key_rules.make(uuid.uuid4())
    assert sum(await asyncio.gather(*(ensure(key) for key in [KEY, other] * 5))) == 1
    ((count,),) = await rows(bootstrapped, select(func.count()).where(Account.kind == AccountKind.ACCOUNT_KIND_SERVICE))
    assert count == 1


async def test_anybodys_account_may_be_called_bootstrap(own_desk: Desk) -> None:
    """An account that an organisation's admin gave the name does not get the key of the settings."""
    here = await own_desk.service.organisation()
    await own_desk.service_account(bootstrap.ACCOUNT, place=here)
    await own_desk.service_account(bootstrap.ACCOUNT, Role.ROLE_ADMIN, place=here)
    async with own_desk.service.database.transaction() as connection:
        assert await bootstrap.ensure(connection, KEY)
    answer = await AuthServiceStub(own_desk.service.channel).GetMe(GetMeRequest(), metadata=bearer(KEY))
    assert [(grant.role, grant.organisation_id) for grant in answer.account.grants] == [(Role.ROLE_ADMIN, "")]


async def test_a_revoked_bootstrap_key_stays_revoked(bootstrapped: Service) -> None:
    """Starting again does not bring a revoked API_KEY back."""
    await change(bootstrapped, update(ApiKey).values(revoke_time=func.now()))
    async with bootstrapped.database.transaction() as connection:
        assert not await bootstrap.ensure(connection, KEY)
    process = await application.build(bootstrapped.settings)
    await process.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{process.port}") as channel:
        assert await code_of(channel, KEY) is grpc.StatusCode.UNAUTHENTICATED
    await process.stop()


async def test_a_mistyped_bootstrap_key_stops_the_start(servers: Servers, template: str, tmp_path: Path) -> None:
    """A key with a typing error is noticed at once, and not told."""
    mistyped = KEY[:-1] + ("0" if KEY[-1] != "0" else "1")
    with pytest.raises(CannotStart, match=r"^API_KEY is not a key") as caught:
        async with running(servers, template, tmp_path, API_KEY=mistyped):
            pass
    assert mistyped not in str(caught.value)
