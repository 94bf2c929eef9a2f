"""The keys that others verify access tokens with: GetJwks."""

from __future__ import annotations

from gazette.auth.v1 import jwk_pb2 as rpc
from server.auth.parts import AuthParts, Context


class Jwks(AuthParts):
    """The public keys."""

    async def GetJwks(self, request: rpc.GetJwksRequest, context: Context) -> rpc.GetJwksResponse:
        raise NotImplementedError
