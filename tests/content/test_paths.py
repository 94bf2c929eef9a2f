"""Paths: each is one document's in its locale, and two documents change places in one call (C46)."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
import pytest

from gazette.auth.v1.organisation_service_pb2 import ReservePathRequest
from gazette.auth.v1.organisation_service_pb2_grpc import OrganisationServiceStub
from gazette.content.v1.document_pb2 import Document, DraftState, LiveState
from gazette.record.v1.record_entry_pb2 import RecordEntryKind
from server import record
from tests.auth.stored import events
from tests.content.desk import Desk, imported
from tests.content.redirecting import leads_to, moved
from tests.content.swapping import swap
from tests.content.taking import DISCARD, remove, withdraw
from tests.polling import until
from tests.refusals import Refusal, refused
from tests.service import Person

DRAFT = DraftState.DRAFT_STATE_DRAFT
WAITING = """
    SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
    WHERE datname = current_database() AND locktype = 'advisory' AND NOT granted
"""
"""How many wait for the record's lock."""


async def not_swapped(desk: Desk, one: Document, other: Document, by: Person | None = None) -> Refusal:
    """How the swap is refused. It has changed nothing."""
    refusal = await refused(swap(desk, one, other, by))
    for each in (one, other):
        assert await desk.get(each) == each
    return refusal


async def test_pages_change_places(desk: Desk) -> None:
    """Both pages are at the other's path at once, with two entries of the record and no redirect; each has one more
    revision, and its times for readers stay (C46)."""
    one, other = (
        await desk.published(f"{desk.root}/one", title="One"),
        await desk.published(f"{desk.root}/other", title="Other"),
    )
    before = await desk.record()
    answer = await swap(desk, one, other)
    assert (answer.document.path, answer.document.live.path) == (other.path, other.path)
    assert (answer.other.path, answer.other.live.path) == (one.path, one.path)
    assert (answer.document.title, answer.other.title) == ("One", "Other")
    assert (answer.document, answer.other) == (await desk.get(one), await desk.get(other))
    for was, now in ((one, answer.document), (other, answer.other)):
        assert (now.revision_number, now.live.revision_number, now.draft.state) == (2, 2, DraftState.DRAFT_STATE_UNSPECIFIED)
        assert now.live.public_update_time == was.live.public_update_time
        page = (await desk.page(now.path)).page
        assert (page.document_id, page.title) == (now.id, now.title)
    entries = (await desk.record())[len(before) :]
    assert [(entry.path, entry.document_id) for entry in entries] == [(other.path, one.id), (one.path, other.id)]
    assert {entry.kind for entry in entries} == {RecordEntryKind.RECORD_ENTRY_KIND_PUBLISHED}
    assert answer.record_number == entries[-1].number
    back = await swap(desk, answer.document, answer.other)
    assert (back.document.path, back.other.path) == (one.path, other.path)


async def test_drafts_change_places(desk: Desk) -> None:
    """Two that were never public are drafts at each other's path, an approval void; nothing is on the record (C46)."""
    one, other = await desk.approved(f"{desk.root}/one"), await desk.create(f"{desk.root}/other")
    answer = await swap(desk, one, other, by=desk.author)
    assert (answer.document.path, answer.other.path, answer.record_number) == (other.path, one.path, 0)
    assert (answer.document.draft.state, answer.document.revision_number) == (DRAFT, 2)
    assert (answer.document, answer.other) == (await desk.get(one), await desk.get(other))
    assert await desk.record() == []
    revision = (await desk.through_review(answer.document)).live
    assert (revision.revision_number, revision.path) == (2, other.path)


async def test_what_was_withdrawn_takes_part(desk: Desk) -> None:
    """A page that is withdrawn stays so at its new path, with why and since when."""
    one = (await withdraw(desk, await desk.published(f"{desk.root}/one"), "Too *old*.")).document
    answer = await swap(desk, one, await desk.published(f"{desk.root}/other"))
    assert answer.document.live.state == LiveState.LIVE_STATE_WITHDRAWN
    page = (await desk.page(f"{desk.root}/other")).page
    assert page.withdrawal.withdraw_time == one.live.withdraw_time
    assert "old" in page.withdrawal.explanation


async def test_former_paths_follow(desk: Desk) -> None:
    """What earlier moves of either left leads to where it is after the swap, in one hop; and so do moves after it (C46)."""
    one = await moved(desk, await desk.published(f"{desk.root}/a"), "/b")
    other = await moved(desk, await desk.published(f"{desk.root}/x"), "/y")
    answer = await swap(desk, one, other)
    assert await leads_to(desk, "/a", "/y")
    assert await leads_to(desk, "/x", "/b")
    await moved(desk, answer.document, "/z")
    assert await leads_to(desk, "/a", "/z")
    assert await leads_to(desk, "/y", "/z")
    assert (await desk.page(f"{desk.root}/b")).page.document_id == other.id


