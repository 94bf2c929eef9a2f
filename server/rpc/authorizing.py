"""The interceptor that asks whether the caller may call the method. The contract says what each method asks for."""

from __future__ import annotations

from typing import Any

from gazette.access.v1.access_pb2 import Permission
from server.rpc import failures
from server.rpc.call import Call, Handler
from server.rpc.methods import Method


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
            raise failures.Unauthenticated
        if permission and permission not in caller.permissions:
            raise failures.PermissionDenied(
                f"This needs {Permission.Name(permission)}.", permission=Permission.Name(permission)
            )
        if is_central:
            caller.require(permission)
        return await handler(request, call)

    return authorize
