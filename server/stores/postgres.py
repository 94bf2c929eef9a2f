"""PostgreSQL: the pools, transactions, and what its failures mean to a caller. Each domain's tables are in its `models.py`."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar

import asyncpg
from sqlalchemy import ARRAY, Integer, LargeBinary, MetaData, Row, Text, Uuid, exc, select
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.pool import AsyncAdaptedQueuePool, PoolProxiedConnection

from server.rpc import failures
from server.settings import Settings
from server.stores.direct import Direct
from server.stores.metering import failed, waited

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}

AnyRow = Row[*tuple[Any, ...]]
"""A row of whatever columns a query names."""

PATIENCE = 2.0  # seconds, for a connection of the pool, and for a new one
CLOSE_SECONDS = 0.2
PRIVILEGE = "42501"  # insufficient_privilege
READ_ONLY = "25006"  # read_only_sql_transaction: the pool still holds a primary that has become a replica
OUTAGES = (OSError, TimeoutError, exc.TimeoutError, exc.InterfaceError, asyncpg.InterfaceError, asyncpg.PostgresConnectionError)


class Model(DeclarativeBase):
    """The base of every table. Tables are used through Core: a row is a bag of attributes, there is no session."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text(),
        bytes: LargeBinary(),
        uuid.UUID: Uuid(),
        datetime: TIMESTAMP(timezone=True),
        dict[str, Any]: JSONB(),
        list[int]: ARRAY(Integer()),
        list[str]: ARRAY(Text()),
        list[uuid.UUID]: ARRAY(Uuid()),
    }


class Connection(asyncpg.Connection):
    """Closes at once, more or less: SQLAlchemy would wait two seconds for a database that went silent, beyond the deadline of
    the call that has just ended for that very reason."""

    async def close(self, *, timeout: float | None = None) -> None:  # noqa: ASYNC109 - asyncpg's own signature
        await super().close(timeout=CLOSE_SECONDS)


class Pool(AsyncAdaptedQueuePool):
    """SQLAlchemy's own, which measures how long is waited for a connection. It is called by its `pool_logging_name`."""

    @property
    def most(self) -> int:
        """How many connections there may be."""
        return self.size() + self._max_overflow

    def connect(self) -> PoolProxiedConnection:
        if self.checkedout() < self.most:
            return super().connect()
        with waited(self.logging_name or "primary"):
            return super().connect()


class DatabaseUnavailable(failures.Unavailable):
    """PostgreSQL cannot be reached, or no connection became free in time."""

    reason = "DATABASE_UNAVAILABLE"
    message = "The database cannot be reached. Try again later."


class SchemaChanged(DatabaseUnavailable):
    """A migration made a prepared statement invalid. All of them have been forgotten by now: a second attempt works."""


@dataclass(frozen=True)
class Database:
    """The primary, and a replica that may stand in for it where a read need not see the newest write."""

    primary: AsyncEngine
    replica: AsyncEngine
    single: AsyncEngine
    """The primary, each statement a transaction of its own."""
    single_replica: AsyncEngine
    pool: Direct
    turns: asyncio.Semaphore | None = None

    def sharing(self, connections: int) -> Database:
        """The same, for users who have no more connections than these among them. Who holds one must not ask for another."""
        return replace(self, turns=asyncio.Semaphore(connections))

    @property
    def has_replica(self) -> bool:
        return self.replica is not self.primary

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """A transaction on the primary: committed at the end of the block, rolled back by any exception."""
        async with self.turns or nullcontext(), outages_translated(self.primary), self.primary.begin() as connection:
            yield connection

    @asynccontextmanager
    async def read(self, *, newest: bool = True) -> AsyncIterator[AsyncConnection]:
        """A connection for single statements, each its own transaction; `newest=False` may read from the replica."""
        engine = self.single if newest else self.single_replica
        async with self.turns or nullcontext(), outages_translated(engine), engine.connect() as connection:
            yield connection

    @asynccontextmanager
    async def direct(self) -> AsyncIterator[asyncpg.Connection]:
        """A connection of the driver's to the primary, for what `statements.Statement` executes: each a transaction of its own,
        unless the connection's own `transaction()` holds them together."""
        async with outages_translated(self.primary, self.pool), self.pool.connection() as connection:
            yield connection

    async def is_up(self) -> bool:
        """Whether the primary answers, within PATIENCE."""
        try:
            async with asyncio.timeout(PATIENCE), self.read() as connection:
                await connection.execute(select(1))
        except (TimeoutError, DatabaseUnavailable):
            return False
        return True

    async def close(self) -> None:
        self.pool.close()
        await self.primary.dispose()
        if self.has_replica:
            await self.replica.dispose()


