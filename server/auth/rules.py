"""Decisions: what each role may do, which passwords, names and addresses will do. And the refusals of auth."""

from __future__ import annotations

import re
import unicodedata
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from gazette.access.v1.access_pb2 import Permission
from gazette.auth.v1.account_pb2 import Role
from server import errors
from server.auth.common_passwords import is_common
from server.errors import Violation

Grants = Iterable[tuple[int, uuid.UUID | None]]
"""Roles, and the organisation that each holds in; None stands for all of them."""

ADDED_PERMISSIONS: Mapping[int, frozenset[int]] = {
    Role.ROLE_READER: frozenset({Permission.PERMISSION_DOCUMENTS_READ, Permission.PERMISSION_FILES_READ}),
    Role.ROLE_AUTHOR: frozenset({Permission.PERMISSION_DOCUMENTS_WRITE, Permission.PERMISSION_FILES_WRITE}),
    Role.ROLE_EDITOR: frozenset({Permission.PERMISSION_DOCUMENTS_REVIEW}),
    Role.ROLE_PUBLISHER: frozenset({Permission.PERMISSION_DOCUMENTS_PUBLISH}),
    Role.ROLE_ADMIN: frozenset(
        {
            Permission.PERMISSION_DOCUMENTS_IMPORT,
            Permission.PERMISSION_CONTENT_TYPES_WRITE,
            Permission.PERMISSION_ORGANISATIONS_WRITE,
            Permission.PERMISSION_SYSTEM_READ,
            Permission.PERMISSION_ACCOUNTS_READ,
            Permission.PERMISSION_ACCOUNTS_WRITE,
            Permission.PERMISSION_AUDIT_READ,
        }
    ),
}
"""What each role may do beyond the role before it."""

ROLE_PERMISSIONS: Mapping[int, frozenset[int]] = {
    role: frozenset[int]().union(*(added for lower, added in ADDED_PERMISSIONS.items() if lower <= role))
    for role in ADDED_PERMISSIONS
}
"""All that each role may do."""

CENTRAL_PERMISSIONS = frozenset(
    {
        Permission.PERMISSION_CONTENT_TYPES_WRITE,
        Permission.PERMISSION_ORGANISATIONS_WRITE,
        Permission.PERMISSION_SYSTEM_READ,
    }
)
"""What concerns every organisation, and so comes only with a grant for all of them."""

MIN_PASSWORD, MAX_PASSWORD = 12, 128  # code points
DEMO_PASSWORD = "gazette-demo-only"  # noqa: S105 - known to everyone, and so worth nothing outside development
OWN_WORD = re.compile(r"[^\W_]{4,}")
EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.\u3002]+(\.[^@\s.\u3002]+)+")  # U+3002: a dot to those who look up domains (RFC 3490)
MAX_EMAIL, MAX_NAME = 254, 255


class InvalidCredentials(errors.Unauthenticated):
    """One answer for an unknown address, a wrong password and a disabled account: whoever guesses learns nothing."""

    reason = "INVALID_CREDENTIALS"
    message = "The address or the password is wrong."


class InvalidAccessToken(errors.Unauthenticated):
    """Not ours, expired, or of a session that has ended."""

    reason = "INVALID_ACCESS_TOKEN"
    message = "The access token is not valid any more: refresh it, or sign in again."

    def headers(self) -> Iterable[tuple[str, str]]:
        return (("www-authenticate", 'Bearer error="invalid_token"'),)  # RFC 6750 section 3.1


class InvalidRefreshToken(errors.Unauthenticated):
    """Not ours, used before, or of a session that has ended."""

    reason = "INVALID_REFRESH_TOKEN"
    message = "The refresh token is not valid any more: sign in again."


class TotpRequired(errors.Unauthenticated):
    """The password was right, and the account has an authenticator app."""

    reason = "TOTP_REQUIRED"
    message = "Send the code of the authenticator app, or a recovery code, as totp_code."


class WrongCode(errors.InvalidArgument):
    """Not the authenticator app's code, or one that was used before."""

    reason = "WRONG_CODE"

    def __init__(self) -> None:
        super().__init__(Violation("code", "is not the code of the authenticator app, or was used before"))


class TotpEnabled(errors.FailedPrecondition):
    """One app at a time."""

    reason = "TOTP_ENABLED"
    message = "The account has an authenticator app. Disable it first."


class TotpNotEnrolled(errors.FailedPrecondition):
    """There is no app to confirm, or to disable."""

    reason = "TOTP_NOT_ENROLLED"
    message = "No authenticator app is being set up, or asked for."


class TotpIsRequired(errors.FailedPrecondition):
    """TOTP_REQUIRED_ROLES says so."""

    reason = "TOTP_IS_REQUIRED"
    message = "A role of this account must have an authenticator app."


class InvalidLink(errors.InvalidArgument):
    """One answer for a link that is not ours, was used or replaced, has had its time, or whose account is gone."""

    reason = "INVALID_LINK"

    def __init__(self) -> None:
        super().__init__(
            Violation("token", "is of no link that holds"), message="The link does not hold any more: ask for another."
        )


