"""Short ways to links, references and blocks."""

from __future__ import annotations

import uuid
from typing import Any

from gazette.content.v1.document_pb2 import Document, LinkTargets
from gazette.content.v1.reference_pb2 import ListReferencesRequest, Reference, ReferenceKind, ReferenceSide
from gazette.record.v1.record_entry_pb2 import RecordEntryBody, RecordEntryKind
from tests.content.desk import Desk
from tests.polling import until
from tests.service import Person

DOCUMENT = ReferenceKind.REFERENCE_KIND_DOCUMENT
PATH = ReferenceKind.REFERENCE_KIND_PATH
FILE = ReferenceKind.REFERENCE_KIND_FILE
BLOCK = ReferenceKind.REFERENCE_KIND_BLOCK
LIVE, DRAFT = ReferenceSide.REFERENCE_SIDE_LIVE, ReferenceSide.REFERENCE_SIDE_DRAFT
REFRESHED = RecordEntryKind.RECORD_ENTRY_KIND_REFRESHED


def related(*targets: Document) -> dict[str, LinkTargets]:
    return {"related": LinkTargets(translation_keys=[each.translation_key for each in targets])}


async def references(desk: Desk, document: Document, by: Person | None = None, **asked: Any) -> list[Reference]:
    request = ListReferencesRequest(document_id=document.id, **asked)
    answer = await desk.documents.ListReferences(request, metadata=(by or desk.author).metadata)
    return [*answer.references]


async def block_type(desk: Desk) -> str:
    name = desk.kind("block")
    await desk.content_type(name, is_block=True)
    return name


async def published_block(desk: Desk, body: str, **said: Any) -> Document:
    """A new block, published."""
    kind = said.pop("content_type", "") or await block_type(desk)
    return await desk.published(f"{desk.root}/blocks/{uuid.uuid4().hex}", content_type=kind, body=body, **said)


def mark(block: Document) -> str:
    return f"[[block:{block.translation_key}]]"


async def titles(desk: Desk, path: str) -> list[str]:
    """What a page calls the pages that it links to."""
    page = (await desk.page_now(path, "")).page
    return [each.title for each in page.links["related"].pages] if "related" in page.links else []


async def comes_to_link(desk: Desk, path: str, *wanted: str) -> None:
    async def so() -> bool:
        return await titles(desk, path) == [*wanted]

    await until(so)


async def comes_to_say(desk: Desk, path: str, html: str) -> None:
    async def so() -> bool:
        return (await desk.page_now(path, "")).page.html.strip() == html

    await until(so)


async def refreshed(desk: Desk, path: str) -> list[RecordEntryBody]:
    """The entries by which a page was rendered again."""
    return [entry for entry in await desk.record() if entry.kind == REFRESHED and entry.path == path]
