"""What a type checker knows of the clients. It is checked, not run: with all others by `make lint`, and by `make test-web`
where nothing but the client is installed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import assert_type

from gazette_client import AsyncClient, Client, errors
from gazette_client.messages import (
    Account,
    BatchPublishDocumentsResponse,
    ContentType,
    CreateDocumentRequest,
    CreateDocumentResponse,
    Document,
    DocumentView,
    DownloadFileRequest,
    File,
    GetPageRequest,
    GetPageResponse,
    HttpBody,
    ImportDocumentsRequest,
    ImportDocumentsResponse,
    ListDocumentsRequest,
    Organisation,
    PageSummary,
    RecordEntry,
    Status,
    Timestamp,
)


def synchronous(client: Client) -> None:
    """Calls, streams, lists and transfers of the synchronous client."""
    answer = client.delivery.GetPage(GetPageRequest(path="/"), timeout=3)
    assert_type(answer, GetPageResponse)
    assert_type(answer.page.publish_time, Timestamp)
    assert_type(client.content.CreateDocument(CreateDocumentRequest()).document, Document)
    assert_type(client.content.ImportDocuments(iter([ImportDocumentsRequest()])), ImportDocumentsResponse)
    for part in client.files.DownloadFile(DownloadFileRequest(id="1")):
        assert_type(part, HttpBody)
    assert_type(client.documents(view=DocumentView.DOCUMENT_VIEW_FULL), Iterator[Document])
    assert_type(client.documents(updated_since_time=datetime.now(UTC)), Iterator[Document])
    assert_type(client.accounts(page_size=3), Iterator[Account])
    assert_type(client.organisations(), Iterator[Organisation])
    assert_type(client.content_types(), Iterator[ContentType])
    assert_type(client.pages(), Iterator[PageSummary])
    assert_type(client.record_entries(after_number=3), Iterator[RecordEntry])
    assert_type(client.upload("picture.png", "1"), File)
    assert_type(client.replace("1", b"bytes", way="resumable"), File)
    assert_type(client.wait_until_ready("1"), File)
    assert_type(client.files(name="tides"), Iterator[File])


async def asynchronous(client: AsyncClient) -> None:
    """The same for asyncio."""
    answer = await client.delivery.GetPage(GetPageRequest(path="/"), timeout=3)
    assert_type(answer, GetPageResponse)
    assert_type(await client.content.CreateDocument(CreateDocumentRequest()), CreateDocumentResponse)
    assert_type(await client.content.ImportDocuments(iter([ImportDocumentsRequest()])), ImportDocumentsResponse)
    async for part in client.files.DownloadFile(DownloadFileRequest(id="1")):
        assert_type(part, HttpBody)
    assert_type(client.documents(content_type="guide"), AsyncIterator[Document])
    assert_type(client.accounts(), AsyncIterator[Account])
    assert_type(client.organisations(), AsyncIterator[Organisation])
    assert_type([each.title async for each in client.content_types()], list[str])
    assert_type(await client.upload("picture.png", "1"), File)
    assert_type(await client.replace("1", b"bytes", way="resumable"), File)
    assert_type(client.files(name="tides"), AsyncIterator[File])


def details(error: errors.GazetteError, answer: BatchPublishDocumentsResponse) -> None:
    """What others have made and the client hands on."""
    assert_type(error.field_violations, tuple[errors.FieldViolation, ...])
    assert_type(error.retry_after, float | None)
    assert_type(answer.results[0].error, Status)


def given() -> None:
    """What messages are made with: a time takes a moment, details take a dict."""
    assert_type(ListDocumentsRequest(updated_since_time=datetime.now(UTC)), ListDocumentsRequest)
    assert_type(Document(details={"harbour": {"depth": 3}}), Document)
