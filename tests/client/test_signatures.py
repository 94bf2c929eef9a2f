"""What a call is refused for before anything is sent: another type than the method takes, or what is no field of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gazette_client import AsyncClient
from gazette_client.messages import (
    FileUpload,
    GetDocumentRequest,
    GetPageRequest,
    ImportDocumentsRequest,
    ListPagesRequest,
    UploadFileRequest,
)
from tests.client.conftest import Clients
from tests.client.scripted import Server

MISTAKES: list[tuple[Callable[[Any], Any], str]] = [
    (
        lambda client: client.delivery.GetPage({"path": "/x"}),
        "GetPage takes a GetPageRequest, not a dict: write GetPageRequest(path=…)",
    ),
    (
        lambda client: client.delivery.GetPage({"pathh": "/x"}),
        "GetPage takes a GetPageRequest, not a dict: GetPageRequest has no field pathh; did you mean path?",
    ),
    (
        lambda client: client.delivery.GetPage(path="/x", locale="en"),
        "GetPage takes a GetPageRequest, not its fields: write GetPage(GetPageRequest(path=…, locale=…))",
    ),
    (lambda client: client.delivery.GetPage(path=7), "GetPage takes a GetPageRequest, not its fields: path: cannot be an int"),
    (lambda client: client.delivery.GetPage(), "GetPage takes a GetPageRequest, and was given none"),
    (lambda client: client.delivery.GetPage("/x"), "GetPage takes a GetPageRequest, not a str"),
    (lambda client: client.delivery.GetPage(ListPagesRequest()), "GetPage takes a GetPageRequest, not a ListPagesRequest"),
    (
        lambda client: client.delivery.GetPage(GetPageRequest(), timeot=3),
        "GetPage has no option timeot; there are: compression, credentials, metadata, timeout, wait_for_ready",
    ),
    (
        lambda client: client.content.CreateDocument({"document": {"titel": "Tides"}}),
        (
            "CreateDocument takes a CreateDocumentRequest, not a dict: Document has no field document.titel; "
            "did you mean document.title?"
        ),
    ),
    (
        lambda client: client.content.CreateDocument({"document": {"title": 7}}),
        "CreateDocument takes a CreateDocumentRequest, not a dict: document.title: cannot be an int",
    ),
    (
        lambda client: client.files.UploadFile(UploadFileRequest()),
        "UploadFile takes a list or another iterable of UploadFileRequest, not an UploadFileRequest",
    ),
    (
        lambda client: client.files.UploadFile([UploadFileRequest(), {"chunk": 7}]),
        "UploadFile: request 1 is to be an UploadFileRequest, not a dict: chunk: cannot be an int",
    ),
]


@pytest.mark.parametrize(("call", "said"), MISTAKES, ids=[said[:60] for _, said in MISTAKES])
async def test_a_wrong_request_is_a_type_error(client: Any, scripted: Server, call: Callable[[Any], Any], said: str) -> None:
    """It comes where the call stands, names what is wrong, and shows how to write it; nothing is sent."""
    with pytest.raises(TypeError) as caught:
        call(client)

    assert str(caught.value) == said
    assert not scripted.metadata


async def test_values_stay_out_of_errors(client: Any) -> None:
    """What was given may be a secret, and is not repeated."""
    with pytest.raises(TypeError) as caught:
        client.auth.Login({"email": "a@example.gov", "password": "violet-harbour"})

    assert "violet-harbour" not in str(caught.value)


async def test_a_call_without_stream_is_refused_or_written_to(clients: Clients, client: Any) -> None:
    """The synchronous client wants its requests; that of asyncio may have them written one by one."""
    if clients.kind is AsyncClient:
        call = client.files.UploadFile()
        await call.write(UploadFileRequest(upload=FileUpload(name="a.png", size_bytes=1)))
        await call.write(UploadFileRequest(chunk=b"a"))
        await call.done_writing()
        assert (await call).file.name == "a.png"
    else:
        with pytest.raises(TypeError, match="was given none"):
            client.files.UploadFile()


async def test_what_is_written_is_looked_at(clients: Clients, client: Any, scripted: Server) -> None:
    """A wrong message that is written to a call is refused there and then; the call goes on."""
    if clients.kind is AsyncClient:
        call = client.content.ImportDocuments()
        await call.write(ImportDocumentsRequest())
        with pytest.raises(TypeError, match="request 1 is to be an ImportDocumentsRequest, not a GetDocumentRequest"):
            await call.write(GetDocumentRequest())
        await call.done_writing()
        await call
        assert scripted.received == [ImportDocumentsRequest()]


class Lost(Exception):
    """What a caller's own iterator fails with."""


async def test_an_iterator_is_looked_at_as_it_is_drawn(clients: Clients, client: Any) -> None:
    """A wrong element ends the call with a TypeError; what the iterator itself raises arrives as it is."""

    def wrong() -> Iterator[Any]:
        yield ImportDocumentsRequest()
        yield {"document": {}}

    def failing() -> Iterator[Any]:
        yield ImportDocumentsRequest()
        raise Lost

    async def failing_later() -> AsyncIterator[Any]:
        yield ImportDocumentsRequest()
        await asyncio.sleep(0)
        raise Lost

    with pytest.raises(TypeError, match=r"^ImportDocuments: request 1 is to be an ImportDocumentsRequest, not a dict$"):
        await clients.call(client.content.ImportDocuments, wrong())
    with pytest.raises(Lost):
        await clients.call(client.content.ImportDocuments, failing_later() if clients.kind is AsyncClient else failing())


async def test_what_can_be_sent_again_is_looked_at_too(clients: Clients, client: Any, scripted: Server) -> None:
    """An iterable that is no list, and can be repeated, is not repeated because of its own mistakes."""

    class Requests:
        def __iter__(self) -> Iterator[Any]:
            yield ImportDocumentsRequest()
            yield GetDocumentRequest()

    with pytest.raises(TypeError, match="request 1 is to be an ImportDocumentsRequest, not a GetDocumentRequest"):
        await clients.call(client.content.ImportDocuments, Requests())

    assert scripted.calls("ImportDocuments") <= 1


async def test_a_cancelled_call_is_no_mistake(clients: Clients, client: Any, scripted: Server, tmp_path: Path) -> None:
    """Who cancels a stream of requests is told so, and nothing else."""
    if clients.kind is not AsyncClient:
        return
    held = asyncio.Event()
    scripted.fails("ImportDocuments", held)
    call = asyncio.ensure_future(client.content.ImportDocuments([ImportDocumentsRequest()]))
    await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    held.set()
