"""Refresh tokens: making them and reading them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

from server.auth.failures import InvalidRefreshToken
from server.auth.signed import opened, signed

ID_BYTES, COUNTER_BYTES = 16, 6
LABEL = b"gazette refresh token\0"


@dataclass(frozen=True)
class RefreshTokens:
    """A refresh token is a session's id and counter, signed: it can be checked, though it was never stored."""

    secret: str = field(repr=False)

    def token(self, session_id: uuid.UUID, counter: int) -> str:
        return signed(session_id.bytes + counter.to_bytes(COUNTER_BYTES), self.secret.encode(), LABEL)

    def read(self, token: str) -> tuple[uuid.UUID, int]:
        """The session's id and the counter. Raises InvalidRefreshToken."""
        body = opened(token, ID_BYTES + COUNTER_BYTES, self.secret.encode(), LABEL)
        if body is None:
            raise InvalidRefreshToken
        return uuid.UUID(bytes=body[:ID_BYTES]), int.from_bytes(body[ID_BYTES:])
