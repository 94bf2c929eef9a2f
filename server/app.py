"""The composition root: builds what a process needs, wires the services to it, and starts and stops it all."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import grpc
import structlog
from grpc_health.v1 import health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from gazette.audit.v1 import audit_service_pb2_grpc
from gazette.auth.v1 import account_service_pb2_grpc, auth_service_pb2_grpc, organisation_service_pb2_grpc
from gazette.content.v1 import content_service_pb2_grpc, content_type_service_pb2_grpc
from gazette.delivery.v1 import delivery_service_pb2_grpc
from gazette.files.v1 import file_service_pb2_grpc
from gazette.record.v1 import record_service_pb2_grpc
from gazette.system.v1 import system_service_pb2_grpc
from server.audit.service import AuditService
from server.auth.account_service import AccountService
from server.auth.api_keys import bootstrap
from server.auth.credentials import Credentials
from server.auth.guessing.throttle import Throttle
from server.auth.links.links import Links
from server.auth.mails import letters
from server.auth.passwords.hashing import Passwords
from server.auth.passwords.resets import PasswordResets
from server.auth.service import AuthService
from server.auth.sessions.revocations import Revocations
from server.auth.sign_in.devices import DeviceTokens
from server.auth.tokens.access import AccessTokens
from server.auth.tokens.refresh import RefreshTokens
from server.auth.tokens.signing import KeyRing
from server.auth.totp.codes import Totp
from server.background import tasks
from server.background.jobs import Job
from server.content import paths as content_paths
from server.content.service import ContentService
from server.content.types.service import ContentTypeService
from server.delivery.changes import Changes
from server.delivery.lists.cache import ListCache
from server.delivery.pages.cache import PageCache
from server.delivery.pages.reading import Reader
from server.delivery.pages.shared import SharedCache
from server.delivery.service import DeliveryService
from server.files import publishing as files
from server.files.service import FileService
from server.files.uploads.sweeping import sweep
from server.files.uploads.uploads import Uploads
from server.mail.letters import Composer
from server.mail.sending import Sending
from server.organisations import paths as auth_paths
from server.organisations.service import OrganisationService
from server.process import ports, telemetry
from server.process.health import Health
from server.record.service import RecordService
from server.rpc import authorizing, identifying, translating, validation
from server.rpc.concurrency import Limits
from server.rpc.failures import Unavailable
from server.rpc.paging import Paging
from server.rpc.parsing import parsing
from server.rpc.rates import Rates
from server.rpc.registry import Registry
from server.settings import Settings
from server.stores import blobs as stores_blobs
from server.stores import migrations, postgres
from server.stores import redis as stores_redis
from server.stores.blobs import ObjectStorage
from server.stores.notify import Listener
from server.stores.postgres import Database
from server.stores.redis import Cache
from server.stores.retention import clearing
from server.system import probe
from server.system.service import SystemService

log = structlog.get_logger(__name__)

CLEAN_UP_SECONDS = 5.0
"""How long what was cut off may take to clean up behind itself."""
DRAIN_PAUSE = 1.2
"""Seconds between saying NOT_SERVING and stopping: more than two of Envoy's health check intervals, so that it turned away."""
LISTEN_PATIENCE = 2.0
"""Seconds that the start waits for notifications to be heard. Without a database it goes on, to serve pages from Redis."""
SIGN_IN_CONNECTIONS = 4
"""How many connections to PostgreSQL all who sign in have among them: a crowd leaves the others to everybody else."""
INDEPENDENT = ("gazette.delivery.v1.DeliveryService",)
"""What works, from the caches, while the database is away."""


@dataclass
class App:
    """One process: its server, and all that the server works with."""

    settings: Settings
    server: grpc.aio.Server
    port: int
    database: Database
    cache: Cache
    storage: ObjectStorage
    passwords: Passwords
    listener: Listener
    changes: Changes
    health: Health
    limits: Limits
    compose: dict[str, Composer]
    """Who writes which kind of mail."""
    jobs: list[Job]

    async def start(self) -> None:
        self.limits.start()
        for job in self.jobs:
            job.start()
        self.listener.start()
        self.changes.start()
        with suppress(TimeoutError):  # which sessions were revoked is to be known before the first call, if it can be
            await asyncio.wait_for(self.listener.heard_once.wait(), LISTEN_PATIENCE)
        await self.health.start()
        await self.server.start()

    async def drain(self) -> None:
        """Turns new calls away, lets those under way end, and closes everything."""
        await self.health.drain()
        await asyncio.sleep(DRAIN_PAUSE)
        await self.stop(self.settings.drain_time.total_seconds())

    async def stop(self, grace: float = 0.0) -> None:
        await self.server.stop(grace)
        await self.limits.stop()
        await asyncio.gather(*(job.stop() for job in self.jobs))
        await self.health.stop()
        await self.changes.stop()
        await self.listener.stop()
        self.passwords.close()
        await tasks.settle(CLEAN_UP_SECONDS)
        await self.storage.close()
        await self.cache.close()
        await self.database.close()


