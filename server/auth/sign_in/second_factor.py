"""The second factor: what an account with an authenticator app is asked for beside its password."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncConnection

from server import audit
from server.auth import failures
from server.auth.devices import Device
from server.auth.guessing.long_run import CODES, LongRun
from server.auth.totp import queries as totp_queries
from server.auth.totp.codes import Totp, is_of_app
from server.stores.postgres import AnyRow


@asynccontextmanager
async def code_attempt(long_run: LongRun, account: AnyRow, device: Device | None, code: str) -> AsyncIterator[None]:
    """One attempt at a code for an account whose password was right, which the block makes. Not inside of a transaction. Raises
    SpentForDays."""
    if account.totp_confirm_time is None or not code:
        yield
        return
    # A device is told from strangers who know the password by a code that it gave before: not by a mail, nor by a password.
    device_id = device.id if device is not None and device.has_passed else None
    async with long_run.attempt(account, CODES, device_id, is_guessable=is_of_app(code)):
        yield


async def check_second_factor(totp: Totp, connection: AsyncConnection, account: AnyRow, code: str) -> None:
    """Checks the code for an account whose password was right, in the transaction that holds its row. A right code is used up.
    Raises TotpRequired without a code and InvalidCredentials for a wrong one, unless the account has no authenticator app."""
    if account.totp_confirm_time is None:
        return
    if not code:
        raise failures.TotpRequired
    kind = await totp.check(connection, account, code)
    if not kind:
        raise failures.InvalidCredentials
    if kind == "recovery":
        left = await totp_queries.recovery_codes_left(connection, account.id)
        await audit.add(connection, "account.recovery_code_use", account.id, actor_id=account.id, left=left)
