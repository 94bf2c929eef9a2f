"""What a refused call says."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import NamedTuple

import grpc
import httpx
import pytest
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from gazette_client.endings import Ending


class Refusal(NamedTuple):
    code: grpc.StatusCode
    info: error_details_pb2.ErrorInfo
    status: status_pb2.Status

    @property
    def reason(self) -> str:
        return self.info.reason

    @property
    def fields(self) -> dict[str, str]:
        """The fields that are wrong, and why."""
        bad = error_details_pb2.BadRequest()
        for detail in self.status.details:
            detail.Unpack(bad)  # of its own kind alone
        return {violation.field: violation.description for violation in bad.field_violations}


def http_reason(answer: httpx.Response) -> str:
    """The reason that a refusal over HTTP names."""
    return str(answer.json()["details"][0]["reason"])


async def refused(call: Awaitable[object]) -> Refusal:
    """Awaits a call that must fail, and says how it did: its code, its ErrorInfo and its whole status."""
    ending = Ending(call) if isinstance(call, grpc.aio.Call) else None
    with pytest.raises(grpc.RpcError) as caught:
        await call
    return refusal(ending.of(caught.value) if ending else caught.value)


def refusal(error: grpc.RpcError) -> Refusal:
    assert isinstance(error, grpc.aio.AioRpcError), error
    status = rpc_status.from_call(error)  # type: ignore[arg-type]
    info = error_details_pb2.ErrorInfo()
    if status is None:
        return Refusal(error.code(), info, status_pb2.Status(code=error.code().value[0], message=error.details() or ""))
    for detail in status.details:
        if detail.Is(info.DESCRIPTOR):
            detail.Unpack(info)
    return Refusal(error.code(), info, status)
