"""Where documents and files are used: what revisions refer to, found when they are saved."""

from __future__ import annotations

import uuid
from typing import Any

import grpc
import pytest

from gazette.content.v1.document_pb2 import LiveState
from gazette.content.v1.reference_pb2 import ListReferencesRequest, ReferenceDirection
from server.content.references.finding import MAX_REFERENCES, found
from tests.content.desk import Desk, imported
from tests.content.referring import (
    BLOCK,
    DOCUMENT,
    DRAFT,
    FILE,
    LIVE,
    PATH,
    comes_to_say,
    mark,
    published_block,
    references,
    related,
)
from tests.content.taking import DISCARD, remove, restore
from tests.refusals import refused

FROM = ReferenceDirection.REFERENCE_DIRECTION_FROM


async def test_where_a_document_is_used(desk: Desk) -> None:
    """Whatever refers to a document says so: links of a kind, links by id in the body and paths that were written by hand, by
    its translation key or its id, each with its field (C43)."""
    target = await desk.published(f"{desk.root}/target")
    body = f"[a](document:{target.id}) [b](document:{target.translation_key}#part) [c]({target.path}/?x=1#y)"
    one = await desk.create(f"{desk.root}/one", title="One", body=body, links=related(target))
    said = [(each.document_id, each.side, each.field, each.kind) for each in await references(desk, target)]
    assert said == [
        (one.id, DRAFT, "links.related", DOCUMENT),
        *((one.id, DRAFT, "body", kind) for kind in (DOCUMENT, DOCUMENT, PATH)),
    ]
    first = (await references(desk, target))[0]
    assert (first.title, first.path, first.locale, first.revision_number) == ("One", one.path, "en", 1)
    assert (first.organisation_id, first.content_type) == (desk.organisation_id, "guide")


async def test_drafts_and_the_public_side_apart(desk: Desk) -> None:
    """A reference is on the public's side from publication on, and a later draft that lacks it takes it from nobody; once that
    is published it is gone (C43)."""
    target = await desk.published(f"{desk.root}/target")
    one = await desk.published(f"{desk.root}/one", links=related(target))
    assert [each.side for each in await references(desk, target)] == [LIVE]
    one = await desk.update(one, title="Another")
    assert [each.side for each in await references(desk, target)] == [LIVE, DRAFT]
    assert [each.revision_number for each in await references(desk, target, side=DRAFT)] == [2]
    one = await desk.update(one, links={})
    assert [each.side for each in await references(desk, target)] == [LIVE]
    assert await references(desk, target, side=DRAFT) == []
    await desk.through_review(one)
    assert await references(desk, target) == []


async def test_what_a_document_refers_to(desk: Desk) -> None:
    """The other way round, with what cannot be found by its id, too (C43)."""
    file, nobody = str(uuid.uuid4()), str(uuid.uuid4())
    block = await published_block(desk, "Monday")
    body = f"![x](file:{file}) [y](document:{nobody})\n\n{mark(block)}\n\n[z](/a/b) <a href='/v1/files/{file}:download'>w</a>"
    one = await desk.create(f"{desk.root}/one", body=body)
    said = {(each.kind, each.target_id, each.target_path) for each in await references(desk, one, direction=FROM)}
    assert said == {
        (DOCUMENT, nobody, ""),
        (FILE, file, ""),
        (BLOCK, block.translation_key, ""),
        (PATH, "", "/a/b"),
        (FILE, file, f"/v1/files/{file}:download"),
    }
    request = ListReferencesRequest(file_id=file)
    answer = await desk.documents.ListReferences(request, metadata=desk.author.metadata)
    assert {each.document_id for each in answer.references} == {one.id}


async def test_a_draft_that_is_discarded(desk: Desk) -> None:
    """What takes a discarded draft's place refers to what the public saw; of what is gone they see nothing (C43)."""
    target = await desk.published(f"{desk.root}/target")
    one = await desk.published(f"{desk.root}/one", links=related(target))
    one = await desk.update(one, links={})
    one = await remove(desk, one, draft=DISCARD)
    assert await references(desk, one, direction=FROM) == []
    one = await restore(desk, one)
    (kept,) = await references(desk, one, direction=FROM)
    assert (kept.revision_number, kept.side, kept.target_id) == (3, LIVE, target.translation_key)