def connect(settings: Settings) -> Database:
    """The pools that the settings ask for. Nothing is opened until it is needed."""
    direct = max(1, settings.database_pool_max // 2)
    most = max(1, settings.database_pool_max - direct)
    primary = engine(settings.database_url, settings, most, "primary")
    replica = engine(settings.database_replica_url, settings, most, "replica") if settings.database_replica_url else primary
    pool = Direct(settings.database_url, size=direct, patience=PATIENCE, connection_class=Connection)
    return Database(primary, replica, autocommitting(primary), autocommitting(replica), pool)


def autocommitting(engine: AsyncEngine) -> AsyncEngine:
    """Made once: each that is made registers listeners with the engine, which took 7 % of a read."""
    return engine.execution_options(isolation_level="AUTOCOMMIT")


def engine(url: str, settings: Settings, most: int, name: str) -> AsyncEngine:
    least = min(settings.database_pool_min, most)
    return create_async_engine(
        sqlalchemy_url(url),
        poolclass=Pool,
        pool_logging_name=name,
        pool_size=least,
        max_overflow=most - least,
        pool_timeout=PATIENCE,
        pool_recycle=1800,
        pool_use_lifo=True,
        hide_parameters=True,  # an error's text goes to the log, and the values may be a password's hash
        connect_args={
            "timeout": PATIENCE,
            "command_timeout": 30.0,
            "connection_class": Connection,
            "server_settings": {"application_name": "gazette"},
        },
    )


def sqlalchemy_url(url: str) -> URL:
    """`postgresql://…` as SQLAlchemy wants it, with asyncpg as its driver."""
    return make_url(url).set(drivername="postgresql+asyncpg")


@asynccontextmanager
async def outages_translated(engine: AsyncEngine, pool: Direct | None = None) -> AsyncIterator[None]:
    """Turns the many faces of an absent database into `DatabaseUnavailable`; every other error passes."""
    try:
        yield
    except (exc.DBAPIError, asyncpg.PostgresError) as error:
        if isinstance(getattr(getattr(error, "orig", None), "__cause__", error), asyncpg.InvalidCachedStatementError):
            failed["postgresql", "schema_changed"]()
            raise SchemaChanged from error
        state = sqlstate(error)
        if state == READ_ONLY:
            await engine.dispose()
            if pool is not None:
                pool.forget()
        if state == READ_ONLY or is_outage(state) or is_disconnect(error):
            failed["postgresql", kind_of(state)]()
            raise DatabaseUnavailable from error
        raise
    except OUTAGES as error:
        task = asyncio.current_task()
        if isinstance(error, TimeoutError) and task is not None and task.cancelling():
            raise  # the caller's own deadline, not the database's
        failed["postgresql", "timeout" if isinstance(error, TimeoutError | exc.TimeoutError) else "unreachable"]()
        raise DatabaseUnavailable from error


def sqlstate(error: exc.DBAPIError | asyncpg.PostgresError) -> str:
    return str(getattr(getattr(error, "orig", error), "sqlstate", "") or "")


def is_disconnect(error: exc.DBAPIError | asyncpg.PostgresError) -> bool:
    """Whether the connection was lost, and not a statement refused."""
    if isinstance(error, exc.DBAPIError):
        return error.connection_invalidated or isinstance(error.orig, OUTAGES)
    return isinstance(error, OUTAGES)


def is_outage(state: str) -> bool:
    """Classes 08 (connection), 28 (who may), 3D (to what), 53 (resources) and 57P0x (shutdown) of the SQLSTATE table."""
    return state.startswith(("08", "28", "3D", "53", "57P0"))


def kind_of(state: str) -> str:
    """An outage's kind, as it is counted (`metering.KINDS`)."""
    if state == READ_ONLY:
        return "read_only"
    return {"28": "denied", "3D": "denied", "53": "overloaded", "57": "stopping"}.get(state[:2], "unreachable")


def cause(error: BaseException | None) -> str:
    """In the words of PostgreSQL or of the system; they may name a user and an address, but no password."""
    if isinstance(error, exc.DBAPIError):
        return str(error.orig).partition("\n")[0]
    return str(getattr(error, "strerror", None) or type(error).__name__)


def violated(error: exc.IntegrityError | asyncpg.IntegrityConstraintViolationError) -> str:
    """The name of the constraint that a statement violated, or an empty string."""
    cause = getattr(error.orig, "__cause__", None) if isinstance(error, exc.IntegrityError) else error
    return str(getattr(cause, "constraint_name", "") or "")
