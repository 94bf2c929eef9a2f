"""Addresses that carry their own permission."""

from __future__ import annotations

import base64
import uuid
from contextlib import closing
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from gazette.auth.v1.account_pb2 import Role
from gazette.files.v1.file_service_pb2 import DownloadFileRequest
from gazette.files.v1.file_service_pb2_grpc import FileServiceStub
from gazette.files.v1.serving_pb2 import CreateDownloadUrlRequest, CreateDownloadUrlResponse
from server.files.downloads.tokens import DownloadTokens
from tests.edge import Edge
from tests.files.test_http import upload
from tests.files.uploading import PDF, PNG, send, upload_of
from tests.refusals import http_reason, refused
from tests.service import Person, Service

FILE, NOW = uuid.uuid4(), 1_800_000_000
TOKENS = DownloadTokens.from_secrets("a secret of the tests")


async def address(service: Service, person: Person | None, id: str, **asked: int) -> CreateDownloadUrlResponse:
    metadata = person.metadata if person else ()
    request = CreateDownloadUrlRequest(id=id, **asked)
    return await FileServiceStub(service.channel).CreateDownloadUrl(request, metadata=metadata)


def token_of(url: str) -> str:
    (token,) = parse_qs(urlsplit(url).query)["downloadToken"]
    return token


async def download(service: Service, id: str, token: str, version: int = 0) -> bytes:
    request = DownloadFileRequest(id=id, download_token=token, version=version)
    return b"".join([part.data async for part in FileServiceStub(service.channel).DownloadFile(request)])


async def test_whoever_has_it_has_the_file(service: Service) -> None:
    """Of this one file, in this version, for as long as was asked for, five minutes unless it says otherwise."""
    organisation_id = await service.organisation()
    author = await service.account(role=Role.ROLE_AUTHOR, organisation_id=organisation_id)
    one, other = [(await send(service, author, upload_of(organisation_id, PNG), PNG)).file.id for _ in range(2)]
    made = await address(service, author, one)
    token = token_of(made.url)
    assert urlsplit(made.url).path == f"/v1/files/{one}/versions/1:download"
    assert 290 < made.expire_time.ToSeconds() - service.start_time.timestamp() < 320
    assert await download(service, one, token) == await download(service, one, token, version=1) == PNG
    for id, asked in ((other, token), (one, f"B{token[1:]}"), (one, token[:-1]), (one, "")):
        assert (await refused(download(service, id, asked))).reason == "FILE_NOT_FOUND"
    assert (await refused(download(service, one, token, version=2))).reason == "FILE_NOT_FOUND"


async def test_who_may_not_have_it_makes_none(service: Service) -> None:
    """To them there is no such file."""
    organisation_id = await service.organisation()
    author = await service.account(role=Role.ROLE_AUTHOR, organisation_id=organisation_id)
    id = (await send(service, author, upload_of(organisation_id, PNG), PNG)).file.id
    for person in (None, await service.account(organisation_id=await service.organisation())):
        assert (await refused(address(service, person, id))).reason == "FILE_NOT_FOUND"
    assert (await refused(address(service, author, id, version=2))).reason == "FILE_NOT_FOUND"
    assert (await refused(address(service, author, id, lifetime_seconds=86401))).reason == "INVALID_ARGUMENT"


@pytest.mark.parametrize(
    ("file_id", "version", "now", "holds"),
    [(FILE, 3, NOW - 1, True), (FILE, 3, NOW, False), (FILE, 4, NOW - 1, False), (uuid.uuid4(), 3, NOW - 1, False)],
)
def test_what_a_token_holds_for(file_id: uuid.UUID, version: int, now: int, holds: bool) -> None:
    """One version of one file, until its second has come."""
    token = TOKENS.token(FILE, 3, NOW)
    at = DownloadTokens(TOKENS.keys, now=lambda: now)
    assert at.holds(token, file_id, version) is holds


def test_no_byte_of_a_token_can_be_changed() -> None:
    """Whichever it is, neither its time nor its signature."""
    raw = base64.urlsafe_b64decode(TOKENS.token(FILE, 3, NOW))
    at = DownloadTokens(TOKENS.keys, now=lambda: NOW - 1)
    for place in range(len(raw)):
        other = bytearray(raw)
        other[place] ^= 1
        assert not at.holds(base64.urlsafe_b64encode(other).decode(), FILE, 3)
    for text in ("", "=", "?", "A" * 400, "Ä"):
        assert not at.holds(text, FILE, 3)


def test_a_secret_that_is_replaced() -> None:
    """Tokens of the one before hold for as long as it is named."""
    token = DownloadTokens.from_secrets("before").token(FILE, 1, NOW * 2)
    assert DownloadTokens.from_secrets("after", "before").holds(token, FILE, 1)
    assert not DownloadTokens.from_secrets("after", "").holds(token, FILE, 1)


def test_over_http(edge: Edge, author: httpx.Client, organisation_id: str) -> None:
    """The address is one of this site, and needs no header; it is kept by nobody, and can be gone on with."""
    file = upload(author, organisation_id, PDF, "form.pdf").json()["file"]
    made = author.post(f"/v1/files/{file['id']}:create-download-url", json={"lifetimeSeconds": 60})
    with closing(edge.client()) as anyone:
        answer = anyone.get(made.json()["url"])
        part = anyone.get(made.json()["url"], headers={"range": "bytes=10-"})
        refusal = anyone.get(made.json()["url"].replace("downloadToken=", "downloadToken=B"))
    assert (made.status_code, answer.status_code, answer.content) == (200, 200, PDF)
    assert (part.status_code, part.content) == (206, PDF[10:])
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["content-disposition"] == 'attachment; filename="form.pdf"'
    assert (refusal.status_code, http_reason(refusal)) == (404, "FILE_NOT_FOUND")
