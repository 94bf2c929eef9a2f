"""What an organisation's admin changes has an effect in that organisation alone (Z2)."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest
import pytest_asyncio
from sqlalchemy import select

from gazette.auth.v1.account_pb2 import Role
from gazette.auth.v1.auth_service_pb2 import RefreshTokenRequest
from gazette.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from gazette.content.v1.content_service_pb2 import CreateDocumentRequest
from gazette.content.v1.content_service_pb2_grpc import ContentServiceStub
from gazette.content.v1.document_pb2 import Document
from server.auth.models import Account, ApiKey, Grant, Session
from tests.auth.administering import BY_ID, ask, ask_about, give, refresh
from tests.auth.api_keys import READ, WRITE, bearer, code_of
from tests.auth.api_keys import Desk as Keys
from tests.auth.asking import another_process, get_me
from tests.auth.authenticator import set_up, sign_in
from tests.auth.stored import rows
from tests.polling import until
from tests.refusals import refused
from tests.servers import Servers
from tests.service import Person, Service, running

SECONDS = 5.0
"""Within which a lost role is one everywhere (T5)."""
CHANGES = ("UpdateAccount", *(each for each in BY_ID if each != "GetAccount"))


async def may_write(channel: grpc.aio.Channel, access_token: str, organisation_id: str) -> bool:
    """Whether the holder may write documents there: it is told that there is no such content type."""
    document = Document(organisation_id=organisation_id, path="/a/b", title="A title", content_type="no_such_type")
    metadata = (("authorization", f"Bearer {access_token}"),)
    call = ContentServiceStub(channel).CreateDocument(CreateDocumentRequest(document=document), metadata=metadata)
    code = await call.code()
    assert code in {
        grpc.StatusCode.FAILED_PRECONDITION,
        grpc.StatusCode.NOT_FOUND,
        grpc.StatusCode.PERMISSION_DENIED,
    }, code
    return code is grpc.StatusCode.FAILED_PRECONDITION


async def loses(channel: grpc.aio.Channel, access_token: str, organisation_id: str) -> None:
    async def has_lost() -> bool:
        return not await may_write(channel, access_token, organisation_id)

    await until(has_lost, SECONDS)


async def signed_in(service: Service, *held: tuple[Role.ValueType, str]) -> Person:
    """Somebody with these roles, whose access token says so."""
    person = await service.account(role=Role.ROLE_UNSPECIFIED)
    for role, place in held:
        await give(service, person.id, role, place)
    fresh = await refresh(service, person)
    return Person(person.id, person.email, person.password, fresh.access_token, fresh.refresh_token)


@pytest.mark.parametrize("where", ["", "there"], ids=["central", "elsewhere"])
async def test_a_role_that_is_lost_in_one(service: Service, where: str) -> None:
    """Access there ends within five seconds in every process, also one that begins later; the sessions, and what is held
    elsewhere or for all, go on with the same token."""
    here, there = await service.organisation(), await service.organisation()
    admin = await service.account(role=Role.ROLE_ADMIN, organisation_id=here)
    held = (Role.ROLE_ADMIN, "") if not where else (Role.ROLE_EDITOR, there)
    person = await signed_in(service, held, (Role.ROLE_EDITOR, here))
    token = person.access_token
    async with another_process(service) as elsewhere:
        for channel in (service.channel, elsewhere):
            assert await may_write(channel, token, here)
        await ask(service, admin, "RevokeRole", id=person.id, role=Role.ROLE_EDITOR, organisation_id=here)
        for channel in (service.channel, elsewhere):
            if where:
                await loses(channel, token, here)
            assert await may_write(channel, token, there)
            await get_me(channel, token)
    async with another_process(service) as later:
        assert await may_write(later, token, here) is not bool(where)
        assert await may_write(later, token, there)
    await refresh(service, person)
    ended = select(Session.id).where(Session.account_id == uuid.UUID(person.id), Session.revoke_time.is_not(None))
    assert await rows(service, ended) == []


async def test_what_is_given_and_taken_by_turns(service: Service) -> None:
    """A central admin who is given a role in an organisation, and loses it, again and again, notices nothing of it."""
    here = await service.organisation()
    admin = await service.account(role=Role.ROLE_ADMIN, organisation_id=here)
    central = await signed_in(service, (Role.ROLE_ADMIN, ""), (Role.ROLE_READER, here))
    for _ in range(3):
        for method in ("GrantRole", "RevokeRole"):
            await ask(service, admin, method, id=central.id, role=Role.ROLE_PUBLISHER, organisation_id=here)
            assert (await ask(service, central, "GetAccount", id=admin.id)).account.id == admin.id
    await refresh(service, central)


async def test_what_is_left_there_holds(service: Service) -> None:
    """Who loses one of two roles in an organisation keeps what the other permits, with the token that they have."""
    here, there = await service.organisation(), await service.organisation()
    admin = await service.account(role=Role.ROLE_ADMIN, organisation_id=here)
    person = await signed_in(service, (Role.ROLE_ADMIN, here), (Role.ROLE_AUTHOR, here), (Role.ROLE_READER, there))
    await ask(service, admin, "RevokeRole", id=person.id, role=Role.ROLE_ADMIN, organisation_id=here)
    refusal = await refused(ask(service, person, "ListAccounts", organisation_id=here))
    assert refusal.code is grpc.StatusCode.PERMISSION_DENIED
    assert await may_write(service.channel, person.access_token, here)


async def test_a_service_that_loses_a_role_in_one(service: Service) -> None:
    """Its keys go on, with what it holds elsewhere."""
    here, there = await service.organisation(), await service.organisation()
    keys = Keys(service, await service.account(role=Role.ROLE_ADMIN))
    account_id = await keys.service_account(role=Role.ROLE_AUTHOR, place=here)
    await give(service, account_id, Role.ROLE_AUTHOR, there)
    made = await keys.key(account_id, [READ, WRITE])
    assert await may_write(service.channel, made.key, here)
    admin = await service.account(role=Role.ROLE_ADMIN, organisation_id=here)
    await ask(service, admin, "RevokeRole", id=account_id, role=Role.ROLE_AUTHOR, organisation_id=here)
    await loses(service.channel, made.key, here)
    assert await may_write(service.channel, made.key, there)


@pytest.mark.parametrize("where", ["", "there"], ids=["central", "elsewhere"])
@pytest.mark.parametrize("method", CHANGES)
async def test_an_account_of_others_too_is_not_changed(service: Service, method: str, where: str) -> None:
    """One organisation's admin neither renames, disables, enables, erases nor signs out who has a role elsewhere or for all,
    nor takes their authenticator app: not even once they have given them a role of their own."""
    here, there = await service.organisation(), await service.organisation()
    admin = await service.account(role=Role.ROLE_ADMIN, organisation_id=here)
    held = (Role.ROLE_READER, there if where else "")
    person = await signed_in(service, held, (Role.ROLE_READER, here))
    await set_up(service, person)
    await ask(service, admin, "GrantRole", id=person.id, role=Role.ROLE_ADMIN, organisation_id=here)
    tables: list[Any] = [Account, Session, ApiKey, Grant]
    questions = [select(each.__table__).order_by(each.id) for each in tables]
    before = [await rows(service, each) for each in questions]
    assert (await refused(ask_about(service, admin, method, person.id))).code is grpc.StatusCode.PERMISSION_DENIED
    assert [await rows(service, each) for each in questions] == before
    await get_me(service.channel, person.access_token)


async def test_the_keys_of_others_too_are_not_changed(service: Service) -> None:
    """One organisation's admin neither makes, replaces nor revokes keys of a service that has a role elsewhere."""
    here, there = await service.organisation(), await service.organisation()
    keys = Keys(service, await service.account(role=Role.ROLE_ADMIN))
    account_id = await keys.service_account(role=Role.ROLE_READER, place=here)
    await give(service, account_id, Role.ROLE_READER, there)
    made = await keys.key(account_id)
    local = Keys(service, await service.account(role=Role.ROLE_ADMIN, organisation_id=here))
    for call in (
        local.key(account_id),
        local.key(account_id, replaces_id=made.api_key.id),
        local.revoke(account_id, made.api_key.id),
    ):
        assert (await refused(call)).code is grpc.StatusCode.PERMISSION_DENIED
    assert await code_of(service.channel, made.key) is grpc.StatusCode.OK
    assert bearer(made.key)


