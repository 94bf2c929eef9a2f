"""Signing in: Login."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from gazette.auth.v1 import auth_service_pb2 as rpc
from server import audit
from server.auth import failures
from server.auth.accounts import queries as account_queries
from server.auth.accounts import views
from server.auth.clock import utc_now
from server.auth.guessing import throttle
from server.auth.guessing.reporting import report
from server.auth.guessing.throttle import Counter, Exhausted, Throttle
from server.auth.passwords import rules as password_rules
from server.auth.passwords.hashing import Passwords
from server.auth.sessions.pairs import TokenPairs
from server.auth.sessions.starting import SessionStart
from server.auth.sign_in import queries
from server.auth.sign_in.devices import LIFETIME, DeviceTokens
from server.auth.sign_in.second_factor import check_second_factor
from server.auth.totp.codes import Totp
from server.rpc.call import Call, network
from server.stores.postgres import AnyRow, Database


@dataclass(frozen=True)
class SignIn:
    """How a person who has an account gets a session."""

    database: Database
    """All who sign in share a few connections of it."""
    passwords: Passwords
    throttle: Throttle
    devices: DeviceTokens
    totp: Totp
    sessions: SessionStart
    pairs: TokenPairs
    is_public: bool
    """Whether others than its developers depend on this installation."""
    now: Callable[[], datetime] = utc_now

    async def Login(self, request: rpc.LoginRequest, call: Call) -> rpc.LoginResponse:
        address = call.address
        async with self.database.read() as connection:
            candidate = await queries.candidate(connection, request.email, address, self.now() - LIFETIME)
        device_id = self.devices.device(request.device_token, candidate.id)
        try:
            async with self.throttle.attempt(*counters(candidate, device_id, address)):
                return await self.sign_in(candidate, device_id or uuid.uuid4(), request, call)
        except Exhausted as exhausted:
            if exhausted.counter.budget is throttle.ADDRESS:
                await report(self.database, exhausted, None)
                raise  # which says nothing of the account
            await report(self.database, exhausted, candidate.id)
            raise failures.InvalidCredentials from None

    async def sign_in(
        self, candidate: AnyRow, device_id: uuid.UUID, request: rpc.LoginRequest, call: Call
    ) -> rpc.LoginResponse:
        # No connection is held while a password is checked, and one is checked even where there is no account.
        is_right = await self.passwords.verify(candidate.password_hash, request.password)
        if self.is_public and request.password == password_rules.DEMO_PASSWORD:
            is_right = False  # its accounts came along with a database from somebody's machine
        if not is_right or candidate.state != account_queries.ACTIVE:
            cause = "unknown account" if candidate.id is None else "disabled" if is_right else "wrong password"
            await self.audit_refusal(candidate, cause)
            raise failures.InvalidCredentials
        new_hash = await self.passwords.renewed(candidate.password_hash, request.password)
        try:
            async with self.database.transaction() as connection:
                account = await account_queries.lock_verified(connection, candidate.id, candidate.password_hash)
                if account is None:
                    raise failures.InvalidCredentials
                await check_second_factor(self.totp, connection, account, request.totp_code)
                if new_hash is not None:
                    await account_queries.renew_password_hash(connection, account.id, new_hash)
                session = await self.sessions.start(connection, account.id, call)
                grants = await account_queries.grants(connection, account.id)
                pair = self.pairs.fields(account, session, grants)
        except failures.TotpRequired:
            await self.audit_refusal(candidate, "no code")  # of a stranger, it says that the password is known
            raise
        except failures.InvalidCredentials:
            await self.audit_refusal(candidate, "wrong code" if request.totp_code else "changed meanwhile")
            raise
        return rpc.LoginResponse(
            **pair,
            account=views.shown(account, grants),
            device_token=self.devices.token(account.id, device_id),
            totp_enrolment_required=self.pairs.must_enrol(account, grants),
        )

    async def audit_refusal(self, candidate: AnyRow, cause: str) -> None:
        """Audits that a sign-in was refused, but not the address given: people type passwords there."""
        async with self.database.transaction() as connection:
            await audit.add(connection, "account.sign_in_refused", candidate.id or "", cause=cause)


def counters(candidate: AnyRow, device_id: uuid.UUID | None, address: str) -> tuple[Counter, ...]:
    """What the attempt counts for. Who has signed in to the account before has a budget that no stranger can use up."""
    if device_id is not None:
        return (throttle.DEVICE.of(device_id), throttle.DEVICES.of(candidate.id))
    if candidate.is_known_address:
        return (throttle.KNOWN_ADDRESS.of(candidate.id, address),)
    return (throttle.ADDRESS.of(network(address)), throttle.ACCOUNT.of(candidate.folded_email))
