"""An Envoy in front of RPCs of the contract that answer with what reached them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2_grpc
from grpc_health.v1.health_pb2 import HealthCheckResponse

from devstack.envoy import Envoy
from devstack.home import Home
from gazette.auth.v1.auth_service_pb2 import GetMeRequest, GetMeResponse, LoginRequest, LoginResponse
from gazette.delivery.v1.delivery_service_pb2 import GetPageRequest, GetPageResponse
from gazette.system.v1.system_service_pb2 import GetHealthRequest, GetHealthResponse

HELD = "held"


async def get_page(
    request: GetPageRequest, context: grpc.aio.ServicerContext[GetPageRequest, GetPageResponse]
) -> GetPageResponse:
    """Answers with the metadata that arrived; `gone` with 410, `unchanged` with 304. `held` is not answered."""
    if request.path == HELD:
        await asyncio.Event().wait()
    statuses = {"gone": "410", "unchanged": "304"}
    given = [
        ("etag", 'W/"1"'),
        ("cache-control", "public, max-age=30"),
        *([("x-http-status", statuses[request.path])] if request.path in statuses else []),
    ]
    await context.send_initial_metadata(given)
    response = GetPageResponse()
    response.page.html = "\n".join(
        f"{key}: {value!r}" for key, value in context.invocation_metadata() or () if key != "accept-encoding"
    )
    response.page.summary = "long enough to be worth compressing" * 30
    return response


async def get_health(_request: GetHealthRequest, _context: Any) -> GetHealthResponse:
    return GetHealthResponse()


async def login(_request: LoginRequest, _context: Any) -> LoginResponse:
    return LoginResponse()


async def get_me(_request: GetMeRequest, context: Any) -> GetMeResponse:
    """Is not answered to whom the metadata call so."""
    if ("authorization", HELD) in context.invocation_metadata():
        await asyncio.Event().wait()
    return GetMeResponse()


@asynccontextmanager
async def echoing(home: Home, **edge: Any) -> AsyncIterator[str]:
    """The base URL; `edge` is what Envoy is told beside the port."""
    server = grpc.aio.server()
    for path, handler, request, response in (
        ("gazette.delivery.v1.DeliveryService/GetPage", get_page, GetPageRequest, GetPageResponse),
        ("gazette.system.v1.SystemService/GetHealth", get_health, GetHealthRequest, GetHealthResponse),
        ("gazette.auth.v1.AuthService/GetMe", get_me, GetMeRequest, GetMeResponse),
        ("gazette.auth.v1.AuthService/Login", login, LoginRequest, LoginResponse),
    ):
        service, method = path.split("/")
        unary: Any = grpc.unary_unary_rpc_method_handler(handler, request.FromString, response.SerializeToString)
        server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(service, {method: unary})])
    async with before(server, home, Envoy(home, port=home.port("http"), workers=1, **edge)) as url:
        yield url


@asynccontextmanager
async def before(server: grpc.aio.Server, home: Home, envoy: Envoy) -> AsyncIterator[str]:
    """The base URL of an Envoy before this server, which says that it is healthy."""
    await (servicer := health.aio.HealthServicer()).set("gazette.delivery.v1.DeliveryService", HealthCheckResponse.SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    server.add_insecure_port(f"unix:{home.sockets}/worker-0.sock")
    await server.start()
    try:
        await asyncio.to_thread(envoy.start)
        yield f"http://127.0.0.1:{envoy.port}"
    finally:
        await asyncio.to_thread(envoy.stop)
        await server.stop(0)
