"""ListSessions, RevokeSession, RevokeAllSessions: people see where they are signed in, and end it."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from itertools import chain

import grpc
import pytest
from sqlalchemy import update

from gazette.auth.v1 import session_pb2 as rpc
from gazette.auth.v1.auth_service_pb2 import LoginRequest, RefreshTokenRequest
from gazette.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from server.auth.models import Session
from server.rpc.messages import moment
from tests.auth.asking import get_me, is_refused_soon
from tests.auth.stored import change, events
from tests.refusals import refused
from tests.service import PASSWORD, Person, Service


async def listed(service: Service, person: Person, **page: object) -> rpc.ListSessionsResponse:
    request = rpc.ListSessionsRequest(**page)  # type: ignore[arg-type]
    return await AuthServiceStub(service.channel).ListSessions(request, metadata=person.metadata)


async def revoke(service: Service, person: Person, session_id: str) -> None:
    request = rpc.RevokeSessionRequest(id=session_id)
    await AuthServiceStub(service.channel).RevokeSession(request, metadata=person.metadata)


async def revoke_all(service: Service, person: Person, *, keep_current: bool) -> int:
    request = rpc.RevokeAllSessionsRequest(keep_current=keep_current)
    answer = await AuthServiceStub(service.channel).RevokeAllSessions(request, metadata=person.metadata)
    return answer.revoked_count


async def refresh(service: Service, person: Person) -> str:
    answer = await AuthServiceStub(service.channel).RefreshToken(RefreshTokenRequest(refresh_token=person.refresh_token))
    return answer.refresh_token


async def test_sessions_tell_device_address_and_last_use(service: Service) -> None:
    """A session is known by its program, its address, its beginning and its last refresh; the asking one is marked."""
    account = await service.account()
    person = await service.sign_in(account.email)
    metadata = (("x-forwarded-for", "198.51.100.7"),)
    await AuthServiceStub(service.channel).Login(LoginRequest(email=person.email, password=PASSWORD), metadata=metadata)
    before = datetime.now(UTC)
    await refresh(service, person)

    newer, asking, _ = (await listed(service, person)).sessions

    assert (newer.address, asking.address) == ("198.51.100.7", "127.0.0.1")
    assert asking.user_agent.startswith("grpc-python-asyncio/")
    assert (newer.is_current, asking.is_current) == (False, True)
    assert newer.last_use_time == newer.create_time
    assert moment(asking.last_use_time) >= before - timedelta(seconds=1)
    assert moment(asking.expire_time) == moment(asking.last_use_time) + timedelta(days=7)


async def test_only_one_s_own_and_living_sessions_are_listed(service: Service) -> None:
    """Neither somebody else's nor ended or expired sessions are in the list."""
    person = await service.account()
    for _ in range(3):
        await service.sign_in(person.email)
    await service.account()
    past = datetime.now(UTC) - timedelta(seconds=1)
    newest, second, third, _ = (await listed(service, person)).sessions
    await revoke(service, person, newest.id)
    await change(
        service,
        update(Session).where(Session.id == second.id).values(idle_expire_time=past),
        update(Session).where(Session.id == third.id).values(absolute_expire_time=past),
    )
    (left,) = (await listed(service, person)).sessions
    assert left.is_current


async def test_the_list_comes_in_parts(service: Service) -> None:
    """Parts follow each other without gap or repetition, and a token is of use to the same caller alone (Z4)."""
    person = await service.account()
    for _ in range(4):
        await service.sign_in(person.email)
    first = await listed(service, person, page_size=2)
    second = await listed(service, person, page_size=2, page_token=first.next_page_token)
    third = await listed(service, person, page_size=2, page_token=second.next_page_token)
    parts = [[session.id for session in part.sessions] for part in (first, second, third)]
    assert [len(part) for part in parts] == [2, 2, 1]
    assert [*chain.from_iterable(parts)] == [session.id for session in (await listed(service, person)).sessions]
    assert not third.next_page_token
    other = await service.account()
    for caller, token in ((other, first.next_page_token), (person, first.next_page_token[:-4] + "AAAA")):
        assert (await refused(listed(service, caller, page_token=token))).reason == "INVALID_PAGE_TOKEN"


async def test_a_revoked_session_ends_and_no_other(service: Service) -> None:
    """Its refresh token is refused at once, its access token soon; the asking session goes on, and the audit knows."""
    person = await service.account()
    other = await service.sign_in(person.email)
    newest = (await listed(service, person)).sessions[0]
    await revoke(service, person, newest.id)
    assert (await refused(refresh(service, other))).reason == "INVALID_REFRESH_TOKEN"
    assert await is_refused_soon(service.channel, other.access_token)
    assert (await get_me(service.channel, person.access_token)).account.id == person.id
    (event,) = await events(service, "session.revoke")
    assert (event.target, str(event.actor_id)) == (newest.id, person.id)


async def test_nobody_ends_somebody_else_s_session(service: Service) -> None:
    """Another account's session, one that has ended and one that never was are the same: not found (Z2)."""
    person, thief = await service.account(), await service.account()
    theirs = (await listed(service, person)).sessions[0].id
    ended = (await listed(service, await service.sign_in(thief.email))).sessions[0].id
    await revoke(service, thief, ended)
    said = set()
    for session_id in (theirs, ended, str(uuid.uuid4())):
        request = rpc.RevokeSessionRequest(id=session_id)
        metadata = (*thief.metadata, ("x-request-id", "the-same"))
        refusal = await refused(AuthServiceStub(service.channel).RevokeSession(request, metadata=metadata))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "SESSION_NOT_FOUND")
        said.add(refusal.status.SerializeToString(deterministic=True))
    assert len(said) == 1
    assert (await get_me(service.channel, person.access_token)).account.id == person.id


@pytest.mark.parametrize("keep_current", [True, False])
async def test_all_sessions_end_together(service: Service, keep_current: bool) -> None:
    """Signing out everywhere ends all sessions, or all others, and says how many there were."""
    person = await service.account()
    others = [await service.sign_in(person.email) for _ in range(3)]
    bystander = await service.account()
    assert await revoke_all(service, person, keep_current=keep_current) == (3 if keep_current else 4)
    for other in others:
        assert (await refused(refresh(service, other))).reason == "INVALID_REFRESH_TOKEN"
        assert await is_refused_soon(service.channel, other.access_token)
    if keep_current:
        assert len((await listed(service, person)).sessions) == 1
        assert await revoke_all(service, person, keep_current=True) == 0
    else:
        assert await is_refused_soon(service.channel, person.access_token)
    assert (await get_me(service.channel, bystander.access_token)).account.id == bystander.id