class SignInBusy(errors.ResourceExhausted):
    """Checking a password is costly on purpose, and too many wait for it."""

    reason = "SIGN_IN_BUSY"
    message = "Too many people are signing in at once. Try again in a moment."


class TooManySignIns(errors.ResourceExhausted):
    """Whoever guesses has had enough guesses for now."""

    reason = "TOO_MANY_SIGN_INS"
    message = "Too many attempts with wrong passwords. Try again later."


class WrongPassword(errors.InvalidArgument):
    """Somebody who is signed in was asked for the password again."""

    reason = "WRONG_PASSWORD"

    def __init__(self, field: str) -> None:
        super().__init__(Violation(field, "is not the account's password"))


class TooManyGrants(errors.FailedPrecondition):
    """An access token has a bound, and carries the grants."""

    reason = "TOO_MANY_GRANTS"
    message = "The account has roles in more organisations than an access token can carry; grant them for all organisations."


class WeakPassword(errors.InvalidArgument):
    """Too short, too long, or easily guessed."""

    reason = "WEAK_PASSWORD"


class EmailTaken(errors.AlreadyExists):
    """Addresses are compared without regard to case."""

    reason = "EMAIL_TAKEN"
    message = "There is an account with this address."


class SlugTaken(errors.AlreadyExists):
    """A slug names one organisation for good."""

    reason = "SLUG_TAKEN"
    message = "There is an organisation with this slug."


class OrganisationNotFound(errors.NotFound):
    """None has this id or slug."""

    reason = "ORGANISATION_NOT_FOUND"
    message = "There is no such organisation."


def permissions(grants: Grants) -> Mapping[int, frozenset[uuid.UUID] | None]:
    """Where each permission is held, as `access.Caller` wants it: in these organisations, or None for all."""
    places: dict[int, set[uuid.UUID | None]] = {}
    for role, organisation_id in grants:
        for permission in ROLE_PERMISSIONS.get(role, ()):
            if organisation_id is None or permission not in CENTRAL_PERMISSIONS:
                places.setdefault(permission, set()).add(organisation_id)
    return {
        permission: None if None in held else frozenset(each for each in held if each is not None)
        for permission, held in places.items()
    }


def fewest(grants: Grants) -> list[tuple[int, uuid.UUID | None]]:
    """The fewest grants that permit the same: the highest role in each organisation, unless a grant for all covers it."""
    highest: dict[uuid.UUID | None, int] = {}
    for role, organisation_id in grants:
        highest[organisation_id] = max(role, highest.get(organisation_id, role))
    everywhere = highest.get(None, Role.ROLE_UNSPECIFIED)
    return [(role, place) for place, role in highest.items() if place is None or role > everywhere]


def needs_totp(grants: Iterable[Any], required: Iterable[str]) -> bool:
    """Whether the grants have one of the required roles, such as `publisher`, or one that can do more."""
    lowest = min((Role.Value(f"ROLE_{name.upper()}") for name in required), default=None)
    return lowest is not None and any(grant.role >= lowest for grant in grants)


def normal(password: str) -> str:
    """The password as it is counted and hashed, however a keyboard composed it (NIST SP 800-63B section 5.1.1.2)."""
    return unicodedata.normalize("NFKC", password)


def check_password(password: str, *own: str, field: str = "password") -> None:
    """Raises WeakPassword that names the request's field. `own` is what everybody knows of the account: none of its words may
    be in the password."""
    password = normal(password)
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise WeakPassword(Violation(field, f"has not between {MIN_PASSWORD} and {MAX_PASSWORD} characters"))
    folded = password.casefold()
    if is_common(folded):
        raise WeakPassword(Violation(field, "is a common password, or a common word with little added to it"))
    if any(word in folded for word in OWN_WORD.findall(normal(" ".join(own)).casefold())):
        raise WeakPassword(Violation(field, "contains a word of the account's or the organisation's own"))


def check_account(email: str, name: str, prefix: str = "") -> None:
    """Raises InvalidArgument that names every field that is wrong; `prefix` is where the request has them."""
    refuse(*wrong_email(email, f"{prefix}email"), *wrong_name(name, f"{prefix}name"))


def check_name(name: str, field: str) -> None:
    """Raises InvalidArgument."""
    refuse(*wrong_name(name, field))


def wrong_email(email: str, field: str) -> list[Violation]:
    is_text = len(email) <= MAX_EMAIL and email.isprintable() and unicodedata.is_normalized("NFKC", email)
    is_right = is_text and EMAIL.fullmatch(email)  # each mailbox in one way, so that it is one account's
    return [] if is_right else [Violation(field, "is not an email address")]


def wrong_name(name: str, field: str) -> list[Violation]:
    is_right = name.strip() and len(name) <= MAX_NAME and name.isprintable()
    return [] if is_right else [Violation(field, f"has not between 1 and {MAX_NAME} printable characters")]


def refuse(*violations: Violation) -> None:
    if violations:
        raise errors.InvalidArgument(*violations)
