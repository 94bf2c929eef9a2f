"""Device tokens: they distinguish a device that has signed in to an account before from a stranger's, and are no credential."""

from __future__ import annotations

import hmac
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from server.auth.clock import utc_now
from server.auth.signed import opened, signed

LIFETIME = timedelta(days=90)
"""For how long a device, or an address, that has signed in is known."""
LABEL = b"gazette device tokens"
ID_BYTES, TIME_BYTES = 16, 5


@dataclass(frozen=True)
class DeviceTokens:
    """A device token is the account's id, the device's and the time of issue, signed: it is stored nowhere."""

    key: bytes = field(repr=False)
    now: Callable[[], datetime] = utc_now

    @classmethod
    def from_secret(cls, secret: str) -> DeviceTokens:
        return cls(hmac.digest(secret.encode(), LABEL, "sha256"))

    def token(self, account_id: uuid.UUID, device_id: uuid.UUID) -> str:
        body = account_id.bytes + device_id.bytes + int(self.now().timestamp()).to_bytes(TIME_BYTES)
        return signed(body, self.key)

    def device(self, token: str, account_id: uuid.UUID | None) -> uuid.UUID | None:
        """The device's id, if the token is one of ours, of this account, and not too old."""
        body = opened(token, 2 * ID_BYTES + TIME_BYTES, self.key)
        if body is None or account_id is None or body[:ID_BYTES] != account_id.bytes:
            return None
        issue_time = datetime.fromtimestamp(int.from_bytes(body[2 * ID_BYTES :]), UTC)
        return uuid.UUID(bytes=body[ID_BYTES : 2 * ID_BYTES]) if self.now() - issue_time < LIFETIME else None
