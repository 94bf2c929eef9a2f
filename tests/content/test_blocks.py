"""Reusable blocks: shown within pages, which are right by themselves when a block changes."""

from __future__ import annotations

import asyncio
import uuid
from pathlib import Path
from typing import Any

import grpc
import pytest
from sqlalchemy import text

from gazette.content.v1.document_import_pb2 import ImportOptions
from gazette.content.v1.document_pb2 import BodyFormat
from server.content.blocks.replacing import with_blocks
from server.content.references.written import marked
from server.content.rendering import work
from tests.content.desk import Desk
from tests.content.dom import Dom
from tests.content.referring import (
    block_type,
    comes_to_say,
    mark,
    published_block,
    refreshed,
    related,
)
from tests.content.taking import listed, redirect, remove, vanish, withdraw
from tests.content.transferring import RESTORES, admin_of_all, exported, outcomes, results_of, uploaded
from tests.polling import until
from tests.refusals import refused
from tests.servers import Servers
from tests.service import running
from tests.soak import rounds

ID = "0190a1b2-0000-7000-8000-00000000000a"


async def test_a_block_on_a_page(desk: Desk) -> None:
    """A body shows a block where it names it: on a line of its own as it is, within a line as words of that line; in HTML just
    so. Nothing is served at the block's own path, and no list has it (C44)."""
    block = await published_block(desk, "Call *0800*\n\n- Monday\n- Tuesday", title="Hours")
    one = await desk.published(f"{desk.root}/one", body=f"A\n\n{mark(block)}\n\nB {mark(block)} C")
    said = "<p>Call <em>0800</em></p>\n<ul>\n<li>Monday</li>\n<li>Tuesday</li>\n</ul>"
    within = "Call <em>0800</em><br>\nMonday<br>Tuesday"
    page = (await desk.page(one.path)).page
    assert page.html.replace("\n", "") == f"<p>A</p>{said}<p>B {within} C</p>".replace("\n", "")
    html = f"<section>{mark(block)}</section>"
    two = await desk.published(f"{desk.root}/two", body=html, body_format=BodyFormat.BODY_FORMAT_HTML)
    assert (await desk.page(two.path)).page.html == f"<section>{said}</section>"
    assert (await refused(desk.page_now(block.live.path, ""))).code == grpc.StatusCode.NOT_FOUND
    assert await listed(desk) == [two.path, one.path]
    assert (await desk.get(one)).body == f"A\n\n{mark(block)}\n\nB {mark(block)} C"


async def test_a_block_that_changes(desk: Desk) -> None:
    """Every page that shows it is rendered again, whatever path the block has, and no other is (C44)."""
    block = await published_block(desk, "Monday")
    shows = [await desk.published(f"{desk.root}/{at}", body=f"{mark(block)}") for at in range(3)]
    by_id = await desk.published(f"{desk.root}/id", body=f"[[block:{block.id.upper()}]]")
    other = await desk.published(f"{desk.root}/other", body="Monday")
    block = await desk.update(block, body="Tuesday", path=f"{desk.root}/blocks/moved")
    assert (await desk.page(shows[0].path)).page.html.strip() == "<p>Monday</p>"
    block = await desk.through_review(block)
    for each in (*shows, by_id):
        await comes_to_say(desk, each.path, "<p>Tuesday</p>")
    assert len(await refreshed(desk, shows[0].path)) == 1
    assert await refreshed(desk, other.path) == []
    await desk.through_review(await desk.update(block, body="Wednesday"))
    for each in (*shows, by_id):
        await comes_to_say(desk, each.path, "<p>Wednesday</p>")


