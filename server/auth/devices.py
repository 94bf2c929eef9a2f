"""Device tokens: they distinguish a device that has signed in to an account before from a stranger's, and are no credential."""

from __future__ import annotations

import hmac
import struct
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from server.auth.clock import utc_now
from server.auth.signed import opened, signed

LIFETIME = timedelta(days=90)
"""For how long a device, or an address, that has signed in is known."""
LABEL = b"gazette device tokens"
FORM = struct.Struct(">16s16sIQQ")
"""The account's id, the device's, the password's generation, when the app was confirmed, and when the token was issued; both in
microseconds, 0 for never."""
MICROSECOND = timedelta(microseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Device(NamedTuple):
    """A device that has signed in to an account with the password that the account has now, or set that password."""

    id: uuid.UUID
    has_passed: bool
    """Whether it gave a code of the authenticator app that the account has now, too."""


@dataclass(frozen=True)
class DeviceTokens:
    """A device token is signed, and stored nowhere. It ends with the password that it was issued for: whoever once knew that is
    a stranger again."""

    key: bytes = field(repr=False)
    now: Callable[[], datetime] = utc_now

    @classmethod
    def from_secret(cls, secret: str) -> DeviceTokens:
        return cls(hmac.digest(secret.encode(), LABEL, "sha256"))

    def token(self, account: Any, device_id: uuid.UUID | None = None, *, has_passed: bool) -> str:
        """The token of a device, or of a new one, which has proved to be its owner's. `has_passed` says that the proof included
        the second factor, if the account has one."""
        app = microseconds(account.totp_confirm_time) if has_passed else 0
        now = microseconds(self.now())
        body = FORM.pack(account.id.bytes, (device_id or uuid.uuid4()).bytes, account.password_generation, app, now)
        return signed(body, self.key)

    def device(self, token: str, account: Any) -> Device | None:
        """The device, if the token is one of ours, of this account and its password, and not too old."""
        body = opened(token, FORM.size, self.key)
        if body is None or account.id is None:
            return None
        account_id, device_id, generation, app, issue_time = FORM.unpack(body)
        if account_id != account.id.bytes or generation != account.password_generation:
            return None
        if self.now() - EPOCH - issue_time * MICROSECOND >= LIFETIME:
            return None
        return Device(uuid.UUID(bytes=device_id), app != 0 and app == microseconds(account.totp_confirm_time))


def microseconds(moment: datetime | None) -> int:
    return (moment - EPOCH) // MICROSECOND if moment else 0
