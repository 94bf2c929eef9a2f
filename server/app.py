"""The composition root: a process is a fold over the domains on one base, behind one chain of interceptors."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, TypeVar

import grpc
import structlog

from server.audit import wiring as audit
from server.auth import wiring as auth
from server.background import tasks
from server.background.jobs import Job
from server.content import paths
from server.content import wiring as content
from server.content.previews.reading import Previews
from server.content.where_used import FileUses
from server.delivery import wiring as delivery
from server.files import wiring as files
from server.mail import wiring as mail
from server.organisations import wiring as organisations
from server.process import decoding, ports, telemetry, tracing
from server.process.domains import Base, Crossings, Domain
from server.process.health import Health
from server.process.judging import judging
from server.process.reflection import Reflection
from server.process.sampling import Sampling
from server.record import wiring as record
from server.rpc import streams
from server.rpc.admission import arriving, concurrency, rates
from server.rpc.admission.accepting import Acceptance
from server.rpc.admission.arriving import Arrivals
from server.rpc.admission.concurrency import Limits
from server.rpc.admission.readers import Readers
from server.rpc.authorizing import authorizing
from server.rpc.call import Interceptor
from server.rpc.explaining import Explain, explaining
from server.rpc.failures import Failure, Unavailable
from server.rpc.identifying import Authenticator, identifying
from server.rpc.methods import HEALTH, REFLECTION, service_descriptor
from server.rpc.registry import Registry
from server.rpc.requests.parsing import Parsing
from server.rpc.streams import Streams
from server.rpc.translating import translating
from server.settings import Settings
from server.stores import backups, idempotency, schema
from server.stores.postgres import Database, Model
from server.stores.retention import Expired, clearing
from server.system import wiring as system

log = structlog.get_logger(__name__)

DOMAINS: tuple[Callable[[Base, Crossings], Domain], ...] = (
    audit.wire,
    mail.wire,
    organisations.wire,
    record.wire,
    delivery.wire,
    files.wire,
    content.wire,
    system.wire,
)
"""All but auth, which comes first: it tells the others who calls."""
TABLES = Model.metadata
"""Of all domains: whoever has imported them has imported their models."""

CLEAN_UP_SECONDS = 5.0
"""How long what was cut off may take to clean up behind itself."""
DRAIN_PAUSE = 1.2
"""Seconds between saying NOT_SERVING and stopping: more than two of Envoy's health check intervals, so that it turned away."""
LISTEN_PATIENCE = 2.0
"""Seconds that the start waits for notifications to be heard. Without a database it goes on, to serve pages from Redis."""
INDEPENDENT = ("gazette.delivery.v1.DeliveryService",)
"""What works, from the caches, while the database is away."""

Means = TypeVar("Means")


@dataclass
class App:
    """One process: its server, and all that the server works with."""

    base: Base
    domains: tuple[Domain, ...]
    server: grpc.aio.Server
    acceptance: Acceptance
    port: int
    health: Health
    limits: Limits
    composers: dict[str, Any]
    """Who writes which kind of mail."""
    jobs: tuple[Job, ...]
    expired: tuple[Expired, ...]
    """Which rows have had their time."""
    running: AsyncExitStack = field(default_factory=AsyncExitStack)
    """What has to be stopped, the last one first."""

    @property
    def settings(self) -> Settings:
        return self.base.settings

    @property
    def database(self) -> Database:
        return self.base.database

    def means(self, kind: type[Means]) -> Means:
        """What the domains work with, by its class: for tests and benchmarks. Raises StopIteration if there is none."""
        return next(each for domain in self.domains for each in domain.means if isinstance(each, kind))

    async def start(self) -> None:
        self.running.push_async_callback(self.base.close)
        self.running.push_async_callback(tasks.settle, CLEAN_UP_SECONDS)
        for close in chain.from_iterable(domain.closers for domain in self.domains):
            self.running.push_async_callback(close)
        self.base.listener.start()
        self.running.push_async_callback(self.base.listener.stop)
        for job in self.jobs:
            job.start()
            self.running.push_async_callback(job.stop)
        with suppress(TimeoutError):  # which sessions were revoked is to be known before the first call, if it can be
            await asyncio.wait_for(self.base.listener.heard_once.wait(), LISTEN_PATIENCE)
        await self.health.start()
        self.running.push_async_callback(self.health.stop)
        await self.server.start()
        self.acceptance.start()

    async def check(self) -> None:
        """Raises what ended the server's loop, from which grpc.aio does not recover."""
        await self.server.wait_for_termination(0)

    async def drain(self) -> None:
        """Turns new calls away, lets those under way end, and closes everything."""
        await self.health.drain()
        await asyncio.sleep(DRAIN_PAUSE)
        await self.stop(self.settings.drain_time.total_seconds())

    async def stop(self, grace: float = 0.0) -> None:
        """Calls under way have so many seconds to end; then they are told that the server stops."""
        await self.limits.hold()  # the server would tell those that have come, and that it has not taken in, CANCELLED
        stopping = asyncio.create_task(self.server.stop(grace + CLEAN_UP_SECONDS))
        await asyncio.sleep(0)  # clients are told to go elsewhere before those that were held are answered
        self.limits.release()
        await asyncio.wait([stopping], timeout=grace)
        await self.limits.end_all()
        await stopping
        await self.running.aclose()


