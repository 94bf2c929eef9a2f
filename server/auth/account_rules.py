"""Decisions about other people's accounts: who sees and changes whom, and what nobody may do. And the refusals that say so."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from gazette.access.v1.access_pb2 import Permission
from gazette.auth.v1.account_pb2 import AccountKind, AccountState, Role
from server import errors
from server.access import Caller
from server.auth.rules import OrganisationNotFound, TooManyGrants, fewest, permissions

MAX_GRANTS = 90
"""How many an access token has room for."""
READ = Permission.PERMISSION_ACCOUNTS_READ
WRITE = Permission.PERMISSION_ACCOUNTS_WRITE
COMMAND_LINE = Caller(permissions={READ: None, WRITE: None})
"""Who has the database may see and change all accounts."""


class AccountNotFound(errors.NotFound):
    """None has this id, or none that the caller may know of."""

    reason = "ACCOUNT_NOT_FOUND"
    message = "There is no such account."


class GrantNotFound(errors.NotFound):
    """The account does not have this role there."""

    reason = "GRANT_NOT_FOUND"
    message = "The account does not have this role there."


class OwnAccount(errors.FailedPrecondition):
    """Nobody locks themselves out, and nobody weakens their own sign-in as if it were another's."""

    reason = "OWN_ACCOUNT"
    message = "This cannot be done to one's own account."


class LastAdmin(errors.FailedPrecondition):
    """Somebody must be left who can look after everything."""

    reason = "LAST_ADMIN"
    message = "No other person who can sign in is an admin of all organisations."


class AccountErased(errors.FailedPrecondition):
    """What was erased stays so."""

    reason = "ACCOUNT_ERASED"
    message = "The account was erased, for good."


def check_visible(caller: Caller, grants: Iterable[Any]) -> None:
    """Raises AccountNotFound unless the account has one of its grants where the caller may see accounts. An account without
    grants, or only for all organisations, is seen by who may see all."""
    if not (caller.may(READ) or any(each.organisation_id and caller.may(READ, each.organisation_id) for each in grants)):
        raise AccountNotFound


def may_change(caller: Caller, grants: Iterable[Any]) -> bool:
    """Whether the caller may change accounts wherever this one has a grant."""
    return all(caller.may(WRITE, place) for place in {each.organisation_id for each in grants} or {None})


def check_changeable(caller: Caller, grants: Iterable[Any]) -> None:
    """Raises PermissionDenied."""
    if not may_change(caller, grants):
        raise errors.PermissionDenied(
            "The account has a role where you may not change accounts.", permission=Permission.Name(WRITE)
        )


def shown_grants(caller: Caller, grants: Iterable[Any]) -> list[Any]:
    """The grants that concern the caller: where it may see accounts, and those for all, which hold there too. What else the
    account does in other organisations is theirs to know."""
    return [each for each in grants if each.organisation_id is None or caller.may(READ, each.organisation_id)]


def place(caller: Caller, organisation_id: str, permission: Permission.ValueType) -> uuid.UUID | None:
    """Where a request's role holds: an organisation, or None for all of them.

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


def check_gives(caller: Caller, role: int, organisation_id: uuid.UUID | None) -> None:
    """Raises PermissionDenied unless the caller holds, there, all that the role permits: nobody gives what they do not have. A
    person who may write accounts has it all; an API key has no more than its scopes."""
    for permission, places in permissions([(role, organisation_id)]).items():
        check_holds(caller, permission, places)


def check_scopes(caller: Caller, grants: Iterable[Any], scopes: Iterable[int]) -> None:
    """Raises PermissionDenied unless the caller holds each scope of a new key wherever the key's account does, and somewhere
    in any case: the account may be given more later."""
    held = permissions((each.role, each.organisation_id) for each in grants)
    for scope in scopes:
        if scope not in caller.permissions:
            caller.require(Permission.ValueType(scope))
        check_holds(caller, scope, held.get(scope, frozenset()))


def check_holds(caller: Caller, permission: int, places: frozenset[uuid.UUID] | None) -> None:
    for place in {None} if places is None else places:
        caller.require(Permission.ValueType(permission), place)


def only_place(grants: Iterable[Any]) -> uuid.UUID | None:
    """The organisation that all the grants are in; None if there is not one alone."""
    places = {each.organisation_id for each in grants}
    return places.pop() if len(places) == 1 else None


def holds(grants: Iterable[Any], role: int, organisation_id: uuid.UUID | None) -> bool:
    return (role, organisation_id) in {(each.role, each.organisation_id) for each in grants}


def check_bound(grants: Iterable[Any], role: int, organisation_id: uuid.UUID | None) -> None:
    """Raises TooManyGrants if with one more no access token could be made for the account."""
    held = [(each.role, each.organisation_id) for each in grants]
    if len(fewest([*held, (role, organisation_id)])) > MAX_GRANTS:
        raise TooManyGrants


def check_not_own(caller: Caller, account_id: uuid.UUID) -> None:
    if caller.account_id == account_id:
        raise OwnAccount


def check_not_erased(account: Any) -> None:
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
