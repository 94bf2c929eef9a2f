"""Whatever ends a session ends it everywhere: refresh at once, access within five seconds, in every process (T5)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, NamedTuple

import grpc
import pytest
from sqlalchemy import update

from gazette.auth.v1 import password_pb2, session_pb2
from gazette.auth.v1.account_pb2 import Role
from gazette.auth.v1.auth_service_pb2 import LogoutRequest, RefreshTokenRequest
from gazette.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from server.auth.models import Session
from tests.auth.administering import ask, refresh
from tests.auth.asking import get_me, is_refused_soon
from tests.auth.mailbox import newest, request_reset, token
from tests.auth.stored import change
from tests.refusals import refused
from tests.service import PASSWORD, Person, Service

ANOTHER_PASSWORD = "seven-gulls-on-a-wall"


class Act(NamedTuple):
    """Somebody is signed in; something is done about it."""

    service: Service
    person: Person
    admin: Person

    @property
    def auth(self) -> Any:
        return AuthServiceStub(self.service.channel)

    def administer(self, method: str, **fields: Any) -> Awaitable[Any]:
        return ask(self.service, self.admin, method, id=self.person.id, **fields)

    async def sign_out(self) -> None:
        await self.auth.Logout(LogoutRequest(), metadata=self.person.metadata)

    async def change_the_password(self) -> None:
        request = password_pb2.ChangePasswordRequest(password=PASSWORD, new_password=ANOTHER_PASSWORD)
        await self.auth.ChangePassword(request, metadata=self.person.metadata)

    async def reset_the_password(self) -> None:
        await request_reset(self.service, self.person.email)
        link = token(await newest(self.service, self.person.email))
        await self.auth.ResetPassword(password_pb2.ResetPasswordRequest(token=link, new_password=ANOTHER_PASSWORD))

    async def be_disabled(self) -> None:
        await self.administer("DisableAccount")

    async def be_erased(self) -> None:
        await self.administer("EraseAccount")

    async def lose_a_role(self) -> None:
        await self.administer("RevokeRole", role=Role.ROLE_EDITOR)

    async def revoke_the_session(self) -> None:
        sessions = await self.auth.ListSessions(session_pb2.ListSessionsRequest(), metadata=self.person.metadata)
        (own,) = [each.id for each in sessions.sessions if each.is_current]
        other = await self.service.sign_in(self.person.email)
        await self.auth.RevokeSession(session_pb2.RevokeSessionRequest(id=own), metadata=other.metadata)

    async def revoke_all_sessions(self) -> None:
        await self.auth.RevokeAllSessions(session_pb2.RevokeAllSessionsRequest(), metadata=self.person.metadata)

    async def be_signed_out_by_an_admin(self) -> None:
        await self.administer("RevokeAccountSessions")

    async def be_robbed(self) -> None:
        """The refresh token is used, and long after once more."""
        await refresh(self.service, self.person)
        await change(self.service, update(Session).values(rotate_time=Session.rotate_time - timedelta(seconds=11)))
        await refused(refresh(self.service, self.person))


ACTS: list[Callable[[Act], Awaitable[None]]] = [
    each for name, each in vars(Act).items() if name.split("_")[0] in {"sign", "change", "reset", "be", "lose", "revoke"}
]


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.__name__)
async def test_an_end_is_one_everywhere(
    service: Service, elsewhere: grpc.aio.Channel, act: Callable[[Act], Awaitable[None]]
) -> None:
    """Two servers that had accepted the access token refuse the refresh token at once and the access token soon; an admin whose
    session nobody ended goes on."""
    admin = await service.account(role=Role.ROLE_ADMIN)
    person = await service.account()
    channels = (service.channel, elsewhere)
    for channel in channels:
        await get_me(channel, person.access_token)
        await get_me(channel, admin.access_token)

    await act(Act(service, person, admin))

    for channel in channels:
        again = AuthServiceStub(channel).RefreshToken(RefreshTokenRequest(refresh_token=person.refresh_token))
        refusal = await refused(again)
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.UNAUTHENTICATED, "INVALID_REFRESH_TOKEN")
    for channel in channels:
        assert await is_refused_soon(channel, person.access_token)
        assert (await get_me(channel, admin.access_token)).account.id == admin.id
