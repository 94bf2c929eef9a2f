"""`cat` as a gRPC service: what comes is written to a new file, as every upload is, and what is asked for is read from the last
one. There are no messages, no interceptors, nothing is looked at, and nothing is brought to the disk.

`python -m bench.files.bare PORT FOLDER`: listens, takes into FOLDER, and sends from there.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc

SERVICE, CHUNK_BYTES = "bench.Cat", 256 * 1024


async def serve(port: int, folder: Path) -> None:
    taken = 0

    def path() -> Path:
        return folder / str(taken)

    async def put(requests: AsyncIterator[bytes], context: grpc.aio.ServicerContext[Any, Any]) -> bytes:
        nonlocal taken
        taken += 1
        with path().open("xb") as file:
            async for chunk in requests:
                file.write(chunk)
        return b"done"

    async def get(request: bytes, context: grpc.aio.ServicerContext[Any, Any]) -> AsyncIterator[bytes]:
        with path().open("rb") as file:
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
