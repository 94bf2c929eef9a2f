"""Pages that show something of others follow it: titles and paths behind links, links by id, and what is no more."""

from __future__ import annotations

import asyncio
import hashlib
import json
import uuid
from collections.abc import Sequence

import pytest
from sqlalchemy import select, text

from gazette.content.v1.document_pb2 import Document
from server.content.models import Refresh
from server.content.refreshing.pages import Looked, Pages
from server.record.models import RecordEntry
from tests.command_line import run
from tests.content.desk import Desk, imported
from tests.content.referring import comes_to_link, comes_to_say, refreshed, related, titles
from tests.content.taking import listed, redirect, remove, restore, vanish, withdraw
from tests.polling import until
from tests.soak import rounds


async def settled(desk: Desk) -> None:
    """Waits until nothing is to be looked at any more."""

    async def nothing() -> bool:
        async with desk.service.database.read() as connection:
            return (await connection.execute(select(Refresh).where(Refresh.failure_reason.is_(None)))).first() is None

    await until(nothing)


async def test_a_title_and_a_path_that_change(desk: Desk) -> None:
    """Pages that link to a page have its new title and path by themselves; they keep their own times and revision, and the
    record says that nobody edited them (C43)."""
    target = await desk.published(f"{desk.root}/target", title="Old")
    one = await desk.published(f"{desk.root}/one", body="**x**", links=related(target), summary="S", tags=["t"])
    before = (await desk.page(one.path)).page
    target = await desk.update(target, title="New", path=f"{desk.root}/moved")
    await desk.through_review(target)
    await comes_to_link(desk, one.path, "New")
    page = (await desk.page(one.path)).page
    assert page.links["related"].pages[0].path == f"{desk.root}/moved"
    (entry,) = await refreshed(desk, one.path)
    assert page.record_number == entry.number > before.record_number
    assert (entry.document_id, entry.revision_number) == (one.id, 1)
    page.links.clear()
    page.record_number = before.record_number
    before.links.clear()
    assert page == before
    after = await desk.get(one)
    assert (after.etag, after.update_time, after.draft.state) == (one.etag, one.update_time, 0)
    assert after.live.record_number == entry.number
    assert after.live.publish_time == one.live.publish_time


async def test_the_record_has_what_is_served(desk: Desk) -> None:
    """An entry that tells of a refresh holds the hash of the very bytes that the path serves (C43)."""
    target = await desk.published(f"{desk.root}/target", title="Old")
    one = await desk.published(f"{desk.root}/one", links=related(target))
    await desk.through_review(await desk.update(target, title="New"))
    await comes_to_link(desk, one.path, "New")
    (entry,) = await refreshed(desk, one.path)
    served = (await desk.page(one.path)).SerializeToString()
    assert hashlib.sha256(served).digest() == entry.answer_sha256
    async with desk.service.database.read() as connection:
        stored = (await connection.execute(select(RecordEntry.answer).where(RecordEntry.number == entry.number))).scalar_one()
    assert stored == served


async def test_what_comes_out_the_same_leaves_no_trace(own_desk: Desk) -> None:
    """A target that is published again with the title that it had has nothing put again (C43)."""
    target = await own_desk.published("/target", title="Old")
    one = await own_desk.published("/one", links=related(target))
    await settled(own_desk)
    await own_desk.through_review(await own_desk.update(target, body="other words"))
    await settled(own_desk)
    assert await refreshed(own_desk, one.path) == []


async def test_what_is_taken_down_leaves_other_pages(desk: Desk) -> None:
    """A page that is gone, redirected or vanished is linked to no more by pages that were published before, and is again when
    it comes back; one that is withdrawn still is (C31, C43)."""
    target = await desk.published(f"{desk.root}/target", title="Target")
    one = await desk.published(f"{desk.root}/one", links=related(target))
    other = await desk.published(f"{desk.root}/other")
    await comes_to_link(desk, one.path, "Target")
    target = (await withdraw(desk, target)).document
    target = await remove(desk, target)
    await comes_to_link(desk, one.path)
    target = await restore(desk, target)
    await comes_to_link(desk, one.path, "Target")
    target = await redirect(desk, target, other.path)
    await comes_to_link(desk, one.path)
    target = await restore(desk, target)
    await comes_to_link(desk, one.path, "Target")
    target = await vanish(desk, target)
    await comes_to_link(desk, one.path)
    await restore(desk, target, by=desk.admin)
    await comes_to_link(desk, one.path, "Target")