@pytest_asyncio.fixture
async def strict(servers: Servers, template: str, tmp_path: Path) -> AsyncIterator[Service]:
    """A server where publishers, and who can do more, must have an app."""
    async with running(servers, template, tmp_path, TOTP_REQUIRED_ROLES="publisher") as started:
        yield started


@pytest.mark.parametrize("where", ["", "there"], ids=["for all", "elsewhere"])
async def test_a_role_that_asks_for_an_app_takes_nothing_away_elsewhere(strict: Service, where: str) -> None:
    """What is held in other organisations, or for all, goes on at sign-in and refresh. In the one where the role was granted
    nothing holds until there is an app; then everything does, at once."""
    here, there = await strict.organisation(), await strict.organisation()
    person = await signed_in(strict, (Role.ROLE_EDITOR, there if where else ""), (Role.ROLE_AUTHOR, here))
    await give(strict, person.id, Role.ROLE_PUBLISHER, here)
    answer = await sign_in(strict, person)
    assert answer.totp_enrolment_required
    request = RefreshTokenRequest(refresh_token=answer.refresh_token)
    refreshed = await AuthServiceStub(strict.channel).RefreshToken(request)
    for token in (answer.access_token, refreshed.access_token):
        assert await may_write(strict.channel, token, there)
        assert await may_write(strict.channel, token, here) is not bool(where)
        await get_me(strict.channel, token)
    await set_up(strict, Person(person.id, person.email, person.password, refreshed.access_token, refreshed.refresh_token))
    for place in (here, there):
        assert await may_write(strict.channel, refreshed.access_token, place)


async def test_a_role_for_all_that_asks_for_an_app(strict: Service) -> None:
    """It holds in every organisation: without an app nothing does."""
    here = await strict.organisation()
    person = await signed_in(strict, (Role.ROLE_PUBLISHER, ""), (Role.ROLE_READER, here))
    assert (await refused(get_me(strict.channel, person.access_token))).reason == "TOTP_ENROLMENT_REQUIRED"
