"""Device tokens: they tell a device that has signed in to an account before from a stranger's, and are no credential."""

from __future__ import annotations

import hmac
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from server.auth.base64url import decoded, encoded, is_canonical
from server.auth.clock import utc_now

LIFETIME = timedelta(days=90)
"""For how long a device, or an address, that has signed in is known."""
LABEL = b"gazette device tokens"
ID_BYTES, TIME_BYTES, SIGNATURE_BYTES = 16, 5, 32


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
        return encoded(body + self.signature(body))

    def device(self, token: str, account_id: uuid.UUID | None) -> uuid.UUID | None:
        """The device's id, if the token is one of ours, of this account, and not too old."""
        raw = decoded(token) if is_canonical(token) else b""
        body, signature = raw[:-SIGNATURE_BYTES], raw[-SIGNATURE_BYTES:]
        if len(body) != 2 * ID_BYTES + TIME_BYTES or not hmac.compare_digest(signature, self.signature(body)):
            return None
        issue_time = datetime.fromtimestamp(int.from_bytes(body[2 * ID_BYTES :]), UTC)
        if account_id is None or body[:ID_BYTES] != account_id.bytes or self.now() - issue_time >= LIFETIME:
            return None
        return uuid.UUID(bytes=body[ID_BYTES : 2 * ID_BYTES])

    def signature(self, body: bytes) -> bytes:
        return hmac.digest(self.key, body, "sha256")
