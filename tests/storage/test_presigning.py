"""Addresses by which others reach a bucket: whose name they have, and that a service takes what is sent to them. That a service
refuses all else is shown by one that checks signatures (tests/deploy/test_presigned_addresses.py)."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
import pytest_asyncio

from server.stores.blobs import ObjectStorage, Part, PresignedForm, open_storage
from tests.storage.storing import KEY, folder_settings, s3_settings, whole

TYPE, AN_HOUR = "image/png", timedelta(hours=1)
DISPOSITION = "attachment; filename=\"a.png\"; filename*=UTF-8''%C3%A4.png"


@pytest_asyncio.fixture(autouse=True)
async def cleared(request: pytest.FixtureRequest) -> AsyncIterator[None]:
    yield
    if "bucket" in request.fixturenames:
        await request.getfixturevalue("bucket").delete(KEY)


async def sent(form: PresignedForm, content: bytes, **changed: str) -> httpx.Response:
    """What the service answers to the form with this file, and these fields otherwise."""
    async with httpx.AsyncClient() as client:
        return await client.post(form.url, data={**form.fields, **changed}, files={"file": ("a.png", content)})


async def put(url: str, content: bytes) -> httpx.Response:
    async with httpx.AsyncClient() as client:
        return await client.put(url, content=content)


async def got(url: str, **headers: str) -> httpx.Response:
    async with httpx.AsyncClient() as client:
        return await client.get(url, headers=headers)


async def test_a_form_puts_a_blob_there(bucket: ObjectStorage) -> None:
    """A browser that sends the fields and the file is done."""
    content = b"of a browser"
    digest = hashlib.sha256(content).hexdigest()
    form = bucket.presigned_form(KEY, size=len(content), content_type=TYPE, sha256=digest, lifetime=AN_HOUR)

    answer = await sent(form, content)

    assert answer.is_success, answer.text
    assert await whole(bucket.read(KEY)) == content


async def test_parts_are_put_at_addresses_of_their_own(bucket: ObjectStorage) -> None:
    """Their ETags name them when the blob is assembled."""
    contents = [bytes(bucket.part_bytes), b"end"]
    assembly, parts = await bucket.begin(KEY, content_type=TYPE), []
    for number, content in enumerate(contents, 1):
        url = bucket.presigned_part(KEY, assembly, number, size=len(content), lifetime=AN_HOUR)
        answer = await put(url, content)
        assert answer.is_success, answer.text
        parts.append(Part(number, len(content), answer.headers["etag"]))
    await bucket.assemble(KEY, assembly, parts)

    assert await whole(bucket.read(KEY)) == b"".join(contents)


async def test_a_blob_is_had_under_its_name(bucket: ObjectStorage) -> None:
    """The address says the type and the disposition that the answer has."""

    async def content() -> AsyncIterator[bytes]:
        yield b"bytes"

    await bucket.write(KEY, content(), content_type="application/octet-stream")
    url = bucket.presigned_read(KEY, content_type=TYPE, disposition=DISPOSITION, lifetime=AN_HOUR)

    answer = await got(url)

    assert answer.content == b"bytes"
    assert (answer.headers["content-type"], answer.headers["content-disposition"]) == (TYPE, DISPOSITION)


@pytest.mark.parametrize(
    ("settings", "place"),
    [
        ({"S3_ENDPOINT": "http://minio:9000"}, "http://minio:9000/gazette-files/blobs/x"),
        ({"S3_ENDPOINT": "http://minio:9000", "S3_PUBLIC_ENDPOINT": "https://s3.gov"}, "https://s3.gov/gazette-files/blobs/x"),
        ({"S3_ENDPOINT": "https://s3.gov", "S3_ADDRESSING_STYLE": "virtual"}, "https://gazette-files.s3.gov/blobs/x"),
        ({"S3_ENDPOINT": "", "S3_REGION": "eu-central-1"}, "https://gazette-files.s3.amazonaws.com/blobs/x"),
        ({"S3_ENDPOINT": "", "S3_ADDRESSING_STYLE": "path"}, "https://s3.amazonaws.com/gazette-files/blobs/x"),
    ],
)
async def test_addresses_have_the_name_that_browsers_know(settings: dict[str, str], place: str) -> None:
    """The endpoint's, or the public one's, with the bucket where S3_ADDRESSING_STYLE has it; a CDN's for downloads alone."""
    endpoint = settings.pop("S3_ENDPOINT")
    storage = open_storage(s3_settings(endpoint, S3_CDN_URL="https://cdn.gov", **settings))

    part = urlsplit(storage.presigned_part("blobs/x", "assembly", 1, size=5, lifetime=AN_HOUR))
    form = storage.presigned_form("blobs/x", size=5, content_type=TYPE, sha256="", lifetime=AN_HOUR)
    read = urlsplit(storage.presigned_read("blobs/x", content_type=TYPE, disposition=DISPOSITION, lifetime=AN_HOUR))

    assert f"{part.scheme}://{part.netloc}{part.path}" == place
    assert form.url.rstrip("/") == place.removesuffix("/blobs/x")
    assert (read.netloc, read.path) == ("cdn.gov", part.path)
    assert "X-Amz-Signature" in read.query
    await storage.close()


async def test_a_folder_has_no_addresses(tmp_path: Path) -> None:
    """Whoever asks it for some is told so, and has asked `presigns` first."""
    folder = open_storage(folder_settings(tmp_path))

    assert not folder.presigns
    with pytest.raises(NotImplementedError):
        folder.presigned_form(KEY, size=5, content_type=TYPE, sha256="", lifetime=AN_HOUR)
    with pytest.raises(NotImplementedError):
        folder.presigned_part(KEY, "assembly", 1, size=5, lifetime=AN_HOUR)
    with pytest.raises(NotImplementedError):
        folder.presigned_read(KEY, content_type=TYPE, disposition=DISPOSITION, lifetime=AN_HOUR)
    await folder.close()
