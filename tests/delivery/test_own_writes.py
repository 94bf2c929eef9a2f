"""Reads that must not be older than what their caller has just published, at a process that has not heard of it (I7)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
import pytest_asyncio

from gazette.content.v1 import content_service_pb2 as content
from gazette.content.v1.document_import_pb2 import ImportDocumentsRequest, ImportedDocument, ImportOptions
from gazette.content.v1.document_pb2 import Document, LiveState
from gazette.delivery.v1.delivery_service_pb2 import GetPageRequest, GetPageResponse, ListPagesRequest
from gazette.record.v1.record_service_pb2 import ListRecordEntriesRequest
from server.delivery import horizon as horizons
from server.record.minimum import GREATEST, HEADER
from server.stores.postgres import DatabaseUnavailable
from tests.content.desk import Desk, imported
from tests.delivery.workers import Other, another
from tests.polling import until_so
from tests.refusals import Refusal, refused
from tests.service import Service

pytestmark = pytest.mark.timed  # what is held meanwhile is held for a time


@pytest_asyncio.fixture
async def desk(service: Service) -> Desk:
    return await Desk.opened(service)


@pytest_asyncio.fixture(scope="module")
async def other(shared_service: Service) -> AsyncIterator[Other]:
    async with another(shared_service) as process:
        yield process


async def publish(desk: Desk, document: Document) -> tuple[Document, int]:
    """The draft, taken through review; the document, and the record's number that publication answered."""
    document = await desk.approve(await desk.submit(document))
    request = content.PublishDocumentRequest(id=document.id, etag=document.etag, change_note="Changed.")
    answer = await desk.documents.PublishDocument(request, metadata=desk.publisher.metadata)
    return answer.document, answer.record_number


async def bring_in(desk: Desk, *parts: ImportedDocument) -> Any:
    """The whole answer of an import."""
    options = ImportDocumentsRequest(options=ImportOptions(organisation_id=desk.organisation_id))
    requests = [options, *(ImportDocumentsRequest(document=part) for part in parts)]
    return await desk.documents.ImportDocuments(iter(requests), metadata=desk.admin.metadata)


async def title(other: Other, path: str, number: int = 0, said: str = "") -> str:
    """What the page is called, or its location, or why there is none; asked by the field, or by what is `said` as metadata."""
    try:
        answer: GetPageResponse = await other.delivery.GetPage(
            GetPageRequest(path=path, locale="en", min_record_number=number), metadata=((HEADER, said),) if said else None
        )
    except grpc.aio.AioRpcError as error:
        return error.code().name
    return answer.page.title or answer.redirect.location or answer.gone.explanation


async def titles(other: Other, desk: Desk, number: int = 0) -> list[str]:
    request = ListPagesRequest(organisation_id=desk.organisation_id, min_record_number=number)
    return [page.title for page in (await other.delivery.ListPages(request)).pages]


async def test_a_page(desk: Desk, other: Other) -> None:
    """A process that has not heard of a publication serves the older page, and the newer one to whoever names its number, by
    field or by metadata, of which the greater counts."""
    document, _ = await publish(desk, await desk.create(title="Before"))
    assert await title(other, document.path) == "Before"
    with other.held_back():
        document, number = await publish(desk, await desk.update(document, title="After"))
        assert number == document.live.record_number
        assert await title(other, document.path) == "Before"
        assert await title(other, document.path, number) == "After"
        _, number = await publish(desk, await desk.update(document, title="Later"))
        assert await title(other, document.path) == "After"
        assert await title(other, document.path, 1, str(number)) == "Later"


