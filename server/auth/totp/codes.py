"""One-time codes: of authenticator apps (TOTP, RFC 6238: six digits, a new code every 30 seconds), and the recovery codes that
stand in for an app that was lost."""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import pyotp
from sqlalchemy.ext.asyncio import AsyncConnection

from server.auth.clock import utc_now
from server.auth.totp import queries
from server.stores.postgres import AnyRow
from server.stores.sealing import Sealer

ISSUER = "Gazette"
DIGITS, STEP_SECONDS = 6, 30
SKEW_STEPS = 1
"""How far the app's clock may be from ours, either way (RFC 6238 section 5.2)."""
RECOVERY_CODES = 10
RECOVERY_BYTES = 10
RECOVERY_GROUP = 4
RECOVERY_LABEL = b"gazette recovery codes"


@dataclass(frozen=True)
class Totp:
    """Makes secrets and codes, and checks them. A secret is encrypted at rest; of a recovery code a keyed hash is stored."""

    sealer: Sealer
    recovery_keys: tuple[bytes, ...] = field(repr=False)
    """The keys of the digests, the newest first."""
    now: Callable[[], datetime] = utc_now

    @classmethod
    def from_secrets(cls, *keys: str) -> Totp:
        """Made of the secrets, of which the newest comes first; empty ones are left out."""
        return cls(
            Sealer.from_secrets(*keys), tuple(hmac.digest(key.encode(), RECOVERY_LABEL, "sha256") for key in keys if key)
        )

    async def enrol(self, connection: AsyncConnection, account: AnyRow) -> tuple[str, str]:
        """A new secret for the account, in base32, and its `otpauth://` URI. It is asked for once it was confirmed."""
        secret = pyotp.random_base32()
        await queries.set_secret(connection, account.id, self.sealer.seal(secret.encode(), account.id.bytes))
        return secret, pyotp.TOTP(secret).provisioning_uri(name=account.email, issuer_name=ISSUER)

    async def confirm(self, connection: AsyncConnection, account: AnyRow, code: str) -> list[str] | None:
        """The account's new recovery codes if this is the code of its enrolled secret, which is asked for from now on."""
        if not await self.check_app(connection, account, code):
            return None
        codes = [recovery_code() for _ in range(RECOVERY_CODES)]
        await queries.confirm(connection, account.id, self.now(), [digest(each, self.recovery_keys[0]) for each in codes])
        return codes

    async def check(self, connection: AsyncConnection, account: AnyRow, code: str) -> str:
        """What the code is: `app`, `recovery` or, when it is wrong or was used before, nothing. A right one is used up."""
        if is_of_app(code):
            return "app" if await self.check_app(connection, account, code) else ""
        digests = [digest(code, key) for key in self.recovery_keys]
        return "recovery" if await queries.use_recovery_code(connection, account.id, digests, self.now()) else ""

    async def check_app(self, connection: AsyncConnection, account: AnyRow, code: str) -> bool:
        if account.totp_secret is None:
            return False
        secret = self.sealer.open(account.totp_secret, account.id.bytes).decode()
        step = matching_step(secret, code, self.now())
        if step is None or not await queries.use_step(connection, account.id, step):
            return False
        renewed = self.sealer.renewed(account.totp_secret, account.id.bytes)
        if renewed is not None:
            await queries.renew_secret(connection, account.id, renewed)
        return True


def is_of_app(code: str) -> bool:
    """Whether it has the form of an app's code, which can be guessed; if not, it may be a recovery code, which cannot."""
    return len(code) == DIGITS and code.isascii() and code.isdecimal()


def matching_step(secret: str, code: str, now: datetime) -> int | None:
    """The time step that the code is of, among those that a clock slightly off can be in."""
    if not code.isascii():
        return None
    app, current = pyotp.TOTP(secret), int(now.timestamp()) // STEP_SECONDS
    steps = range(current - SKEW_STEPS, current + SKEW_STEPS + 1)
    return next((step for step in steps if hmac.compare_digest(app.generate_otp(step), code)), None)


def recovery_code() -> str:
    """80 random bits in base32, such as `abcd-efgh-ijkl-mnop`."""
    text = base64.b32encode(secrets.token_bytes(RECOVERY_BYTES)).decode().lower()
    return "-".join(text[start : start + RECOVERY_GROUP] for start in range(0, len(text), RECOVERY_GROUP))


def digest(code: str, key: bytes) -> bytes:
    """The digest of a code, which is the same however people typed it: capitals, spaces, no hyphens."""
    plain = "".join(character for character in code.casefold() if character.isalnum())
    return hmac.digest(key, plain.encode(), "sha256")
