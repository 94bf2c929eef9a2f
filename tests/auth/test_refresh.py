"""RefreshToken: rotation, two tabs, theft, forgery and expiry (T7)."""

from __future__ import annotations

import asyncio
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
import pytest
from sqlalchemy import ColumnElement, func, select, update

from gazette.auth.v1.account_pb2 import AccountState, Role
from gazette.auth.v1.auth_service_pb2 import RefreshTokenRequest, RefreshTokenResponse
from gazette.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from gazette.auth.v1.organisation_pb2 import Organisation
from gazette.auth.v1.organisation_service_pb2 import CreateOrganisationRequest
from gazette.auth.v1.organisation_service_pb2_grpc import OrganisationServiceStub
from server.auth.models import Account, Grant, Session
from server.auth.tokens.refresh import RefreshTokens
from server.rpc.messages import moment
from server.stores.postgres import AnyRow
from tests.auth.asking import get_me, is_refused_soon
from tests.auth.stored import change, events, rows
from tests.refusals import Refusal, refused
from tests.servers import Servers
from tests.service import Service, running
from tests.soak import rounds


async def refresh(service: Service, token: str) -> RefreshTokenResponse:
    return await AuthServiceStub(service.channel).RefreshToken(RefreshTokenRequest(refresh_token=token))


async def refuse(service: Service, token: str) -> Refusal:
    """The refusal of a refresh, which is always the same one."""
    refusal = await refused(refresh(service, token))
    assert refusal.code is grpc.StatusCode.UNAUTHENTICATED
    assert refusal.reason == "INVALID_REFRESH_TOKEN"
    return refusal


async def only_session(service: Service) -> AnyRow:
    (session,) = await rows(service, select(Session.__table__))
    return session


async def let_pass(service: Service, seconds: float) -> None:
    """Moves the last rotation into the past."""
    await change(service, update(Session).values(rotate_time=Session.rotate_time - timedelta(seconds=seconds)))


async def test_a_refresh_answers_new_tokens(service: Service) -> None:
    """Each refresh answers another pair, which lasts longer, and each new refresh token can be used in turn."""
    person = await service.account()
    token = person.refresh_token
    for counter in (1, 2, 3):
        answer = await refresh(service, token)
        assert answer.refresh_token != token
        session = await only_session(service)
        assert session.counter == counter
        assert moment(answer.refresh_token_expire_time) == session.idle_expire_time
        assert session.idle_expire_time == session.rotate_time + timedelta(days=7)
        await get_me(service.channel, answer.access_token)
        token = answer.refresh_token


async def test_a_new_access_token_has_the_newest_grants(service: Service) -> None:
    """A role that was lost is gone with the next access token."""
    person = await service.account(role=Role.ROLE_ADMIN)
    await change(service, update(Grant).values(role=Role.ROLE_READER))
    answer = await refresh(service, person.refresh_token)
    request = CreateOrganisationRequest(organisation=Organisation(slug="harbours", name="Harbours"))
    metadata = (("authorization", f"Bearer {answer.access_token}"),)
    refusal = await refused(OrganisationServiceStub(service.channel).CreateOrganisation(request, metadata=metadata))
    assert refusal.code is grpc.StatusCode.PERMISSION_DENIED


async def test_two_tabs_get_the_same_token(service: Service) -> None:
    """In the leeway a token that was just exchanged is answered with the same new one again."""
    person = await service.account()
    first = await refresh(service, person.refresh_token)
    await let_pass(service, 8)
    second = await refresh(service, person.refresh_token)
    assert second.refresh_token == first.refresh_token
    assert second.refresh_token_expire_time == first.refresh_token_expire_time
    assert (await only_session(service)).counter == 1


@rounds(10, 100)
async def test_of_fifty_at_once_one_rotates(service: Service, rounds: int) -> None:
    """Again and again, fifty exchanges of one token at once are one rotation, and forty-nine times the same answer (T7)."""
    token = (await service.account()).refresh_token
    for counter in range(1, rounds + 1):
        answers = await asyncio.gather(*(refresh(service, token) for _ in range(50)))
        (token,) = {answer.refresh_token for answer in answers}
        assert (await only_session(service)).counter == counter
    assert await events(service, "session.token_reused") == []