async def test_what_is_published_later_is_linked_to(desk: Desk) -> None:
    """A link to what is not public yet comes into the page when that is published, whichever way (C43)."""
    later = await desk.create(f"{desk.root}/later", title="Later")
    key = "0190a1b2-0000-7000-8000-" + desk.organisation_id[-12:]
    links = related(later, Document(translation_key=key))
    one = await desk.published(f"{desk.root}/one", links=links)
    assert await titles(desk, one.path) == []
    await desk.through_review(later)
    await comes_to_link(desk, one.path, "Later")
    await desk.bring_in(imported(f"{desk.root}/imported", key=key, said={"title": "Imported"}))
    await comes_to_link(desk, one.path, "Later", "Imported")


async def test_pages_that_link_to_each_other(own_desk: Desk) -> None:
    """Each is rendered again for the other's sake, and then no more (C43)."""
    one, other = await own_desk.create("/one", title="One"), await own_desk.create("/other", title="Other")
    one = await own_desk.through_review(await own_desk.update(one, links=related(other)))
    other = await own_desk.through_review(await own_desk.update(other, links=related(one)))
    await comes_to_link(own_desk, "/one", "Other")
    await own_desk.through_review(await own_desk.update(one, title="First"))
    await comes_to_link(own_desk, "/other", "First")
    await settled(own_desk)
    assert len(await own_desk.record()) == 5


async def test_a_draft_is_not_disturbed(desk: Desk) -> None:
    """Who edits a page while it is rendered again saves with the version that they read (C43)."""
    target = await desk.published(f"{desk.root}/target", title="Old")
    one = await desk.published(f"{desk.root}/one", links=related(target))
    draft = await desk.update(one, title="Mine")
    await desk.through_review(await desk.update(target, title="New"))
    await comes_to_link(desk, one.path, "New")
    assert (await desk.page(one.path)).page.title == "A title"
    draft = await desk.update(draft, title="Mine, again")
    published = await desk.through_review(draft)
    assert (await desk.page(published.path)).page.links["related"].pages[0].title == "New"


async def test_lists_stay_in_their_order(desk: Desk) -> None:
    """A page that is rendered again is no news: lists by the time of publication have it where it was (C43)."""
    target = await desk.published(f"{desk.root}/target", title="Old")
    one = await desk.published(f"{desk.root}/one", links=related(target))
    two = await desk.published(f"{desk.root}/two")
    await desk.through_review(await desk.update(target, title="New"))
    await comes_to_link(desk, one.path, "New")
    assert await listed(desk) == [two.path, one.path, target.path]


async def test_what_earlier_releases_stored(own_desk: Desk) -> None:
    """What was saved before references were kept is looked through by a job, and its pages follow from then on (C43)."""
    target = await own_desk.published("/target", title="Old")
    one = await own_desk.published("/one", links=related(target))
    await settled(own_desk)
    async with own_desk.service.database.transaction() as connection:
        await connection.execute(text("DELETE FROM revision_references"))
        await connection.execute(text("UPDATE revisions SET reference_count = NULL"))
    await own_desk.through_review(await own_desk.update(target, title="New"))
    await settled(own_desk)
    assert await titles(own_desk, one.path) == ["Old"]
    async with own_desk.service.database.transaction() as connection:
        await connection.execute(text("INSERT INTO refreshes (kind, subject_id, urgency) SELECT 3, id, -1 FROM documents"))
    await comes_to_link(own_desk, one.path, "New")


@rounds(12, 200)
async def test_publications_that_meet(desk: Desk, rounds: int) -> None:
    """However a target's publication and those of the pages that link to it meet, in the end each page has its last title
    (C43)."""
    target = await desk.published(f"{desk.root}/target", title="0")
    pages = [await desk.approved(f"{desk.root}/{at}", links=related(target)) for at in range(rounds)]

    async def retitle() -> None:
        current = target
        for at in range(1, 6):
            current = await desk.through_review(await desk.update(current, title=str(at)))

    await asyncio.gather(retitle(), *(desk.publish(each) for each in pages))
    for each in pages:
        await comes_to_link(desk, each.path, "5")


