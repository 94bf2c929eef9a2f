"""A real server for a test: in this process, on a free port, with a database of its own."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import argon2
import grpc
import uuid6
from redis.asyncio import Redis
from sqlalchemy import insert, pool, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from gazette.auth.v1.account_pb2 import AccountState, Role
from gazette.auth.v1.auth_service_pb2 import LoginRequest
from gazette.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from server import app as server_app
from server import settings
from server.app import App
from server.auth import models as auth_models
from server.auth.passwords.hashing import PARAMETERS
from server.organisations import models
from server.settings import Settings
from server.stores import migrations
from server.stores.postgres import Database, sqlalchemy_url
from tests.servers import ROLES, Servers

PASSWORD = "violet-harbour-lantern"
PASSWORD_HASH = argon2.PasswordHasher.from_parameters(PARAMETERS).hash(PASSWORD)


@dataclass(frozen=True)
class Person:
    """An account, signed in."""

    id: str
    email: str
    password: str
    access_token: str
    refresh_token: str

    @property
    def metadata(self) -> tuple[tuple[str, str], ...]:
        return (("authorization", f"Bearer {self.access_token}"),)


@dataclass
class Service:
    """The server under test, and short ways to what a test needs first."""

    app: App
    channel: grpc.aio.Channel
    owner: AsyncEngine
    """The database as the role that owns the tables."""
    redis: Redis
    """Redis, asked with more patience than the server has: its tenth of a second is too little on a busy machine."""
    servers: Servers
    counter: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def settings(self) -> Settings:
        return self.app.settings

    @property
    def database(self) -> Database:
        return self.app.database

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.app.port}"

    async def organisation(self, slug: str = "") -> str:
        """The id of a new organisation."""
        slug = slug or f"department-{next(self.counter)}"
        row = {"id": uuid6.uuid7(), "slug": slug, "name": slug.replace("-", " ").title()}
        async with self.database.transaction() as connection:
            await connection.execute(insert(models.Organisation).values(row))
        return str(row["id"])

    async def account(
        self,
        email: str = "",
        role: Role.ValueType = Role.ROLE_EDITOR,
        organisation_id: str | None = None,
    ) -> Person:
        """A new account with one role, in one organisation or in all, signed in."""
        email = email or f"person-{next(self.counter)}@example.gov"
        account_id = uuid6.uuid7()
        async with self.database.transaction() as connection:
            await connection.execute(
                insert(auth_models.Account).values(
                    id=account_id,
                    email=email,
                    name=email.partition("@")[0],
                    password_hash=PASSWORD_HASH,
                    state=AccountState.ACCOUNT_STATE_ACTIVE,
                )
            )
            if role:
                await connection.execute(
                    insert(auth_models.Grant).values(
                        id=uuid6.uuid7(),
                        account_id=account_id,
                        role=role,
                        organisation_id=uuid.UUID(organisation_id) if organisation_id else None,
                    )
                )
        return await self.sign_in(email)

    async def sign_in(self, email: str, password: str = PASSWORD) -> Person:
        answer = await AuthServiceStub(self.channel).Login(LoginRequest(email=email, password=password))
        return Person(answer.account.id, email, password, answer.access_token, answer.refresh_token)


async def make_template(servers: Servers) -> str:
    """A migrated database, from which each test's own is copied. Its name."""
    name = f"gazette_template_{uuid.uuid4().hex[:8]}"
    await administer(
        servers,
        *(f"DO $$ BEGIN CREATE ROLE {role} LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$" for role in ROLES),
        *(f"ALTER ROLE {role} PASSWORD '{password}'" for role, password in ROLES.items() if servers.stack is None),
        f"CREATE DATABASE {name} OWNER gazette_owner",
    )
    await migrations.migrate(make_settings(servers, name, Path()))
    return name


async def administer(servers: Servers, *statements: str) -> None:
    engine = create_async_engine(sqlalchemy_url(servers.admin_url), poolclass=pool.NullPool, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        for statement in statements:
            await connection.execute(text(statement))
    await engine.dispose()


def make_settings(servers: Servers, database: str, directory: Path, **changed: str) -> Settings:
    """Settings for a server of the tests; `changed` holds environment variables."""
    environ = {
        "ENVIRONMENT": "test",
        "GRPC_PORT": "0",
        "METRICS_PORT": "0",
        "DATABASE_URL": role_url(servers, "gazette", database),
        "MIGRATION_DATABASE_URL": role_url(servers, "gazette_owner", database),
        "DATABASE_POOL_MIN": "1",
        "DATABASE_POOL_MAX": "10",
        "REDIS_URL": servers.redis_url,
        "JWT_SECRET": "a secret of the tests, for access tokens",
        "REFRESH_TOKEN_SECRET": "a secret of the tests, for refresh tokens",
        "ENCRYPTION_KEY": "a key of the tests, for authenticator secrets",
        "RATE_LIMIT_MAX": "1000000",
        "MAIL_DIRECTORY": str(directory / "mail"),
        "FILES_DIRECTORY": str(directory / "files"),
        "REFLECTION": "true",
        "DRAIN_TIME": "5s",
        "CALL_DEADLINE": "30s",  # what takes long on a busy machine is not wrong
    }
    return settings.load({**environ, **changed})


def role_url(servers: Servers, role: str, database: str) -> str:
    if servers.stack is not None:
        given = servers.stack.database_url if role == "gazette" else servers.stack.migration_database_url
        return make_url(given).set(database=database).render_as_string(hide_password=False)
    admin = make_url(servers.admin_url)
    return admin.set(username=role, password=ROLES[role], database=database).render_as_string(hide_password=False)


@asynccontextmanager
async def running(servers: Servers, template: str, directory: Path, **changed: str) -> AsyncIterator[Service]:
    """A server with a database of its own, both gone at the end."""
    name = f"gazette_test_{uuid.uuid4().hex[:12]}"
    await administer(servers, f"CREATE DATABASE {name} TEMPLATE {template} OWNER gazette_owner STRATEGY FILE_COPY")
    values = make_settings(servers, name, directory, **changed)
    process = await server_app.build(values)
    owner = create_async_engine(sqlalchemy_url(values.migration_database_url), poolclass=pool.NullPool)
    redis = Redis.from_url(servers.redis_url)
    await redis.flushdb()
    await process.start()
    channel = grpc.aio.insecure_channel(f"127.0.0.1:{process.port}", options=[("grpc.use_local_subchannel_pool", 1)])
    try:
        yield Service(process, channel, owner, redis, servers)
    finally:
        await channel.close(None)
        await process.stop()
        await owner.dispose()
        await redis.aclose()
        await administer(servers, f"DROP DATABASE {name} WITH (FORCE)")
