"""An installation filled without a server: pages on the record, sealed events, files, and rows that weigh something."""

from __future__ import annotations

import hashlib
import os

import asyncpg
import uuid6

from server import settings
from server.audit.sealing import Sealer
from server.stores import blobs, postgres
from tests.publishing import put_page

PAGES, FILES, FILE_BYTES = 200, 40, 300_000


async def fill(environ: dict[str, str], url: str, megabytes: int) -> tuple[int, int]:
    """The database's size in MB, and how many files there are. An account is there."""
    given = settings.load(environ)
    connection = await asyncpg.connect(url)
    await connection.execute("CREATE TABLE written (id bigserial PRIMARY KEY)")
    await connection.execute("CREATE TABLE ballast (id bigserial PRIMARY KEY, bytes text)")
    for table in ("written", "ballast"):
        await connection.execute(f"ALTER TABLE {table} OWNER TO gazette_owner")
    words = "SELECT string_agg(md5(random()::text || n || i), '') FROM generate_series(1, 64) i"
    await connection.execute(f"INSERT INTO ballast (bytes) SELECT ({words}) FROM generate_series(1, $1) n", megabytes * 450)
    author = await connection.fetchval("SELECT id FROM accounts LIMIT 1")
    organisation = await connection.fetchval("SELECT id FROM organisations LIMIT 1")
    storage = blobs.open_storage(given)
    for number in range(FILES):
        content, key = os.urandom(FILE_BYTES), f"blobs/drill/{number}"

        async def chunks(content: bytes = content):  # type: ignore[no-untyped-def]
            yield content

        await storage.write(key, chunks(), content_type="image/png")
        await connection.execute(
            "INSERT INTO files (id, organisation_id, name, content_type, size_bytes, sha256, state, alternative_text, blob_key,"
            " author_id) VALUES ($1, $2, 'drill.png', 'image/png', $3, $4, 2, '', $5, $6)",
            uuid6.uuid7(),
            organisation,
            len(content),
            hashlib.sha256(content).hexdigest(),
            key,
            author,
        )
    await storage.close()
    database = postgres.connect(given)
    for number in range(PAGES):
        await put_page(database, f"/drill/{number}", "A page of the drill")
    await Sealer(database).seal_all()
    await database.close()
    size: int = await connection.fetchval("SELECT pg_database_size(current_database()) / 1000000")
    await connection.close()
    return size, FILES
