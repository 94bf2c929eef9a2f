"""The interceptor that finds out who calls."""

from __future__ import annotations

from typing import Any, Protocol

from server.rpc import failures
from server.rpc.call import Call, Handler, Interceptor
from server.rpc.caller import ANONYMOUS, Caller
from server.rpc.methods import Method

MAX_TOKEN_BYTES = 4096


class Authenticator(Protocol):
    """Finds out who holds a credential."""

    async def identify(self, credential: str, call: Call) -> Caller:
        """The caller that the call's credential stands for. Raises Unauthenticated."""

    async def identify_again(self, credential: str, call: Call) -> Caller:
        """Whom the credential stands for now, by which the caller of a call under way was found. An access token that has
        expired meanwhile stands for its session. Raises Unauthenticated."""


async def identified(call: Call, authenticator: Authenticator) -> Caller:
    """Who the call's `authorization` metadata stands for; ANONYMOUS without one. Raises Unauthenticated for a bad one."""
    credential = credential_of(call)
    return await authenticator.identify(credential, call) if credential else ANONYMOUS


async def identified_again(call: Call, authenticator: Authenticator) -> Caller:
    """Who a call under way comes from, as it is now. Raises Unauthenticated."""
    return await authenticator.identify_again(credential_of(call), call) if call.caller.is_signed_in else call.caller


def credential_of(call: Call) -> str:
    """What the call's `authorization` metadata holds; empty without it. Raises Unauthenticated for what is no bearer's."""
    header = call.metadata.get("authorization", "")
    if not header:
        return ""
    scheme, _, credential = header.partition(" ")
    if scheme.lower() != "bearer" or not credential or len(header) > MAX_TOKEN_BYTES:
        raise failures.Unauthenticated
    return credential


def identifying(authenticator: Authenticator) -> Interceptor:
    """The interceptor that finds out who calls, and refuses nobody: the refusal of a bad credential waits for `authorizing`, so
    that what stands between them can count those calls too. Public methods ask nobody who they are."""

    def intercept(method: Method, handler: Handler) -> Handler:
        if method.rule.public:
            return handler

        async def identify(request: Any, call: Call) -> Any:
            try:
                call.caller = await identified(call, authenticator)
            except failures.Failure as refusal:
                call.refusal = refusal
            return await handler(request, call)

        return identify

    return intercept
