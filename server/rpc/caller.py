"""Who calls, and what they may do where."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from gazette.access.v1.access_pb2 import Permission
from server.rpc import failures


class NeedsSession(failures.PermissionDenied):
    """An API key stands for a service, and this is for people."""

    reason = "NEEDS_SESSION"
    message = "This is for people who have signed in, not for API keys."


@dataclass(frozen=True, slots=True)
class Caller:
    """Who makes a request."""

    account_id: uuid.UUID | None = None
    session_id: uuid.UUID | None = None
    key_id: uuid.UUID | None = None
    """The API key of a service, which has no session."""
    permissions: Mapping[int, frozenset[uuid.UUID] | None] = field(default_factory=dict)
    """For each permission held, the organisations that it holds in; None stands for all of them."""
    in_locales: Mapping[int, Mapping[uuid.UUID | None, frozenset[str]]] = field(default_factory=dict)
    """For each permission that is held for some languages alone: which, in each organisation; None stands for all of them.
    Nothing of this counts where nobody says which language something concerns."""
    must_enrol: bool = False
    """Whether the account can do nothing until it has an authenticator app."""

    @property
    def is_signed_in(self) -> bool:
        return self.account_id is not None

    @property
    def known_id(self) -> uuid.UUID:
        """The account's id, where the contract lets nobody in without one."""
        if self.account_id is None:
            raise failures.Unauthenticated
        return self.account_id

    @property
    def known_session_id(self) -> uuid.UUID:
        """The session's id. Raises NeedsSession for a service."""
        self.require_session()
        assert self.session_id is not None
        return self.session_id

    def require_session(self) -> None:
        """Raises NeedsSession for a service."""
        if self.session_id is None:
            raise NeedsSession

    def holds(self, permission: int) -> bool:
        """Whether the caller holds the permission anywhere, be it in one language."""
        return permission in self.permissions or permission in self.in_locales

    def may(
        self, permission: Permission.ValueType, organisation_id: uuid.UUID | None = None, locale: str | None = None
    ) -> bool:
        """Whether the caller holds the permission in this organisation; without one, whether in all. For what is in a language,
        whether in that; for all else, whether in every one."""
        if permission in self.permissions:
            organisations = self.permissions[permission]
            if organisations is None or organisation_id in organisations:
                return True
        if locale is None or permission not in self.in_locales:
            return False
        held = self.in_locales[permission]
        return any(covers(each, locale) for where in {organisation_id, None} for each in held.get(where, ()))

    def organisations(self, permission: Permission.ValueType) -> frozenset[uuid.UUID] | None:
        """Where the caller holds the permission in every language: these organisations, or None for all."""
        return self.permissions.get(permission, frozenset())

    def require(
        self, permission: Permission.ValueType, organisation_id: uuid.UUID | None = None, locale: str | None = None
    ) -> None:
        """Raises PermissionDenied unless the caller holds the permission there."""
        if not self.may(permission, organisation_id, locale):
            where = "in the organisation that it concerns" if organisation_id else "for all organisations"
            if permission in self.in_locales:
                where += f", for the language {locale}" if locale else ", for all languages"
            name = Permission.Name(permission)
            raise failures.PermissionDenied(f"This needs {name} {where}.", permission=name)


def covers(language: str, locale: str) -> bool:
    """Whether the locale is the language, or a form of it (RFC 4647 section 3.3.1): `fr` covers `fr-CA`."""
    return locale == language or locale.startswith(f"{language}-")


ANONYMOUS = Caller()
