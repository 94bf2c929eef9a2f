"""What each role permits, and what a set of grants permits where."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from gazette.access.v1.access_pb2 import Permission
from gazette.auth.v1.account_pb2 import Role

Grants = Iterable[tuple[int, uuid.UUID | None]]
"""Roles, and the organisation that each holds in; None stands for all of them."""

Limited = Iterable[tuple[int, uuid.UUID | None, Collection[str]]]
"""The same for roles that are held for some languages alone, and these."""

ADDED_PERMISSIONS: Mapping[int, frozenset[int]] = {
    Role.ROLE_READER: frozenset({Permission.PERMISSION_DOCUMENTS_READ, Permission.PERMISSION_FILES_READ}),
    Role.ROLE_AUTHOR: frozenset({Permission.PERMISSION_DOCUMENTS_WRITE, Permission.PERMISSION_FILES_WRITE}),
    Role.ROLE_EDITOR: frozenset({Permission.PERMISSION_DOCUMENTS_REVIEW, Permission.PERMISSION_DOCUMENTS_DELETE}),
    Role.ROLE_PUBLISHER: frozenset({Permission.PERMISSION_DOCUMENTS_PUBLISH, Permission.PERMISSION_DOCUMENTS_FORCE}),
    Role.ROLE_ADMIN: frozenset(
        {
            Permission.PERMISSION_DOCUMENTS_IMPORT,
            Permission.PERMISSION_DOCUMENTS_VANISH,
            Permission.PERMISSION_DOCUMENTS_OVERRIDE,
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


LOCALE_PERMISSIONS = frozenset(
    {
        Permission.PERMISSION_DOCUMENTS_WRITE,
        Permission.PERMISSION_DOCUMENTS_REVIEW,
        Permission.PERMISSION_DOCUMENTS_PUBLISH,
        Permission.PERMISSION_DOCUMENTS_DELETE,
        Permission.PERMISSION_DOCUMENTS_FORCE,
    }
)
"""What a role that is held for some languages brings for those: what concerns one document. Beside it brings what a reader may,
and nothing else, whatever its role permits otherwise: a file, say, has no language."""


class Held(NamedTuple):
    """What grants permit, as a `Caller` carries it."""

    permissions: Mapping[int, frozenset[uuid.UUID] | None]
    in_locales: Mapping[int, Mapping[uuid.UUID | None, frozenset[str]]]

    def within(self, scopes: Iterable[int]) -> Held:
        """What of it is among the scopes."""
        allowed = set(scopes)
        return Held(
            {permission: where for permission, where in self.permissions.items() if permission in allowed},
            {permission: where for permission, where in self.in_locales.items() if permission in allowed},
        )


def held(grants: Iterable[Any]) -> Held:
    """What an account's grants permit, given their `role`, `organisation_id` and `locales`."""
    return held_by(*split(grants))


def held_by(whole: Grants, limited: Limited) -> Held:
    limited = [*limited]
    reading = [(Role.ROLE_READER, organisation_id) for _, organisation_id, _ in limited]
    return Held(permissions([*whole, *reading]), in_locales(limited))


def split(
    grants: Iterable[Any],
) -> tuple[list[tuple[int, uuid.UUID | None]], list[tuple[int, uuid.UUID | None, Collection[str]]]]:
    """The grants for all languages, and those for some."""
    rows = [*grants]
    whole = [(each.role, each.organisation_id) for each in rows if not each.locales]
    return whole, [(each.role, each.organisation_id, each.locales) for each in rows if each.locales]


def in_locales(limited: Limited) -> Mapping[int, Mapping[uuid.UUID | None, frozenset[str]]]:
    """For which languages each permission is held, in each organisation."""
    found: dict[int, dict[uuid.UUID | None, frozenset[str]]] = {}
    for role, organisation_id, locales in limited:
        for permission in ROLE_PERMISSIONS.get(role, frozenset()) & LOCALE_PERMISSIONS:
            where = found.setdefault(permission, {})
            where[organisation_id] = where.get(organisation_id, frozenset()) | frozenset(locales)
    return found


def permissions(grants: Grants) -> Mapping[int, frozenset[uuid.UUID] | None]:
    """Where each permission is held, as a `Caller` carries it: in these organisations, or None for all."""
    found: dict[int, set[uuid.UUID | None]] = {}
    for role, organisation_id in grants:
        for permission in ROLE_PERMISSIONS.get(role, ()):
            if organisation_id is None or permission not in CENTRAL_PERMISSIONS:
                found.setdefault(permission, set()).add(organisation_id)
    return {
        permission: None if None in held else frozenset(each for each in held if each is not None)
        for permission, held in found.items()
    }


def fewest(grants: Grants) -> list[tuple[int, uuid.UUID | None]]:
    """The fewest grants that permit the same: the highest role in each organisation, unless a grant for all covers it."""
    highest: dict[uuid.UUID | None, int] = {}
    for role, organisation_id in grants:
        highest[organisation_id] = max(role, highest.get(organisation_id, role))
    everywhere = highest.get(None, Role.ROLE_UNSPECIFIED)
    return [
        (role, organisation_id) for organisation_id, role in highest.items() if organisation_id is None or role > everywhere
    ]


class Rights(NamedTuple):
    """What an account may make use of."""

    grants: Sequence[Any]
    must_enrol: bool
    """Whether it can do nothing else until it has an authenticator app."""


def rights(account: Any, grants: Sequence[Any], required: Collection[str]) -> Rights:
    """The grants that the account may make use of. Without an authenticator app those in an organisation where one of its roles
    asks for one hold nothing, and if it is one for all organisations none does: what is granted in one of them takes nothing
    away elsewhere."""
    if account.totp_confirm_time is not None:
        return Rights(grants, must_enrol=False)
    asking = {grant.organisation_id for grant in grants if needs_totp([grant], required)}
    held = [] if None in asking else [grant for grant in grants if grant.organisation_id not in asking]
    return Rights(held, must_enrol=bool(asking) and not held)


def needs_totp(grants: Iterable[Any], required: Iterable[str]) -> bool:
    """Whether the grants have one of the required roles, such as `publisher`, or one that can do more."""
    lowest = min((Role.Value(f"ROLE_{name.upper()}") for name in required), default=None)
    return lowest is not None and any(grant.role >= lowest for grant in grants)
