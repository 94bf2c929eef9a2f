"""The composition root: a process is a fold over the domains on one base, behind one chain of interceptors."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, TypeVar

import grpc
import structlog
from grpc_health.v1 import health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from server.audit import wiring as audit
from server.auth import wiring as auth
from server.background import tasks
from server.background.jobs import Job
from server.content import paths
from server.content import wiring as content
from server.delivery import wiring as delivery
from server.files import wiring as files
from server.mail import wiring as mail
from server.organisations import wiring as organisations
from server.process import ports, telemetry
from server.process.domains import Base, Crossings, Domain
from server.process.health import Health
from server.record import wiring as record
from server.rpc import concurrency, rates
from server.rpc.authorizing import authorizing
from server.rpc.call import Interceptor
from server.rpc.concurrency import Limits
from server.rpc.failures import Unavailable
from server.rpc.identifying import Authenticator, identifying
from server.rpc.parsing import parsing
from server.rpc.registry import Registry
from server.rpc.translating import translating
from server.rpc.validation import validating
from server.settings import Settings
from server.stores import idempotency, schema
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
            self.running.callback(close)
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

    async def drain(self) -> None:
        """Turns new calls away, lets those under way end, and closes everything."""
        await self.health.drain()
        await asyncio.sleep(DRAIN_PAUSE)
        await self.stop(self.settings.drain_time.total_seconds())

    async def stop(self, grace: float = 0.0) -> None:
        await self.server.stop(grace)
        await self.running.aclose()


async def build(settings: Settings, worker: int = 0) -> App:
    """Builds the process. Raises WrongSchema, PortTaken or what the settings' files make impossible; starts nothing."""
    base = Base.from_settings(settings)
    await check_schema(base.database)
    limits = Limits(settings.max_concurrent_calls, settings.call_deadline.total_seconds())
    composers: dict[str, Any] = {}
    identity = auth.wire(base)
    crossings = Crossings(
        authenticator=identity.authenticator,
        others_use=paths.others_use,
        is_ready=lambda: health.is_ready,
        composers=lambda: composers,
    )
    domains = (identity, *(wire(base, crossings) for wire in DOMAINS))
    registry = Registry(interceptors(base, limits, identity.authenticator), frozenset(settings.proxy_addresses))
    for domain in domains:
        composers.update(domain.composers)
        for service, parts in domain.services.items():
            registry.serve(service, *parts)
        for follower in domain.followers:
            base.listener.subscribe(*follower)
    expired = (idempotency.expired(), *chain.from_iterable(domain.retention for domain in domains))
    jobs = (
        Job("deadlines", limits.end_late, seconds=concurrency.SWEEP_SECONDS),
        Job("rates", base.rates.share, seconds=rates.SHARE_SECONDS),
        clearing(base.database, expired),
        *chain.from_iterable(domain.jobs for domain in domains),
    )
    for job in filter(lambda job: job.channel, jobs):
        base.listener.subscribe(job.channel, job.hear, job.resume)
    health = Health(registry.services, INDEPENDENT, base.database.is_up)
    health_pb2_grpc.add_HealthServicer_to_server(health.servicer, registry)  # type: ignore[arg-type]  # all of a server it needs
    if settings.reflection:
        names = [*registry.services, reflection.SERVICE_NAME]
        reflection.enable_server_reflection(names, registry)  # type: ignore[arg-type]
    server = grpc.aio.server(options=ports.channel_options(settings))
    server.add_generic_rpc_handlers((registry,))
    port = ports.listen(server, settings, worker)
    return App(base, domains, server, port, health, limits, composers, jobs, expired)


def interceptors(base: Base, limits: Limits, authenticator: Authenticator) -> list[Interceptor]:
    """The order of a call's way in. Telemetry is outermost, so that it measures and logs what the caller is told. Translating
    comes next, since all below raise. Limits refuse before anything is spent, and their deadline covers all that is. Rates
    count by account, so they come after it is known who calls; and before it is said who may, so that what is refused counts
    too. All that comes before parsing and validation: who may not call learns nothing, and costs no parsing."""
    return [
        telemetry.observing(base.settings.slow_call.total_seconds()),
        translating,
        limits.intercept,
        identifying(authenticator),
        base.rates.intercept,
        authorizing,
        parsing,
        validating,
    ]


async def check_schema(database: Database) -> None:
    """Raises WrongSchema. While the database is away the process starts all the same: it serves the pages that Redis has, and
    whether the schema is right was found out when the service began."""
    try:
        async with database.read() as connection:
            await schema.check(connection)
    except Unavailable:
        log.warning("starting while the database is away")
