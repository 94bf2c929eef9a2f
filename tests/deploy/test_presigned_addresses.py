"""Presigned addresses at Ceph's RGW, which takes what they were made for and refuses all else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import pytest_asyncio

from server.stores.blobs import ObjectStorage, Part, open_storage
from tests.deploy.rgw import Ceph
from tests.storage import test_presigning as each
from tests.storage.storing import KEY, left, pieces, s3_settings, whole
from tests.storage.test_presigning import AN_HOUR, DISPOSITION, TYPE, got, put, sent

pytestmark = [pytest.mark.deploy, pytest.mark.heavy]

A_SECOND, PATIENCE = timedelta(seconds=1), 10


@pytest_asyncio.fixture
async def bucket(ceph: Ceph) -> AsyncIterator[ObjectStorage]:
    opened = open_storage(s3_settings(ceph.endpoint))
    yield opened
    await opened.delete(KEY)
    assert left(opened) == []
    await opened.close()


test_a_form_puts_a_blob_there = each.test_a_form_puts_a_blob_there
test_parts_are_put_at_addresses_of_their_own = each.test_parts_are_put_at_addresses_of_their_own
test_a_blob_is_had_under_its_name = each.test_a_blob_is_had_under_its_name


async def refused_in_the_end(ask: Callable[[], Awaitable[httpx.Response]]) -> None:
    """Waits until what was allowed for a second is no more."""
    async with asyncio.timeout(PATIENCE):
        while (answer := await ask()).is_success:
            pass
    assert answer.status_code == 403, answer.text


@pytest.mark.parametrize(
    ("changed", "content", "status"),
    [
        ({"key": f"{KEY}-2"}, b"bytes", 403),
        ({"key": f"{KEY}/x"}, b"bytes", 403),
        ({"Content-Type": "text/html"}, b"bytes", 403),
        ({"x-amz-signature": "0" * 64}, b"bytes", 403),
        ({"policy": "e30="}, b"bytes", 403),
        ({"acl": "public-read"}, b"bytes", 403),
        ({}, b"bytes!", 400),
        ({}, b"byte", 400),
    ],
)
async def test_a_form_takes_nothing_else(bucket: ObjectStorage, changed: dict[str, str], content: bytes, status: int) -> None:
    """No other key, type, length, permission or policy."""
    form = bucket.presigned_form(KEY, size=5, content_type=TYPE, sha256="", lifetime=AN_HOUR)

    answer = await sent(form, content, **changed)

    assert answer.status_code == status, answer.text
    assert left(bucket) == []


async def test_a_form_expires(bucket: ObjectStorage) -> None:
    """After its time it takes nothing any more."""
    form = bucket.presigned_form(KEY, size=5, content_type=TYPE, sha256="", lifetime=A_SECOND)

    await refused_in_the_end(lambda: sent(form, b"bytes"))


async def test_a_part_takes_nothing_else(bucket: ObjectStorage) -> None:
    """No other length, number, assembly or key, and nothing after its time."""
    assembly = await bucket.begin(KEY, content_type=TYPE)
    url = bucket.presigned_part(KEY, assembly, 1, size=5, lifetime=AN_HOUR)

    for other, content in [
        (url, b"bytes!"),
        (url, b"byte"),
        (url.replace("partNumber=1", "partNumber=2"), b"bytes"),
        (url.replace(assembly, f"{assembly}x"), b"bytes"),
        (url.replace(KEY, f"{KEY}-2"), b"bytes"),
        (url.replace("X-Amz-Expires=3600", "X-Amz-Expires=36000"), b"bytes"),
    ]:
        assert (other, content) != (url, b"bytes")
        answer = await put(other, content)
        assert answer.status_code == 403, (other, answer.text)
    brief = bucket.presigned_part(KEY, assembly, 1, size=5, lifetime=A_SECOND)
    await refused_in_the_end(lambda: put(brief, b"bytes"))


async def test_an_address_reads_one_blob_alone_and_as_it_says(bucket: ObjectStorage) -> None:
    """No other blob, type or disposition, nothing written, nothing after its time; but any part of the blob."""
    await bucket.write(KEY, pieces(b"0123456789"), content_type=TYPE)
    url = bucket.presigned_read(KEY, content_type=TYPE, disposition=DISPOSITION, lifetime=AN_HOUR)
    said = parse_qs(urlsplit(url).query)["response-content-type"][0]

    for other in (url.replace(KEY, f"{KEY}-2"), url.replace(said.replace("/", "%2F"), "text%2Fhtml"), f"{url}0"):
        assert other != url
        assert (await got(other)).status_code == 403
    assert (await put(url, b"bytes")).status_code == 403
    part = await got(url, range="bytes=2-4")
    assert (part.status_code, part.content, part.headers["content-range"]) == (206, b"234", "bytes 2-4/10")
    brief = bucket.presigned_read(KEY, content_type=TYPE, disposition=DISPOSITION, lifetime=A_SECOND)
    await refused_in_the_end(lambda: got(brief))


async def test_a_blob_of_presigned_parts_has_the_length_that_was_agreed(bucket: ObjectStorage) -> None:
    """Parts that lack, or have another ETag, make no blob."""
    assembly, content = await bucket.begin(KEY, content_type=TYPE), bytes(bucket.part_bytes)
    answer = await put(bucket.presigned_part(KEY, assembly, 1, size=len(content), lifetime=AN_HOUR), content)
    part = Part(1, len(content), answer.headers["etag"])

    for wrong in ([part._replace(tag='"0123456789abcdef0123456789abcdef"')], [part, part._replace(number=2)]):
        with pytest.raises(LookupError):
            await bucket.assemble(KEY, assembly, wrong)
    await bucket.assemble(KEY, assembly, [part])

    assert await whole(bucket.read(KEY)) == content