@pytest.mark.parametrize("with_reference", ["document:{0.translation_key}", "document:{0.id}"])
async def test_links_by_id(desk: Desk, with_reference: str) -> None:
    """A link by id leads to where its target is, by its key or its own id, and follows when that moves; it is text while the
    target is not public, of which the publisher is told, and a link when it is (C43)."""
    target = await desk.create(f"{desk.root}/target")
    body = f"[the *target*]({with_reference.format(target)}#part)"
    one = await desk.create(f"{desk.root}/one", body=body)
    assert (await desk.get(one)).body == body
    approved = await desk.approve(await desk.submit(one))
    await desk.publish(approved)
    text_alone = '<p><a rel="noopener">the <em>target</em></a></p>'
    assert (await desk.page(one.path)).page.html.strip() == text_alone
    target = await desk.through_review(target)
    linked = '<p><a href="{}#part" rel="noopener">the <em>target</em></a></p>'
    await comes_to_say(desk, one.path, linked.format(target.path))
    target = await desk.through_review(await desk.update(target, path=f"{desk.root}/moved"))
    await comes_to_say(desk, one.path, linked.format(f"{desk.root}/moved"))
    await remove(desk, target)
    await comes_to_say(desk, one.path, text_alone)


async def test_what_never_ends_is_given_up(own_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page at which whoever tries it fails is listed after five attempts, and others are not kept from following; once it can
    be rendered it follows, too (C43)."""
    target = await own_desk.published("/target", title="Old")
    one = await own_desk.published("/one", links=related(target))
    await settled(own_desk)
    looked_at = Pages.looked_at
    attempts = 0

    async def broken(pages: Pages, ids: Sequence[uuid.UUID]) -> Looked:
        nonlocal attempts
        attempts += bool(ids)
        if ids:
            raise RuntimeError
        return await looked_at(pages, ids)

    monkeypatch.setattr(Pages, "looked_at", broken)
    await own_desk.through_review(await own_desk.update(target, title="New"))

    async def failed() -> bool:
        async with own_desk.service.database.transaction() as connection:
            await connection.execute(text("UPDATE refreshes SET next_attempt_time = now() WHERE failure_reason IS NULL"))
            return (await connection.execute(select(Refresh).where(Refresh.failure_reason.is_not(None)))).first() is not None

    await until(failed)
    assert attempts == 5
    told = await run(own_desk.service, "references", "failed")
    assert (told.exit_code, told.output.splitlines()[0][:31]) == (1, "/one (en): REFRESH_UNFINISHED: ")
    assert json.loads((await run(own_desk.service, "references", "failed", "--json")).output)[0]["id"] == one.id
    monkeypatch.undo()
    assert (await run(own_desk.service, "references", "refresh")).output == "2 pages are looked at.\n"
    await comes_to_link(own_desk, one.path, "New")
    assert (await run(own_desk.service, "references", "failed")).output == "All pages show what others say.\n"


async def test_what_a_process_left_behind(own_desk: Desk) -> None:
    """What a process had taken that died is done by another when its time is up, once (C43)."""
    target = await own_desk.published("/target", title="Old")
    one = await own_desk.published("/one", links=related(target))
    await settled(own_desk)
    async with own_desk.service.database.transaction() as connection:
        said = "INSERT INTO refreshes (kind, subject_id, attempts, next_attempt_time) SELECT 1, :key, 1, now() + interval '1 s'"
        await connection.execute(text(said).bindparams(key=uuid.UUID(target.translation_key)))
        changed = "UPDATE pages SET title = 'New' WHERE path = '/target'"
        await connection.execute(text(changed))
    assert await titles(own_desk, one.path) == ["Old"]
    await comes_to_link(own_desk, one.path, "New")
    await settled(own_desk)
    assert len(await refreshed(own_desk, one.path)) == 1
