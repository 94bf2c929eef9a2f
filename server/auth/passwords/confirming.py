"""Asking somebody who is signed in for a secret of the account again."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from server import audit
from server.auth import failures
from server.auth.accounts import queries as account_queries
from server.auth.guessing.long_run import PASSWORDS, LongRun
from server.auth.guessing.reporting import report
from server.auth.guessing.throttle import CONFIRMATION, Exhausted, Throttle
from server.auth.passwords.hashing import Passwords
from server.rpc.caller import Caller
from server.rpc.failures import Unauthenticated
from server.stores.postgres import AnyRow, Database


@dataclass(frozen=True)
class Confirmations:
    """Makes sure that whoever has an access token is the account's owner, before what only the owner may do."""

    database: Database
    passwords: Passwords
    throttle: Throttle
    long_run: LongRun

    async def confirmed_account(self, caller: Caller, password: str) -> AnyRow:
        """The caller's account, whose password was given again. Raises NeedsSession for a service, Unauthenticated if the
        account was disabled, WrongPassword, TooManySignIns, SignInBusy."""
        caller.require_session()
        async with self.database.read() as connection:
            account = await account_queries.active_account(connection, caller.known_id)
        if account is None:
            raise Unauthenticated
        async with self.guess(account.id, PASSWORDS):
            if not await self.passwords.verify(account.password_hash, password):
                raise failures.WrongPassword("password")
        return account

    @asynccontextmanager
    async def guess(self, account_id: uuid.UUID, kind: str, *, is_guessable: bool = True) -> AsyncIterator[None]:
        """One guess of somebody who is signed in at a secret of the account, of a kind that is bounded over days. The block
        makes it: right, unless it raises. Not inside of a transaction. Raises Unauthenticated, TooManySignIns."""
        async with self.database.read() as connection:
            account = await account_queries.active_account(connection, account_id)
        if account is None:
            raise Unauthenticated
        try:
            async with (
                self.throttle.attempt(CONFIRMATION.of(account_id)),
                self.long_run.attempt(account, kind, is_guessable=is_guessable),
            ):
                yield
        except Exhausted as exhausted:
            await report(self.database, exhausted, account_id)
            raise
        except (failures.WrongPassword, failures.WrongCode) as refusal:
            cause = "wrong code" if isinstance(refusal, failures.WrongCode) else "wrong password"
            async with self.database.transaction() as connection:
                await audit.add(connection, "account.confirmation_refused", account_id, cause=cause)
            raise