@rounds(40, 1000, "pages")
async def test_a_block_on_many_pages(own_desk: Desk, pages: int) -> None:
    """Changed once, it is right on all of them within a minute; readers are answered meanwhile (C44)."""
    block = await published_block(own_desk, "Monday")
    made = [await own_desk.approved(f"/p/{at}", body=f"Page {at}\n\n{mark(block)}") for at in range(pages)]
    for each in made:
        await own_desk.publish(each)
    await own_desk.through_review(await own_desk.update(block, body="Tuesday"))

    async def all_say() -> bool:
        answers = await asyncio.gather(*(own_desk.page_now(each.path, "") for each in made))
        assert all(answer.page.html for answer in answers)
        return all("Tuesday" in answer.page.html for answer in answers)

    await until(all_say, 60)
    entries = [entry for at in range(0, 2 * pages + 20, 100) for entry in await own_desk.record(own_desk.first + at)]
    numbers = [entry.number for entry in entries]
    assert sorted({*numbers}) == [*range(own_desk.first + 1, own_desk.first + len({*numbers}) + 1)]


async def test_what_a_block_links_to(desk: Desk) -> None:
    """A block's links by id lead to where their targets are, and pages that show it follow when these move (C43, C44)."""
    target = await desk.published(f"{desk.root}/target")
    block = await published_block(desk, f"[x](document:{target.id})")
    one = await desk.published(f"{desk.root}/one", body=mark(block))
    link = '<p><a href="{}" rel="noopener">x</a></p>'
    assert (await desk.page(one.path)).page.html.strip() == link.format(target.path)
    await desk.through_review(await desk.update(target, path=f"{desk.root}/moved"))
    await comes_to_say(desk, one.path, link.format(f"{desk.root}/moved"))


async def test_a_page_that_a_block_links_to(own_desk: Desk) -> None:
    """A block that links to a page which shows it ends in no circle (C44)."""
    target = await own_desk.published("/target")
    block = await published_block(own_desk, f"[x](document:{target.translation_key})")
    target = await own_desk.through_review(await own_desk.update(target, body=mark(block), links=related(target)))
    target = await own_desk.through_review(await own_desk.update(target, path="/moved", title="Moved"))
    await comes_to_say(own_desk, "/moved", '<p><a href="/moved" rel="noopener">x</a></p>')

    async def linked() -> bool:
        return [each.title for each in (await own_desk.page_now("/moved", "")).page.links["related"].pages] == ["Moved"]

    await until(linked)
    count = len(await own_desk.record())
    await asyncio.sleep(0.5)
    assert len(await own_desk.record()) == count


async def test_a_block_that_is_not_there(desk: Desk) -> None:
    """A page that would lack a block is not published, and says which: one that is not public, one that there is not, and one
    that is a page; a draft of it can be saved all the same (C44)."""
    draft = await desk.create(f"{desk.root}/draft", content_type=await block_type(desk))
    page = await desk.published(f"{desk.root}/page")
    for id in (draft.translation_key, draft.id, ID, page.id):
        one = await desk.approved(body=f"x [[block:{id}]]")
        refusal = await refused(desk.publish(one))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "BLOCK_NOT_LIVE")
        assert refusal.info.metadata["blocks"] == id
    await desk.through_review(draft)
    await desk.published(body=f"x [[block:{draft.id}]]")


async def test_a_block_in_use_stays(desk: Desk) -> None:
    """Whatever would take it from the public is refused, and names the pages; once they are without it, it can go (C44)."""
    block = await published_block(desk, "Monday")
    one = await desk.published(f"{desk.root}/one", body=mark(block))
    other = await desk.published(f"{desk.root}/other")
    for taken in (withdraw(desk, block), remove(desk, block), redirect(desk, block, other.path), vanish(desk, block)):
        refusal = await refused(taken)
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "BLOCK_IN_USE")
        assert refusal.info.metadata["paths"] == one.path
    await desk.through_review(await desk.update(one, body="without"))
    await vanish(desk, block)


async def test_blocks_hold_no_blocks(desk: Desk) -> None:
    """So none can hold itself: neither a new block nor a draft of one is saved that shows another (C44)."""
    block = await published_block(desk, "Monday")
    kind = block.content_type
    for call in (desk.create(content_type=kind, body=mark(block)), desk.update(block, body=mark(block))):
        refusal = await refused(call)
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "BLOCK_IN_BLOCK")


