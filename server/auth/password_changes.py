"""Setting passwords: AcceptInvitation, ChangePassword, RequestPasswordReset, ResetPassword."""

from __future__ import annotations

from gazette.auth.v1 import password_pb2 as rpc
from server.auth.parts import AuthParts, Context


class PasswordChanges(AuthParts):
    """How an account gets its first password, and another one."""

    async def AcceptInvitation(self, request: rpc.AcceptInvitationRequest, context: Context) -> rpc.AcceptInvitationResponse:
        raise NotImplementedError

    async def ChangePassword(self, request: rpc.ChangePasswordRequest, context: Context) -> rpc.ChangePasswordResponse:
        raise NotImplementedError

    async def RequestPasswordReset(
        self, request: rpc.RequestPasswordResetRequest, context: Context
    ) -> rpc.RequestPasswordResetResponse:
        raise NotImplementedError

    async def ResetPassword(self, request: rpc.ResetPasswordRequest, context: Context) -> rpc.ResetPasswordResponse:
        raise NotImplementedError
