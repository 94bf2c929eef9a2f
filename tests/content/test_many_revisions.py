"""A document of 10,000 revisions: what reads and writes them finds each by an index, and looks at no more than that."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text

from gazette.content.v1.content_service_pb2 import ListRevisionsRequest
from server.content.comparing import queries as comparing
from server.content.documents.live import SHOWN
from server.content.documents.queries import DOCUMENT
from server.content.previews import queries as previews
from server.content.publishing.queries import APPROVED
from server.content.revisions import queries as revisions
from server.stores.statements import Statement
from tests.content.desk import Desk
from tests.content.revising import diff, restore_revision, revision

MANY = 10_000
COLUMNS = "path, title, summary, body, body_format, details, links, tags, attachments, author_id, size_bytes, html, renderer"
COPIES = text(
    f"INSERT INTO revisions (document_id, number, {COLUMNS}) SELECT document_id, numbers, {COLUMNS}"
    " FROM revisions, generate_series(2, :many) AS numbers WHERE document_id = :id AND number = 1"
)
NEWEST = text("UPDATE documents SET revision_number = :many WHERE id = :id")


def statements(id: uuid.UUID) -> list[tuple[str, Statement, dict[str, Any]]]:
    page = {"document_id": id, "before": MANY // 2}
    return [
        ("GetDocument", DOCUMENT, {"id": id}),
        ("PublishDocument", APPROVED, {"id": id}),
        ("DiscardDraft", SHOWN, {"id": id}),
        ("GetRevision", revisions.REVISION, {"document_id": id, "number": MANY // 3}),
        ("ListRevisions", revisions.revisions(21, is_full=False), page),
        ("ListRevisions, full", revisions.revisions(21, is_full=True), page),
        ("DiffRevisions", comparing.REVISIONS, {"document_id": id, "numbers": [1, MANY]}),
        ("CreatePreviewLink", previews.STANDING, {"id": id, "number": 0}),
        ("GetPage", previews.SHOWN, {"link_id": uuid.uuid4(), "document_id": id}),
    ]


@pytest.fixture
async def crowded(own_desk: Desk) -> tuple[Desk, Any]:
    """A desk, and its document of many revisions."""
    document = await own_desk.create(body="words")
    async with own_desk.service.database.transaction() as connection:
        for statement in (COPIES, NEWEST):
            await connection.execute(statement, {"id": uuid.UUID(document.id), "many": MANY})
    owner = await asyncpg.connect(own_desk.service.settings.owner_database_url)
    await owner.execute("ANALYZE revisions")  # as autovacuum does after so many
    await owner.close()
    return own_desk, await own_desk.get(document)


async def test_no_statement_looks_through_all(crowded: tuple[Desk, Any]) -> None:
    """Each statement about a revision finds it by the document and the number, and no more rows than it shows."""
    desk, document = crowded
    async with desk.service.database.direct() as connection:
        for name, statement, given in statements(uuid.UUID(document.id)):
            explained = f"EXPLAIN (ANALYZE, FORMAT JSON) {statement.compiled[0]}"
            ((plan,),) = await connection.fetch(explained, *statement.arguments(given))
            for node in nodes(plan[0]["Plan"]):
                if node.get("Relation Name") == "revisions":
                    assert node["Node Type"] in {"Index Scan", "Bitmap Heap Scan"}, (name, node)
                    assert node["Actual Rows"] * node["Actual Loops"] <= 21, (name, node)
                    assert node.get("Rows Removed by Filter", 0) <= 21, (name, node)


def nodes(node: dict[str, Any]) -> list[dict[str, Any]]:
    return [node, *(below for each in node.get("Plans", ()) for below in nodes(each))]


async def test_it_is_a_document_as_any(crowded: tuple[Desk, Any]) -> None:
    """It is saved, read, listed from anywhere, compared, restored, approved and published as a document of few revisions is."""
    desk, document = crowded
    saved = await desk.update(document, title="Another")
    assert saved.revision_number == MANY + 1
    assert (await revision(desk, saved, 5_000)).body == "words"
    listing = ListRevisionsRequest(document_id=document.id, page_size=100)
    first = await desk.documents.ListRevisions(listing, metadata=desk.author.metadata)
    assert [each.number for each in first.revisions] == [*range(MANY + 1, MANY - 99, -1)]
    changed = await diff(desk, saved, 1, MANY + 1)
    assert [each.field for each in changed.fields] == ["title"]
    restored = await restore_revision(desk, saved, 1)
    published = await desk.through_review(restored)
    assert published.live.revision_number == MANY + 2
    assert published.live.publish_time.ToDatetime(tzinfo=UTC) <= datetime.now(UTC)
