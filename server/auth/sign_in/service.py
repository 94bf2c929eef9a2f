"""Signing in: Login."""

from __future__ import annotations

import uuid

from gazette.auth.v1 import auth_service_pb2 as rpc
from server import audit
from server.auth import failures
from server.auth.accounts import queries as account_queries
from server.auth.accounts import views
from server.auth.guessing import throttle
from server.auth.guessing.throttle import Counter, Exhausted
from server.auth.passwords import rules as password_rules
from server.auth.sessions.starting import AuthParts
from server.auth.sign_in import queries
from server.auth.sign_in.devices import LIFETIME
from server.rpc import call
from server.rpc.call import Call
from server.stores.postgres import AnyRow


class SignIn(AuthParts):
    """Login."""

    async def Login(self, request: rpc.LoginRequest, call: Call) -> rpc.LoginResponse:
        address = call.address
        async with self.throttle.database.read() as connection:
            candidate = await queries.candidate(connection, request.email, address, self.now() - LIFETIME)
        device_id = self.devices.device(request.device_token, candidate.id)
        try:
            async with self.throttle.attempt(*counters(candidate, device_id, address)):
                return await self.sign_in(candidate, device_id or uuid.uuid4(), request)
        except Exhausted as exhausted:
            if exhausted.counter.budget is throttle.ADDRESS:
                await self.note_throttled(exhausted, None)
                raise  # which says nothing of the account
            await self.note_throttled(exhausted, candidate.id)
            raise failures.InvalidCredentials from None

    async def sign_in(self, candidate: AnyRow, device_id: uuid.UUID, request: rpc.LoginRequest) -> rpc.LoginResponse:
        # No connection is held while a password is checked, and one is checked even where there is no account.
        is_right = await self.passwords.verify(candidate.password_hash, request.password)
        if self.settings.is_public and request.password == password_rules.DEMO_PASSWORD:
            is_right = False  # its accounts came along with a database from somebody's machine
        if not is_right or candidate.state != account_queries.ACTIVE:
            cause = "unknown account" if candidate.id is None else "disabled" if is_right else "wrong password"
            await self.note_refused(candidate, cause)
            raise failures.InvalidCredentials
        new_hash = await self.passwords.renewed(candidate.password_hash, request.password)
        try:
            async with self.throttle.database.transaction() as connection:
                account = await account_queries.lock_verified(connection, candidate.id, candidate.password_hash)
                if account is None:
                    raise failures.InvalidCredentials
                await self.check_second_factor(connection, account, request.totp_code)
                if new_hash is not None:
                    await account_queries.renew_password_hash(connection, account.id, new_hash)
                session = await self.start_session(connection, account.id)
                grants = await account_queries.grants(connection, account.id)
                pair = self.pair(account, session, grants)
        except failures.TotpRequired:
            await self.note_refused(candidate, "no code")  # of a stranger, it says that the password is known
            raise
        except failures.InvalidCredentials:
            await self.note_refused(candidate, "wrong code" if request.totp_code else "changed meanwhile")
            raise
        return rpc.LoginResponse(
            **pair,
            account=views.shown(account, grants),
            device_token=self.devices.token(account.id, device_id),
            totp_enrolment_required=self.must_enrol(account, grants),
        )

    async def note_refused(self, candidate: AnyRow, cause: str) -> None:
        """But not the address given: people type passwords there."""
        async with self.throttle.database.transaction() as connection:
            await audit.add(connection, "account.sign_in_refused", candidate.id or "", cause=cause)


def counters(candidate: AnyRow, device_id: uuid.UUID | None, address: str) -> tuple[Counter, ...]:
    """What the attempt counts for. Who has signed in to the account before has a budget that no stranger can use up."""
    if device_id is not None:
        return (throttle.DEVICE.of(device_id), throttle.DEVICES.of(candidate.id))
    if candidate.is_known_address:
        return (throttle.KNOWN_ADDRESS.of(candidate.id, address),)
    return (throttle.ADDRESS.of(call.network(address)), throttle.ACCOUNT.of(candidate.folded_email))
