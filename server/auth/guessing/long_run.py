"""How many wrong codes and passwords an account may be given over days.

The throttle's budgets end within minutes, and begin anew: a code of six digits would not withstand that for ever. These are
kept in a table that outlives a crash, and Redis has no part in them. Whoever only knows the password can use them up; so its
owner is mailed, another password begins them anew, and a device that has passed the second factor before has its own.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NamedTuple

from server import audit, mail
from server.auth import failures
from server.auth.guessing import queries
from server.auth.guessing.throttle import FORGIVEN
from server.stores.postgres import Database, DatabaseUnavailable

CODES, PASSWORDS = "codes", "passwords"
"""What is counted: wrong codes at sign-in and afterwards; wrong passwords of whoever is signed in."""
DAY, MONTH = timedelta(days=1), timedelta(days=30)
TOLD = timedelta(days=7)
"""How long the owner hears of it no more than once."""


class Bound(NamedTuple):
    """How many may be wrong in which time. The time begins with the first of them."""

    counter: str
    most: int
    window: timedelta


class SpentForDays(failures.TooManySignIns):
    """So many codes or passwords were wrong that for days none is looked at."""


@dataclass(frozen=True)
class LongRun:
    """Counts an attempt before it is made, and gives it back if it was right."""

    database: Database

    @asynccontextmanager
    async def attempt(
        self, account: Any, kind: str, device_id: uuid.UUID | None = None, *, is_guessable: bool = True
    ) -> AsyncIterator[None]:
        """One attempt, which the block makes, of a device that has passed the second factor before, or of anybody. It counts
        if the block raises. What nobody can guess, a recovery code, is counted too, but always looked at. Raises SpentForDays,
        DatabaseUnavailable."""
        bounds = bounds_of(kind, account.password_generation, device_id)
        is_last = False
        try:
            is_last = await self.reserve(account, bounds)
        except SpentForDays:
            await self.tell(account, kind)
            if is_guessable:
                raise
            bounds = ()
        try:
            yield
        except FORGIVEN:
            await self.release(account, bounds)
            raise
        except BaseException:
            if is_last:
                await self.tell(account, kind)
            raise
        await self.release(account, bounds, is_proven=device_id is not None)

    async def reserve(self, account: Any, bounds: Sequence[Bound]) -> bool:
        """Counts one for each, or for none. Returns whether there is no further one. Raises SpentForDays."""
        is_last = False
        async with self.database.transaction() as connection:
            for counter, most, window in bounds:
                count = await queries.count_over_days(connection, account.id, counter, most, window)
                if count is None:
                    raise SpentForDays(retry_after=await queries.seconds_left(connection, account.id, counter))
                is_last |= count == most
        return is_last

    async def release(self, account: Any, bounds: Sequence[Bound], *, is_proven: bool = False) -> None:
        """Gives an attempt back; a device that was right has had none wrong."""
        counters = [bound.counter for bound in bounds]
        if not counters:
            return
        with suppress(DatabaseUnavailable):
            async with self.database.transaction() as connection:
                if is_proven:
                    await queries.forget_over_days(connection, account.id, counters)
                else:
                    await queries.return_over_days(connection, account.id, counters)

    async def tell(self, account: Any, kind: str) -> None:
        """Mails the owner, once in a while and for each password, that so many were wrong, and audits it."""
        with suppress(DatabaseUnavailable):
            async with self.database.transaction() as connection:
                told = f"{kind} told {account.password_generation}"
                if not await queries.count_over_days(connection, account.id, told, 1, TOLD):
                    return
                await audit.add(connection, "account.sign_in_throttled", account.id, budget=f"{kind} over days")
                about = {"name": account.name, "are_codes": kind == CODES}
                await mail.add(connection, "wrong-guesses", account.email, account_id=account.id, **about)


def bounds_of(kind: str, generation: int, device_id: uuid.UUID | None) -> tuple[Bound, ...]:
    """What bounds a device that has passed before; or everybody else, with this password and with all that the account had."""
    if device_id is not None:
        return Bound(f"{kind} day {device_id}", 20, DAY), Bound(f"{kind} month {device_id}", 50, MONTH)
    return (
        Bound(f"{kind} month", 100, MONTH),
        Bound(f"{kind} day {generation}", 20, DAY),
        Bound(f"{kind} month {generation}", 50, MONTH),
    )
