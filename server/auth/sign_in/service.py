"""Signing in: Login."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from prometheus_client import Counter as PrometheusCounter

from gazette.auth.v1 import auth_service_pb2 as rpc
from server import audit
from server.auth import failures
from server.auth.accounts import queries as account_queries
from server.auth.accounts import views
from server.auth.clock import utc_now
from server.auth.devices import LIFETIME, Device, DeviceTokens
from server.auth.guessing import throttle
from server.auth.guessing.long_run import LongRun, SpentForDays
from server.auth.guessing.reporting import report
from server.auth.guessing.throttle import Counter, Exhausted, Throttle
from server.auth.passwords.hashing import Passwords
from server.auth.sessions.pairs import TokenPairs
from server.auth.sessions.starting import SessionStart
from server.auth.sign_in import queries
from server.auth.sign_in.second_factor import check_second_factor, code_attempt
from server.auth.totp.codes import Totp
from server.rpc.call import Call, network
from server.rpc.failures import Failure, Unavailable
from server.stores.postgres import AnyRow, Database

SIGN_INS = PrometheusCounter("gazette_sign_ins_total", "Attempts to sign in, by outcome.", ["outcome"])
ended = {
    outcome: SIGN_INS.labels(outcome).inc
    for outcome in ("signed_in", "refused", "code_wanted", "throttled", "busy", "unavailable", "failed")
}


@dataclass(frozen=True)
class SignIn:
    """How a person who has an account gets a session."""

    database: Database
    """All who sign in share a few connections of it."""
    passwords: Passwords
    throttle: Throttle
    long_run: LongRun
    devices: DeviceTokens
    totp: Totp
    sessions: SessionStart
    pairs: TokenPairs
    now: Callable[[], datetime] = utc_now

    async def Login(self, request: rpc.LoginRequest, call: Call) -> rpc.LoginResponse:
        with counted():
            async with self.passwords.turn():
                return await self.attempt(request, call)

    async def attempt(self, request: rpc.LoginRequest, call: Call) -> rpc.LoginResponse:
        address = call.address
        async with self.database.read() as connection:
            candidate = await queries.candidate(connection, request.email, address, self.now() - LIFETIME)
        device = self.devices.device(request.device_token, candidate)
        try:
            async with self.throttle.attempt(*counters(candidate, device, address)):
                return await self.sign_in(candidate, device, request, call)
        except Exhausted as exhausted:
            if exhausted.counter.budget is throttle.ADDRESS:
                await report(self.database, exhausted, None)
                raise  # which says nothing of the account
            await report(self.database, exhausted, candidate.id)
            raise failures.InvalidCredentials from None

    async def sign_in(
        self, candidate: AnyRow, device: Device | None, request: rpc.LoginRequest, call: Call
    ) -> rpc.LoginResponse:
        # No connection is held while a password is checked, and one is checked even where there is no account.
        is_right = await self.passwords.verify(candidate.password_hash, request.password)
        if not is_right or candidate.state != account_queries.ACTIVE:
            cause = "unknown account" if candidate.id is None else "disabled" if is_right else "wrong password"
            await self.audit_refusal(candidate, cause)
            raise failures.InvalidCredentials
        new_hash = await self.passwords.renewed(candidate.password_hash, request.password)
        try:
            async with (
                code_attempt(self.long_run, candidate, device, request.totp_code),
                self.database.transaction() as connection,
            ):
                account = await account_queries.lock_verified(connection, candidate.id, candidate.password_hash)
                if account is None or account.totp_confirm_time != candidate.totp_confirm_time:
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
        except SpentForDays:
            await self.audit_refusal(candidate, "too many wrong codes")
            raise failures.InvalidCredentials from None
        except failures.InvalidCredentials:
            await self.audit_refusal(candidate, "wrong code" if request.totp_code else "changed meanwhile")
            raise
        return rpc.LoginResponse(
            **pair,
            account=views.shown(account, grants),
            device_token=self.devices.token(account, device.id if device else None, has_passed=True),
            totp_enrolment_required=self.pairs.must_enrol(account, grants),
        )

    async def audit_refusal(self, candidate: AnyRow, cause: str) -> None:
        """Audits that a sign-in was refused, but not the address given: people type passwords there."""
        async with self.database.transaction() as connection:
            await audit.add(connection, "account.sign_in_refused", candidate.id or "", cause=cause)


@contextmanager
def counted() -> Iterator[None]:
    """Counts how the block's sign-in ends. What an account's own budget refuses looks to callers, and here, as a wrong password
    does; `gazette_sign_in_throttled_total` tells it apart."""
    outcome = "failed"
    try:
        yield
        outcome = "signed_in"
    except failures.TotpRequired:
        outcome = "code_wanted"
        raise
    except failures.TooManySignIns:
        outcome = "throttled"
        raise
    except failures.SignInBusy:
        outcome = "busy"
        raise
    except Unavailable:
        outcome = "unavailable"
        raise
    except Failure:
        outcome = "refused"
        raise
    finally:
        ended[outcome]()


def counters(candidate: AnyRow, device: Device | None, address: str) -> tuple[Counter, ...]:
    """What the attempt counts for. A device that has signed in to the account before has a budget that nobody else can use up,
    and an address one that nobody elsewhere can. Without such a device the address comes first: once it has no attempts left it
    is refused in one way, whichever accounts it is known to."""
    if device is not None:
        return (throttle.DEVICE.of(candidate.id, device.id),)
    at_address = throttle.ADDRESS.of(network(address))
    if candidate.is_known_address:
        return (at_address, throttle.KNOWN_ADDRESS.of(candidate.id, address))
    return (at_address, throttle.ACCOUNT.of(candidate.folded_email))