async def test_a_kind_of_document_is_a_block_for_good(desk: Desk) -> None:
    """Whether the documents of a content type are blocks is said when it is made (C44)."""
    made = await desk.content_type(desk.kind("block"), is_block=True)
    assert made.is_block
    refusal = await refused(desk.change_content_type(made, is_block=False))
    assert refusal.code == grpc.StatusCode.INVALID_ARGUMENT


async def test_a_block_that_becomes_too_large(own_desk: Desk) -> None:
    """A page that a block makes too large is refused when it is saved; where the block grows later, the page stays as it is,
    and is counted and listed with the reason until there is room (C10, C44)."""
    block = await published_block(own_desk, "Monday")
    one = await own_desk.published("/one", body=f"{mark(block)}\n\n" * 5)
    before = (await own_desk.page(one.path)).page
    block = await own_desk.through_review(await own_desk.update(block, body="Monday " * 140_000))

    async def failed() -> list[Any]:
        async with own_desk.service.database.read() as connection:
            statement = "SELECT subject_id, failure_reason FROM refreshes WHERE failure_reason IS NOT NULL"
            return [tuple(each) for each in await connection.execute(text(statement))]

    assert [(str(id), reason) for id, reason in await until(failed)] == [(one.id, "PAGE_TOO_LARGE")]
    assert (await own_desk.page_now(one.path, "")).page == before
    refusal = await refused(own_desk.create(body=f"{mark(block)}\n\n" * 5))
    assert refusal.reason == "PAGE_TOO_LARGE"
    await own_desk.through_review(await own_desk.update(block, body="Tuesday"))
    await comes_to_say(own_desk, one.path, "\n".join(["<p>Tuesday</p>"] * 5))
    assert await failed() == []


async def test_files_in_bodies(desk: Desk) -> None:
    """A file that a body names by its id is public while the page is, though it is not attached; one that there is not keeps
    the page from being published (C43)."""
    _, picture = await uploaded(desk)
    body = f"![a ship](file:{picture}) [get it](file:{picture})"
    one = await desk.published(f"{desk.root}/one", body=body)
    page = (await desk.page(one.path)).page
    link = f'<a href="/v1/files/{picture}:download" rel="noopener">get it</a>'
    image = f'<img src="/v1/files/{picture}/versions/1:download" alt="a ship" srcset="'
    assert page.html.startswith(f"<p>{image}")
    assert page.html.strip().endswith(f"> {link}</p>")
    assert [*page.attachments] == []
    assert await is_public(desk, picture)
    await remove(desk, one)
    assert not await is_public(desk, picture)
    refusal = await refused(desk.published(body=f"![x](file:{ID})"))
    assert refusal.reason == "ATTACHMENT_NOT_FOUND"


async def is_public(desk: Desk, file: str) -> bool:
    async with desk.service.database.read() as connection:
        found = await connection.execute(text("SELECT 1 FROM page_files WHERE file_id = :id").bindparams(id=uuid.UUID(file)))
        return found.first() is not None


async def test_a_link_to_nothing_is_refused(desk: Desk) -> None:
    """A link by id that no document has keeps a page from being published, and is named; an import may bring the target later
    (C43)."""
    one = await desk.approved(body=f"[x](document:{ID})")
    refusal = await refused(desk.publish(one))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "LINK_TARGET_NOT_FOUND")
    assert refusal.info.metadata["targets"] == ID


