"""Redirects, by whatever way they come to be, lead to the end of their way in one hop, in their language (C13)."""

from __future__ import annotations

import uuid
from itertools import pairwise

import pytest

from gazette.content.v1.document_import_pb2 import ExportDocumentsRequest
from gazette.content.v1.document_pb2 import Document
from gazette.record.v1.record_entry_pb2 import RecordEntryKind
from server.delivery.pages import putting
from tests.content.desk import Desk, imported
from tests.content.redirecting import CREATED, GONE, REDIRECTED, UPDATED, get, leads_to, moved, page, redirect
from tests.publishing import put_page, put_redirect
from tests.refusals import refused


async def test_three_moves_take_one_hop(desk: Desk) -> None:
    """Every path that a document left leads to where it is now, on the record too; where it comes back to there is a page."""
    document = await moved(desk, await desk.published(f"{desk.root}/a"), "/b", "/c", "/d")
    for path in ("/a", "/b", "/c"):
        assert await leads_to(desk, path, "/d")
        answer = await get(desk, path)
        number = answer.redirect.record_number
        (entry,) = [entry for entry in await desk.record() if entry.number == number]
        assert (entry.path, entry.kind) == (f"{desk.root}{path}", RecordEntryKind.RECORD_ENTRY_KIND_REDIRECTED)
    numbers = [entry.number for entry in await desk.record()]
    assert numbers == [*range(numbers[0], numbers[0] + 1 + 2 + 3 + 4)]
    await moved(desk, document, "/a")
    for path in ("/b", "/c", "/d"):
        assert await leads_to(desk, path, "/a")
    assert (await desk.page(f"{desk.root}/a")).page.document_id == document.id


async def test_another_document_where_it_was(desk: Desk) -> None:
    """What a move left leads to the document, even if another one is published half-way."""
    document = await moved(desk, await desk.published(f"{desk.root}/a"), "/b", "/c")
    await desk.published(f"{desk.root}/b")
    assert await leads_to(desk, "/a", "/c")
    await moved(desk, document, "/d")
    assert await leads_to(desk, "/a", "/d")
    assert (await desk.page(f"{desk.root}/b")).HasField("page")


