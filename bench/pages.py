"""GetPage from the process cache, with every interceptor in place, against a bare handler that returns the same bytes."""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import grpc

from bench import installation, load
from bench.measure import Subject, report, take_turns
from gazette.delivery.v1.delivery_service_pb2 import GetPageRequest

METHOD = "/gazette.delivery.v1.DeliveryService/GetPage"
PAGE = "guidance/moor-a-boat"
ROUNDS = 15
REQUESTS = 3000


def main() -> None:
    request = GetPageRequest(path=PAGE).SerializeToString()
    with ExitStack() as running:
        directory = running.enter_context(tempfile.TemporaryDirectory(prefix="gazette-bench-"))
        ours = running.enter_context(installation.gazette(Path(directory, "gazette")))
        answer = answer_of(ours.grpc_port, request)
        print(f"one page of {len(answer)} bytes, {ROUNDS} rounds of {REQUESTS} requests each, in turns")
        bare = running.enter_context(installation.bare(Path(directory, "bare"), answer))
        asyncio.run(measure(ours, bare, request))


def answer_of(port: int, request: bytes) -> bytes:
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(METHOD)
        return call(request, timeout=5)


async def measure(ours: installation.Installation, bare: installation.Installation, request: bytes) -> None:
    over_grpc = [
        Subject(name, each.pids[:1], partial(load.grpc_calls, f"127.0.0.1:{each.grpc_port}", METHOD, request))
        for name, each in (("bare handler", bare), ("GetPage, cached", ours))
    ]
    await take_turns(over_grpc, rounds=ROUNDS, requests=REQUESTS)
    report("gRPC", over_grpc)
    over_http = [
        Subject(name, each.pids, partial(load.http_gets, each.http_port, f"/v1/pages/{PAGE}"))
        for name, each in (("Envoy with the bare handler", bare), ("Envoy with GetPage, cached, ETag", ours))
    ]
    await take_turns(over_http, rounds=ROUNDS, requests=REQUESTS)
    report("HTTP/JSON through Envoy (both processes together)", over_http)
