"""Authenticator apps: EnrolTotp, ConfirmTotp, DisableTotp."""

from __future__ import annotations

from gazette.auth.v1 import totp_pb2 as rpc
from server.auth.parts import AuthParts, Context


class Authenticators(AuthParts):
    """How people set up an authenticator app, and get rid of it."""

    async def EnrolTotp(self, request: rpc.EnrolTotpRequest, context: Context) -> rpc.EnrolTotpResponse:
        raise NotImplementedError

    async def ConfirmTotp(self, request: rpc.ConfirmTotpRequest, context: Context) -> rpc.ConfirmTotpResponse:
        raise NotImplementedError

    async def DisableTotp(self, request: rpc.DisableTotpRequest, context: Context) -> rpc.DisableTotpResponse:
        raise NotImplementedError
