"""A document of 10,000 revisions against one of ten: saving, reading, listing, comparing and restoring, in turns.

The many revisions are written straight into the database, as copies of the first, so that the measurement is over soon; the
saves that are measured make real ones.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import grpc
from google.protobuf.field_mask_pb2 import FieldMask

from bench.costs.content import document
from bench.costs.office import signed_in
from bench.installation import EMAIL
from bench.workers import Asked, Stores
from gazette.auth.v1.organisation_service_pb2 import ListOrganisationsRequest
from gazette.auth.v1.organisation_service_pb2_grpc import OrganisationServiceStub
from gazette.content.v1 import comparing_pb2 as comparing
from gazette.content.v1 import content_service_pb2 as rpc
from gazette.content.v1 import revising_pb2 as revising
from gazette.content.v1.content_service_pb2_grpc import ContentServiceStub
from gazette.content.v1.document_pb2 import Document

FEW, MANY = 10, 10_000
ROUNDS = 200
LIMIT = 1.5
"""What saving one of many may take of what saving one of few takes."""
COLUMNS = "path, title, summary, body, body_format, details, links, tags, attachments, author_id, size_bytes, html, renderer"
COPIES = f"""
    INSERT INTO revisions (document_id, number, {COLUMNS}) SELECT document_id, numbers, {COLUMNS}
    FROM revisions, generate_series(2, $2::int) AS numbers WHERE document_id = $1 AND number = 1
"""  # noqa: S608 - no part of it comes from anybody
NEWEST = "UPDATE documents SET revision_number = $2 WHERE id = $1"


@dataclass
class Subject:
    """One of the two documents, and the seconds that calls about it took, by what they were."""

    document: Document
    seconds: dict[str, list[float]] = field(default_factory=dict)


def main() -> None:
    with ExitStack() as running:
        stores = running.enter_context(Stores.filled())
        server = running.enter_context(stores.serving("a worker", "server", "process", "0"))
        print(f"a document of {MANY} revisions against one of {FEW}, {ROUNDS} calls of each kind in turns, medians")
        asyncio.run(measured(stores, server))


async def measured(stores: Stores, server: Asked) -> None:
    with grpc.insecure_channel(server.address) as channel:
        metadata = signed_in(channel, EMAIL.partition("@")[0])
    async with grpc.aio.insecure_channel(server.address) as channel:
        content: Any = ContentServiceStub(channel)
        listed = await OrganisationServiceStub(channel).ListOrganisations(ListOrganisationsRequest(), metadata=metadata)
        subjects = []
        for count in (FEW, MANY):
            wanted = document(f"/bench/revisions/{count}", count, organisation_id=listed.organisations[0].id)
            wanted.content_type = "harbour_guide"
            wanted.details.Clear()
            made = (await content.CreateDocument(rpc.CreateDocumentRequest(document=wanted), metadata=metadata)).document
            subjects.append(Subject(made))
            await fill(stores.environment.get("MIGRATION_DATABASE_URL", stores.database_url), made.id, count)
        for at in range(ROUNDS):
            for subject in subjects if at % 2 else subjects[::-1]:
                await all_calls(content, metadata, subject, at)
    few, many = subjects
    for name, seconds in few.seconds.items():
        cheap, dear = statistics.median(seconds), statistics.median(many.seconds[name])
        print(f"  {name:<44}{cheap * 1e3:8.2f} ms{dear * 1e3:8.2f} ms{dear / cheap:8.2f} ×")
    ratio = statistics.median(many.seconds["UpdateDocument"]) / statistics.median(few.seconds["UpdateDocument"])
    print(f"\nsaving takes {ratio:.2f} of the time; at most {LIMIT} is promised")


async def fill(url: str, id: str, count: int) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(COPIES, id, count)
        await connection.execute(NEWEST, id, count)
        await connection.execute("ANALYZE revisions")
    finally:
        await connection.close()


async def all_calls(content: Any, metadata: Any, subject: Subject, at: int) -> None:
    async def timed(name: str, call: Callable[..., Awaitable[Any]], request: Any) -> Any:
        start = time.perf_counter()
        answer = await call(request, metadata=metadata, timeout=20)
        subject.seconds.setdefault(name, []).append(time.perf_counter() - start)
        return answer

    id = subject.document.id
    changed = Document(id=id, etag=subject.document.etag, title=f"A title, the {at}th time")
    save = rpc.UpdateDocumentRequest(document=changed, update_mask=FieldMask(paths=["title"]))
    subject.document = (await timed("UpdateDocument", content.UpdateDocument, save)).document
    newest = subject.document.revision_number
    await timed("GetDocument", content.GetDocument, rpc.GetDocumentRequest(id=id))
    await timed("GetRevision, an old one", content.GetRevision, revising.GetRevisionRequest(document_id=id, number=newest // 2))
    first = await timed("ListRevisions", content.ListRevisions, rpc.ListRevisionsRequest(document_id=id, page_size=5))
    more = rpc.ListRevisionsRequest(document_id=id, page_size=5, page_token=first.next_page_token)
    await timed("ListRevisions, further on", content.ListRevisions, more)
    asked = comparing.DiffRevisionsRequest(document_id=id, **{"from": "1", "to": "newest"})
    await timed("DiffRevisions, first and newest", content.DiffRevisions, asked)
    restore = revising.RestoreRevisionRequest(id=id, etag=subject.document.etag, number=2)
    subject.document = (await timed("RestoreRevision", content.RestoreRevision, restore)).document
