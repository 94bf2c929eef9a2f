"""What auth refuses, and why."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from server.rpc.failures import (
    AlreadyExists,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    ResourceExhausted,
    Unauthenticated,
    Violation,
)


class InvalidCredentials(Unauthenticated):
    """There is one answer for an unknown address, a wrong password and a disabled account: whoever guesses learns nothing."""

    reason = "INVALID_CREDENTIALS"
    message = "The address or the password is wrong."


class InvalidAccessToken(Unauthenticated):
    """The token is not ours, has expired, or is of a session that has ended."""

    reason = "INVALID_ACCESS_TOKEN"
    message = "The access token is not valid any more: refresh it, or sign in again."

    def headers(self) -> Iterable[tuple[str, str]]:
        return (("www-authenticate", 'Bearer error="invalid_token"'),)  # RFC 6750 section 3.1


class InvalidRefreshToken(Unauthenticated):
    """The token is not ours, was used before, or is of a session that has ended."""

    reason = "INVALID_REFRESH_TOKEN"
    message = "The refresh token is not valid any more: sign in again."


class TotpRequired(Unauthenticated):
    """The password was right, and the account has an authenticator app."""

    reason = "TOTP_REQUIRED"
    message = "Send the code of the authenticator app, or a recovery code, as `totp_code`."


class WrongCode(InvalidArgument):
    """The code is not the authenticator app's, or was used before."""

    reason = "WRONG_CODE"

    def __init__(self) -> None:
        super().__init__(Violation("code", "is not the code of the authenticator app, or was used before"))


class TotpEnabled(FailedPrecondition):
    """An account has one app at a time."""

    reason = "TOTP_ENABLED"
    message = "The account has an authenticator app. Disable it first."


class TotpNotEnrolled(FailedPrecondition):
    """There is no app to confirm, or to disable."""

    reason = "TOTP_NOT_ENROLLED"
    message = "No authenticator app is being set up, or asked for."


class TotpIsRequired(FailedPrecondition):
    """TOTP_REQUIRED_ROLES asks who has this role for an app."""

    reason = "TOTP_IS_REQUIRED"
    message = "A role of this account must have an authenticator app."


class InvalidLink(InvalidArgument):
    """There is one answer for a link that is not ours, was used or replaced, has had its time, or whose account is gone."""

    reason = "INVALID_LINK"

    def __init__(self) -> None:
        super().__init__(
            Violation("token", "is of no link that holds"), message="The link does not hold any more: ask for another."
        )


class SignInBusy(ResourceExhausted):
    """Checking a password is costly on purpose, and too many wait for it."""

    reason = "SIGN_IN_BUSY"
    message = "Too many people are signing in at once. Try again in a moment."


class TooManySignIns(ResourceExhausted):
    """Whoever guesses has had enough guesses for now."""

    reason = "TOO_MANY_SIGN_INS"
    message = "Too many attempts with wrong passwords. Try again later."


class WrongPassword(InvalidArgument):
    """Somebody who is signed in was asked for the password again."""

    reason = "WRONG_PASSWORD"

    def __init__(self, field: str) -> None:
        super().__init__(Violation(field, "is not the account's password"))


class TooManyGrants(FailedPrecondition):
    """An access token has a bound, and carries the grants."""

    reason = "TOO_MANY_GRANTS"
    message = "The account has roles in more organisations than an access token can carry; grant them for all organisations."


class WeakPassword(InvalidArgument):
    """The password is too short, too long, or easily guessed."""

    reason = "WEAK_PASSWORD"


class EmailTaken(AlreadyExists):
    """Addresses are compared without regard to case."""

    reason = "EMAIL_TAKEN"
    message = "There is an account with this address."


class AccountNotFound(NotFound):
    """No account has this id, or none that the caller may know of."""

    reason = "ACCOUNT_NOT_FOUND"
    message = "There is no such account."


class GrantNotFound(NotFound):
    """The account does not have this role there."""

    reason = "GRANT_NOT_FOUND"
    message = "The account does not have this role there."


class OwnAccount(FailedPrecondition):
    """Nobody locks themselves out, and nobody weakens their own sign-in as if it were another's."""

    reason = "OWN_ACCOUNT"
    message = "This cannot be done to one's own account."


class LastAdmin(FailedPrecondition):
    """Somebody must be left who can look after everything."""

    reason = "LAST_ADMIN"
    message = "No other person who can sign in is an admin of all organisations."


class AccountErased(FailedPrecondition):
    """What was erased stays so."""

    reason = "ACCOUNT_ERASED"
    message = "The account was erased, for good."


class SessionNotFound(NotFound):
    """The session has ended, or is somebody else's."""

    reason = "SESSION_NOT_FOUND"
    message = "There is no such session."


class InvalidApiKey(Unauthenticated):
    """The key is not ours, has ended, was revoked, or is of an account that was disabled."""

    reason = "INVALID_API_KEY"
    message = "The API key does not hold, or not any more."

    def headers(self) -> Iterable[tuple[str, str]]:
        return (("www-authenticate", 'Bearer error="invalid_token"'),)  # RFC 6750 section 3.1


class ApiKeyNotFound(NotFound):
    """The account has no key with this id."""

    reason = "API_KEY_NOT_FOUND"
    message = "There is no such key."


class NotAService(FailedPrecondition):
    """Services have API keys; people sign in."""

    reason = "NOT_A_SERVICE"
    message = "Only service accounts have API keys."


class NeverHashed(asyncio.CancelledError):
    """The call ended while its password still waited."""
