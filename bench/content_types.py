"""A content type with many documents is changed: how fast they are held against it, how that grows with their number, and for
how long the event loop stops for it."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import ExitStack
from typing import Any, NamedTuple

import asyncpg
import grpc
from google.protobuf.field_mask_pb2 import FieldMask

from bench import lagging
from bench.stops import SETTLING, Target
from bench.workers import Stores
from gazette.content.v1 import content_type_service_pb2 as types
from gazette.content.v1.content_type_member_pb2 import MemberMove
from gazette.content.v1.content_type_pb2 import ContentType
from gazette.content.v1.content_type_service_pb2_grpc import ContentTypeServiceStub

FEW, MANY = 1_000, 100_000
PART = {"title": "How it is done", "slug": "how-it-is-done", "body": "<p>All work and no play makes a dull page.</p>" * 10}
DETAILS = {"change_note": "Updated fees", "parts": [PART] * 4, "fees": {"from": 12.5, "to": 80, "currency": "GBP"}}
"""Some two kilobytes, as a guide of GOV.UK has."""
SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "change_note": {"type": "string"},
        "parts": {"type": "array", "items": {"$ref": "#/$defs/part"}},
        "fees": {"type": "object", "properties": {"from": {"type": "number"}, "currency": {"enum": ["GBP", "EUR"]}}},
    },
    "$defs": {
        "part": {
            "type": "object",
            "required": ["title", "slug"],
            "properties": {"title": {"type": "string"}, "slug": {"pattern": "^[a-z-]+$"}, "body": {"type": "string"}},
        }
    },
}
DOCUMENTS = """
INSERT INTO documents (id, organisation_id, content_type, locale, translation_key, path, version, revision_number, draft_state,
    live_state, covers_prefix, preserves_suffix)
SELECT gen_random_uuid(), (SELECT id FROM organisations LIMIT 1), $1, 'en', gen_random_uuid(), '/' || $1 || '/' || number, 1, 1,
    1, 0, false, false
FROM generate_series(1, $2::int) AS number
"""
REVISIONS = """
INSERT INTO revisions (document_id, number, path, title, summary, body, body_format, details, links, tags, attachments,
    author_id, content_type, content_type_version)
SELECT id, 1, path, 'A title', '', '', 1, $2::jsonb, '{}', '{}', '{}', (SELECT id FROM accounts LIMIT 1), $1, 1
FROM documents WHERE content_type = $1
"""


class Speed(NamedTuple):
    """What a check of so many documents took."""

    documents: int
    seconds: float
    change_seconds: float
    longest_stop: float


def main() -> None:
    with ExitStack() as running:
        stores = running.enter_context(Stores.filled(log_level="error"))
        server = running.enter_context(stores.serving("server", "bench.lagging", str(stores.notes)))
        few, many = asyncio.run(measure(server.address, stores))
    print("\na content type is checked against a change of its schema, with a member moved, and changed")
    for each in (few, many):
        told = f"{each.documents:>8} documents: {each.seconds:6.1f} s, {each.documents / each.seconds:6.0f} documents/s"
        told += f"; the change {each.change_seconds:.2f} s"
        print(f"{told}; the event loop stops for {each.longest_stop * 1e3:.0f} ms at most")
    ratio = (many.seconds / many.documents) / (few.seconds / few.documents)
    print(f"a document of {MANY} costs {ratio:.2f} times what one of {FEW} does")


async def measure(address: str, stores: Stores) -> tuple[Speed, Speed]:
    async with grpc.aio.insecure_channel(address) as channel:
        target = Target(channel, stores.notes)
        await target.sign_in()
        await checked(target, stores, "bench_warm", FEW)
        return await checked(target, stores, "bench_few", FEW), await checked(target, stores, "bench_many", MANY)


async def checked(target: Target, stores: Stores, name: str, count: int) -> Speed:
    stub: Any = ContentTypeServiceStub(target.channel)
    wanted = ContentType(name=name, title=name)
    wanted.details_schema.update(SCHEMA)
    create = types.CreateContentTypeRequest(content_type=wanted)
    made = (await stub.CreateContentType(create, metadata=target.metadata, timeout=30)).content_type
    connection = await asyncpg.connect(stores.database_url.replace("+asyncpg", ""))
    try:
        await connection.execute(DOCUMENTS, name, count, timeout=600)
        await connection.execute(REVISIONS, name, json.dumps(DETAILS), timeout=600)
        await connection.execute("ANALYZE documents, revisions", timeout=600)
    finally:
        await connection.close()
    changed = ContentType(name=name, etag=made.etag, moves=[MemberMove(source="/parts/*/body", target="/parts/*/text")])
    schema = json.loads(json.dumps(SCHEMA))
    schema["$defs"]["part"]["properties"]["text"] = {"type": "string", "maxLength": 10_000}
    changed.details_schema.update(schema)
    change = types.UpdateContentTypeRequest(content_type=changed, update_mask=FieldMask(paths=["details_schema", "moves"]))
    request = types.CheckContentTypeRequest(name=name, change=change)
    start = time.monotonic()
    while True:
        answer = await stub.CheckContentType(request, metadata=target.metadata, timeout=30)
        assert not answer.invalid_documents, answer
        if answer.check_token:
            break
        request.page_token = answer.next_page_token
    seconds = time.monotonic() - start
    assert answer.checked_count == count
    change.check_token = answer.check_token
    begin = time.monotonic()
    await stub.UpdateContentType(change, metadata=target.metadata, timeout=30)
    end = time.monotonic()
    await asyncio.sleep(SETTLING)
    return Speed(count, seconds, end - begin, max(lagging.stops(target.notes, start, end), default=0.0))
