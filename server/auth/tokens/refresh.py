"""Refresh tokens: making them and reading them."""

from __future__ import annotations

import hmac
import uuid
from dataclasses import dataclass, field

from server.auth.base64url import decoded, encoded, is_canonical
from server.auth.failures import InvalidRefreshToken

ID_BYTES, COUNTER_BYTES, SIGNATURE_BYTES = 16, 6, 32
REFRESH_LABEL = b"gazette refresh token\0"


@dataclass(frozen=True)
class RefreshTokens:
    """A refresh token is a session's id and counter, signed: it can be checked, though it was never stored."""

    secret: str = field(repr=False)

    def token(self, session_id: uuid.UUID, counter: int) -> str:
        body = session_id.bytes + counter.to_bytes(COUNTER_BYTES)
        return encoded(body + self.signature(body))

    def read(self, token: str) -> tuple[uuid.UUID, int]:
        """The session's id and the counter. Raises InvalidRefreshToken."""
        raw = decoded(token) if is_canonical(token) else b""
        body, signature = raw[:-SIGNATURE_BYTES], raw[-SIGNATURE_BYTES:]
        if len(body) != ID_BYTES + COUNTER_BYTES or not hmac.compare_digest(signature, self.signature(body)):
            raise InvalidRefreshToken
        return uuid.UUID(bytes=body[:ID_BYTES]), int.from_bytes(body[ID_BYTES:])

    def signature(self, body: bytes) -> bytes:
        return hmac.digest(self.secret.encode(), REFRESH_LABEL + body, "sha256")
