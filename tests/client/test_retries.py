"""Attempts, deadlines and idempotency keys."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import RetryInfo

from devstack.ports import free_port
from gazette.content.v1.content_service_pb2 import CreateDocumentRequest, GetDocumentRequest, PublishDocumentRequest
from gazette.content.v1.document_import_pb2 import ImportDocumentsRequest, ImportedDocument, ImportOptions
from gazette.content.v1.document_pb2 import Document
from gazette.delivery.v1.delivery_service_pb2 import GetPageRequest
from gazette.files.v1.file_service_pb2 import DownloadFileRequest
from gazette_client import AsyncClient, Client, Retry
from gazette_client.errors import DeadlineExceeded, GazetteError, Internal, ResourceExhausted, Unavailable, failure, typed
from tests.client.conftest import Clients
from tests.client.scripted import REFUSED, Server, serving
from tests.polling import until_so

DOCUMENT = GetDocumentRequest(id="1")
AWAY = failure(grpc.StatusCode.UNAVAILABLE, "UNAVAILABLE", "Away.")
BUSY = grpc.StatusCode.RESOURCE_EXHAUSTED
IMPORT = [
    ImportDocumentsRequest(options=ImportOptions(organisation_id="1")),
    ImportDocumentsRequest(document=ImportedDocument(source="a")),
]


def later(seconds: float) -> GazetteError:
    delay = Duration()
    delay.FromNanoseconds(int(seconds * 1e9))
    return failure(BUSY, "TOO_MANY_CALLS", "Later.", RetryInfo(retry_delay=delay))


async def test_a_safe_call_is_tried_again(clients: Clients, client: Any, scripted: Server) -> None:
    """UNAVAILABLE passes unnoticed where the contract says that a call has no side effects."""
    scripted.fails("GetDocument", AWAY, AWAY)

    answer = await clients.call(client.content.GetDocument, DOCUMENT)

    assert answer.document.id == "1"
    assert scripted.calls("GetDocument") == 3


async def test_an_unsafe_call_is_not(clients: Clients, client: Any, scripted: Server) -> None:
    """What may have been done is not done again unasked."""
    scripted.fails("PublishDocument", AWAY)

    with pytest.raises(Unavailable):
        await clients.call(client.content.PublishDocument, PublishDocumentRequest(id="1", etag="1"))

    assert scripted.calls("PublishDocument") == 1


async def test_a_call_that_a_stopping_server_dropped(clients: Clients, client: Any, scripted: Server) -> None:
    """A server that stops tells those who come too late that they were cancelled; a safe call is tried again."""
    dropped = typed(grpc.aio.AioRpcError(grpc.StatusCode.CANCELLED, grpc.aio.Metadata(), grpc.aio.Metadata(), "CANCELLED"))
    scripted.fails("GetDocument", dropped)
    scripted.fails("PublishDocument", dropped)

    assert (await clients.call(client.content.GetDocument, DOCUMENT)).document.id == "1"

    with pytest.raises(GazetteError, match="CANCELLED"):
        await clients.call(client.content.PublishDocument, PublishDocumentRequest(id="1", etag="1"))
    assert scripted.calls("PublishDocument") == 1


async def test_other_failures_are_answers(clients: Clients, client: Any, scripted: Server) -> None:
    """Only what passes by itself is worth another attempt."""
    scripted.fails("GetDocument", failure(grpc.StatusCode.INTERNAL, "INTERNAL", "Ours."))

    with pytest.raises(Internal):
        await clients.call(client.content.GetDocument, DOCUMENT)

    assert scripted.calls("GetDocument") == 1


async def test_attempts_are_bounded(clients: Clients, scripted: Server) -> None:
    """A service that stays away is told of after the attempts that were allowed."""
    scripted.fails("GetDocument", *[AWAY] * 9)
    async with clients.opened(retry=Retry(attempts=3, first_pause=0.01)) as client:
        with pytest.raises(Unavailable):
            await clients.call(client.content.GetDocument, DOCUMENT)

    assert scripted.calls("GetDocument") == 3


async def test_a_create_keeps_its_key(clients: Clients, client: Any, scripted: Server) -> None:
    """All attempts of one call carry one idempotency key; another call has another."""
    scripted.fails("CreateDocument", AWAY, AWAY)

    for _ in range(2):
        await clients.call(client.content.CreateDocument, CreateDocumentRequest(document=Document(title="Tides")))

    keys = [each["idempotency-key"] for each in scripted.metadata["CreateDocument"]]
    assert len(keys) == 4
    assert keys[0] == keys[1] == keys[2] != keys[3]


async def test_the_callers_own_key_is_kept(clients: Clients, client: Any, scripted: Server) -> None:
    """Who wants to repeat a create tomorrow brings a key of their own."""
    request = CreateDocumentRequest(document=Document(title="Tides"))

    await clients.call(client.content.CreateDocument, request, metadata=(("idempotency-key", "mine"),))

    assert scripted.metadata["CreateDocument"][0]["idempotency-key"] == "mine"


async def test_only_creates_carry_a_key(clients: Clients, client: Any, scripted: Server) -> None:
    """Methods whose contract does not speak of keys get none."""
    await clients.call(client.content.PublishDocument, PublishDocumentRequest(id="1", etag="1"))

    assert "idempotency-key" not in scripted.metadata["PublishDocument"][0]


async def test_the_server_says_when_to_come_back(clients: Clients, client: Any, scripted: Server) -> None:
    """RESOURCE_EXHAUSTED with RetryInfo is waited for, not for less than it says."""
    scripted.fails("GetDocument", later(0.6))
    started = time.monotonic()

    await clients.call(client.content.GetDocument, DOCUMENT)

    assert time.monotonic() - started >= 0.6


@pytest.mark.timed
async def test_a_wait_beyond_the_deadline_is_not_begun(clients: Clients, client: Any, scripted: Server) -> None:
    """Whoever could not be answered in time is told so at once, with the server's reason and delay."""
    scripted.fails("GetDocument", later(300))
    started = time.monotonic()

    with pytest.raises(ResourceExhausted) as caught:
        await clients.call(client.content.GetDocument, DOCUMENT)

    assert (caught.value.reason, caught.value.retry_after) == ("TOO_MANY_CALLS", 300.0)
    assert time.monotonic() - started < 1


