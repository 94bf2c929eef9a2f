"""Makes 100,000 documents of a few hundred: as rows, with revisions, pages and entries of the record, within the database."""

from __future__ import annotations

import asyncio

import asyncpg

ORGANISATIONS = 20
COPIES = """
CREATE TEMPORARY TABLE copies AS
SELECT documents.id AS old_id, gen_random_uuid() AS id, gen_random_uuid() AS translation_key, number AS copy,
       row_number() OVER (ORDER BY number, documents.id) AS at,
       row_number() OVER (ORDER BY number, documents.id) + (SELECT max(number) FROM record_entries) AS record_number,
       documents.path || '/c' || number AS path, documents.live_path || '/c' || number AS live_path
FROM documents CROSS JOIN generate_series($1::int, $2::int) AS number
WHERE documents.live_state = 1 AND documents.draft_state = 0 AND documents.path !~ '/c[0-9]+$' AND documents.path <> '/'
ORDER BY number, documents.id LIMIT $3
"""
ORGANISATION = (
    "(SELECT id FROM organisations ORDER BY slug OFFSET CASE WHEN copies.at % 2 = 0 THEN 0 ELSE copies.at % {n} END LIMIT 1)"
)
TAGS = """
CASE WHEN copies.at % 2 = 0 THEN ARRAY['common'] ELSE ARRAY['other'] END
|| CASE WHEN copies.at % 20 = 0 THEN ARRAY['some'] ELSE '{}' END || CASE WHEN copies.at % 5000 = 0 THEN ARRAY['rare'] ELSE '{}' END
"""
AUTHOR = (
    "(SELECT id FROM accounts WHERE email = CASE WHEN copies.at % 1000 = 0 THEN 'editor' ELSE 'author' END || '@example.gov')"
)
TIME = "now() - interval '10 years' + copies.at * interval '45 minutes'"


def columns(table: str, instead: dict[str, str], names: list[str]) -> str:
    return ", ".join(instead.get(name, f"{table}.{name}") for name in names)


async def names_of(connection: asyncpg.Connection, table: str) -> list[str]:
    wanted = "SELECT column_name FROM information_schema.columns WHERE table_name = $1 AND is_generated = 'NEVER'"
    return [row[0] for row in await connection.fetch(f"{wanted} ORDER BY ordinal_position", table)]


async def copy(connection: asyncpg.Connection, table: str, key: str, instead: dict[str, str]) -> None:
    names = await names_of(connection, table)
    await connection.execute(
        f"INSERT INTO {table} ({', '.join(names)}) SELECT {columns(table, instead, names)}"
        f" FROM copies JOIN {table} ON {key} ORDER BY copies.at"
    )


async def multiply(database_url: str, total: int) -> None:
    """Until there are so many documents; then all is as after a night's vacuum."""
    connection = await asyncpg.connect(database_url)
    try:
        async with connection.transaction():
            for number in range(ORGANISATIONS):
                await connection.execute(
                    "INSERT INTO organisations (id, slug, name) VALUES (gen_random_uuid(), $1, $1) ON CONFLICT DO NOTHING",
                    f"zz-office-{number:02}",
                )
            there = await connection.fetchval("SELECT count(*) FROM documents")
            first = await connection.fetchval(
                "SELECT coalesce(max(substring(path FROM '/c([0-9]+)$')::int), 0) + 1 FROM documents"
            )
            await connection.execute(
                COPIES.replace("$1", str(first)).replace("$2", str(first + total)).replace("$3", str(total - there))
            )
            organisation = ORGANISATION.format(n=ORGANISATIONS)
            own = {"id": "copies.id", "path": "copies.path", "live_path": "copies.live_path", "organisation_id": organisation}
            own |= {"translation_key": "copies.translation_key", "record_number": "copies.record_number", "newest_tags": TAGS}
            own |= {name: TIME for name in ("create_time", "update_time", "publish_time", "first_publish_time")}
            own |= {"newest_title": "left(documents.newest_title || ' ' || copies.copy, 1000)", "newest_author_id": AUTHOR}
            own |= {"live_revision_number": "1", "revision_number": "1", "version": "1"}
            own |= {"draft_state": "CASE WHEN copies.at % 50 = 0 THEN 1 + copies.at / 50 % 4 ELSE 0 END"}
            said = {"document_id": "copies.id", "path": "copies.path", "number": "1", "tags": TAGS, "source_sha256": "NULL"}
            said |= {"title": "left(revisions.title || ' ' || copies.copy, 1000)", "author_id": AUTHOR, "create_time": TIME}
            shown = {"document_id": "copies.id", "path": "copies.live_path", "record_number": "copies.record_number"}
            shown |= {"translation_key": "copies.translation_key", "publish_time": TIME, "first_publish_time": TIME}
            entry = {
                "number": "copies.record_number",
                "document_id": "copies.id",
                "path": "copies.live_path",
                "record_time": TIME,
            }
            newest = "revisions.document_id = copies.old_id AND revisions.number = (SELECT revision_number FROM documents WHERE id = copies.old_id)"
            await copy(connection, "documents", "documents.id = copies.old_id", own)
            await copy(connection, "revisions", newest, said)
            last = "(SELECT live_path FROM documents WHERE id = copies.old_id)"
            await copy(
                connection,
                "pages",
                f"pages.document_id = copies.old_id AND pages.path = {last}",
                shown | {"organisation_id": organisation},
            )
            serving = "(SELECT record_number FROM documents WHERE id = copies.old_id)"
            await copy(connection, "record_entries", f"record_entries.number = {serving}", entry)
            await connection.execute(
                "INSERT INTO schedules (document_id, action, revision_number, account_id, minor, due_time, next_attempt_time)"
                " SELECT id, 2, 0, (SELECT id FROM accounts LIMIT 1), false, now() + at * interval '1 hour', now() + interval '1 year'"
                " FROM copies WHERE at % 500 = 0"
            )
            await connection.execute("DROP TABLE copies")
        for table in ("documents", "revisions", "pages", "record_entries", "schedules"):
            await connection.execute(f"VACUUM ANALYZE {table}")
    finally:
        await connection.close()


def multiplied(database_url: str, total: int) -> None:
    asyncio.run(multiply(database_url, total))


async def sizes(database_url: str) -> dict[str, float]:
    """Bytes for each revision of the tables that grow with it, and for each document of its own row and of its page."""
    connection = await asyncpg.connect(database_url)
    try:
        found = {}
        for table, of in (
            ("revisions", "revisions"),
            ("documents", "documents"),
            ("pages", "documents"),
            ("record_entries", "record_entries"),
        ):
            bytes_ = await connection.fetchval("SELECT pg_total_relation_size($1::regclass)", table)
            found[table] = bytes_ / await connection.fetchval(f"SELECT count(*) FROM {of}")
        found["database"] = await connection.fetchval("SELECT pg_database_size(current_database())")
        return found
    finally:
        await connection.close()