async def test_of_many_moves(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of more redirects than one publication mends the others lead on from where they led, and arrive in one hop too."""
    monkeypatch.setattr(putting, "MAX_LEFT", 2)
    await moved(desk, await desk.published(f"{desk.root}/0"), *(f"/{number}" for number in range(1, 6)))
    for number in range(5):
        assert await leads_to(desk, f"/{number}", "/5")


async def test_a_language_leads_to_itself(desk: Desk) -> None:
    """A page that moved in one language leads to itself, not to a translation; what has none there leads to any."""
    english = await desk.published(f"{desk.root}/b")
    welsh = await desk.published(f"{desk.root}/a", locale="cy", translation_key=english.translation_key)
    welsh = await moved(desk, welsh, "/b")
    assert await leads_to(desk, "/a", "/b", "cy", told="cy")
    assert await leads_to(desk, "/a", "/b", told="cy")
    assert (await get(desk, "/b", "cy", any_locale=True)).page.document_id == welsh.id
    assert (await get(desk, "/b", any_locale=True)).page.document_id == english.id
    await desk.bring_in(redirect(desk, "/old", "/only", said={"locale": "cy"}), page(desk, "/only"))
    assert await leads_to(desk, "/old", "/only", "cy", told="")
    assert (await get(desk, "/only", "cy", any_locale=True)).page.locale == "en"
    await desk.bring_in(redirect(desk, "/hen", "/dim", said={"locale": "cy"}), redirect(desk, "/an", "/cymraeg"))
    await desk.bring_in(page(desk, "/cymraeg", said={"locale": "cy"}))
    assert await leads_to(desk, "/hen", "/dim", "cy", told="cy")
    assert await leads_to(desk, "/an", "/cymraeg", "en", told="")
    assert (await refused(get(desk, "/only", "cy"))).reason == "PAGE_NOT_FOUND"
    await desk.bring_in(imported(f"{desk.root}/g", live_state=GONE, location=f"{desk.root}/a", said={"locale": "cy"}))
    gone = (await desk.page(f"{desk.root}/g", "cy")).gone
    assert (gone.alternative_path, gone.alternative_locale) == (f"{desk.root}/b", "cy")


async def test_redirects_of_several_documents_take_one_hop(desk: Desk) -> None:
    """Redirects to redirects, of whatever organisation and however they came to be, are told as one: for the moment, so that
    each goes where the next one goes by then. Query and fragment hold until one has its own."""
    (first,) = await desk.bring_in(page(desk, "/end"))
    parts = [
        redirect(desk, "/r1", "/r2?x=1#one"),
        redirect(desk, "/r3", "/end#three"),
        redirect(desk, "/r2", "/p/r3"),
        redirect(desk, "/p", "", keeps=True),
    ]
    assert {result.outcome for result in await desk.bring_in(*parts)} == {CREATED}
    assert await leads_to(desk, "/r1", "/end?x=1#three")
    assert await leads_to(desk, "/p/p/r3", "/end#three")
    other = await Desk.opened(desk.service)
    assert (await other.bring_in(redirect(desk, "/theirs", "/r1")))[0].outcome == CREATED
    assert await leads_to(desk, "/theirs", "/end?x=1#three")
    end = await desk.get(Document(id=first.document_id))
    await moved(desk, end, "/moved")
    for path, location in (("/theirs", "/moved?x=1#three"), ("/r3", "/moved#three"), ("/end", "/moved")):
        assert await leads_to(desk, path, location)
    await desk.bring_in(imported(f"{desk.root}/g", live_state=GONE, location=f"{desk.root}/r3?y"))
    assert (await desk.page(f"{desk.root}/g")).gone.alternative_path == f"{desk.root}/moved?y#three"
    await desk.bring_in(redirect(desk, "/away", "https://example.gov/x?q#f"), redirect(desk, "/to-away", "/away?z"))
    assert await leads_to(desk, "/to-away", "https://example.gov/x?q#f", told="")


async def test_an_export_brings_pages_before_redirects(desk: Desk) -> None:
    """A redirect that leads to a page below it is exported after the page, however old its document is."""
    parts = [redirect(desk, f"/{number}", f"/{number}/there", covers=True) for number in range(15)]
    pages = [page(desk, f"/{number}/there") for number in range(15)]
    early = [page(desk, f"/{number}", key=part.document.translation_key) for number, part in enumerate(parts)]
    results = await desk.bring_in(*early, *pages, *parts)
    assert {result.outcome for result in results} == {CREATED, UPDATED}
    request = ExportDocumentsRequest(organisation_id=desk.organisation_id)
    documents = [
        part.document
        async for part in desk.documents.ExportDocuments(request, metadata=desk.author.metadata)
        if part.HasField("document")
    ]
    assert [each.live_state == REDIRECTED for each in documents] == [False] * 15 + [True] * 15
    assert len({each.document.path for each in documents}) == 30


async def test_what_was_stored_without_a_language(desk: Desk) -> None:
    """A redirect that was published before redirects had a language leads on in its own."""
    await put_page(desk.service.database, f"{desk.root}/b", locale="en")
    await put_redirect(desk.service.database, f"{desk.root}/a", f"{desk.root}/b")
    assert await leads_to(desk, "/a", "/b")
    assert await leads_to(desk, "/a", "/b", "en")


async def test_a_chain_that_is_very_long(desk: Desk) -> None:
    """Who is at the end of what an answer follows goes on from there, and arrives."""
    chain = [f"/{number}" for number in range(26)]
    parts = [redirect(desk, here, there) for here, there in pairwise(chain)]
    await desk.bring_in(*parts, page(desk, chain[-1]))
    assert (await desk.page(desk.root + chain[-1])).HasField("page")
    assert await leads_to(desk, "/0", "/11")
    assert await leads_to(desk, "/11", "/22")
    assert await leads_to(desk, "/22", "/25")


async def test_what_covers_less_covers_less_where_it_was(desk: Desk) -> None:
    """A redirect that covers what is below it no more covers nothing below its former paths either, whether it moves with
    that, stays, or becomes a page; and one that keeps no end any more keeps none there."""
    keys = [str(uuid.uuid4()) for _ in range(3)]
    for at, key in enumerate(keys):
        for path in ("a", "b", "c"):
            await desk.bring_in(redirect(desk, f"/{at}/{path}", "/to", keeps=True, key=key))
        assert await leads_to(desk, f"/{at}/a/x", "/to/x")
    await desk.bring_in(
        redirect(desk, "/0/c", "/to", key=keys[0]),
        page(desk, "/1/c", key=keys[1]),
        redirect(desk, "/2/c", "/to", covers=True, key=keys[2]),
    )
    for at, end in enumerate(("/to", "/1/c", "/to")):
        for path in ("/a", "/b"):
            assert await leads_to(desk, f"/{at}{path}", end)
            if at == 2:
                assert await leads_to(desk, f"/2{path}/x", "/to")
            else:
                assert (await refused(desk.page(f"{desk.root}/{at}{path}/x"))).reason == "PAGE_NOT_FOUND"
    before = len(await desk.record())
    await desk.bring_in(redirect(desk, "/0/c", "/elsewhere", key=keys[0]))
    assert len(await desk.record()) == before + 1