async def test_who_swaps_is_audited(own_desk: Desk) -> None:
    """Each document has an event, which names the other one and both paths."""
    desk = own_desk
    one, other = await desk.published("/one"), await desk.published("/other")
    await swap(desk, one, other)
    found = await events(desk.service, "document.swap_paths")
    told = [(event.target, event.details["with"], event.details["before"]["path"], event.details["path"]) for event in found]
    assert told == [(one.id, other.id, "/one", "/other"), (other.id, one.id, "/other", "/one")]
    assert {str(event.actor_id) for event in found} == {desk.publisher.id}


async def test_what_cannot_change_places(desk: Desk) -> None:
    """A draft with a page, what is gone, a page with a draft, two languages, a document with itself, and a version that is no
    more: each by its name, and nothing is changed."""
    page, draft = await desk.published(), await desk.create()
    gone = await remove(desk, await desk.published())
    edited = await desk.update(await desk.published(), title="Another")
    welsh = await desk.published(locale="cy")
    wanted = {
        "WRONG_LIVE_STATE": [(page, draft), (draft, page), (page, gone), (gone, draft)],
        "DRAFT_IN_PROGRESS": [(page, edited), (edited, page)],
        "LOCALES_DIFFER": [(page, welsh), (draft, welsh)],
    }
    for reason, pairs in wanted.items():
        for one, other in pairs:
            refusal = await not_swapped(desk, one, other)
            assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, reason), (one.path, other.path)
    refusal = await not_swapped(desk, page, page)
    assert (refusal.code, list(refusal.fields)) == (grpc.StatusCode.INVALID_ARGUMENT, ["other_id"])
    stale = Document(id=draft.id, etag="999")
    for one, other in ((page, stale), (stale, page)):
        assert (await refused(swap(desk, one, other))).reason == "STALE_ETAG"


async def test_who_may_swap(desk: Desk) -> None:
    """Pages are swapped by publishers of both organisations, drafts by who may write in both; of what one may not read there is
    no trace."""
    pages = await desk.published(), await desk.published()
    assert (await not_swapped(desk, *pages, by=desk.editor)).code == grpc.StatusCode.PERMISSION_DENIED
    other = await Desk.opened(desk.service)
    foreign = await other.published()
    refusal = await refused(swap(desk, pages[0], foreign))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "DOCUMENT_NOT_FOUND")
    answer = await swap(desk, pages[0], foreign, by=desk.admin)
    assert (answer.document.path, answer.other.path) == (foreign.path, pages[0].path)
    assert (await other.page(pages[0].path)).page.document_id == foreign.id


async def test_paths_that_are_reserved(desk: Desk) -> None:
    """Nothing comes to a path that is reserved for another organisation, nor leaves what its own is confined to."""
    other = await Desk.opened(desk.service)
    request = ReservePathRequest(organisation_id=other.organisation_id, prefix=other.root[1:])
    await OrganisationServiceStub(desk.service.channel).ReservePath(request, metadata=desk.admin.metadata)
    inside, outside = await other.published(f"{other.root}/a"), await desk.published(f"{desk.root}/b")
    for one, two in ((inside, outside), (outside, inside)):
        refusal = await refused(swap(desk, one, two, by=desk.admin))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.PERMISSION_DENIED, "PATH_RESERVED")


@pytest.mark.parametrize("are_public", [True, False], ids=["pages", "drafts"])
async def test_of_swaps_at_once_one_happens(desk: Desk, are_public: bool) -> None:
    """Of many swaps of the same documents, either way round, one is done, and the others are told that it was (C46)."""
    make = desk.published if are_public else desk.create
    one, other = await make(f"{desk.root}/one"), await make(f"{desk.root}/other")
    swaps = [swap(desk, *((one, other) if at % 2 else (other, one))) for at in range(8)]
    done = await asyncio.gather(*swaps, return_exceptions=True)
    failures = [each for each in done if isinstance(each, grpc.aio.AioRpcError)]
    assert (len(done) - len(failures), {each.code() for each in failures}) == (1, {grpc.StatusCode.ABORTED})
    assert (await desk.get(one)).path == other.path


async def test_swaps_of_a_ring_at_once(desk: Desk) -> None:
    """Swaps that overlap wait for each other, and never for ever: each document is at one of the paths in the end (C46)."""
    made = [await desk.published(f"{desk.root}/{at}") for at in range(3)]
    for _ in range(5):
        made = [await desk.get(each) for each in made]
        pairs = ((0, 1), (1, 2), (2, 0))
        done = await asyncio.gather(*(swap(desk, made[a], made[b]) for a, b in pairs), return_exceptions=True)
        assert [each for each in done if not isinstance(each, grpc.aio.AioRpcError)]
        assert {each.code() for each in done if isinstance(each, grpc.aio.AioRpcError)} <= {grpc.StatusCode.ABORTED}
    paths = sorted([(await desk.get(each)).path for each in made])
    assert paths == [f"{desk.root}/{at}" for at in range(3)]
    for each in made:
        now = await desk.get(each)
        assert (await desk.page(now.path)).page.document_id == now.id


