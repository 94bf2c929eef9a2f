"""Makes 100,000 documents of a few hundred: as rows, with revisions, pages and entries of the record, within the database.

The copies are of all ages and in twenty organisations, half of them in one. A few are drafts or scheduled; tags and authors are
common and rare. The audit's events are left out.
"""

from __future__ import annotations

import asyncio

import asyncpg

ORGANISATIONS = 20
AGE = "(now() - interval '10 years' + copies.at * interval '45 minutes')"
ID = """
(lpad(to_hex((extract(epoch FROM now() - interval '10 years') * 1000)::bigint + at * 2700000), 12, '0')
 || '7' || substr(md5(random()::text), 1, 3) || '8' || substr(md5(random()::text), 1, 15))::uuid
"""
"""A UUIDv7 of that age, as the server makes them."""
COPIES = f"""
CREATE TEMPORARY TABLE copies AS
SELECT those.*, {ID} AS id, {ID} AS translation_key, at + (SELECT max(number) FROM record_entries) AS record_number
FROM (
    SELECT documents.id AS old_id, copy, row_number() OVER (ORDER BY copy, documents.id) AS at, documents.revision_number,
           documents.record_number AS old_record_number, documents.live_path AS old_path,
           documents.path || '/c' || copy AS path, documents.live_path || '/c' || copy AS live_path
    FROM documents, (SELECT coalesce(max(substring(path FROM '/c([0-9]+)$')::int), 0) AS last FROM documents) AS before,
         generate_series(last + 1, last + $1) AS copy
    WHERE live_state = 1 AND draft_state = 0 AND path !~ '/c[0-9]+$' AND path <> '/'
    ORDER BY copy, documents.id LIMIT $1 - (SELECT count(*) FROM documents)
) AS those
"""  # noqa: S608 - of constants
ORGANISATION = f"""
(SELECT id FROM organisations ORDER BY slug
 OFFSET CASE WHEN copies.at % 2 = 0 THEN 0 ELSE copies.at % {ORGANISATIONS} END LIMIT 1)
"""  # noqa: S608
AUTHOR = "(SELECT id FROM accounts WHERE email = CASE WHEN at % 1000 = 0 THEN 'editor' ELSE 'author' END || '@example.gov')"
TAGS = """
(CASE WHEN copies.at % 2 = 0 THEN ARRAY['common'] ELSE ARRAY['other'] END
 || CASE WHEN copies.at % 20 = 0 THEN ARRAY['some'] ELSE '{}' END
 || CASE WHEN copies.at % 5000 = 0 THEN ARRAY['rare'] ELSE '{}' END)
"""
SAME = {"translation_key": "copies.translation_key", "record_number": "copies.record_number", "live_path": "copies.live_path"}
TABLES: dict[str, tuple[str, dict[str, str]]] = {
    "documents": (
        "documents.id = old_id",
        SAME
        | dict.fromkeys(("create_time", "update_time", "publish_time", "first_publish_time"), AGE)
        | dict.fromkeys(("live_revision_number", "revision_number", "version"), "1")
        | {"id": "copies.id", "path": "copies.path", "organisation_id": ORGANISATION, "newest_tags": TAGS}
        | {"newest_title": "left(newest_title || ' ' || copy, 1000)", "newest_author_id": AUTHOR}
        | {"draft_state": "CASE WHEN at % 50 = 0 THEN 1 + at / 50 % 4 ELSE 0 END"},
    ),
    "revisions": (
        "revisions.document_id = old_id AND revisions.number = copies.revision_number",
        {"document_id": "copies.id", "path": "copies.path", "number": "1", "tags": TAGS, "source_sha256": "NULL"}
        | {"title": "left(title || ' ' || copy, 1000)", "author_id": AUTHOR, "create_time": AGE},
    ),
    "pages": (
        "pages.document_id = old_id AND pages.path = old_path",
        SAME
        | dict.fromkeys(("publish_time", "first_publish_time"), AGE)
        | {"document_id": "copies.id", "path": "copies.live_path", "organisation_id": ORGANISATION},
    ),
    "record_entries": (
        "record_entries.number = old_record_number",
        {"number": "copies.record_number", "document_id": "copies.id", "path": "copies.live_path", "record_time": AGE},
    ),
}
"""What a copy is made of, and what it says otherwise."""
SCHEDULES = """
INSERT INTO schedules (document_id, action, revision_number, account_id, minor, due_time, next_attempt_time)
SELECT id, 2, 0, (SELECT id FROM accounts LIMIT 1), false, now() + at * interval '1 hour', now() + interval '1 year'
FROM copies WHERE at % 500 = 0
"""
PER: dict[str, str] = {"revisions": "revisions", "documents": "documents", "pages": "documents", "record_entries": "documents"}
"""What is stored, and for each of what."""


async def copy(connection: asyncpg.Connection, table: str) -> None:
    key, instead = TABLES[table]
    columns = "SELECT column_name FROM information_schema.columns WHERE table_name = $1 AND is_generated = 'NEVER'"
    names = [row[0] for row in await connection.fetch(columns, table)]
    said = ", ".join(instead.get(name, f"{table}.{name}") for name in names)
    await connection.execute(
        f"INSERT INTO {table} ({', '.join(names)}) SELECT {said} FROM copies JOIN {table} ON {key} ORDER BY at"  # noqa: S608
    )


async def multiply(database_url: str, total: int) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        async with connection.transaction():
            for number in range(ORGANISATIONS):
                organisation = (
                    "INSERT INTO organisations (id, slug, name) VALUES (gen_random_uuid(), $1, $1) ON CONFLICT DO NOTHING"
                )
                await connection.execute(organisation, f"zz-office-{number:02}")
            await connection.execute(COPIES.replace("$1", str(total)))
            for table in TABLES:
                await copy(connection, table)
            await connection.execute(SCHEDULES)
            await connection.execute("DROP TABLE copies")
        for table in (*TABLES, "schedules"):
            await connection.execute(f"VACUUM ANALYZE {table}")
    finally:
        await connection.close()


def multiplied(database_url: str, total: int) -> None:
    """Until there are so many documents; then all is as after a night's vacuum."""
    asyncio.run(multiply(database_url, total))


async def sizes(database_url: str) -> dict[str, float]:
    """Bytes of the whole database, and of each thing that grows with documents or revisions, indexes included."""
    connection = await asyncpg.connect(database_url)
    try:
        found: dict[str, float] = {"database": await connection.fetchval("SELECT pg_database_size(current_database())")}
        for table, of in PER.items():
            wanted = f"SELECT pg_total_relation_size($1::regclass)::float / count(*) FROM {of}"  # noqa: S608
            found[table] = await connection.fetchval(wanted, table)
        return found
    finally:
        await connection.close()
