"""What tracing costs: the same calls of a server that traces none, of one that traces one call in a hundred, and of one without
the code that traces.

Three single workers on one database take turns. The traces go to a receiver of OTLP in this process, whose time does not count;
the thread that sends them is the worker's, and does.
"""

from __future__ import annotations

import asyncio
import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc

from bench import load, pages
from bench.access import METHOD as GET_DOCUMENT
from bench.access import signed_in
from bench.measure import Subject, report, take_turns
from bench.workers import Asked, Stores
from gazette.delivery.v1.delivery_service_pb2 import GetPageRequest

ROUNDS, REQUESTS = 150, 300
LIMIT = 1.03
RATIO = 0.01


class Collector(trace_service_pb2_grpc.TraceServiceServicer):
    """Counts the spans that come, by name."""

    def __init__(self) -> None:
        self.spans: Counter[str] = Counter()

    def Export(self, request: Any, context: Any) -> Any:  # noqa: N802 - the name of the RPC
        self.spans.update(span.name for each in request.resource_spans for scope in each.scope_spans for span in scope.spans)
        return trace_service_pb2.ExportTraceServiceResponse()


@contextmanager
def collecting() -> Iterator[tuple[Collector, str]]:
    """A receiver of OTLP, and its address."""
    server, collector = grpc.server(ThreadPoolExecutor(2)), Collector()
    trace_service_pb2_grpc.add_TraceServiceServicer_to_server(collector, server)  # type: ignore[no-untyped-call]
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield collector, f"http://127.0.0.1:{port}"
    finally:
        server.stop(None).wait()


def main() -> None:
    with ExitStack() as running:
        stores = running.enter_context(Stores.filled())
        collector, endpoint = running.enter_context(collecting())
        settings = {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_TRACES_SAMPLER_ARG": str(RATIO)}
        sending = replace(stores, environment={**stores.environment, **settings})
        servers = (
            running.enter_context(stores.serving("without the code", "bench.untraced")),
            running.enter_context(stores.serving("off", "server", "process", "0")),
            running.enter_context(sending.serving("one call in a hundred", "server", "process", "0")),
        )
        answer, document = signed_in(servers[0])
        page = GetPageRequest(path=pages.PAGE).SerializeToString()
        print(f"{ROUNDS} rounds of {REQUESTS} requests each, in turns")
        for name, method, request, metadata in (
            ("GetPage, cached", pages.METHOD, page, ()),
            ("GetDocument, signed in", GET_DOCUMENT, document, (("authorization", f"Bearer {answer.access_token}"),)),
        ):
            subjects = asyncio.run(measure(servers, method, request, metadata))
            report(name, subjects)
            conclude(subjects)
    sent = ", ".join(f"{count} {name}" for name, count in sorted(collector.spans.items()))
    assert {"GetPage", "GetDocument"} <= set(collector.spans), f"not traced: {sent}"
    print(f"\nspans that came: {sent}")


async def measure(servers: Sequence[Asked], method: str, request: bytes, metadata: load.Metadata) -> list[Subject]:
    subjects = [
        Subject(each.name, (each.pid,), partial(load.grpc_calls, each.address, method, request, metadata=metadata))
        for each in servers
    ]
    await take_turns(subjects, rounds=ROUNDS, requests=REQUESTS)
    return subjects


def conclude(subjects: Sequence[Subject]) -> None:
    """Both ways to compare: what else the machine does lengthens most rounds, and the quietest least."""
    absent, off, on = (each.costs for each in subjects)
    for name, compared in (("median of neighbouring rounds", median_ratio), ("quietest tenth of the rounds", quietest_ratio)):
        print(
            f"  {name}: off costs {compared(absent, off) - 1:+.1%} of what the server without the code does, and one call in a "
            f"hundred {compared(off, on) - 1:+.1%} of off"
        )
    print(f"  nothing and at most {LIMIT - 1:.0%} are promised")


def median_ratio(cheap: Sequence[float], dear: Sequence[float]) -> float:
    return statistics.median(each / other for other, each in zip(cheap, dear, strict=True))


def quietest_ratio(cheap: Sequence[float], dear: Sequence[float]) -> float:
    lows = [statistics.mean(sorted(costs)[: len(costs) // 10]) for costs in (cheap, dear)]
    return lows[1] / lows[0]