async def test_a_quota_without_a_delay_is_an_answer(clients: Clients, client: Any, scripted: Server) -> None:
    """RESOURCE_EXHAUSTED that names no delay does not pass by waiting."""
    scripted.fails("GetDocument", failure(BUSY, "QUOTA", "No more today."))

    with pytest.raises(ResourceExhausted):
        await clients.call(client.content.GetDocument, DOCUMENT)

    assert scripted.calls("GetDocument") == 1


@pytest.mark.timed
async def test_every_call_has_a_deadline(clients: Clients, client: Any, scripted: Server) -> None:
    """Ten seconds unless the call or the client says otherwise, and the server knows of it."""
    await clients.call(client.delivery.GetPage, GetPageRequest())
    await clients.call(client.delivery.GetPage, GetPageRequest(), timeout=3)
    async with clients.opened(timeout=5) as hurried:
        await clients.call(hurried.delivery.GetPage, GetPageRequest())

    told = [seconds or 0 for seconds in scripted.deadlines["GetPage"]]
    assert told == pytest.approx([10, 3, 5], abs=0.5)


@pytest.mark.timed
async def test_attempts_share_the_deadline(clients: Clients, client: Any, scripted: Server) -> None:
    """A second attempt has what the first left over, and a call never takes longer than it may."""
    scripted.fails("GetDocument", 0.0, later(0.2), 5.0)
    await clients.call(client.content.GetDocument, DOCUMENT)
    started = time.monotonic()

    with pytest.raises(DeadlineExceeded):
        await clients.call(client.content.GetDocument, DOCUMENT, timeout=0.8)

    assert time.monotonic() - started < 1.5
    assert (scripted.deadlines["GetDocument"][-1] or 0) < 0.6


async def test_a_server_that_starts_late_is_waited_for(clients: Clients) -> None:
    """Nobody listens yet: within its deadline the call gets through as soon as somebody does."""
    clients.address = f"127.0.0.1:{free_port()}"
    async with clients.opened(retry=Retry()) as client:
        asked = asyncio.ensure_future(clients.call(client.delivery.GetPage, GetPageRequest(path="/tides")))
        await asyncio.sleep(0.5)
        async with serving(clients.address) as server:
            answer = await asked

    assert answer.page.path == "/tides"
    assert server.calls("GetPage") == 1


async def test_nobody_listens(clients: Clients) -> None:
    """A server that cannot be reached is Unavailable, without a reason, since no server gave one."""
    clients.address = f"127.0.0.1:{free_port()}"
    async with clients.opened(retry=Retry(attempts=2)) as client:
        with pytest.raises(Unavailable) as caught:
            await clients.call(client.delivery.GetPage, GetPageRequest())

    assert caught.value.reason == ""


