"""Uploads straight to the object storage, by presigned addresses."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from typing import NamedTuple

import httpx
import pytest
import pytest_asyncio

from gazette.auth.v1.account_pb2 import Role
from gazette.files.v1.file_pb2 import File, FileState
from gazette.files.v1.upload_pb2 import Upload, UploadPart, UploadWay
from server.files.resumable import rules
from tests.files.pieces import appended, begun, cancelled, completed, got, row_of, used_bytes
from tests.files.uploading import PDF, png, rows
from tests.refusals import refused
from tests.servers import Servers
from tests.service import Person, Service, running
from tests.storage import moto

CONTENT = png(9_000_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
FORM, PARTS = UploadWay.UPLOAD_WAY_FORM, UploadWay.UPLOAD_WAY_PARTS


@pytest_asyncio.fixture(scope="module")
async def bucketed(servers: Servers, template: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    """A server whose files are in a bucket."""
    with moto.serving() as endpoint:
        given = {"FILES_DIRECTORY": "", "S3_ENDPOINT": endpoint, "MAX_FILE_SIZE": "200000000", **moto.KEYS}
        async with running(servers, template, tmp_path_factory.mktemp("straight"), **given) as service:
            yield service


class Office(NamedTuple):
    """Somebody who uploads, and where."""

    service: Service
    author: Person
    organisation_id: str

    async def begin(self, content: bytes = CONTENT, **given: object) -> Upload:
        return await begun(self.service, self.author, self.organisation_id, content, **{"way": 0, **given})

    async def complete(self, upload: Upload, *parts: UploadPart) -> File:
        return await completed(self.service, self.author, upload.id, *parts)

    async def got(self, upload: Upload) -> Upload:
        return await got(self.service, self.author, upload.id)

    async def left(self, upload: Upload) -> list[str]:
        """What the storage has of the upload, assemblies included."""
        storage, found = self.service.app.base.blobs, []
        for prefix in ("quarantine", "incoming"):
            found += [key async for key in storage.keys(prefix)]
            found += [key async for key, _, _ in storage.assemblies(prefix)]
        return [key for key in found if upload.id in key]


@pytest_asyncio.fixture
async def office(bucketed: Service) -> Office:
    organisation_id = await bucketed.organisation()
    author = await bucketed.account(role=Role.ROLE_AUTHOR, organisation_id=organisation_id)
    return Office(bucketed, author, organisation_id)


async def posted(upload: Upload, content: bytes, **instead: str) -> httpx.Response:
    """Sends the form, as a browser does, with other values for some of its fields."""
    fields = {field.name: instead.get(field.name, field.value) for field in upload.form.fields}
    async with httpx.AsyncClient() as http:
        return await http.post(upload.form.url, data=fields, files={"file": ("harbour.png", content)})


async def put(upload: Upload, content: bytes) -> list[UploadPart]:
    """Sends all parts, the last one first."""
    sent, at = [], {}
    start = 0
    for part in upload.parts:
        at[part.number] = start
        start += part.size_bytes
    async with httpx.AsyncClient() as http:
        for part in reversed(upload.parts):
            data = content[at[part.number] : at[part.number] + part.size_bytes]
            answer = await http.put(part.url, content=data)
            assert answer.status_code == 200, answer.text
            sent.append(UploadPart(number=part.number, etag=answer.headers["etag"]))
    return sent


async def test_a_form_becomes_a_file(office: Office) -> None:
    """Its bytes go to the storage, and Gazette sees them when it is told so: then they are out of the sender's reach."""
    upload = await office.begin(sha256=SHA256)
    assert upload.way == FORM
    assert (await posted(upload, CONTENT)).status_code in {200, 201, 204}
    assert await office.left(upload) == [f"incoming/{upload.id}"]

    file = await office.complete(upload)
    again = await office.complete(upload)

    assert (file.state, file.sha256, file.content_type) == (FileState.FILE_STATE_READY, SHA256, "image/png")
    assert again == file
    assert await office.left(upload) == []
    assert await row_of(office.service, upload.id) is None