async def build(settings: Settings, worker: int = 0, *, jobs_only: bool = False) -> App:
    """Builds the process: one that serves, or one that does background jobs and answers for its health alone. Starts nothing.
    Raises WrongSchema, PortTaken or what the settings' files make impossible."""
    base = Base.from_settings(settings)
    await check_schema(base.database)
    limits = Limits(settings.max_concurrent_calls, settings.call_deadline.total_seconds())
    composers: dict[str, Any] = {}
    checks: dict[str, Callable[[], Awaitable[None]]] = {}
    explainers: dict[type[Failure], Explain] = {}
    identity = auth.wire(base)
    running = Streams(identity.authenticator)
    crossings = Crossings(
        authenticator=identity.authenticator,
        others_use=paths.others_use,
        is_ready=lambda: health.is_ready,
        composers=lambda: composers,
        people=identity.people,
        previews=lambda: next(each for domain in domains for each in domain.means if isinstance(each, Previews)),
        checks=checks,
        file_pages=FileUses(),
        holders=identity.holders,
    )
    domains = (identity, *(wire(base, crossings) for wire in DOMAINS))
    arrivals = Arrivals()
    traced, closers = tracing.interceptors(settings, base)
    way_in = [*traced, *interceptors(base, arrivals, limits, identity.authenticator, running), explaining(explainers)]
    registry = Registry(way_in, frozenset(settings.proxy_addresses), limits)
    for domain in domains:
        composers.update(domain.composers)
        checks.update(domain.checks)
        explainers.update(domain.explainers)
        for service, parts in domain.services.items() if not jobs_only else ():
            registry.serve(service, *parts)
        for follower in domain.followers:
            base.listener.subscribe(*follower)
    expired = (idempotency.expired(), *chain.from_iterable(domain.retention for domain in domains))
    shared = (
        clearing(base.database, expired),
        backups.watching(base.database),
        *chain.from_iterable(domain.jobs for domain in domains),
    )
    jobs = (
        Job("deadlines", limits.end_late, seconds=concurrency.SWEEP_SECONDS),
        Job("arrivals", arrivals.end_late, seconds=arriving.SWEEP_SECONDS),
        Job("rights of streams", running.end_unentitled, seconds=streams.CHECK_SECONDS),
        Sampling(base, limits, [*chain.from_iterable(domain.samples for domain in domains)]).job(),
        Job("rates", base.rates.share, seconds=rates.SHARE_SECONDS),
        *chain.from_iterable(domain.upkeep for domain in domains),
        *(shared if jobs_only or settings.background_jobs else ()),
    )
    for job in filter(lambda job: job.channel, jobs):
        base.listener.subscribe(job.channel, job.hear, job.resume)
    health = Health(registry.services, () if jobs_only else INDEPENDENT, base.database.is_up)
    registry.serve(service_descriptor(HEALTH), health)
    if settings.reflection:
        registry.serve(service_descriptor(REFLECTION), Reflection([*registry.services, REFLECTION]))
    decoding.tolerate()
    server = grpc.aio.server(options=ports.channel_options(settings))
    server.add_generic_rpc_handlers((registry,))
    acceptance = Acceptance(server, registry, registry.handlers)
    port = ports.listen(server, settings, worker)
    app = App(base, domains, server, acceptance, port, health, limits, composers, jobs, expired)
    for close in closers:
        app.running.push_async_callback(close)
    return app


def interceptors(
    base: Base, arrivals: Arrivals, limits: Limits, authenticator: Authenticator, running: Streams
) -> list[Interceptor]:
    """The order of a call's way in. Telemetry is outermost, so that it measures and logs what the caller is told. Translating
    comes next, since all below raise. Arrivals wait for the message of a unary call: gRPC's own client can lose a refusal that
    comes before it. Limits refuse before anything is spent, and their deadline covers all that is; readers keep one address
    from having it all. Rates count by account, so they come after it is known who calls; and before it is said who may, so
    that what is refused counts too. Streams are followed once it is known that they may begin. All that comes before parsing
    and validation: who may not call learns nothing, and costs no parsing."""
    return [
        telemetry.observing(base.settings.slow_call.total_seconds()),
        translating,
        arrivals.intercept,
        limits.intercept,
        Readers(base.settings.max_streams_per_address).intercept,
        identifying(authenticator),
        base.rates.intercept,
        authorizing,
        running.intercept,
        Parsing(judging(base.processes)).intercept,
    ]


async def check_schema(database: Database) -> None:
    """Raises WrongSchema. While the database is away the process starts all the same: it serves the pages that Redis has, and
    whether the schema is right was found out when the service began."""
    try:
        async with database.read() as connection:
            await schema.check(connection)
    except Unavailable:
        log.warning("starting while the database is away")
