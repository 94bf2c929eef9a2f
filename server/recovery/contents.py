"""What is in a database: each table's rows and checksum, the newest entry of the record, the newest seal of the audit.

A table's checksum is the sum of numbers that are made of each row's SHA-256: it does not depend on the order of the rows.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

from pydantic import BaseModel
from sqlalchemy import exc, pool, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from gazette.files.v1.file_pb2 import FILE_STATE_READY
from server.recovery.failures import DatabaseUnreachable, RecoveryFailed
from server.stores.postgres import OUTAGES, cause, sqlalchemy_url

FORMS = {
    "timezone": "UTC",
    "datestyle": "ISO",
    "intervalstyle": "postgres",
    "bytea_output": "hex",
    "extra_float_digits": "1",
}
"""How values are written, on which a checksum depends."""
TABLES = text(
    "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE c.relkind IN ('r', 'm', 'p') AND NOT c.relispartition"
    " AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg_toast%'"
    " AND n.nspname NOT LIKE 'pg_temp%' ORDER BY 1"
)


class Table(BaseModel):
    """A table's rows."""

    rows: int
    checksum: str


class Newest(BaseModel):
    """The last of a chain, by its number; 0 where there is none."""

    number: int = 0
    sha256: str = ""


class Contents(BaseModel):
    """All of a database."""

    revision: str
    """Of the schema."""
    tables: dict[str, Table]
    record: Newest
    audit: Newest


class FileRow(BaseModel):
    """A file that is ready, as the database has it."""

    key: str
    size: int
    sha256: str
    content_type: str


@asynccontextmanager
async def connected(url: str) -> AsyncGenerator[AsyncConnection, None]:
    """A connection in one transaction, which sees the database as it is at its first statement."""
    engine = create_async_engine(sqlalchemy_url(url), poolclass=pool.NullPool, isolation_level="REPEATABLE READ")
    try:
        async with engine.connect() as connection:
            for name, value in FORMS.items():
                await connection.execute(text(f"SET {name} = '{value}'"))
            await connection.commit()
            yield connection
    except exc.ProgrammingError as error:
        raise RecoveryFailed(f"the database refuses a question ({cause(error)})") from error
    except OUTAGES as error:
        raise DatabaseUnreachable(f"the database cannot be reached ({cause(error)})") from error
    finally:
        await engine.dispose()


async def contents(connection: AsyncConnection) -> Contents:
    names = (await connection.execute(TABLES)).scalars().all()
    tables = {name: await table(connection, name) for name in names}
    if "public.alembic_version" not in tables:
        raise RecoveryFailed("the database holds no Gazette: it was never migrated")
    revision = (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar_one()
    return Contents(
        revision=revision,
        tables=tables,
        record=await newest(connection, "record_entries", "leaf_hash"),
        audit=await newest(connection, "audit_seals", "hash"),
    )


async def table(connection: AsyncConnection, name: str) -> Table:
    """`name` is quoted, as PostgreSQL's own format() has written it."""
    row = "encode(substr(sha256(convert_to(t::text, 'UTF8')), {}, 8), 'hex')"
    sums = ", ".join(f"coalesce(sum(('x' || {row.format(start)})::bit(64)::bigint), 0)" for start in (1, 9))
    statement = text(f"SELECT count(*), {sums} FROM {name} t".replace("::", "\\:\\:"))  # noqa: S608  quoted by format()  # nosec B608
    rows, *summed = (await connection.execute(statement)).one()
    return Table(rows=rows, checksum=":".join(str(each) for each in summed))


async def newest(connection: AsyncConnection, name: str, column: str) -> Newest:
    statement = text(f"SELECT number, {column} AS hash FROM {name} ORDER BY number DESC LIMIT 1")  # noqa: S608  names of ours  # nosec B608
    row = (await connection.execute(statement)).one_or_none()
    return Newest(number=row.number, sha256=bytes(row.hash).hex()) if row else Newest()


async def hash_of(connection: AsyncConnection, name: str, column: str, number: int) -> str:
    """Of one of a chain; empty where there is none of this number."""
    statement = text(f"SELECT {column} FROM {name} WHERE number = :number")  # noqa: S608  names of ours  # nosec B608
    found = (await connection.execute(statement, {"number": number})).scalar_one_or_none()
    return bytes(found).hex() if found else ""


BLOBS = "SELECT blob_key, size_bytes, sha256, content_type FROM files WHERE state = :ready"
FORMER = "SELECT blob_key, size_bytes, sha256, content_type FROM file_versions"


async def ready_files(connection: AsyncConnection) -> AsyncIterator[FileRow]:
    """The bytes of all files and of their former versions, each once: several may have the same. What is on its way, and what
    is made of others, is not among them."""
    knows_versions = (await connection.execute(text("SELECT to_regclass('file_versions') IS NOT NULL"))).scalar_one()
    rows = f"{BLOBS} UNION ALL {FORMER}" if knows_versions else BLOBS  # a backup comes before the migration
    statement = text(
        f"SELECT DISTINCT ON (blob_key) blob_key AS key, size_bytes AS size, sha256, content_type FROM ({rows}) AS blobs"  # noqa: S608  texts of ours  # nosec B608
        " ORDER BY blob_key"
    )
    result = await connection.stream(statement, {"ready": FILE_STATE_READY})
    async for row in result:
        yield FileRow.model_validate(row._asdict())


async def is_empty(connection: AsyncConnection) -> bool:
    return not (await connection.execute(TABLES)).all()