async def test_parts_become_a_file(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """In whatever order they come."""
    monkeypatch.setattr(rules, "LEAST_PART_BYTES", 5 * 1024 * 1024)
    upload = await office.begin(way=PARTS)
    assert [(part.number, part.size_bytes) for part in upload.parts] == [
        (1, 5 * 1024 * 1024),
        (2, len(CONTENT) - 5 * 1024 * 1024),
    ]
    sent = await put(upload, CONTENT)

    lacking = await refused(office.complete(upload, sent[0]))
    file = await office.complete(upload, *sent)

    assert lacking.reason == "UPLOAD_INCOMPLETE"
    assert (file.state, file.sha256) == (FileState.FILE_STATE_READY, SHA256)
    assert await office.left(upload) == []


async def test_other_bytes_than_announced_are_refused(office: Office) -> None:
    """Of the right length: the storage may not look at them, and the examination does."""
    upload = await office.begin(sha256=hashlib.sha256(b"another").hexdigest())
    without = {"x-amz-checksum-sha256": "", "x-amz-checksum-algorithm": ""}
    await posted(upload, CONTENT, **without)
    if not await office.left(upload):  # the storage looked at them
        return

    assert (await refused(office.complete(upload))).reason == "SHA256_MISMATCH"
    (row,) = [row for row in await rows(office.service) if str(row.organisation_id) == office.organisation_id]
    assert (row.state, row.rejection_reason) == (FileState.FILE_STATE_REJECTED, "SHA256_MISMATCH")
    assert await office.left(upload) == []


async def test_what_is_no_file_that_is_taken_is_refused(office: Office) -> None:
    """Its bytes say so, whatever it is called."""
    content = b"<html><script>alert(1)</script></html>".ljust(9_000_000)
    upload = await office.begin(content)
    await posted(upload, content)

    assert (await refused(office.complete(upload))).reason == "FILE_TYPE_NOT_ALLOWED"
    assert (await office.got(upload)).file.state == FileState.FILE_STATE_REJECTED
    assert await office.left(upload) == []


async def test_another_length_than_announced_is_refused(office: Office) -> None:
    """By the storage, and where that takes it, here; nothing is left then (F1)."""
    upload = await office.begin()
    await posted(upload, CONTENT[:-1])
    storage = office.service.app.base.blobs
    if not await office.left(upload):
        await storage.write(f"incoming/{upload.id}", once(CONTENT[:-1]), content_type="image/png")

    assert (await refused(office.complete(upload))).reason == "SIZE_MISMATCH"
    assert await office.left(upload) == []
    assert await used_bytes(office.service, office.organisation_id) == 0


async def once(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def test_who_has_sent_nothing_is_told_so(office: Office) -> None:
    """And may send it still: the addresses are signed anew for who asks."""
    upload = await office.begin()

    assert (await refused(office.complete(upload))).reason == "UPLOAD_INCOMPLETE"
    await posted(await office.got(upload), CONTENT)
    assert (await office.complete(upload)).state == FileState.FILE_STATE_READY


@pytest.mark.parametrize("way", [FORM, PARTS])
async def test_an_upload_that_is_given_up_leaves_nothing(office: Office, way: UploadWay.ValueType) -> None:
    """Neither what was sent, nor what an assembly was begun for (F7)."""
    upload = await office.begin(way=way)
    assert await office.left(upload) == ([] if way == FORM else [f"incoming/{upload.id}"])
    if way == FORM:
        await posted(upload, CONTENT)

    await cancelled(office.service, office.author, upload.id)

    assert await office.left(upload) == []
    assert await used_bytes(office.service, office.organisation_id) == 0


@pytest.mark.parametrize(
    ("size", "wanted", "chosen"), [(8_000_000, 0, 1), (9_000_000, 0, 2), (100_000_001, 0, 3), (9_000_000, 1, 1), (1000, 2, 2)]
)
async def test_the_way_fits_the_size(office: Office, size: int, wanted: int, chosen: int) -> None:
    """What is small goes to Gazette, what is large to the storage, and what the caller wants where it can."""
    assert (await office.begin(size_bytes=size, way=wanted)).way == chosen


async def test_a_form_is_not_for_what_is_too_large(office: Office) -> None:
    """Beyond 100 MB there are parts; and neither is sent to Gazette."""
    refusal = await refused(office.begin(size_bytes=100_000_001, way=FORM))
    assert (refusal.reason, refusal.info.metadata["max_bytes"]) == ("UPLOAD_WAY_UNAVAILABLE", "100000000")
    upload = await office.begin(PDF, name="form.pdf", way=FORM)
    sent = await refused(appended(office.service, office.author, upload.id, 0, PDF))
    assert sent.reason == "UPLOAD_WAY_UNAVAILABLE"


async def test_a_form_is_for_one_key_and_one_size(office: Office) -> None:
    """What is signed names the one key, the one length and, where it is known, the SHA-256: tests/storage shows on a storage
    that heeds it that nothing else is taken."""
    upload = await office.begin(sha256=SHA256)
    fields = {field.name: field.value for field in upload.form.fields}
    assert fields["key"] == f"incoming/{upload.id}"
    assert fields["x-amz-checksum-algorithm"] == "SHA256"
