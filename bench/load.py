"""Bounded load on loopback: so many requests, so many at once."""

from __future__ import annotations

import asyncio

import grpc

CONNECTIONS = 4
AT_ONCE = 40

Metadata = tuple[tuple[str, str], ...]


async def grpc_calls(address: str, method: str, request: bytes, count: int, *, metadata: Metadata = ()) -> None:
    """Makes `count` unary calls over four connections; the answers must not be empty."""
    options = [("grpc.use_local_subchannel_pool", 1)]
    channels = [grpc.aio.insecure_channel(address, options=options) for _ in range(CONNECTIONS)]
    left = count

    async def caller(call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]) -> None:
        nonlocal left
        while left > 0:
            left -= 1
            assert await call(request, metadata=metadata, timeout=10)

    try:
        await asyncio.gather(*(caller(channels[number % CONNECTIONS].unary_unary(method)) for number in range(AT_ONCE)))
    finally:
        for channel in channels:
            await channel.close()


async def http_gets(port: int, path: str, count: int) -> None:
    """Makes `count` GETs over keep-alive connections; each must answer 200."""
    left = count
    head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()

    async def caller() -> None:
        nonlocal left
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while left > 0:
            left -= 1
            writer.write(head)
            headers = (await reader.readuntil(b"\r\n\r\n")).lower()
            assert headers.startswith(b"http/1.1 200"), headers
            await read_body(reader, headers)
        writer.close()

    await asyncio.gather(*(caller() for _ in range(AT_ONCE)))


async def read_body(reader: asyncio.StreamReader, headers: bytes) -> None:
    _, found, rest = headers.partition(b"content-length: ")
    if found:
        await reader.readexactly(int(rest.split(b"\r\n", 1)[0]))
        return
    while size := int(await reader.readline(), 16):
        await reader.readexactly(size + 2)
    await reader.readline()
