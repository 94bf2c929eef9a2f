"""The interceptor that lets a failure say more than what was in hand when it was raised.

Whoever raises one may hold a connection, or be a rule that asks nobody. So what has to be asked for is asked here, right around
the handler: all that it held is given back, and the call's place and its deadline are still its own.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from server.rpc.call import Call, Handler, Interceptor
from server.rpc.failures import Failure
from server.rpc.methods import Method

Explain = Callable[[Any, Call], Awaitable[None]]
"""Completes a failure of its kind, which is then told. It raises nothing of what keeps it from doing so."""


def explaining(explainers: Mapping[type[Failure], Explain]) -> Interceptor:
    """By the failure's class, once all domains have said what they explain. What the public reads goes past."""

    def intercept(method: Method, handler: Handler) -> Handler:
        if method.rule.public:
            return handler

        async def explain(request: Any, call: Call) -> Any:
            try:
                return await handler(request, call)
            except Failure as failure:
                if (complete := explainers.get(type(failure))) is not None:
                    await complete(failure, call)
                raise

        return explain

    return intercept
