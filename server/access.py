"""Who calls, what they may do, and the interceptors that find out. The contract says what each method asks for."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from gazette.access.v1.access_pb2 import Permission
from server import errors

if TYPE_CHECKING:
    from server.calls import Call, Handler, Interceptor, Method

MAX_TOKEN_BYTES = 4096


class NeedsSession(errors.PermissionDenied):
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

    @property
    def is_signed_in(self) -> bool:
        return self.account_id is not None

    @property
    def known_id(self) -> uuid.UUID:
        """The account's id, where the contract lets nobody in without one."""
        if self.account_id is None:
            raise errors.Unauthenticated
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
            raise errors.PermissionDenied(
                f"This needs {Permission.Name(permission)}"
                + (" in the organisation that it concerns." if organisation_id else " for all organisations."),
                permission=Permission.Name(permission),
            )


ANONYMOUS = Caller()


class Authenticator(Protocol):
    """Finds out who holds a credential."""

    async def identify(self, credential: str) -> Caller:
        """The caller that an access token stands for. Raises Unauthenticated."""


async def identified(call: Call, authenticator: Authenticator) -> Caller:
    """Who the call's `authorization` metadata stands for; ANONYMOUS without one. Raises Unauthenticated for a bad one."""
    header = call.metadata.get("authorization", "")
    if not header:
        return ANONYMOUS
    scheme, _, credential = header.partition(" ")
    if scheme.lower() != "bearer" or not credential or len(header) > MAX_TOKEN_BYTES:
        raise errors.Unauthenticated
    return await authenticator.identify(credential)


def identifying(authenticator: Authenticator) -> Interceptor:
    """The interceptor that finds out who calls, and refuses nobody: the refusal of a bad credential waits for `authorizing`, so
    that what stands between them can count those calls too. Public methods ask nobody who they are."""

    def intercept(method: Method, handler: Handler) -> Handler:
        if method.rule.public:
            return handler

        async def identify(request: Any, call: Call) -> Any:
            try:
                call.caller = await identified(call, authenticator)
            except errors.Failure as refusal:
                call.refusal = refusal
            return await handler(request, call)

        return identify

    return intercept


def authorizing(method: Method, handler: Handler) -> Handler:
    """The interceptor: public methods pass at once, the others need a caller who holds what the contract asks for somewhere.
    Whether it is held in the organisation concerned is for the handler, which knows the organisation."""
    if method.rule.public:
        return handler
    permission, is_central = method.rule.permission, method.rule.everywhere

    async def authorize(request: Any, call: Call) -> Any:
        if call.refusal is not None:
            raise call.refusal
        caller = call.caller
        if not caller.is_signed_in:
            raise errors.Unauthenticated
        if permission and permission not in caller.permissions:
            raise errors.PermissionDenied(f"This needs {Permission.Name(permission)}.", permission=Permission.Name(permission))
        if is_central:
            caller.require(permission)
        return await handler(request, call)

    return authorize
