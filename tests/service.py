"""A real server for tests: in this process, on a free port. Most share one; what is about all of a server has its own."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
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
from server.auth.sessions.revocations import Revocations
from server.auth.tokens.access import AccessTokens
from server.auth.tokens.refresh import RefreshTokens
from server.auth.tokens.signing import KeyRing
from server.organisations import models
from server.settings import Settings
from server.stores import migrations
from server.stores.postgres import Database, sqlalchemy_url
from tests.servers import ROLES, Servers

PASSWORD = "violet-harbour-lantern"
PASSWORD_HASH = argon2.PasswordHasher.from_parameters(PARAMETERS).hash(PASSWORD)
HERE = "127.0.0.1"
LONG_AGO, NIL = datetime.min.replace(tzinfo=UTC), uuid.UUID(int=0)
REDIS_DATABASES = itertools.cycle(range(1, 16))
"""Redis has sixteen databases. Each server has one to itself, but for tests that start more than one process of it."""


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


@dataclass(repr=False)
class Service:
    """The server under test, and short ways to what a test needs first.

    It is shown without what it holds. asyncio asks for the handler of SIGINT whenever a coroutine has ended, and the `signal`
    module then puts into words what that coroutine returned: for each fixture that is all that a server holds, caches included.
    """

    app: App
    channel: grpc.aio.Channel
    owner: AsyncEngine
    """The database as the role that owns the tables."""
    redis: Redis
    """Redis, asked with more patience than the server has: its tenth of a second is too little on a busy machine."""
    servers: Servers
    counter: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    start_time: datetime = LONG_AGO
    """When the test began, by the database's clock: what is older is of the tests before it."""
    first_id: uuid.UUID = NIL
    """Ids are in the order of their making: those of what the test makes come after this one."""
    has_guides: bool = False
    """Whether a desk has made the content type that all of them use."""

    @property
    def settings(self) -> Settings:
        return self.app.settings

    @property
    def database(self) -> Database:
        return self.app.database

    @property
    def address(self) -> str:
        return f"{HERE}:{self.app.port}"

    async def begin(self) -> None:
        """Another test begins: no attempt to guess anything has been counted, no blob is stored, no mail has arrived, and what
        happens from now on is the test's own."""
        async with self.owner.begin() as connection:
            await connection.execute(text("DELETE FROM sign_in_attempts"))
            self.start_time = (await connection.execute(text("SELECT clock_timestamp()"))).scalar_one()
        self.first_id = uuid6.uuid7()
        for path in (*self.blobs(), *self.mails()):
            path.unlink()
        if counters := await self.redis.keys("gazette:attempts:*"):
            await self.redis.delete(*counters)

    def blobs(self) -> list[Path]:
        """All files in the storage's folder, half-written ones included."""
        folder = self.settings.files_directory
        assert folder is not None
        return [path for path in folder.rglob("*") if path.is_file()]

    def mails(self) -> list[Path]:
        """All that have arrived, whoever got them."""
        folder = self.settings.mail_directory
        assert folder is not None
        return [*folder.glob("*.eml")]

    def unique(self, name: str) -> str:
        """The name with a number, which nothing else on this server has: for slugs, addresses, paths and types."""
        return f"{name}-{next(self.counter)}"

    async def organisation(self, slug: str = "") -> str:
        """The id of a new organisation."""
        slug = slug or self.unique("department")
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
        """A new account with one role, in one organisation or in all, with a session as signing in would have made it."""
        (made,) = await self.accounts((email, role, organisation_id))
        return made

    async def accounts(self, *wanted: tuple[str, Role.ValueType, str | None]) -> list[Person]:
        """The same for several of them, at once."""
        now, longest = datetime.now(UTC), self.settings.session_expiration_time
        tokens, refresh_tokens = self.access_tokens, RefreshTokens(self.settings.refresh_token_secret)
        accounts, grants, sessions, people = [], [], [], []
        for given, role, organisation_id in wanted:
            email = given or f"{self.unique('person')}@example.gov"
            account_id, session_id = uuid6.uuid7(), uuid6.uuid7()
            place = uuid.UUID(organisation_id) if organisation_id else None
            accounts.append(
                {
                    "id": account_id,
                    "email": email,
                    "name": email.partition("@")[0],
                    "password_hash": PASSWORD_HASH,
                    "state": AccountState.ACCOUNT_STATE_ACTIVE,
                }
            )
            if role:
                grants.append({"id": uuid6.uuid7(), "account_id": account_id, "role": role, "organisation_id": place})
            sessions.append(
                {
                    "id": session_id,
                    "account_id": account_id,
                    "counter": 0,
                    "user_agent": "tests",
                    "address": HERE,
                    "create_time": now,
                    "rotate_time": now,
                    "idle_expire_time": now + min(self.settings.refresh_token_expiration_time, longest),
                    "absolute_expire_time": now + longest,
                }
            )
            token = tokens.issue(account_id, session_id, now + longest, [(role, place)] if role else [])
            people.append(Person(str(account_id), email, PASSWORD, token.text, refresh_tokens.token(session_id, 0)))
        async with self.database.transaction() as connection:
            for model, rows in ((auth_models.Account, accounts), (auth_models.Grant, grants), (auth_models.Session, sessions)):
                if rows:
                    await connection.execute(insert(model), rows)
        return people

    @property
    def access_tokens(self) -> AccessTokens:
        lifetime = self.settings.jwt_expiration_time
        return AccessTokens(KeyRing.from_settings(self.settings), lifetime, Revocations(self.database, lifetime))

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
    """A server with a database of its own, both gone at the end, and with one of Redis's databases."""
    name = f"gazette_test_{uuid.uuid4().hex[:12]}"
    await administer(servers, f"CREATE DATABASE {name} TEMPLATE {template} OWNER gazette_owner STRATEGY FILE_COPY")
    redis_url = make_redis_url(servers, next(REDIS_DATABASES))
    values = make_settings(servers, name, directory, **{"REDIS_URL": redis_url, **changed})
    redis = Redis.from_url(redis_url)
    await redis.flushdb()
    process = await server_app.build(values)
    owner = create_async_engine(sqlalchemy_url(values.migration_database_url), pool_size=1, pool_pre_ping=True)
    await process.start()
    channel = grpc.aio.insecure_channel(f"{HERE}:{process.port}", options=[("grpc.use_local_subchannel_pool", 1)])
    try:
        yield Service(process, channel, owner, redis, servers)
    finally:
        await channel.close(None)
        await process.stop()
        await owner.dispose()
        await redis.aclose()
        await administer(servers, f"DROP DATABASE {name} WITH (FORCE)")


def make_redis_url(servers: Servers, number: int) -> str:
    return make_url(servers.redis_url).set(database=str(number)).render_as_string(hide_password=False)
