"""Logout and GetMe: whose access token is honoured, in which process, and for how long."""

from __future__ import annotations

import grpc
import pytest
from sqlalchemy import select, update

from gazette.auth.v1.account_pb2 import AccountState, Role
from gazette.auth.v1.auth_service_pb2 import GetMeRequest, LogoutRequest, RefreshTokenRequest
from gazette.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from server.auth.models import Account, Grant, Session
from tests.auth.asking import another_process, get_me, is_refused_soon
from tests.auth.stored import change, events, rows
from tests.refusals import refused
from tests.service import Person, Service, administer


async def sign_out(service: Service, person: Person) -> None:
    await AuthServiceStub(service.channel).Logout(LogoutRequest(), metadata=person.metadata)


async def test_signing_out_ends_the_session_at_once(service: Service) -> None:
    """After Logout neither of the session's tokens is of use, and the audit knows."""
    person = await service.account()
    await get_me(service.channel, person.access_token)
    await sign_out(service, person)

    refusal = await refused(get_me(service.channel, person.access_token))
    assert refusal.code is grpc.StatusCode.UNAUTHENTICATED
    assert refusal.reason == "INVALID_ACCESS_TOKEN"
    refresh = AuthServiceStub(service.channel).RefreshToken(RefreshTokenRequest(refresh_token=person.refresh_token))
    assert (await refused(refresh)).reason == "INVALID_REFRESH_TOKEN"
    (session,) = await rows(service, select(Session.__table__))
    assert session.revoke_reason == "sign-out"
    (event,) = await events(service, "account.sign_out")
    assert (str(event.actor_id), event.details) == (person.id, {"session_id": str(session.id)})


async def test_signing_out_ends_one_session_only(service: Service) -> None:
    """Who signs out on one device stays signed in on the other."""
    person = await service.account()
    other = await service.sign_in(person.email)
    await sign_out(service, person)
    assert (await get_me(service.channel, other.access_token)).account.id == person.id


async def test_signing_out_is_felt_in_every_process(service: Service) -> None:
    """A process that had accepted the token before refuses it within five seconds (T5)."""
    person = await service.account()
    async with another_process(service) as channel:
        await get_me(channel, person.access_token)
        await sign_out(service, person)
        assert await is_refused_soon(channel, person.access_token)


async def test_a_new_process_knows_who_signed_out(service: Service) -> None:
    """What happened before a process began to listen it reads from the database."""
    person = await service.account()
    await sign_out(service, person)
    async with another_process(service) as channel:
        assert await is_refused_soon(channel, person.access_token)


async def test_what_was_missed_while_not_listening_is_made_up_for(own_service: Service) -> None:
    """A process that was cut off from PostgreSQL's notifications learns of the revocation when it is back."""
    person = await own_service.account()
    async with another_process(own_service) as channel:
        await get_me(channel, person.access_token)
        await administer(
            own_service.servers,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            f" WHERE datname = '{own_service.database.primary.url.database}' AND application_name <> 'gazette'"
            " AND pid <> pg_backend_pid()",
        )
        await sign_out(own_service, person)
        assert await is_refused_soon(channel, person.access_token)


async def test_me_is_what_the_database_says(service: Service) -> None:
    """GetMe tells grants that the access token does not know of yet."""
    person = await service.account(role=Role.ROLE_READER)
    await change(service, update(Grant).values(role=Role.ROLE_PUBLISHER))
    account = (await get_me(service.channel, person.access_token)).account
    assert [(grant.role, grant.organisation_id) for grant in account.grants] == [(Role.ROLE_PUBLISHER, "")]
    assert account.create_time.ToSeconds() > 0


async def test_a_disabled_account_is_nobody(service: Service) -> None:
    """GetMe refuses an account that was disabled, though its token still holds."""
    person = await service.account()
    await change(service, update(Account).values(state=AccountState.ACCOUNT_STATE_DISABLED))
    refusal = await refused(get_me(service.channel, person.access_token))
    assert refusal.code is grpc.StatusCode.UNAUTHENTICATED


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer ", "Basic YWRhOmFkYQ==", "Bearer a.b.c", "Bearer " + "x" * 5000, "bearer  {}", "{}", "Bearer {}="],
)
async def test_who_shows_no_token_is_refused(service: Service, authorization: str) -> None:
    """Without a token of ours, shown as it must be, nobody is anybody."""
    person = await service.account()
    metadata = (("authorization", authorization.format(person.access_token)),)
    for call in (
        AuthServiceStub(service.channel).GetMe(GetMeRequest(), metadata=metadata),
        AuthServiceStub(service.channel).Logout(LogoutRequest(), metadata=metadata),
    ):
        assert (await refused(call)).code is grpc.StatusCode.UNAUTHENTICATED
    await get_me(service.channel, person.access_token)


async def test_a_refresh_token_is_no_access_token(service: Service) -> None:
    """Each token is for its own purpose (T2)."""
    person = await service.account()
    metadata = (("authorization", f"Bearer {person.refresh_token}"),)
    refusal = await refused(AuthServiceStub(service.channel).GetMe(GetMeRequest(), metadata=metadata))
    assert refusal.reason == "INVALID_ACCESS_TOKEN"