async def test_what_comes_after_a_swap_is_told(own_desk: Desk) -> None:
    """Who withdraws a page that is being swapped hears that it has changed, and not that its path is another's (C46)."""
    desk, database = own_desk, own_desk.service.app.base.database
    one, other = await desk.published(), await desk.published()

    async def waiting() -> int:
        async with database.direct() as connection:
            return int(await connection.fetchval(WAITING))

    async def one_waits() -> bool:
        return await waiting() == 1

    async def two_wait() -> bool:
        return await waiting() == 2

    async with database.direct() as connection, record.locked(connection):
        swapping = asyncio.create_task(swap(desk, one, other))
        await until(one_waits)
        withdrawing = asyncio.create_task(refused(withdraw(desk, other)))
        await until(two_wait)
    await swapping
    assert (await withdrawing).reason == "STALE_ETAG"


async def test_a_swap_against_other_changes(desk: Desk) -> None:
    """Of a swap and a publication, a save or a withdrawal of one of the two, one happens, and the other one is told (C46)."""

    async def save(document: Document) -> Any:
        return await desk.update(document, title="Meanwhile")

    async def take(document: Document) -> Any:
        return await withdraw(desk, document)

    for change in (save, take):
        one, other = await desk.published(), await desk.published()
        done = await asyncio.gather(swap(desk, one, other), change(other), return_exceptions=True)
        failures = [each for each in done if isinstance(each, grpc.aio.AioRpcError)]
        assert [each.code() for each in failures] == [grpc.StatusCode.ABORTED]
    one, other = await desk.approved(), await desk.create()
    done = await asyncio.gather(swap(desk, one, other), desk.publish(one), return_exceptions=True)
    failures = [each for each in done if isinstance(each, grpc.aio.AioRpcError)]
    assert [each.code() for each in failures] == [grpc.StatusCode.ABORTED]


async def test_a_path_that_a_page_is_to_leave(desk: Desk) -> None:
    """Where a page's draft has moved away, another draft can plan to be; it is published there only once the page has gone, and
    the page's draft cannot come back (C46)."""
    page = await desk.published(f"{desk.root}/a")
    leaving = await desk.update(page, path=f"{desk.root}/b")
    coming = await desk.approved(f"{desk.root}/a")
    for refusal in (
        await refused(desk.publish(coming)),
        await refused(desk.update(leaving, path=f"{desk.root}/a")),
        await refused(withdraw(desk, leaving, draft=DISCARD)),
        await refused(desk.create(f"{desk.root}/b")),
    ):
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.ALREADY_EXISTS, "PATH_TAKEN")
    left = await desk.through_review(leaving)
    assert (await desk.publish(coming)).live.path == f"{desk.root}/a"
    assert (await desk.page(f"{desk.root}/b")).page.document_id == left.id
    assert (await desk.page(f"{desk.root}/a")).page.document_id == coming.id


async def test_a_path_that_is_planned(desk: Desk) -> None:
    """A draft's path is reserved for it against other drafts, moves and imports, in its locale; what is gone keeps its own."""
    await desk.create(f"{desk.root}/planned")
    other = await desk.create(f"{desk.root}/other")
    gone = await remove(desk, await desk.published(f"{desk.root}/gone"))
    assert gone.live.state == LiveState.LIVE_STATE_GONE
    for path in (f"{desk.root}/planned", f"{desk.root}/gone"):
        for refusal in (await refused(desk.create(path)), await refused(desk.update(other, path=path))):
            assert (refusal.code, refusal.reason) == (grpc.StatusCode.ALREADY_EXISTS, "PATH_TAKEN")
        (result,) = await desk.bring_in(imported(path))
        assert result.reason == "PATH_TAKEN"
    assert (await desk.create(f"{desk.root}/planned", locale="cy")).path == f"{desk.root}/planned"


@pytest.mark.parametrize(
    "path", ["/a/", "//a", "/a//b", "a", "/%61", "/a%2Fb", "/a b", "/ä", "/./a", "/a/..", "/.a", "/a?b", "/a#b", "/a;b", "/a\n"]
)
async def test_a_path_has_one_spelling(desk: Desk, path: str) -> None:
    """What could be another spelling of a path, or of two, is refused, and not rewritten: links to it would lead nowhere."""
    refusal = await refused(desk.create(path))
    assert (refusal.code, list(refusal.fields)) == (grpc.StatusCode.INVALID_ARGUMENT, ["document.path"])


async def test_capitals_are_others(desk: Desk) -> None:
    """Capitals tell paths apart, as they do addresses: what was published elsewhere keeps its own."""
    small, large = await desk.published(f"{desk.root}/form-a"), await desk.published(f"{desk.root}/form-A")
    assert (await desk.page(small.path)).page.document_id == small.id
    assert (await desk.page(large.path)).page.document_id == large.id
