"""Whether the caller may call the method. The contract says what each method asks for."""

from __future__ import annotations

from typing import Any

from gazette.access.v1.access_pb2 import Permission
from server.rpc import failures
from server.rpc.call import Call, Handler
from server.rpc.caller import Caller
from server.rpc.methods import Method


class TotpEnrolmentRequired(failures.PermissionDenied):
    """The account's role needs an authenticator app, and until it has one the account can do nothing else."""

    reason = "TOTP_ENROLMENT_REQUIRED"
    message = "Your role needs an authenticator app. Until you have set one up, you can do nothing else."


def authorizing(method: Method, handler: Handler) -> Handler:
    """The interceptor: public methods pass at once, the others need a caller who holds what the contract asks for somewhere.
    Whether it is held in the organisation concerned is for the handler, which knows the organisation."""
    if method.rule.public:
        return handler

    async def authorize(request: Any, call: Call) -> Any:
        if call.refusal is not None:
            raise call.refusal
        check_access(method, call.caller)
        return await handler(request, call)

    return authorize


def check_access(method: Method, caller: Caller) -> None:
    """Raises Unauthenticated, TotpEnrolmentRequired, PermissionDenied."""
    rule = method.rule
    if rule.public:
        return
    if not caller.is_signed_in:
        raise failures.Unauthenticated
    if caller.must_enrol and not rule.while_enrolling:
        raise TotpEnrolmentRequired
    permission = rule.permission
    if permission and not caller.holds(permission):
        raise failures.PermissionDenied(f"This needs {Permission.Name(permission)}.", permission=Permission.Name(permission))
    if rule.everywhere:
        caller.require(permission)
