"""The least that grpc.aio can do: a generic handler that answers every GetPage with the same bytes, and nothing around it.

`python -m bench.bare PORT SOCKET FILE`: listens on both, answers with the file's bytes.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2_grpc
from grpc_health.v1.health_pb2 import HealthCheckResponse

SERVICE = "gazette.delivery.v1.DeliveryService"


async def serve(port: int, socket: Path, answer: bytes) -> None:
    async def get_page(request: bytes, context: grpc.aio.ServicerContext[Any, Any]) -> bytes:
        return answer

    server = grpc.aio.server(options=[("grpc.so_reuseport", 1), ("grpc.max_concurrent_streams", 100)])
    handlers: dict[str, Any] = {"GetPage": grpc.unary_unary_rpc_method_handler(get_page)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))
    servicer = health.aio.HealthServicer()
    for name in ("", SERVICE):
        await servicer.set(name, HealthCheckResponse.SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    server.add_insecure_port(f"127.0.0.1:{port}")
    server.add_insecure_port(f"unix:{socket}")
    await server.start()
    print("serving", flush=True)
    await server.wait_for_termination()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]).read_bytes()))
