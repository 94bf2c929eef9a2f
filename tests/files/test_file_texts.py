"""What files say: found when they are examined, and for those who may have them."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import grpc
import httpx
import pytest_asyncio

from gazette.auth.v1.account_pb2 import Role
from gazette.files.v1.file_pb2 import DocumentFacts
from gazette.files.v1.file_service_pb2_grpc import FileServiceStub
from gazette.files.v1.serving_pb2 import GetFileTextRequest, GetFileTextResponse
from server.formats.types import PARSED
from tests.content.desk import Desk
from tests.content.taking import remove
from tests.edge import Edge
from tests.files.uploading import PNG, blobs, send, upload_of
from tests.formats import packages, pdfs
from tests.refusals import refused
from tests.servers import Servers
from tests.service import Person, Service, running

SAYING = pdfs.saying("Moorings", "Tides")
MOORINGS = DocumentFacts(page_count=7, title="Moorings", language="cy")


@pytest_asyncio.fixture
async def liberal(servers: Servers, template: str, tmp_path: Path) -> AsyncIterator[Service]:
    """A server that takes every type that there is a parser for."""
    async with running(servers, template, tmp_path, ALLOWED_FILE_TYPES=",".join(sorted(PARSED))) as service:
        yield service


@pytest_asyncio.fixture
async def desk(service: Service) -> Desk:
    return await Desk.opened(service)


async def text_of(service: Service, id: str, by: Person | None = None) -> GetFileTextResponse:
    stub = FileServiceStub(service.channel)
    answer = await stub.GetFileText(GetFileTextRequest(id=id), metadata=by.metadata if by else ())
    assert isinstance(answer, GetFileTextResponse)
    return answer


async def test_what_files_say(liberal: Service) -> None:
    """Documents and texts say it, with what is known of them; an image and an archive say nothing. The same bytes say the same
    whoever has them, and are stored once."""
    organisation_id = await liberal.organisation()
    author = await liberal.account(role=Role.ROLE_AUTHOR, organisation_id=organisation_id)
    for name, content, known, said in (
        ("a.pdf", SAYING, DocumentFacts(page_count=2), "Moorings\fTides"),
        (
            "a.docx",
            packages.DOCX_WITH_FACTS,
            DocumentFacts(page_count=7, title="Moorings", language="cy"),
            "Moorings\t2026\nThe pier",
        ),
        ("a.csv", b"a,b\r\n", None, "a,b\n"),
        ("a.png", PNG, None, ""),
        ("a.zip", packages.DATA, None, ""),
        ("again.pdf", SAYING, DocumentFacts(page_count=2), "Moorings\fTides"),
    ):
        file = (await send(liberal, author, upload_of(organisation_id, content, name), content)).file
        assert (name, file.document) == (name, known or DocumentFacts())
        answer = await text_of(liberal, file.id, author)
        assert (name, answer.text, answer.is_truncated) == (name, said, False)
    assert len(blobs(liberal)) == 5


async def test_who_may_know_what_a_file_says(desk: Desk) -> None:
    """Who may have the file: its organisation, and everybody while a page has it. Others learn not even that there is one."""
    file = (await send(desk.service, desk.author, upload_of(desk.organisation_id, SAYING, "a.pdf"), SAYING)).file
    stranger = await desk.service.account(role=Role.ROLE_AUTHOR, organisation_id=await desk.service.organisation())
    for somebody in (None, stranger):
        refusal = await refused(text_of(desk.service, file.id, somebody))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "FILE_NOT_FOUND")
    assert (await text_of(desk.service, file.id, desk.author)).text == "Moorings\fTides"
    document = await desk.published(attachments=[file.id])
    assert (await text_of(desk.service, file.id)).text == "Moorings\fTides"
    await remove(desk, document)
    assert (await refused(text_of(desk.service, file.id))).reason == "FILE_NOT_FOUND"
    assert (await refused(text_of(desk.service, str(uuid.uuid4()), desk.author))).reason == "FILE_NOT_FOUND"


def test_over_http(edge: Edge, author: httpx.Client, organisation_id: str) -> None:
    """As JSON, which is asked for again by its ETag; nobody keeps what is not public."""
    query = {"organisationId": organisation_id, "name": "a.pdf"}
    file = author.post("/v1/files:upload", params=query, content=SAYING).raise_for_status().json()["file"]
    assert file["document"] == {"pageCount": 2, "title": "", "language": "", "isTagged": False}
    answer = author.get(f"/v1/files/{file['id']}/text").raise_for_status()
    assert answer.json() == {"text": "Moorings\fTides", "isTruncated": False}
    assert answer.headers["cache-control"] == "private, no-store"
    again = author.get(f"/v1/files/{file['id']}/text", headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    with closing(edge.client()) as anybody:
        assert anybody.get(f"/v1/files/{file['id']}/text").status_code == 404