async def test_what_is_imported_refers_as_well(desk: Desk) -> None:
    """An import that publishes at once has its references on the public's side (C43)."""
    target = await desk.published(f"{desk.root}/target")
    await desk.bring_in(imported(f"{desk.root}/one", said={"links": related(target)}))
    assert [each.side for each in await references(desk, target)] == [LIVE]


async def test_pages_of_a_list(desk: Desk) -> None:
    """However many refer to it, each is listed once (C43)."""
    target = await desk.published(f"{desk.root}/target")
    made = [await desk.create(f"{desk.root}/{at}", links=related(target), body=f"[x]({target.path})") for at in range(4)]
    seen, token = [], ""
    while True:
        request = ListReferencesRequest(document_id=target.id, page_size=3, page_token=token)
        answer = await desk.documents.ListReferences(request, metadata=desk.author.metadata)
        seen += [(each.document_id, each.field) for each in answer.references]
        if not (token := answer.next_page_token):
            break
    assert sorted(seen) == sorted((each.id, field) for each in made for field in ("links.related", "body"))
    assert [id for id, _ in seen] == sorted(id for id, _ in seen)


async def test_only_what_may_be_read(desk: Desk) -> None:
    """Nobody is told of what another organisation refers to, nor of a document that they may not read (C43)."""
    other = await Desk.opened(desk.service)
    target = await desk.published(f"{desk.root}/target")
    await other.create(f"{other.root}/one", links=related(target))
    assert await references(desk, target) == []
    assert len(await references(desk, target, by=desk.admin)) == 1
    assert (await refused(references(desk, target, by=other.author))).reason == "DOCUMENT_NOT_FOUND"


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"document_id": "x"},
        {"document_id": str(uuid.uuid4()), "page_token": "x"},
    ],
)
async def test_what_cannot_be_asked(desk: Desk, asked: dict[str, Any]) -> None:
    """Nothing, and what is no id (C43)."""
    refusal = await refused(desk.documents.ListReferences(ListReferencesRequest(**asked), metadata=desk.author.metadata))
    assert refusal.code == grpc.StatusCode.INVALID_ARGUMENT


def test_references_are_bounded() -> None:
    """However many paths a text has, so many are kept, and links of a kind come first (C43)."""
    words = {"body": "", "links": {"related": [str(uuid.UUID(int=1))]}, "attachments": []}
    html = "".join(f'<a href="/p/{at}">x</a>' for at in range(30_000))
    every = found(words, html)
    assert len(every) == MAX_REFERENCES
    assert every[0].field == "links.related"


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ("[a](/b/c)", "/b/c"),
        ("[a](</b/c?d#e> 'f')", "/b/c"),
        ("[a]: /b/c/", "/b/c"),
        ("<a class=x href='/b'>", "/b"),
        ("<a href=/b>", "/b"),
        ("[a](//elsewhere.org/b)", None),
        ("[a](https://b.org/c)", None),
        ("[a](/b(c))", "/b"),
    ],
)
def test_paths_in_what_earlier_releases_stored(body: str, path: str | None) -> None:
    """What was rendered before references were kept is looked through as it was written (C43)."""
    words = {"body": body, "links": {}, "attachments": []}
    assert [each.target_path for each in found(words, None)] == ([path] if path else [])


async def test_an_import_leaves_a_block_in_use(desk: Desk) -> None:
    """An import takes no block from the pages that show it, be it that it is gone, or that it is a page now (C44)."""
    block = await published_block(desk, "Monday")
    page = await desk.published(f"{desk.root}/one", body=mark(block))
    gone, published = LiveState.LIVE_STATE_GONE, LiveState.LIVE_STATE_PUBLISHED
    for kind, state in ((block.content_type, gone), ("guide", published)):
        part = imported(block.path, key=block.translation_key, live_state=state, said={"content_type": kind})
        assert [each.reason for each in await desk.bring_in(part)] == ["BLOCK_IN_USE"]
    said = {"content_type": block.content_type, "body": "Tuesday"}
    await desk.bring_in(imported(block.path, key=block.translation_key, said=said))
    await comes_to_say(desk, page.path, "<p>Tuesday</p>")
