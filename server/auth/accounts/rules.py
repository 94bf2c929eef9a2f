"""Decisions about accounts: which names and addresses will do, who sees and changes whom, and what nobody may do."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable
from typing import Any

from gazette.access.v1.access_pb2 import Permission
from gazette.auth.v1.account_pb2 import AccountKind, AccountState, Role
from server.auth.accounts import addresses
from server.auth.failures import AccountErased, AccountNotFound, OwnAccount, TooManyGrants
from server.auth.permissions import Held, fewest, held, held_by, split
from server.organisations.failures import OrganisationNotFound
from server.rpc import failures
from server.rpc.caller import Caller
from server.rpc.failures import Violation
from server.rpc.texts.characters import Unfit, is_visible
from server.rpc.texts.forms import line

MAX_NAME = 255
MAX_GRANTS = 90
"""How many grants an access token has room for."""
LENGTH = 25
"""About how many characters a grant has there."""
READ = Permission.PERMISSION_ACCOUNTS_READ
WRITE = Permission.PERMISSION_ACCOUNTS_WRITE
COMMAND_LINE = Caller(permissions={READ: None, WRITE: None})
"""The caller that commands stand for: who has the database may see and change all accounts."""


def check_account(email: str, name: str, prefix: str = "") -> None:
    """Raises InvalidArgument that names every field that is wrong; `prefix` is where the request has them."""
    refuse(*wrong_email(email, f"{prefix}email"), *wrong_name(name, f"{prefix}name"))


def check_name(name: str, field: str) -> None:
    """Raises InvalidArgument."""
    refuse(*wrong_name(name, field))


def wrong_email(email: str, field: str) -> list[Violation]:
    try:
        addresses.canonical(email)
    except ValueError:
        return [Violation(field, "is not an email address that mail can go to")]
    return []


def wrong_name(name: str, field: str) -> list[Violation]:
    try:
        is_right = line(name) == name and is_visible(name) and len(name) <= MAX_NAME
    except Unfit as unfit:
        return [Violation(field, str(unfit))]
    return [] if is_right else [Violation(field, f"has not between 1 and {MAX_NAME} printable characters")]


def refuse(*violations: Violation) -> None:
    """Raises InvalidArgument if there are any."""
    if violations:
        raise failures.InvalidArgument(*violations)


def check_visible(caller: Caller, grants: Iterable[Any]) -> None:
    """Raises AccountNotFound unless the account has one of its grants where the caller may see accounts. An account without
    grants, or only for all organisations, is seen by who may see all."""
    if not (caller.may(READ) or any(each.organisation_id and caller.may(READ, each.organisation_id) for each in grants)):
        raise AccountNotFound


def may_change(caller: Caller, grants: Iterable[Any]) -> bool:
    """Whether the caller may change accounts wherever this one has a grant."""
    return all(caller.may(WRITE, organisation_id) for organisation_id in {each.organisation_id for each in grants} or {None})


def check_changeable(caller: Caller, grants: Iterable[Any]) -> None:
    """Raises PermissionDenied."""
    if not may_change(caller, grants):
        raise failures.PermissionDenied(
            "The account has a role where you may not change accounts.", permission=Permission.Name(WRITE)
        )


def shown_grants(caller: Caller, grants: Iterable[Any]) -> list[Any]:
    """The grants that concern the caller: where it may see accounts, and those for all, which hold there too. What else the
    account does in other organisations is theirs to know."""
    return [each for each in grants if each.organisation_id is None or caller.may(READ, each.organisation_id)]


def organisation_for(caller: Caller, organisation_id: str, permission: Permission.ValueType) -> uuid.UUID | None:
    """The organisation that a request concerns, where the caller holds the permission; None stands for all of them.

    Raises OrganisationNotFound where the caller may not see accounts, as for one that there is not, and PermissionDenied.
    """
    if not organisation_id:
        caller.require(permission)
        return None
    found = uuid.UUID(organisation_id)
    if not caller.may(READ, found):
        raise OrganisationNotFound
    caller.require(permission, found)
    return found


def check_gives(caller: Caller, role: int, organisation_id: uuid.UUID | None, locales: Collection[str] = ()) -> None:
    """Raises PermissionDenied unless the caller holds, there, all that the role permits: nobody gives what they do not have. A
    person who may write accounts has it all; an API key has no more than its scopes."""
    given = held_by((), [(role, organisation_id, locales)]) if locales else held_by([(role, organisation_id)], ())
    for permission in {*given.permissions, *given.in_locales}:
        check_holds(caller, permission, given)


def check_scopes(caller: Caller, grants: Iterable[Any], scopes: Iterable[int]) -> None:
    """Raises PermissionDenied unless the caller holds each scope of a new key wherever the key's account does, and somewhere
    in any case: the account may be given more later."""
    found = held(grants)
    for scope in scopes:
        if not caller.holds(scope):
            caller.require(Permission.ValueType(scope))
        check_holds(caller, scope, found)


def check_holds(caller: Caller, permission: int, given: Held) -> None:
    """Raises PermissionDenied unless the caller holds the permission wherever it is given, or for None in all organisations,
    and for the same languages."""
    organisation_ids = given.permissions.get(permission, frozenset())
    for organisation_id in {None} if organisation_ids is None else organisation_ids:
        caller.require(Permission.ValueType(permission), organisation_id)
    for organisation_id, locales in given.in_locales.get(permission, {}).items():
        for locale in locales:
            caller.require(Permission.ValueType(permission), organisation_id, locale)


def only_organisation(grants: Iterable[Any]) -> uuid.UUID | None:
    """The organisation that all the grants are in; None if there is not one alone."""
    organisation_ids = {each.organisation_id for each in grants}
    return organisation_ids.pop() if len(organisation_ids) == 1 else None


def has_grant(grants: Iterable[Any], role: int, organisation_id: uuid.UUID | None) -> bool:
    """Whether the role is held there for all languages."""
    return (role, organisation_id) in {(each.role, each.organisation_id) for each in grants if not each.locales}


def locales_of(grants: Iterable[Any], role: int, organisation_id: uuid.UUID | None) -> frozenset[str]:
    """The languages for which alone the role is held there."""
    found = (each.locales for each in grants if (each.role, each.organisation_id) == (role, organisation_id))
    return frozenset(locale for locales in found for locale in locales)


def check_bound(grants: Iterable[Any], role: int, organisation_id: uuid.UUID | None, locales: Collection[str] = ()) -> None:
    """Raises TooManyGrants if with one more no access token could be made for the account."""
    whole, limited = split(grants)
    if locales:
        limited.append((role, organisation_id, locales))
    else:
        whole.append((role, organisation_id))
    if len(fewest(whole)) + sum(map(weight, limited)) > MAX_GRANTS:
        raise TooManyGrants


def weight(limited: tuple[int, uuid.UUID | None, Collection[str]]) -> int:
    """As how many grants one for some languages counts."""
    return 1 + sum(len(locale) + 3 for locale in limited[2]) // LENGTH


def check_not_own(caller: Caller, account_id: uuid.UUID) -> None:
    """Raises OwnAccount."""
    if caller.account_id == account_id:
        raise OwnAccount


def check_not_erased(account: Any) -> None:
    """Raises AccountErased."""
    if account.state == AccountState.ACCOUNT_STATE_ERASED:
        raise AccountErased


def is_admin_of_all(account: Any, grants: Iterable[Any]) -> bool:
    """Whether the account can look after everything now."""
    is_active: bool = account.state == AccountState.ACCOUNT_STATE_ACTIVE
    return is_active and any(each.role == Role.ROLE_ADMIN and each.organisation_id is None for each in grants)


def enabled_state(account: Any) -> AccountState.ValueType:
    """What an account is once it is not disabled any more: a person without a password was never anything but invited."""
    if account.kind == AccountKind.ACCOUNT_KIND_PERSON and account.password_hash is None:
        return AccountState.ACCOUNT_STATE_INVITED
    return AccountState.ACCOUNT_STATE_ACTIVE
