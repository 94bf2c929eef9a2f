"""A draft of a document that is taken down or restored: an error, unless the caller says what becomes of it."""

from __future__ import annotations

import uuid

import grpc
import pytest
from sqlalchemy import select

from gazette.content.v1 import content_service_pb2 as content
from gazette.content.v1.document_pb2 import Document, DraftState
from server.content.models import Revision
from tests.content.desk import Desk
from tests.content.taking import (
    DISCARD,
    GONE,
    KEEP,
    PUBLISHED,
    WITHDRAWN,
    comes_to_serve,
    events,
    kinds,
    redirect,
    remove,
    restore,
    vanish,
    withdraw,
)
from tests.refusals import refused

DRAFT, IN_REVIEW, APPROVED = (
    DraftState.DRAFT_STATE_DRAFT,
    DraftState.DRAFT_STATE_IN_REVIEW,
    DraftState.DRAFT_STATE_APPROVED,
)


async def edited(desk: Desk, name: str = "a") -> Document:
    """A document that is public, with a draft that says something else elsewhere."""
    document = await desk.published(f"{desk.root}/{name}", title="Public", body="public")
    return await desk.update(document, title="Draft", body="draft", path=f"{desk.root}/{name}-moved")


async def revisions(desk: Desk, document: Document) -> list[tuple[int, str]]:
    request = content.ListRevisionsRequest(document_id=document.id)
    answer = await desk.documents.ListRevisions(request, metadata=desk.author.metadata)
    return [(each.number, each.title) for each in answer.revisions]


async def test_a_draft_is_in_the_way(desk: Desk) -> None:
    """Whatever is done to the live side, a draft is an error that says how to go on, and nothing changes (C30)."""
    document = await edited(desk)
    for call in (
        withdraw(desk, document),
        remove(desk, document),
        vanish(desk, document),
        redirect(desk, document, f"{desk.root}/b"),
    ):
        refusal = await refused(call)
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "DRAFT_IN_PROGRESS")
        assert refusal.info.metadata["state"] == "DRAFT"
        assert "KEEP" in refusal.status.message
    assert await desk.get(document) == document
    assert await kinds(desk) == [("PUBLISHED", "/a")]
    document = await remove(desk, document, draft=KEEP)
    assert (await refused(restore(desk, document))).reason == "DRAFT_IN_PROGRESS"


@pytest.mark.parametrize("state", [DRAFT, IN_REVIEW, APPROVED])
async def test_a_draft_that_is_kept(desk: Desk, state: int) -> None:
    """It stays where it was in review, with its words and its path, and what the public sees is of the live revision; it can be
    published later (C30)."""
    document = await edited(desk)
    if state != DRAFT:
        document = await desk.submit(document)
    if state == APPROVED:
        document = await desk.approve(document)
    document = (await withdraw(desk, document, draft=KEEP)).document
    assert (document.draft.state, document.draft.revision_number, document.title) == (state, 2, "Draft")
    assert (document.path, document.live.path) == (f"{desk.root}/a-moved", f"{desk.root}/a")
    assert (document.live.state, document.live.revision_number) == (WITHDRAWN, 1)
    assert await desk.get(document) == document
    page = (await desk.page(f"{desk.root}/a")).page
    assert (page.title, page.html, page.path) == ("Public", "<p>public</p>\n", f"{desk.root}/a")
    document = await remove(desk, document, "Closed", draft=KEEP)
    document = await restore(desk, document, draft=KEEP)
    assert (await desk.page(f"{desk.root}/a")).page.title == "Public"
    for step, ready in ((desk.submit, IN_REVIEW), (desk.approve, APPROVED)):
        if document.draft.state < ready:
            document = await step(document)
    document = await desk.publish(document)
    assert document.live.state == PUBLISHED
    assert await comes_to_serve(desk, f"{desk.root}/a-moved", "Draft")
    assert await comes_to_serve(desk, f"{desk.root}/a", f"{desk.root}/a-moved")


