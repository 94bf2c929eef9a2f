"""The interceptor that tells a caller of a failure as a google.rpc.Status."""

from __future__ import annotations

import asyncio
from typing import Any, NamedTuple, NoReturn

import grpc
import structlog
from grpc_status import rpc_status

from server.rpc.call import Call, Handler
from server.rpc.failures import Failure, Internal
from server.rpc.methods import Method

log = structlog.get_logger(__name__)


class Status(NamedTuple):
    """A status as `abort_with_status` takes it."""

    code: grpc.StatusCode
    details: str
    trailing_metadata: tuple[tuple[str, str | bytes], ...]


def translating(method: Method, handler: Handler) -> Handler:
    """The interceptor: every exception leaves as a google.rpc.Status, with no text but what we wrote for callers."""

    async def translate(request: Any, call: Call) -> Any:
        try:
            return await handler(request, call)
        except Failure as failure:
            await abort(call, failure)
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise  # the client left, or the server stops
            log.exception("unexpected error", exc_info=error)
            await abort(call, Internal())  # otherwise grpc.aio would send no status, and the client would wait
        except Exception as error:
            log.exception("unexpected error", exc_info=error)
            await abort(call, Internal())

    return translate


async def abort(call: Call, failure: Failure) -> NoReturn:
    status = rpc_status.to_status(failure.status(call.request_id))
    headers = (*status.trailing_metadata, *call.headers, *failure.headers())
    await call.context.abort_with_status(Status(status.code, status.details, headers))  # type: ignore[arg-type]
    raise AssertionError("abort_with_status always raises")
