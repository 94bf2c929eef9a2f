"""Decisions about accounts: which names and addresses will do, who sees and changes whom, and what nobody may do."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from gazette.access.v1.access_pb2 import Permission
from gazette.auth.v1.account_pb2 import AccountKind, AccountState, Role
from server.auth.accounts import addresses
from server.auth.failures import AccountErased, AccountNotFound, OwnAccount, TooManyGrants
from server.auth.permissions import fewest, permissions
from server.organisations.failures import OrganisationNotFound
from server.rpc import failures
from server.rpc.caller import Caller
from server.rpc.failures import Violation
from server.rpc.texts.characters import Unfit, is_visible
from server.rpc.texts.forms import line

MAX_NAME = 255
MAX_GRANTS = 90
"""How many grants an access token has room for."""
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


def check_gives(caller: Caller, role: int, organisation_id: uuid.UUID | None) -> None:
    """Raises PermissionDenied unless the caller holds, there, all that the role permits: nobody gives what they do not have. A
    person who may write accounts has it all; an API key has no more than its scopes."""
    for permission, organisation_ids in permissions([(role, organisation_id)]).items():
        check_holds(caller, permission, organisation_ids)


def check_scopes(caller: Caller, grants: Iterable[Any], scopes: Iterable[int]) -> None:
    """Raises PermissionDenied unless the caller holds each scope of a new key wherever the key's account does, and somewhere
    in any case: the account may be given more later."""
    held = permissions((each.role, each.organisation_id) for each in grants)
    for scope in scopes:
        if scope not in caller.permissions:
            caller.require(Permission.ValueType(scope))
        check_holds(caller, scope, held.get(scope, frozenset()))


def check_holds(caller: Caller, permission: int, organisation_ids: frozenset[uuid.UUID] | None) -> None:
    """Raises PermissionDenied unless the caller holds the permission in each of the organisations, or for None in all."""
    for organisation_id in {None} if organisation_ids is None else organisation_ids:
        caller.require(Permission.ValueType(permission), organisation_id)


def only_organisation(grants: Iterable[Any]) -> uuid.UUID | None:
    """The organisation that all the grants are in; None if there is not one alone."""
    organisation_ids = {each.organisation_id for each in grants}
    return organisation_ids.pop() if len(organisation_ids) == 1 else None


def has_grant(grants: Iterable[Any], role: int, organisation_id: uuid.UUID | None) -> bool:
    return (role, organisation_id) in {(each.role, each.organisation_id) for each in grants}


def check_bound(grants: Iterable[Any], role: int, organisation_id: uuid.UUID | None) -> None:
    """Raises TooManyGrants if with one more no access token could be made for the account."""
    held = [(each.role, each.organisation_id) for each in grants]
    if len(fewest([*held, (role, organisation_id)])) > MAX_GRANTS:
        raise TooManyGrants


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