async def test_a_draft_that_is_discarded(desk: Desk) -> None:
    """No draft is left, and no word is lost: the newest revision says what the public saw, the draft stays among the revisions,
    and the next save goes on behind it (C30)."""
    document = await desk.submit(await edited(desk))
    document = await remove(desk, document, "Closed", draft=DISCARD)
    assert (document.draft.state, document.title, document.path) == (0, "Public", f"{desk.root}/a")
    assert (document.revision_number, document.live.revision_number, document.live.state) == (3, 3, GONE)
    assert await desk.get(document) == document
    assert await revisions(desk, document) == [(3, "Public"), (2, "Draft"), (1, "Public")]
    assert (await desk.record())[-1].revision_number == 3
    document = await restore(desk, document)
    assert (await desk.page(f"{desk.root}/a")).page.html == "<p>public</p>\n"
    document = await desk.through_review(await desk.update(document, title="Next"))
    assert document.revision_number == 4
    assert await comes_to_serve(desk, f"{desk.root}/a", "Next")


async def test_who_discarded_what_is_audited(desk: Desk) -> None:
    """The audit says which draft was kept or discarded; the revision that takes its place is of whoever discarded it (C30)."""
    document = await edited(desk)
    document = (await withdraw(desk, document, draft=KEEP)).document
    document = await remove(desk, document, draft=DISCARD)
    kept, discarded = (await events(desk, document))[-2:]
    assert kept.details["draft"] == {"state": "DRAFT", "revision": 2, "became": "kept"}
    assert discarded.details["draft"] == {"state": "DRAFT", "revision": 2, "became": "discarded"}
    async with desk.service.database.read() as connection:
        third = select(Revision.author_id).where(Revision.document_id == uuid.UUID(document.id), Revision.number == 3)
        assert str((await connection.execute(third)).scalar_one()) == desk.publisher.id


async def test_an_author_of_what_was_discarded_may_approve(desk: Desk) -> None:
    """Who wrote only what was discarded is no author of what comes after it (Z5)."""
    document = await desk.published(f"{desk.root}/a")
    document = await desk.update(document, by=desk.editor, title="Mine")
    document = (await withdraw(desk, document, draft=DISCARD)).document
    document = await desk.approve(await desk.submit(await desk.update(document, title="Theirs")), by=desk.editor)
    assert document.draft.state == APPROVED


async def test_a_path_that_a_draft_gave_up(desk: Desk) -> None:
    """A draft that has moved leaves its path to others: discarding it is refused if another document has that by then."""
    document = await edited(desk)
    await desk.create(f"{desk.root}/a")
    refusal = await refused(remove(desk, document, draft=DISCARD))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.ALREADY_EXISTS, "PATH_TAKEN")
    assert await desk.get(document) == document
    document = await remove(desk, document, "Closed", draft=KEEP)
    assert await comes_to_serve(desk, f"{desk.root}/a", "Closed")


async def test_where_there_is_no_draft_nothing_is_asked(desk: Desk) -> None:
    """KEEP and DISCARD do nothing where there is none."""
    document = await desk.published(f"{desk.root}/a")
    for draft in (KEEP, DISCARD):
        document = (await withdraw(desk, document, draft=draft)).document
        assert (document.revision_number, document.draft.state) == (1, 0)


async def test_a_draft_of_what_has_vanished(desk: Desk) -> None:
    """A discarded draft of what vanishes is discarded, and a kept one is kept, unseen."""
    document = await vanish(desk, await edited(desk), draft=DISCARD)
    assert (document.draft.state, document.revision_number) == (0, 3)
    assert await comes_to_serve(desk, f"{desk.root}/a", "")
    other = await vanish(desk, await edited(desk, "b"), draft=KEEP)
    assert (other.draft.state, other.title) == (DRAFT, "Draft")
    assert await comes_to_serve(desk, f"{desk.root}/b", "")
    await restore(desk, other, draft=KEEP, by=desk.admin)
    assert await comes_to_serve(desk, f"{desk.root}/b", "Public")
