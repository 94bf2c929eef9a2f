"""The interceptor that tells a caller of a failure as a google.rpc.Status."""

from __future__ import annotations

import asyncio
from functools import lru_cache
from typing import Any, NoReturn

import grpc
import structlog
from google.rpc import error_details_pb2, status_pb2

from server.rpc.call import Call, Handler
from server.rpc.failures import Failure, Internal, packed
from server.rpc.methods import Method
from server.rpc.texts.naming import over_http

log = structlog.get_logger(__name__)


STATUS = "grpc-status-details-bin"
"""Where a client finds the google.rpc.Status, serialised."""
CODES = {code.value[0]: code for code in grpc.StatusCode}


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
    kind: Any = type(failure)
    name(failure, call)
    if call.progress is not None:
        failure.tell(call.progress.words, call.progress.metadata)
    code, text, status = plain(kind, failure.told(), failure.reason) if failure.is_plain else whole(failure)
    told = (("x-http-status", failure.http_status),) if failure.http_status and call.is_http else ()
    trailers: Any = ((STATUS, status + ending(call.request_id)), *call.headers, *failure.headers(), *told)
    await call.context.abort(code, text, trailers)
    raise AssertionError("abort always raises")


def name(failure: Failure, call: Call) -> None:
    """Lets the failure say the names of fields as this caller writes them."""
    if call.is_http:
        failure.names = over_http(call.method.path)


def told(failure: Failure, call: Call) -> status_pb2.Status:
    """The failure as a part of an answer."""
    name(failure, call)
    return failure.status()


def whole(failure: Failure) -> tuple[grpc.StatusCode, str, bytes]:
    """The code, the text and the serialised google.rpc.Status."""
    status = failure.status()
    return CODES[status.code], status.message, status.SerializeToString()


@lru_cache(maxsize=512)
def plain(kind: Any, message: str, reason: str) -> tuple[grpc.StatusCode, str, bytes]:
    """The same of a failure that says no more than others of its class, remembered."""
    return whole(kind.plain(message, reason))


def ending(request_id: str) -> bytes:
    """The detail that differs from call to call. Serialised messages of a kind that follow each other are one message, whose
    repeated fields go on (Protocol Buffers encoding)."""
    info = packed(error_details_pb2.RequestInfo(request_id=request_id))
    return status_pb2.Status(details=[info]).SerializeToString()
