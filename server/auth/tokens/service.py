"""The keys that others verify access tokens with: GetJwks."""

from __future__ import annotations

from dataclasses import dataclass

from gazette.auth.v1 import jwk_pb2 as rpc
from server.auth.tokens.signing import KeyRing
from server.rpc.call import Call

CACHE_CONTROL = ("cache-control", "public, max-age=300")
"""A new key is named here for longer than that before it signs: docs/tokens.md."""


@dataclass(frozen=True)
class Jwks:
    """The public keys."""

    keys: KeyRing

    async def GetJwks(self, request: rpc.GetJwksRequest, call: Call) -> rpc.GetJwksResponse:
        if call.is_http:
            call.headers += (CACHE_CONTROL,)
        return rpc.GetJwksResponse(keys=[rpc.Jwk(**members) for members in self.keys.jwks])
