"""Traces by OTLP: a span for each traced call, and one for whatever it asks of PostgreSQL, Redis and the object storage.

Nothing of OpenTelemetry is imported unless OTEL_EXPORTER_OTLP_ENDPOINT is set. Whether a call is traced is decided before any
of it runs, so a call that is not costs a random number. Spans say methods, outcomes and kinds of statements: no values, no
paths, no people.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from typing import Any

from server.process.domains import Base
from server.process.telemetry import trace_id
from server.rpc.call import Call, Handler, Interceptor
from server.rpc.methods import Method
from server.settings import Settings

VERBS = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "BEGIN", "COMMIT", "ROLLBACK", "LISTEN"})

SEND_MILLISECONDS = 5000
"""A batch costs some milliseconds of CPU, however little is in it."""


class Tracing:
    """Makes spans, and sends them in batches from a thread."""

    def __init__(self, settings: Settings) -> None:
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.sdk.trace.sampling import ALWAYS_ON
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self.trace = trace
        self.propagator = TraceContextTextMapPropagator()
        self.ratio = settings.otel_traces_sampler_arg
        self.is_parent_s = settings.otel_traces_sampler == "parentbased_traceidratio"
        named = {"service.name": settings.otel_service_name, "deployment.environment.name": settings.environment}
        self.provider = TracerProvider(resource=Resource.create(named), sampler=ALWAYS_ON)  # who asks for a span has decided
        endpoint = settings.otel_exporter_otlp_endpoint
        exporter = OTLPSpanExporter(endpoint=endpoint, insecure=endpoint.startswith("http://"))
        self.provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=SEND_MILLISECONDS))
        self.tracer = self.provider.get_tracer("gazette")

    def intercept(self, method: Method, handler: Handler) -> Handler:
        """The interceptor, outermost of all."""
        service, _, name = method.path.removeprefix("/").partition("/")
        fixed = {"rpc.system": "grpc", "rpc.service": service, "rpc.method": name}

        def span(request: Any, call: Call) -> Awaitable[Any]:
            parent = call.metadata.get("traceparent", "")
            return traced(request, call, parent) if self.is_wanted(parent) else handler(request, call)

        async def traced(request: Any, call: Call, parent: str) -> Any:
            context = self.propagator.extract({"traceparent": parent})
            kind = self.trace.SpanKind.SERVER
            with self.tracer.start_as_current_span(
                name, context, kind, fixed, record_exception=False, set_status_on_exception=False
            ) as current:
                token = trace_id.set(f"{current.get_span_context().trace_id:032x}")
                try:
                    return await handler(request, call)
                except BaseException as error:
                    current.set_attribute("error.type", type(error).__name__)
                    current.set_status(self.trace.StatusCode.ERROR)
                    raise
                finally:
                    trace_id.reset(token)

        return span

    def is_wanted(self, parent: str) -> bool:
        """The end of the trace's id decides, so that all who hold to the same ratio choose the same traces; where the parent is
        trusted, its flag does."""
        parts = parent.split("-") if parent else ()
        if len(parts) != 4 or len(parts[1]) != 32:
            return random.random() < self.ratio  # noqa: S311  a sample, no secret  # nosec B311
        try:
            if self.is_parent_s:
                return bool(int(parts[3], 16) & 1)
            return int(parts[1][16:], 16) < self.ratio * 2**64
        except ValueError:
            return False

    def wrap(self, base: Base) -> None:
        """Lets the stores make spans."""
        from server.stores.postgres import Connection

        redis: Any = base.redis
        redis.ask = self.within("redis", redis.ask)
        threads: Any = getattr(base.blobs, "threads", None)
        if threads is not None:
            threads.run = self.within("object_storage", threads.run)
            threads.change = self.within("object_storage", threads.change)
        for name in ("_execute", "execute"):
            setattr(Connection, name, self.statements(getattr(Connection, name)))
        self.prepared()

    def within(self, store: str, ask: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        def asked(*arguments: Any, **named: Any) -> Awaitable[Any]:
            if not trace_id.get():
                return ask(*arguments, **named)
            function = next((each for each in arguments if callable(each)), None)
            verb = getattr(function, "__name__", "ask") if store == "object_storage" else "ask"
            return self.below(f"{store} {verb}", ask(*arguments, **named))

        return asked

    def statements(self, execute: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        def executed(connection: Any, query: str, *arguments: Any, **named: Any) -> Awaitable[Any]:
            asked = execute(connection, query, *arguments, **named)
            return self.below(statement(query), asked) if trace_id.get() else asked

        return executed

    def prepared(self) -> None:
        """SQLAlchemy prepares its statements and fetches from those."""
        from asyncpg.prepared_stmt import PreparedStatement

        owner: Any = PreparedStatement
        fetch = owner.fetch
        if hasattr(fetch, "traced"):
            return

        def fetched(prepared: Any, *arguments: Any, **named: Any) -> Awaitable[Any]:
            asked = fetch(prepared, *arguments, **named)
            return self.below(statement(prepared.get_query()), asked) if trace_id.get() else asked

        fetched.traced = True  # type: ignore[attr-defined]  # a function has no such name
        owner.fetch = fetched

    async def below(self, name: str, asked: Awaitable[Any]) -> Any:
        """What a store answers, in a span of its own."""
        with self.tracer.start_as_current_span(name, kind=self.trace.SpanKind.CLIENT, record_exception=False):
            return await asked

    async def close(self) -> None:
        """Sends what is left."""
        import asyncio

        await asyncio.to_thread(self.provider.shutdown)


def statement(query: str) -> str:
    """A span's name: which kind of statement it is, and nothing of what it asks."""
    verb = query.lstrip("( \n").partition(" ")[0].rstrip(";").upper()
    return f"postgresql {verb if verb in VERBS else 'statement'}"


def interceptors(settings: Settings, base: Base) -> tuple[list[Interceptor], list[Callable[[], Awaitable[None]]]]:
    """What traces calls, and what ends it: nothing where no endpoint is set."""
    if not settings.otel_exporter_otlp_endpoint:
        return [], []
    made = Tracing(settings)
    made.wrap(base)
    return [made.intercept], [made.close]
