"""A file is what all of it says: its structure is parsed before it is taken, and what is something else is refused."""

from __future__ import annotations

import asyncio
import re
import resource
import sys
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import grpc
import httpx
import pytest
import pytest_asyncio

from gazette.auth.v1.account_pb2 import Role
from server.files.examining import examination
from server.files.uploads.uploads import Uploads
from server.formats import parsing
from server.formats.types import PARSED
from tests.edge import Edge
from tests.files.uploading import assert_nothing_left, assert_only_rejected, blobs, send, upload_of
from tests.formats.samples import HUGE, JPEG, MALFORMED, PDF, PNG, SOUND, png
from tests.refusals import http_reason, refused
from tests.servers import Servers
from tests.service import Person, Service, running


@pytest_asyncio.fixture
async def liberal(servers: Servers, template: str, tmp_path: Path) -> AsyncIterator[Service]:
    """A server that takes every type that there is a parser for."""
    async with running(servers, template, tmp_path, ALLOWED_FILE_TYPES=",".join(sorted(PARSED))) as service:
        yield service


async def somebody(service: Service) -> tuple[str, Person]:
    organisation_id = await service.organisation()
    return organisation_id, await service.account(role=Role.ROLE_AUTHOR, organisation_id=organisation_id)


async def test_what_is_something_else_is_refused(liberal: Service) -> None:
    """Each with its field and its reason, which stay while its bytes go (F2, F3). What is sound beside them is taken, and
    found to be what it is."""
    organisation_id, author = await somebody(liberal)

    async def attempt(name: str, content: bytes, said: str) -> None:
        refusal = await refused(send(liberal, author, upload_of(organisation_id, content, name), content))
        assert (name, refusal.code) == (name, grpc.StatusCode.INVALID_ARGUMENT)
        if said == "FILE_TYPE_NOT_ALLOWED":
            assert (name, refusal.reason) == (name, said)
            return
        assert (name, refusal.reason, list(refusal.fields)) == (name, "FILE_MALFORMED", ["chunk"])
        assert re.search(said, refusal.fields["chunk"]), (name, refusal.fields)

    for start in range(0, len(MALFORMED), 8):
        await asyncio.gather(*(attempt(*each) for each in MALFORMED[start : start + 8]))
    await assert_only_rejected(liberal)

    stored = set()
    for content_type, name, content in SOUND:
        file = (await send(liberal, author, upload_of(organisation_id, content, name), content)).file
        assert (name, file.content_type) == (name, content_type)
        stored.add(file.sha256)  # two photographs are the same one without their metadata
    assert {blob.name for blob in blobs(liberal)} == stored
    assert len(stored) == len(SOUND) - 1


async def test_what_costs_too_much_is_refused(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the time that it takes (F3); what comes next is taken."""
    organisation_id, author = await somebody(service)
    monkeypatch.setattr(parsing, "SECONDS", 0.01)
    large = png(4000, 4000, bytes(4000 * (3 * 4000 + 1)))  # a tenth of a second at the least
    refusal = await refused(send(service, author, upload_of(organisation_id, large), large))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "FILE_TOO_COSTLY")
    assert list(refusal.fields) == ["chunk"]
    await assert_only_rejected(service)

    monkeypatch.undo()
    assert (await send(service, author, upload_of(organisation_id, PNG), PNG)).file.content_type == "image/png"


async def test_a_process_that_does_nothing_is_not_waited_for(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """What hangs, or was ended by somebody else, says nothing of the file: it may come again, and nothing is left of it."""
    organisation_id, author = await somebody(service)
    monkeypatch.setattr(examination, "PATIENCE", 0.0)
    refusal = await refused(send(service, author, upload_of(organisation_id, PNG), PNG))
    assert refusal.code == grpc.StatusCode.UNAVAILABLE
    await assert_nothing_left(service)


async def test_too_many_at_once(service: Service) -> None:
    """Files stand in no endless line: who comes too late is told when to come again."""
    organisation_id, author = await somebody(service)
    processes = service.app.means(Uploads).pipeline.examination.processes
    places, processes.places = processes.places, 0
    try:
        refusal = await refused(send(service, author, upload_of(organisation_id, PNG), PNG))
    finally:
        processes.places = places
    assert refusal.code == grpc.StatusCode.RESOURCE_EXHAUSTED
    await assert_nothing_left(service)


async def test_the_server_itself_decodes_nothing(service: Service) -> None:
    """What decodes is another process, with 512 MB (F3): neither decoder is loaded by what serves."""
    organisation_id, author = await somebody(service)
    await send(service, author, upload_of(organisation_id, PNG), PNG)
    every = service.app.means(Uploads).pipeline.examination.processes.all
    children = [each for each in every if each.returncode is None]  # those that cost too much are ended
    assert children
    for child in children:
        assert resource.prlimit(child.pid, resource.RLIMIT_AS) == (512 << 20, 512 << 20)
    code = "import sys, server.formats.parsing; assert not {'PIL', 'pikepdf', 'lxml'} & {*sys.modules}, sys.modules"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code)
    assert await process.wait() == 0


MALFORMED_OVER_HTTP = [
    ("a.pdf", b"%PDF-", "startxref"),
    ("a.jpg", JPEG[:4], "damaged image"),
    ("a.png", PNG[:8] + b"<script>alert(1)</script>", "page or a program"),
    ("a.png", HUGE, "pixels"),
]


def test_over_http(edge: Edge) -> None:
    """The same through Envoy; a PDF behind some bytes is one (F2)."""
    with closing(edge.client("author@example.gov")) as author:
        organisation_id = author.get("/v1/organisations").raise_for_status().json()["organisations"][0]["id"]

        def upload(name: str, content: bytes) -> httpx.Response:
            return author.post("/v1/files:upload", params={"organisationId": organisation_id, "name": name}, content=content)

        for name, content, said in MALFORMED_OVER_HTTP:
            answer = upload(name, content)
            assert (name, answer.status_code, http_reason(answer)) == (name, 400, "FILE_MALFORMED")
            (violation,) = [each for detail in answer.json()["details"] for each in detail.get("fieldViolations", ())]
            assert violation["field"] == "content"
            assert said in violation["description"]

        answer = upload("a.pdf", b"\r\n\r\n" + PDF)
        assert (answer.status_code, answer.json()["file"]["contentType"]) == (201, "application/pdf")