async def test_a_stream_begins_again_until_its_first_answer(clients: Clients, client: Any, scripted: Server) -> None:
    """A download that fails before its first bytes is asked for again, without a deadline of its own."""
    scripted.fails("DownloadFile", AWAY)
    scripted.parts = [b"one", b"two"]

    answers = await clients.collect(client.files.DownloadFile, DownloadFileRequest(id="1"))

    assert [each.data for each in answers] == [b"one", b"two"]
    assert scripted.calls("DownloadFile") == 2
    assert (scripted.deadlines["DownloadFile"][0] or 1e9) > 3600


async def test_a_stream_that_breaks_says_so(clients: Clients, client: Any, scripted: Server) -> None:
    """What broke after the first answer is for the caller to judge."""
    scripted.parts = [b"one", AWAY]

    with pytest.raises(Unavailable):
        await clients.collect(client.files.DownloadFile, DownloadFileRequest(id="1"))

    assert scripted.calls("DownloadFile") == 1


async def test_an_empty_stream_is_no_failure(clients: Clients, client: Any, scripted: Server) -> None:
    """A stream may have no answers at all."""
    assert await clients.collect(client.files.DownloadFile, DownloadFileRequest(id="1")) == []


async def test_a_list_of_messages_is_sent_again(clients: Clients, client: Any, scripted: Server) -> None:
    """What can be iterated again can be repeated: after a refused token and while the service is away."""
    await clients.call(client.content.GetDocument, DOCUMENT)
    scripted.fails("ImportDocuments", REFUSED, AWAY)

    await clients.call(client.content.ImportDocuments, IMPORT)

    assert scripted.received == IMPORT
    assert (scripted.calls("ImportDocuments"), scripted.calls("RefreshToken")) == (3, 1)


async def test_an_iterator_is_sent_once(clients: Clients, client: Any, scripted: Server) -> None:
    """What has been consumed cannot be repeated, and the failure is told as any other."""
    scripted.fails("ImportDocuments", AWAY)

    with pytest.raises(Unavailable):
        await clients.call(client.content.ImportDocuments, iter(IMPORT))

    assert scripted.calls("ImportDocuments") == 1


async def test_messages_can_be_written_one_by_one(scripted: Server) -> None:
    """grpc.aio's way to write a stream works through the client, signed in."""
    async with AsyncClient(scripted.address, email="editor@example.gov", password="violet-harbour-lantern") as client:
        call = client.content.ImportDocuments()
        for message in IMPORT:
            await call.write(message)
        await call.done_writing()
        await call

    assert scripted.received == IMPORT


async def test_a_call_can_be_given_up(scripted: Server) -> None:
    """Cancelling a task cancels its call, and leaves the client as it was."""
    async with AsyncClient(scripted.address, email="editor@example.gov", password="violet-harbour-lantern") as client:
        may_go_on = asyncio.Event()
        scripted.fails("Login", may_go_on)
        asked = asyncio.ensure_future(client.content.GetDocument(DOCUMENT))
        await until_so(lambda: scripted.calls("Login"))
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        may_go_on.set()

        answer = await client.content.GetDocument(DOCUMENT)

    assert answer.document.id == "1"
    assert scripted.calls("Login") == 1


async def test_the_call_itself_can_be_had(scripted: Server) -> None:
    """with_call and future answer as gRPC's do."""

    def ask() -> tuple[str, grpc.StatusCode, str]:
        with Client(scripted.address, email="editor@example.gov", password="violet-harbour-lantern") as client:
            answer, call = client.content.GetDocument.with_call(DOCUMENT)
            return answer.document.id, call.code(), client.content.GetDocument.future(DOCUMENT).result().document.id

    assert await asyncio.to_thread(ask) == ("1", grpc.StatusCode.OK, "1")


def test_pauses_grow_and_differ() -> None:
    """Each pause is up to twice the one before, up to the longest, and half of it is chance."""
    retry = Retry(attempts=10, first_pause=1, longest_pause=4)

    pauses = [[retry.pause(AWAY, attempt) or 0 for _ in range(50)] for attempt in (1, 2, 3, 9)]

    assert all(longest / 2 <= pause <= longest for longest, given in zip((1, 2, 4, 4), pauses, strict=True) for pause in given)
    assert len(set(pauses[0])) > 40
    assert retry.pause(AWAY, 10) is None
