"""An Envoy in front of a server that answers every RPC of the contract by saying which one it is, and what it was asked."""

from __future__ import annotations

import http.client
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from typing import Any, NamedTuple

import grpc
import httpx
from google.protobuf import json_format, message_factory
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool

from devstack.envoy import DESCRIPTOR, Envoy
from devstack.home import Home
from tests.devstack.echo import before


class Reached(NamedTuple):
    rpc: str
    request: dict[str, Any]


class Teller(grpc.GenericRpcHandler):
    def __init__(self) -> None:
        self.pool = DescriptorPool()
        for file in FileDescriptorSet.FromString(DESCRIPTOR.read_bytes()).file:
            self.pool.Add(file)

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[bytes, bytes] | None:
        rpc = details.method.removeprefix("/")
        if not rpc.startswith("gazette."):
            return None
        kind = message_factory.GetMessageClass(self.pool.FindMethodByName(rpc.replace("/", ".")).input_type)

        async def tell(request: bytes, context: grpc.aio.ServicerContext[bytes, bytes]) -> bytes:
            asked = json_format.MessageToDict(kind.FromString(request), descriptor_pool=self.pool)
            await context.abort(grpc.StatusCode.UNIMPLEMENTED, json.dumps([rpc, asked]))
            return b""

        return grpc.unary_unary_rpc_method_handler(tell)


class Started(Envoy):
    """One that is not asked for the health, which is an RPC as all are here."""

    def problem(self) -> str | None:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)) as connection:
            try:
                connection.request("OPTIONS", "/health")
                connection.getresponse()
            except (OSError, http.client.HTTPException) as error:
                return str(error)
        return None


@asynccontextmanager
async def reaching(home: Home, **edge: Any) -> AsyncIterator[str]:
    """The base URL; `edge` is what Envoy is told beside the port."""
    server = grpc.aio.server()
    server.add_generic_rpc_handlers([Teller()])
    async with before(server, home, Started(home, port=home.port("http"), workers=1, **edge)) as url:
        yield url


def reached(answer: httpx.Response) -> Reached:
    """What the server said; an answer of Envoy's own is none."""
    assert answer.status_code == httpx.codes.NOT_IMPLEMENTED, answer.text
    return Reached(*json.loads(answer.json()["message"]))
