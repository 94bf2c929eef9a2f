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

    def may(self, permission: Permission.ValueType, organisation_id: uuid.UUID | None = None) -> bool:
        """Whether the caller holds the permission in this organisation; without one, whether in all."""
        if permission not in self.permissions:
            return False
        organisations = self.permissions[permission]
        return organisations is None or organisation_id in organisations

    def organisations(self, permission: Permission.ValueType) -> frozenset[uuid.UUID] | None:
        """Where the caller holds the permission: these organisations, or None for all."""
        return self.permissions.get(permission, frozenset())

    def require(self, permission: Permission.ValueType, organisation_id: uuid.UUID | None = None) -> None:
        """Raises PermissionDenied unless the caller holds the permission there."""
        if not self.may(permission, organisation_id):
            raise failures.PermissionDenied(
                f"This needs {Permission.Name(permission)}"
                + (" in the organisation that it concerns." if organisation_id else " for all organisations."),
                permission=Permission.Name(permission),
            )


ANONYMOUS = Caller()
