"""Traces as a collector gets them, and errors as Sentry does."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import grpc
import pytest
from asyncpg.prepared_stmt import PreparedStatement
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc

from gazette.auth.v1.auth_service_pb2 import LoginRequest
from gazette.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from server.process.tracing import Tracing
from server.rpc.methods import declared
from server.settings import load
from server.stores.postgres import Connection
from tests.receiving import receiving
from tests.servers import Servers
from tests.service import running
from tests.test_settings import GOOD

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
METHOD = declared("/gazette.delivery.v1.DeliveryService/GetPage")
SECRET = "violet-and-secret-guess"
EMAIL = "somebody.private@example.gov"


class Collector(trace_service_pb2_grpc.TraceServiceServicer):
    def __init__(self) -> None:
        self.spans: list[Any] = []
        self.text = ""

    def Export(self, request: Any, context: Any) -> Any:
        self.text += str(request)
        self.spans += [span for each in request.resource_spans for scope in each.scope_spans for span in scope.spans]
        return trace_service_pb2.ExportTraceServiceResponse()


@pytest.fixture
def collector() -> Iterator[tuple[Collector, str]]:
    server, service = grpc.server(ThreadPoolExecutor(2)), Collector()
    trace_service_pb2_grpc.add_TraceServiceServicer_to_server(service, server)  # type: ignore[no-untyped-call]
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield service, f"http://127.0.0.1:{port}"
    server.stop(None)


@pytest.mark.parametrize(("ratio", "is_traced"), [("1", True), ("0", False)])
async def test_a_call(
    servers: Servers,
    template: str,
    tmp_path: Path,
    collector: tuple[Collector, str],
    monkeypatch: pytest.MonkeyPatch,
    ratio: str,
    *,
    is_traced: bool,
) -> None:
    """A call goes on with the trace that its traceparent names; what it asks of the stores is below it. No address, no password
    is among it. With a ratio of 0 nothing is sent."""
    for owner, name in ((Connection, "_execute"), (Connection, "execute"), (PreparedStatement, "fetch")):
        monkeypatch.setattr(owner, name, getattr(owner, name))
    tracing = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector[1], "OTEL_TRACES_SAMPLER_ARG": ratio}
    async with running(servers, template, tmp_path, **tracing) as service:
        parent = (("traceparent", f"00-{TRACE}-00f067aa0ba902b7-01"),)
        with pytest.raises(grpc.RpcError):
            await AuthServiceStub(service.channel).Login(LoginRequest(email=EMAIL, password=SECRET), metadata=parent)
        await asyncio.sleep(0.1)
    spans = [span for span in collector[0].spans if span.trace_id.hex() == TRACE]
    assert bool(spans) == is_traced
    if is_traced:
        (call,) = [span for span in spans if span.name == "Login"]
        assert call.parent_span_id.hex() == "00f067aa0ba902b7"
        below = {span.name.partition(" ")[0] for span in spans if span.parent_span_id == call.span_id}
        assert {"postgresql", "redis"} <= below
        assert EMAIL not in collector[0].text
        assert SECRET not in collector[0].text


@pytest.mark.parametrize("parent", ["", f"00-{TRACE}-00f067aa0ba902b7-00"])
async def test_the_ratio_decides_once(collector: tuple[Collector, str], monkeypatch: pytest.MonkeyPatch, parent: str) -> None:
    """What is chosen by the ratio is sent. The SDK reads the same variables of the environment, and a parent's flag; it has no
    say."""
    tracing = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector[1], "OTEL_TRACES_SAMPLER_ARG": "1"}
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "traceidratio")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "0")
    made = Tracing(load({**GOOD, **tracing}))

    async def answer(request: Any, call: Any) -> Any:
        return request

    handler = made.intercept(METHOD, answer)
    calls: Any = SimpleNamespace(metadata={"traceparent": parent} if parent else {})
    assert [await handler(number, calls) for number in range(20)] == [*range(20)]
    await made.close()
    assert [span.name for span in collector[0].spans] == ["GetPage"] * 20


def test_nothing_is_imported_without_an_endpoint() -> None:
    """A server that sends no traces loads nothing that makes or sends them (redis-py loads parts of OpenTelemetry's
    metrics where they are installed), and one without a DSN nothing of Sentry."""
    parts = ("opentelemetry.sdk.trace", "opentelemetry.exporter", "sentry_sdk")
    code = f"import sys, server.app; print([m for m in sys.modules if m.startswith({parts})])"
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "[]\n"


@pytest.fixture
def sentry() -> Iterator[tuple[int, list[bytes]]]:
    """A port, and what comes there."""
    with receiving() as receiver:
        yield receiver


def test_an_error_report(sentry: tuple[int, list[bytes]]) -> None:
    """Sentry gets the error with environment and release, without addresses and secrets."""
    settings = {**GOOD, "SENTRY_DSN": f"http://key@127.0.0.1:{sentry[0]}/1", "REVISION": "abc123", "ENVIRONMENT": "test"}
    load(settings)
    code = f"""
import logging, sentry_sdk
from server import settings
from server.process import telemetry
telemetry.configure(settings.load({settings!r}))
password = {SECRET!r}
try:
    raise ValueError("no account {EMAIL} at 203.0.113.9, Bearer eyJhbGciOi.eyJzdWIi.c2ln")
except ValueError:
    logging.getLogger("server").exception("unexpected error")
sentry_sdk.flush()
"""
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    event = next(json.loads(line) for body in sentry[1] for line in body.splitlines() if b'"exception"' in line)
    assert (event["environment"], event["release"]) == ("test", "abc123")
    assert event["exception"]["values"][0]["type"] == "ValueError"
    text = json.dumps(event)
    for hidden in (EMAIL, SECRET, "203.0.113.9", "eyJhbGciOi"):
        assert hidden not in text.replace(code, "")