async def build(settings: Settings, *, worker: int = 0) -> App:
    """Builds the process. Raises WrongSchema, PortTaken or what the settings' files make impossible; starts nothing."""
    pools = postgres.connect(settings)
    await check_schema(pools)
    redis = stores_redis.connect(settings)
    blobs = stores_blobs.open_storage(settings)
    listener = Listener(settings.database_url)
    paging = Paging.under(settings.jwt_secret, settings.jwt_previous_secret)
    passwords = Passwords()

    revocations = Revocations(pools, settings.jwt_expiration_time)
    revocations.follow(listener)
    tokens = AccessTokens(KeyRing.under(settings), settings.jwt_expiration_time, revocations)
    rates = Rates.under(settings, redis)
    credentials = Credentials(tokens, pools, revocations, lambda: listener.is_listening, rates.check_stranger)

    shared_cache = SharedCache(redis)
    list_cache = ListCache(redis, lambda: listener.is_listening)
    page_cache = PageCache(
        Reader(pools, shared_cache),
        max_bytes=settings.page_cache_bytes,
        stale_seconds=settings.page_stale_age.total_seconds(),
        lost_since=lambda: listener.lost_since,
        shared_head=lambda: changes.shared_head,
    )
    changes = Changes(pools, page_cache, list_cache, shared_cache)
    changes.follow(listener)

    # The order of a call's way in. Telemetry is outermost, so that it measures and logs what the caller is told. Errors come
    # next, since all below raise. Limits refuse before anything is spent, and their deadline covers all that is. Rates count by
    # account, so they come after it is known who calls; and before it is said who may, so that what is refused counts too. All
    # that comes before parsing and validation: who may not call learns nothing, and costs no parsing.
    limits = Limits(settings.max_concurrent_calls, settings.call_deadline.total_seconds())
    interceptors = [
        telemetry.observing(settings.slow_call.total_seconds()),
        translating.translating,
        limits.intercept,
        identifying.identifying(credentials),
        rates.intercept,
        authorizing.authorizing,
        parsing,
        validation.validating,
    ]
    max_age = int(settings.page_max_age.total_seconds())
    uploads = Uploads.under(settings, pools, blobs)
    links = Links(settings.refresh_token_secret, settings.public_url)
    compose = letters.composers(links)
    mails = Sending.under(settings, pools, compose)
    jobs = [sweep(uploads), mails.job(listener), PasswordResets(pools, links).job(listener), clearing(pools), rates.job()]
    if settings.api_key:
        bootstrap.check(settings.api_key)
        jobs.append(bootstrap.job(pools, settings.api_key))
    registry: Any = Registry(interceptors, frozenset(settings.proxy_addresses))
    inside = probe.of(pools, redis, blobs)

    async def is_up() -> bool:
        return not (await inside.ask("database"))[0].problem

    auth_service_pb2_grpc.add_AuthServiceServicer_to_server(
        auth_service(settings, pools, redis, passwords, tokens, paging, links), registry
    )
    account_service_pb2_grpc.add_AccountServiceServicer_to_server(AccountService(pools, tokens, paging, links), registry)
    organisation_service_pb2_grpc.add_OrganisationServiceServicer_to_server(
        OrganisationService(pools, paging, content_paths.others_use), registry
    )
    audit_service_pb2_grpc.add_AuditServiceServicer_to_server(AuditService(pools, paging), registry)
    content_type_service_pb2_grpc.add_ContentTypeServiceServicer_to_server(ContentTypeService(pools, paging), registry)
    content_service_pb2_grpc.add_ContentServiceServicer_to_server(
        ContentService(pools, paging, files.publish, auth_paths.may_use), registry
    )
    delivery_service_pb2_grpc.add_DeliveryServiceServicer_to_server(
        DeliveryService(pools, page_cache, list_cache, paging, max_age), registry
    )
    record_service_pb2_grpc.add_RecordServiceServicer_to_server(RecordService(pools), registry)
    file_service_pb2_grpc.add_FileServiceServicer_to_server(FileService(pools, blobs, credentials, uploads, max_age), registry)
    health = Health(registry.services, INDEPENDENT, is_up)
    health.dependent.append("gazette.system.v1.SystemService")
    system_service_pb2_grpc.add_SystemServiceServicer_to_server(SystemService(inside, lambda: health.is_ready), registry)
    health_pb2_grpc.add_HealthServicer_to_server(health.servicer, registry)
    if settings.reflection:
        reflection.enable_server_reflection([*registry.services, reflection.SERVICE_NAME], registry)
    server = grpc.aio.server(options=ports.channel_options(settings))
    server.add_generic_rpc_handlers((registry,))
    port = ports.listen(server, settings, worker)
    return App(settings, server, port, pools, redis, blobs, passwords, listener, changes, health, limits, compose, jobs)


def auth_service(
    settings: Settings,
    pools: Database,
    redis: Cache,
    passwords: Passwords,
    tokens: AccessTokens,
    paging: Paging,
    links: Links,
) -> AuthService:
    return AuthService(
        pools,
        passwords,
        Throttle(redis, pools.sharing(SIGN_IN_CONNECTIONS)),
        DeviceTokens.under(settings.refresh_token_secret),
        tokens,
        RefreshTokens(settings.refresh_token_secret),
        paging,
        Totp.under(settings.encryption_key, settings.encryption_previous_key),
        links,
        settings,
    )


async def check_schema(pools: Database) -> None:
    """Raises WrongSchema. While the database is away the process starts all the same: it serves the pages that Redis has, and
    whether the schema is right was found out when the service began."""
    try:
        async with pools.read() as connection:
            await migrations.check(connection)
    except Unavailable:
        log.warning("starting while the database is away")
