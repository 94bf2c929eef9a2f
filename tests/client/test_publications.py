"""After a publication of its own a client reads nothing public that is older (I7)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
import pytest_asyncio
from google.rpc.error_details_pb2 import ErrorInfo

from gazette.content.v1 import content_service_pb2
from gazette.content.v1.content_service_pb2 import BatchPublishDocumentsResponse, GetDocumentRequest, PublishDocumentRequest
from gazette.content.v1.document_import_pb2 import ImportDocumentsRequest, ImportOptions
from gazette.delivery.v1.delivery_service_pb2 import GetPageRequest
from gazette_client.errors import DOMAIN, DeadlineExceeded, FailedPrecondition, failure
from gazette_client.publications import HEADER, PUBLISHES, Publications
from tests.client.conftest import Clients
from tests.client.scripted import Server

IMPORT = [ImportDocumentsRequest(options=ImportOptions(organisation_id="1"))]
PUBLISH, PAGE = PublishDocumentRequest(id="1", etag="1"), GetPageRequest(path="/a")
NOT_REACHED = failure(grpc.StatusCode.FAILED_PRECONDITION, "RECORD_NOT_REACHED", "The record ends at 3.")


@pytest_asyncio.fixture
async def client(clients: Clients) -> AsyncIterator[Any]:
    async with clients.opened() as opened:
        yield opened


def asked(scripted: Server, method: str = "GetPage") -> list[str | None]:
    """What the calls of the method had to be no older than."""
    return [metadata.get(HEADER) for metadata in scripted.metadata[method]]


async def test_a_publication_is_remembered(clients: Clients, client: Any, scripted: Server) -> None:
    """Each read of what is public names the greatest number that the client's publications were answered; nothing else does,
    nor the reads before, nor another client's. A number that the caller gives stands."""
    await clients.call(client.delivery.GetPage, PAGE)
    for scripted.record_number in (7, 5):
        await clients.call(client.content.PublishDocument, PUBLISH)
    await clients.call(client.delivery.GetPage, PAGE)
    await clients.call(client.content.GetDocument, GetDocumentRequest(id="1"))
    await clients.call(client.delivery.GetPage, PAGE, metadata=((HEADER, "3"),))
    async with clients.opened() as another:
        await clients.call(another.delivery.GetPage, PAGE)
    assert client.record_number == 7
    assert asked(scripted) == [None, "7", "3", None]
    assert asked(scripted, "GetDocument") == [None]


@pytest.mark.parametrize("can_repeat", [True, False], ids=["a list", "a generator"])
async def test_an_import_is_remembered(clients: Clients, client: Any, scripted: Server, can_repeat: bool) -> None:
    """An import counts as a publication, be it a list of messages or a stream; and so does one that was broken off, as far as
    it came."""
    if not can_repeat:  # such a call signs in beforehand
        await clients.call(client.content.GetDocument, GetDocumentRequest(id="1"))
    scripted.record_number = 8
    await clients.call(client.content.ImportDocuments, IMPORT if can_repeat else iter(IMPORT))
    assert client.record_number == 8
    info = ErrorInfo(reason="DEADLINE_EXCEEDED", domain=DOMAIN, metadata={"record_number": "9"})
    scripted.fails("ImportDocuments", failure(grpc.StatusCode.DEADLINE_EXCEEDED, info.reason, "Too long.", info))
    with pytest.raises(DeadlineExceeded):
        await clients.call(client.content.ImportDocuments, IMPORT if can_repeat else iter(IMPORT))
    await clients.call(client.delivery.GetPage, PAGE)
    assert asked(scripted) == ["9"]


def test_every_change_of_what_is_public_is_remembered() -> None:
    """Whatever the contract answers with the last entry that was made counts as a publication, and nothing else does."""
    service = content_service_pb2.DESCRIPTOR.services_by_name["ContentService"]
    answers = {method.output_type for method in service.methods if "record_number" in method.output_type.fields_by_name}
    assert {each.DESCRIPTOR for each in PUBLISHES} == answers
    publications = Publications()
    for number, kind in enumerate(PUBLISHES, start=1):
        publications.learn(kind(record_number=number))
        assert publications.record_number == number


def test_a_batch_is_remembered() -> None:
    """Of several documents that one call publishes the last entry counts; those that were refused have none."""
    publications = Publications()
    batch = BatchPublishDocumentsResponse()
    for number in (4, 6, 5):
        batch.results.add().response.record_number = number
    batch.results.add().error.code = 10
    publications.learn(batch)
    assert publications.record_number == 6
    publications.learn(BatchPublishDocumentsResponse())
    assert publications.record_number == 6


async def test_a_record_that_was_set_back(clients: Clients, client: Any, scripted: Server) -> None:
    """Where the record does not reach so far any more, the client forgets the number, and reads without; what the caller asked
    for is refused."""
    scripted.record_number = 7
    await clients.call(client.content.PublishDocument, PUBLISH)
    scripted.fails("GetPage", NOT_REACHED)
    answer = await clients.call(client.delivery.GetPage, PAGE)
    assert answer.page.path == "/a"
    assert client.record_number == 0
    assert asked(scripted) == ["7", None]
    scripted.fails("GetPage", NOT_REACHED)
    with pytest.raises(FailedPrecondition):
        await clients.call(client.delivery.GetPage, PAGE, metadata=((HEADER, "7"),))