async def test_a_token_used_again_later_ends_the_session(service: Service) -> None:
    """After the leeway the old token is a theft: neither thief nor victim goes on, and the audit says so once."""
    person = await service.account()
    newest = await refresh(service, person.refresh_token)
    await let_pass(service, 11)

    await refuse(service, person.refresh_token)
    await refuse(service, person.refresh_token)
    await refuse(service, newest.refresh_token)

    session = await only_session(service)
    assert session.revoke_reason == "reuse"
    (event,) = await events(service, "session.token_reused")
    assert event.target == str(session.id)
    assert event.details == {"account_id": person.id, "counter": 0, "newest": 1}


async def test_a_token_two_steps_old_ends_the_session(service: Service) -> None:
    """Even at once: no tab is two exchanges behind."""
    person = await service.account()
    newest = await refresh(service, person.refresh_token)
    newest = await refresh(service, newest.refresh_token)
    await refuse(service, person.refresh_token)
    await refuse(service, newest.refresh_token)
    assert len(await events(service, "session.token_reused")) == 1


async def test_a_theft_ends_the_access_tokens_too(service: Service) -> None:
    """The access tokens of a session that theft ended are refused within five seconds."""
    person = await service.account()
    newest = await refresh(service, person.refresh_token)
    await let_pass(service, 11)
    await get_me(service.channel, newest.access_token)
    await refuse(service, person.refresh_token)
    assert await is_refused_soon(service.channel, newest.access_token)


async def test_concurrent_thefts_are_one_event(service: Service) -> None:
    """However often a stolen token is tried at once, the session ends once."""
    person = await service.account()
    await refresh(service, person.refresh_token)
    await let_pass(service, 11)
    await asyncio.gather(*(refuse(service, person.refresh_token) for _ in range(20)))
    assert len(await events(service, "session.token_reused")) == 1


async def test_a_token_from_the_future_raises_the_alarm(service: Service) -> None:
    """A counter that was never reached shows that somebody has the secret; the session itself did nothing wrong."""
    person = await service.account()
    session = await only_session(service)
    await refuse(service, RefreshTokens(service.settings.refresh_token_secret).token(session.id, 2**48 - 1))
    (event,) = await events(service, "session.token_forged")
    assert event.target == str(session.id)
    await refresh(service, person.refresh_token)


async def test_without_leeway_a_second_use_is_theft(servers: Servers, template: str, tmp_path: Path) -> None:
    """An operator who wants no leeway sets it to nothing."""
    async with running(servers, template, tmp_path, REFRESH_TOKEN_LEEWAY="0") as service:
        person = await service.account()
        await refresh(service, person.refresh_token)
        await refuse(service, person.refresh_token)
        assert (await only_session(service)).revoke_reason == "reuse"


@pytest.mark.parametrize("column", [Session.idle_expire_time, Session.absolute_expire_time], ids=["idle", "absolute"])
async def test_an_expired_session_ends(service: Service, column: ColumnElement[datetime]) -> None:
    """Neither one that was not used for long, nor one that was used for too long, goes on."""
    person = await service.account()
    await change(service, update(Session).values({column: func.now()}))
    await refuse(service, person.refresh_token)
    assert await events(service, "session.token_reused") == []


async def test_nothing_outlives_the_session(service: Service) -> None:
    """Close to a session's absolute end both new tokens end with it."""
    person = await service.account()
    end = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=3)
    await change(service, update(Session).values(absolute_expire_time=end))
    answer = await refresh(service, person.refresh_token)
    assert moment(answer.access_token_expire_time) == end
    assert moment(answer.refresh_token_expire_time) == end


async def test_a_disabled_account_gets_no_tokens(service: Service) -> None:
    """Disabling an account ends refreshing at once (T5), and does not rotate."""
    person = await service.account()
    await change(service, update(Account).values(state=AccountState.ACCOUNT_STATE_DISABLED))
    await refuse(service, person.refresh_token)
    assert (await only_session(service)).counter == 0


async def test_what_is_no_refresh_token_is_refused(service: Service) -> None:
    """Words, an access token, a session that never was, and another's signature are all refused alike."""
    person = await service.account()
    session = await only_session(service)
    for token in (
        "a word",
        person.access_token,
        person.refresh_token + "=",
        RefreshTokens(service.settings.refresh_token_secret).token(uuid.uuid4(), 0),
        RefreshTokens(service.settings.jwt_secret).token(session.id, 0),
    ):
        await refuse(service, token)
    await refresh(service, person.refresh_token)
