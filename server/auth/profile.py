"""One's own account: GetMe, UpdateMe, ChangeEmail, ConfirmEmail."""

from __future__ import annotations

from gazette.auth.v1 import auth_service_pb2 as rpc
from gazette.auth.v1 import profile_pb2
from server import calls, errors
from server.auth import accounts, queries
from server.auth.parts import AuthParts, Context


class Profile(AuthParts):
    """How people see and change their own accounts."""

    async def GetMe(self, request: rpc.GetMeRequest, context: Context) -> rpc.GetMeResponse:
        async with self.database.read() as connection:
            account = await queries.active_account(connection, calls.current().caller.known_id)
            if account is None:
                raise errors.Unauthenticated
            return rpc.GetMeResponse(account=accounts.shown(account, await queries.grants(connection, account.id)))

    async def UpdateMe(self, request: profile_pb2.UpdateMeRequest, context: Context) -> profile_pb2.UpdateMeResponse:
        raise NotImplementedError

    async def ChangeEmail(self, request: profile_pb2.ChangeEmailRequest, context: Context) -> profile_pb2.ChangeEmailResponse:
        raise NotImplementedError

    async def ConfirmEmail(
        self, request: profile_pb2.ConfirmEmailRequest, context: Context
    ) -> profile_pb2.ConfirmEmailResponse:
        raise NotImplementedError
