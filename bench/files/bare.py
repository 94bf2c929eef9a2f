"""`cat` as a gRPC service: what comes is written to a file, and what is asked for is read from one. There are no messages, no
interceptors, and nothing is looked at.

`python -m bench.files.bare PORT FILE`: listens, takes into FILE, and sends it.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc

SERVICE, CHUNK_BYTES = "bench.Cat", 256 * 1024


async def serve(port: int, path: Path) -> None:
    async def put(requests: AsyncIterator[bytes], context: grpc.aio.ServicerContext[Any, Any]) -> bytes:
        with path.open("wb") as file:
            async for chunk in requests:
                file.write(chunk)
        return b"done"

    async def get(request: bytes, context: grpc.aio.ServicerContext[Any, Any]) -> AsyncIterator[bytes]:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk

    server = grpc.aio.server()
    handlers: dict[str, Any] = {
        "Put": grpc.stream_unary_rpc_method_handler(put),
        "Get": grpc.unary_stream_rpc_method_handler(get),
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))
    server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    print("serving", flush=True)
    await server.wait_for_termination()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), Path(sys.argv[2])))