async def test_what_was_absent(desk: Desk, other: Other) -> None:
    """A path that is held as absent serves what was published there, or where a redirect leads that covers it from above."""
    await publish(desk, await desk.create())
    draft = await desk.create(title="New")
    below = f"{desk.root}/moved/below"
    assert [await title(other, path) for path in (draft.path, below)] == ["NOT_FOUND"] * 2
    with other.held_back():
        _, number = await publish(desk, draft)
        assert await title(other, draft.path) == "NOT_FOUND"
        assert await title(other, draft.path, number) == "New"
        redirect = imported(
            f"{desk.root}/moved",
            live_state=LiveState.LIVE_STATE_REDIRECTED,
            location="/elsewhere",
            covers_prefix=True,
            preserves_suffix=True,
        )
        answer = await bring_in(desk, redirect)
        assert await title(other, below) == "NOT_FOUND"
        assert await title(other, below, answer.record_number) == "/elsewhere/below"


async def test_a_move(desk: Desk, other: Other) -> None:
    """The number that a publication answers is that of the last entry it made: with it, the redirect is seen that a move
    leaves."""
    document, _ = await publish(desk, await desk.create(title="Here"))
    path = document.path
    assert await title(other, path) == "Here"
    with other.held_back():
        document, number = await publish(desk, await desk.update(document, path=f"{path}-moved"))
        assert number == document.live.record_number + 1
        assert await title(other, path) == "Here"
        assert await title(other, path, number) == document.path


async def test_lists(desk: Desk, other: Other) -> None:
    """A list that is held without the newest publication is read anew for whoever names its number, which is no part of the
    query: a page token goes on with another one. An import answers the last number of all it brought in, and each one's own."""
    await publish(desk, await desk.create(title="A"))
    assert await until_listed(other, desk, ["A"])
    with other.held_back():
        _, number = await publish(desk, await desk.create(title="B"))
        assert await titles(other, desk) == ["A"]
        assert await titles(other, desk, number) == ["B", "A"]
        parts = [imported(f"{desk.root}/{name}", said={"title": name}) for name in "CD"]
        answer = await bring_in(desk, *parts)
        assert [result.record_number for result in answer.results] == [number + 1, number + 2]
        assert answer.record_number == number + 2
        assert (await bring_in(desk, *parts)).record_number == 0
        assert await titles(other, desk) == ["B", "A"]
        request = ListPagesRequest(organisation_id=desk.organisation_id, page_size=3, min_record_number=number + 2)
        answer = await other.delivery.ListPages(request)
        assert [page.title for page in answer.pages] == ["D", "C", "B"]
        request.page_token, request.min_record_number = answer.next_page_token, 0
        assert [page.title for page in (await other.delivery.ListPages(request)).pages] == ["A"]


async def until_listed(other: Other, desk: Desk, wanted: list[str]) -> bool:
    async with asyncio.timeout(10):
        while await titles(other, desk) != wanted:
            await asyncio.sleep(0.01)
    return True


