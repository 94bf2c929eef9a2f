"""Images made from files, over HTTP."""

from __future__ import annotations

import io
from contextlib import closing

import httpx
import pytest
from PIL import Image

from tests.edge import Edge
from tests.formats.pictures import halves
from tests.formats.samples import encoded
from tests.refusals import http_reason

WIDE = encoded(halves((1000, 500)), "JPEG")


@pytest.fixture(scope="module")
def picture(author: httpx.Client, organisation_id: str) -> str:
    """The id of one that is not public."""
    sent = {"organisationId": organisation_id, "name": "wide.jpg"}
    return str(author.post("/v1/files:upload", params=sent, content=WIDE).raise_for_status().json()["file"]["id"])


def test_a_rendition(author: httpx.Client, picture: str) -> None:
    """With what a file's download has: a length, a strong ETag, parts, and 304 for who has it."""
    place = f"/v1/files/{picture}/renditions/w480.webp"
    answer = author.get(place).raise_for_status()
    assert answer.headers["content-type"] == "image/webp"
    assert answer.headers["content-length"] == str(len(answer.content))
    assert answer.headers["content-disposition"] == 'inline; filename="wide-w480.webp"'
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "private, no-store"
    assert Image.open(io.BytesIO(answer.content)).size == (480, 240)

    etag = answer.headers["etag"]
    assert author.get(place, headers={"if-none-match": etag}).status_code == httpx.codes.NOT_MODIFIED
    part = author.get(place, headers={"range": "bytes=4-11"})
    assert (part.status_code, part.content) == (httpx.codes.PARTIAL_CONTENT, answer.content[4:12])
    head = author.head(place)
    assert (head.headers["content-length"], head.content) == (answer.headers["content-length"], b"")
    assert author.get(f"/v1/files/{picture}/versions/1/renditions/w480.webp").content == answer.content


def test_an_address_with_a_signature(author: httpx.Client, picture: str) -> None:
    """It is a path of this site, for those who may have the file."""
    asked = {"specification": "w300-h300-cover.jpg"}
    url = author.post(f"/v1/files/{picture}:create-rendition-url", json=asked).raise_for_status().json()["url"]
    assert Image.open(io.BytesIO(author.get(url).raise_for_status().content)).size == (300, 300)
    for wrong in (url.replace("w300-", "w301-"), url.partition("?")[0]):
        refusal = author.get(wrong)
        assert (refusal.status_code, http_reason(refusal)) == (400, "RENDITION_NOT_LISTED")


def test_a_rendition_is_not_for_everybody(edge: Edge, picture: str) -> None:
    """Of a draft's picture there is none, and of a specification that is none neither."""
    with closing(edge.client()) as nobody:
        answer = nobody.get(f"/v1/files/{picture}/renditions/w480.webp")
        assert (answer.status_code, http_reason(answer)) == (404, "FILE_NOT_FOUND")
        assert nobody.get(f"/v1/files/{picture}/renditions/w480.svg").status_code == httpx.codes.BAD_REQUEST
