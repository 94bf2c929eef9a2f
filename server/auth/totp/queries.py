"""SQL: authenticator apps and recovery codes."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.auth.models import Account, LongRunAttempts, RecoveryCode
from server.stores.parameters import is_one_of


async def set_secret(connection: AsyncConnection, account_id: uuid.UUID, sealed: bytes) -> None:
    values = {"totp_secret": sealed, "totp_confirm_time": None, "totp_last_step": None}
    await connection.execute(update(Account).where(Account.id == account_id).values(values))


async def renew_secret(connection: AsyncConnection, account_id: uuid.UUID, sealed: bytes) -> None:
    """Stores the same secret, sealed anew."""
    await connection.execute(update(Account).where(Account.id == account_id).values(totp_secret=sealed))


async def confirm(connection: AsyncConnection, account_id: uuid.UUID, now: datetime, digests: Sequence[bytes]) -> None:
    """Lets the app be asked for from now on. Its recovery codes are these, and no others."""
    await connection.execute(update(Account).where(Account.id == account_id).values(totp_confirm_time=now))
    await connection.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account_id))
    await connection.execute(insert(RecoveryCode), [{"account_id": account_id, "digest": each} for each in digests])


async def remove(connection: AsyncConnection, account_id: uuid.UUID) -> None:
    """Forgets the app, its recovery codes, and how many wrong codes were given."""
    values = {"totp_secret": None, "totp_confirm_time": None, "totp_last_step": None}
    await connection.execute(update(Account).where(Account.id == account_id).values(values))
    await connection.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account_id))
    await connection.execute(delete(LongRunAttempts).where(LongRunAttempts.account_id == account_id))


async def use_step(connection: AsyncConnection, account_id: uuid.UUID, step: int) -> bool:
    """Uses the code of this time step up; returns whether neither it nor a later one had been used. Of many at once, one finds
    it so."""
    unused = or_(Account.totp_last_step.is_(None), Account.totp_last_step < step)
    statement = update(Account).where(Account.id == account_id, unused).values(totp_last_step=step)
    return (await connection.execute(statement)).rowcount > 0


async def use_recovery_code(
    connection: AsyncConnection, account_id: uuid.UUID, digests: Sequence[bytes], now: datetime
) -> bool:
    """Uses the code up; returns whether there was such a code that had not been used."""
    statement = update(RecoveryCode).where(
        RecoveryCode.account_id == account_id, is_one_of(RecoveryCode.digest, digests), RecoveryCode.use_time.is_(None)
    )
    return (await connection.execute(statement.values(use_time=now))).rowcount > 0


async def recovery_codes_left(connection: AsyncConnection, account_id: uuid.UUID) -> int:
    statement = select(func.count()).where(RecoveryCode.account_id == account_id, RecoveryCode.use_time.is_(None))
    return (await connection.execute(statement)).scalar_one()