async def test_a_notice_is_waited_for(desk: Desk, other: Other, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the notice comes in time, nothing is read for it; a number that is known already is not waited for."""
    monkeypatch.setattr(horizons, "PATIENCE", 60)
    looked = other.horizon.looked
    with other.held_back():
        document, number = await publish(desk, await desk.create(title="New"))
        reading = asyncio.create_task(title(other, document.path, number))
        await until_so(lambda: other.horizon.waiting)
    assert await reading == "New"
    assert other.horizon.looked == looked
    assert await title(other, document.path, number) == "New"
    assert not other.horizon.waiting


async def test_numbers_that_the_record_does_not_have(desk: Desk, other: Other, monkeypatch: pytest.MonkeyPatch) -> None:
    """A number beyond the record's end is refused with where it ends, at once or after a moment; a hundred reads that name one
    share a few looks at the record, and honest reads go on."""
    document, number = await publish(desk, await desk.create(title="There"))
    looks = 0
    read_missed = other.horizon.read_missed

    async def counted() -> None:
        nonlocal looks
        looks += 1
        await read_missed()

    monkeypatch.setattr(other.horizon, "read_missed", counted)
    far = [number + 1, *[GREATEST] * 99]
    refusals = await asyncio.gather(*(refused_page(other, document.path, each) for each in far), title(other, document.path))
    assert refusals.pop() == "There"
    for each in refusals:
        assert isinstance(each, Refusal)
        assert (each.code, each.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "RECORD_NOT_REACHED")
        assert each.info.metadata["head"] == str(number)
    assert 0 < looks < 20
    listed = await refused(other.delivery.ListPages(ListPagesRequest(min_record_number=GREATEST)))
    entries = await refused(other.record.ListRecordEntries(ListRecordEntriesRequest(min_record_number=number + 1)))
    assert (listed.reason, entries.reason) == ("RECORD_NOT_REACHED", "RECORD_NOT_REACHED")
    answer = await other.record.ListRecordEntries(ListRecordEntriesRequest(after_number=number - 1, min_record_number=number))
    assert [entry.body.number for entry in answer.entries] == [number]


async def refused_page(other: Other, path: str, number: int) -> Refusal:
    return await refused(other.delivery.GetPage(GetPageRequest(path=path, locale="en", min_record_number=number)))


async def test_more_than_may_wait(desk: Desk, other: Other, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of reads that are ahead so many wait at a time; the next is told to come back, and all others are answered."""
    monkeypatch.setattr(horizons, "PATIENCE", 60)
    monkeypatch.setattr(horizons, "MAX_WAITING", 1)
    document, number = await publish(desk, await desk.create(title="There"))
    assert await title(other, document.path, number) == "There"
    waiting = asyncio.create_task(title(other, document.path, number + 1))
    await until_so(lambda: other.horizon.waiting)
    refusal = await refused_page(other, document.path, number + 1)
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_CALLS")
    assert await title(other, document.path, number) == "There"
    await publish(desk, await desk.create())
    assert await waiting == "There"


async def test_while_the_record_cannot_be_read(desk: Desk, other: Other, monkeypatch: pytest.MonkeyPatch) -> None:
    """While PostgreSQL is away, a number that the process has not heard of is UNAVAILABLE; what it has heard of is served."""
    document, number = await publish(desk, await desk.create(title="Held"))
    assert await title(other, document.path, number) == "Held"

    async def away() -> None:
        raise DatabaseUnavailable

    monkeypatch.setattr(other.horizon, "read_missed", away)
    refusal = await refused_page(other, document.path, number + 1)
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.UNAVAILABLE, "DATABASE_UNAVAILABLE")
    assert await title(other, document.path, number) == "Held"


@pytest.mark.parametrize("said", ["-1", "1.5", "1e3", "0x1", "seven", "1,2", str(GREATEST + 1), "9" * 30])
async def test_what_is_no_number(service: Service, said: str) -> None:
    """Metadata that is no number of a record is refused by its name, whichever method reads it; 0 asks for nothing."""
    here = Other(service.app, service.channel)
    for call in (
        here.delivery.GetPage(GetPageRequest(), metadata=((HEADER, said),)),
        here.delivery.ListPages(ListPagesRequest(), metadata=((HEADER, said),)),
        here.record.ListRecordEntries(ListRecordEntriesRequest(), metadata=((HEADER, said),)),
    ):
        refusal = await refused(call)
        assert (refusal.code, list(refusal.fields)) == (grpc.StatusCode.INVALID_ARGUMENT, [HEADER])
    await here.delivery.ListPages(ListPagesRequest(), metadata=((HEADER, "0"),))


async def test_a_number_below_zero(service: Service) -> None:
    """A field below zero is refused by its name."""
    here = Other(service.app, service.channel)
    for call in (
        here.delivery.GetPage(GetPageRequest(min_record_number=-1)),
        here.delivery.ListPages(ListPagesRequest(min_record_number=-1)),
        here.record.ListRecordEntries(ListRecordEntriesRequest(min_record_number=-1)),
    ):
        refusal = await refused(call)
        assert (refusal.code, list(refusal.fields)) == (grpc.StatusCode.INVALID_ARGUMENT, ["min_record_number"])