async def test_blocks_are_exported(own_desk: Desk, servers: Servers, template: str, tmp_path: Path) -> None:
    """An export has blocks before the pages that show them: imported elsewhere it gives the same pages, and the same export
    again (C44)."""
    block = await published_block(own_desk, "Monday", content_type=await block_type(own_desk))
    one = await own_desk.published("/one", body=mark(block), links=related(block))
    await own_desk.through_review(await own_desk.update(block, body="Tuesday"))
    await comes_to_say(own_desk, one.path, "<p>Tuesday</p>")
    parts = await exported(own_desk.service, own_desk.author, organisation_id=own_desk.organisation_id)
    async with running(servers, template, tmp_path / "elsewhere") as service:
        there = await Desk.opened(service)
        options = ImportOptions(organisation_id=there.organisation_id)
        assert {*outcomes(await results_of(service, there.admin, options, parts))} <= {"CREATED", "UNCHANGED"}
        assert (await there.page(one.path)).page.html.strip() == "<p>Tuesday</p>"
        assert (await refused(there.page_now("/blocks", ""))).code == grpc.StatusCode.NOT_FOUND
        assert await exported(service, there.admin, organisation_id=there.organisation_id) == parts


async def test_refreshed_pages_are_restored(own_desk: Desk, servers: Servers, template: str, tmp_path: Path) -> None:
    """An installation that is restored serves the same bytes of pages that were rendered again, and has the same record (C43,
    C44)."""
    target = await own_desk.published("/target", title="Old")
    block = await published_block(own_desk, "Monday")
    one = await own_desk.published("/one", body=mark(block), links=related(target))
    await own_desk.through_review(await own_desk.update(target, title="New"))
    await own_desk.through_review(await own_desk.update(block, body="Tuesday"))
    await comes_to_say(own_desk, one.path, "<p>Tuesday</p>")

    async def linked() -> bool:
        return (await own_desk.page_now("/one", "")).page.links["related"].pages[0].title == "New"

    await until(linked)
    admin = await admin_of_all(own_desk.service)
    parts = await exported(own_desk.service, admin, for_restoring=True)
    async with running(servers, template, tmp_path / "elsewhere") as service:
        there = await admin_of_all(service)
        results = await results_of(service, there, RESTORES, parts)
        assert {*outcomes(results)} <= {"CREATED", "UNCHANGED", "UPDATED"}
        assert await exported(service, there, for_restoring=True) == parts
        again = await results_of(service, there, RESTORES, parts)
        assert {*outcomes(again)} == {"UNCHANGED"}
        desk = await Desk.opened(service)
        assert (await desk.page_now("/one", "")) == await own_desk.page_now("/one", "")
        assert (await refused(desk.page_now(block.live.path, ""))).code == grpc.StatusCode.NOT_FOUND


@pytest.mark.parametrize(
    "body",
    [
        f'<a href="/x" title="[[block:{ID}]]">x</a>',
        f'<img src="/x" alt="[[block:{ID}]]">',
        f"<code>[[block:{ID}]]</code><pre>[[block:{ID}]]</pre><a href='/y'>[[block:{ID}]]</a>",
        f'<gazette-block id="{ID}"></gazette-block><gazette-words id="{ID}"></gazette-words>',
        f'&lt;gazette-block id="{ID}"&gt;&lt;/gazette-block&gt;',
    ],
)
def test_where_no_block_is_shown(body: str) -> None:
    """Nothing of a block comes into attributes, code or links, nor where an author writes what stands for one within (C6,
    C44)."""
    html, _ = work.body_html(body, BodyFormat.BODY_FORMAT_HTML, {})
    shown = with_blocks(html, {ID: '" onmouseover="alert(1)" <b>x</b>'})
    assert shown == html
    assert Dom(shown).dangers() == []


def test_what_blocks_call_their_parts() -> None:
    """Ids within a block are its own on the page, and its links to them lead there (C44)."""
    html = marked(f"<p>[[block:{ID}]]</p>").html
    shown = with_blocks(html, {ID: '<h2 id="fees">Fees</h2><p><a href="#fees">id="x"</a></p>'})
    assert shown == '<h2 id="b00000000000a-fees">Fees</h2><p><a href="#b00000000000a-fees">id="x"</a></p>'
