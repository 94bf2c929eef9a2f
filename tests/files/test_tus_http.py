"""Uploads by the protocol of tus 1.0, over HTTP through Envoy, request by request."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing

import httpx
import pytest

from tests.edge import Edge
from tests.files.uploading import PDF, PNG, png
from tests.polling import wait_until
from tests.refusals import http_reason

CONTENT = png(4_900_000)  # more than a message may have
NOBODY = "0190d5c3-0000-7000-8000-000000000000"
TUS = {"tus-resumable": "1.0.0"}
PIECE = {**TUS, "content-type": "application/offset+octet-stream"}


def metadata(**said: str) -> str:
    return ",".join(f"{name} {b64encode(value.encode()).decode()}" for name, value in said.items())


def begin(author: httpx.Client, organisation_id: str, content: bytes, name: str = "harbour.png", **more: str) -> httpx.Response:
    said = metadata(organisationId=organisation_id, filename=name, filetype="image/png", **more)
    headers = {**TUS, "upload-length": str(len(content)), "upload-metadata": said}
    return author.post("/v1/uploads:tus", headers=headers)


def piece(author: httpx.Client, where: str, offset: int, content: bytes, **more: str) -> httpx.Response:
    return author.patch(where, content=content, headers={**PIECE, "upload-offset": str(offset), **more})


@pytest.fixture
def where(author: httpx.Client, organisation_id: str) -> str:
    """The place of a new upload."""
    return begin(author, organisation_id, CONTENT).headers["location"]


def test_an_upload_by_tus_arrives(author: httpx.Client, organisation_id: str) -> None:
    """201 with Location, HEAD says where it stands, PATCH is answered by 204; and then there is the file."""
    sha256 = hashlib.sha256(CONTENT).hexdigest()
    made = begin(author, organisation_id, CONTENT, "Häfen.png", alternativeText="The pier", sha256=sha256)
    where = made.headers["location"]
    assert (made.status_code, where) == (201, f"/v1/uploads/{made.json()['upload']['id']}")
    assert made.headers["tus-resumable"] == "1.0.0"
    assert made.headers["upload-expires"].endswith("GMT")

    fresh = author.head(where, headers=TUS)
    first = piece(author, where, 0, CONTENT[:4_500_000])
    half = author.head(where, headers=TUS)
    last = piece(author, where, 4_500_000, CONTENT[4_500_000:])
    done = author.head(where, headers=TUS)

    assert (fresh.status_code, fresh.headers["upload-offset"], fresh.headers["upload-length"]) == (200, "0", str(len(CONTENT)))
    assert fresh.headers["cache-control"] == "no-store"
    assert (first.status_code, first.content, first.headers["upload-offset"]) == (204, b"", "4500000")
    assert first.headers["tus-resumable"] == "1.0.0"
    assert half.headers["upload-offset"] == "4500000"
    assert (last.status_code, last.headers["upload-offset"]) == (204, str(len(CONTENT)))
    assert done.headers["upload-offset"] == done.headers["upload-length"]
    upload = author.get(where).json()["upload"]
    file = author.get(f"/v1/files/{upload['file']['id']}").json()["file"]
    assert (file["name"], file["alternativeText"], file["sha256"]) == ("Häfen.png", "The pier", sha256)
    assert file["state"] == "FILE_STATE_READY"


def test_who_speaks_plain_http_reads_bodies(author: httpx.Client, organisation_id: str) -> None:
    """Without Tus-Resumable a piece is answered by 200 and the upload; where it begins may stand in the query."""
    given = {"upload": {"organisationId": organisation_id, "name": "form.pdf", "sizeBytes": len(PDF)}}
    made = author.post("/v1/uploads", json=given)
    where = made.headers["location"]
    first = author.patch(where, content=PDF[:100], headers={"content-type": "application/pdf"})
    last = author.patch(f"{where}?offset=100", content=PDF[100:], headers={"content-type": "application/pdf"})

    assert (made.status_code, made.json()["upload"]["way"]) == (201, "UPLOAD_WAY_RESUMABLE")
    assert (first.status_code, first.json()["upload"]["offset"]) == (200, "100")
    assert last.json()["upload"]["file"]["state"] == "FILE_STATE_READY"
    assert "tus-resumable" not in last.headers


def test_what_a_server_of_tus_says_of_itself(edge: Edge) -> None:
    """OPTIONS, which needs no sign-in, names version and extensions, and how much is taken."""
    with closing(edge.client()) as anyone:
        answer = anyone.options("/v1/uploads:tus")

    assert answer.status_code == 204
    assert answer.headers["tus-version"] == "1.0.0"
    assert answer.headers["tus-extension"] == "creation,expiration,termination,checksum"
    assert answer.headers["tus-max-size"] == "5242880"
    assert answer.headers["tus-checksum-algorithm"] == "sha1,sha256"
    assert "POST" in answer.headers["allow"]


def test_an_upload_is_given_up(author: httpx.Client, where: str) -> None:
    """DELETE is answered by 204, and then there is none."""
    gone = author.delete(where, headers=TUS)
    asked = author.head(where, headers=TUS)

    assert (gone.status_code, gone.content, asked.status_code) == (204, b"", 404)
    assert asked.headers["tus-resumable"] == "1.0.0"
    assert http_reason(piece(author, where, 0, PNG)) == "UPLOAD_NOT_FOUND"


@pytest.mark.parametrize(
    ("changed", "status", "why"),
    [
        ({"upload-offset": "5"}, 409, "OFFSET_MISMATCH"),
        ({"upload-offset": ""}, 400, "INVALID_ARGUMENT"),
        ({"upload-offset": "-1"}, 400, "INVALID_ARGUMENT"),
        ({"tus-resumable": "0.2.2"}, 412, "TUS_VERSION_UNSUPPORTED"),
        ({"content-type": "image/png"}, 415, "UNSUPPORTED_MEDIA_TYPE"),
        ({"upload-checksum": "sha1 " + b64encode(bytes(20)).decode()}, 460, "CHECKSUM_MISMATCH"),
        ({"upload-checksum": "crc32 AAAA"}, 400, "INVALID_ARGUMENT"),
        ({"upload-checksum": "sha1 ?"}, 400, "INVALID_ARGUMENT"),
    ],
)
def test_a_piece_that_is_not_right_is_refused(
    author: httpx.Client, where: str, changed: dict[str, str], status: int, why: str
) -> None:
    """With the protocol's own statuses; and nothing of it is kept."""
    answer = piece(author, where, 0, CONTENT[:1_000_000], **changed)

    assert (answer.status_code, http_reason(answer)) == (status, why)
    assert answer.headers["tus-resumable"] == "1.0.0"
    assert author.head(where, headers=TUS).headers["upload-offset"] == "0"
    if status == 409:
        assert answer.headers["upload-offset"] == "0"
    if status == 412:
        assert answer.headers["tus-version"] == "1.0.0"


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_a_piece_with_its_checksum_is_kept(author: httpx.Client, where: str, algorithm: str) -> None:
    """Once all of it has come."""
    digest = b64encode(hashlib.new(algorithm, CONTENT[:1_000_000]).digest()).decode()
    answer = piece(author, where, 0, CONTENT[:1_000_000], **{"upload-checksum": f"{algorithm} {digest}"})

    assert (answer.status_code, answer.headers["upload-offset"]) == (204, "1000000")


@pytest.mark.parametrize(
    ("length", "said", "status", "why"),
    [
        ("", "", 400, "LENGTH_REQUIRED"),
        ("0", "", 400, "INVALID_ARGUMENT"),
        ("100", "", 400, "INVALID_ARGUMENT"),
        ("100", "organisationId ???", 400, "INVALID_ARGUMENT"),
        ("5242881", None, 413, "FILE_TOO_LARGE"),
        (
            "100",
            metadata(organisationId="0190d5c3-0000-7000-8000-000000000000", filename="a.png"),
            404,
            "ORGANISATION_NOT_FOUND",
        ),
    ],
)
def test_an_upload_that_says_too_little_is_not_begun(
    author: httpx.Client, organisation_id: str, length: str, said: str | None, status: int, why: str
) -> None:
    """Its length, where it belongs, and its name."""
    said = metadata(organisationId=organisation_id, filename="a.png") if said is None else said
    answer = author.post("/v1/uploads:tus", headers={**TUS, "upload-length": length, "upload-metadata": said})

    assert (answer.status_code, http_reason(answer)) == (status, why)


def test_who_can_send_nothing_but_post_says_what_is_meant(author: httpx.Client, where: str) -> None:
    """X-HTTP-Method-Override, as tus has it."""
    headers = {**PIECE, "upload-offset": "0", "x-http-method-override": "PATCH"}
    answer = author.post(where, content=CONTENT[:1000], headers=headers)

    assert (answer.status_code, answer.headers["upload-offset"]) == (204, "1000")


def test_what_is_cut_off_goes_on(author: httpx.Client, where: str, edge: Edge) -> None:
    """A body that ends before its Content-Length says so: what came of it is there."""
    before = came(edge)

    def broken() -> Iterator[bytes]:
        yield CONTENT[:2_000_000]
        wait_until(lambda: came(edge) > before)
        raise ConnectionAbortedError

    headers = {**PIECE, "upload-offset": "0", "content-length": str(len(CONTENT))}
    with closing(httpx.Client(base_url=author.base_url, headers=author.headers)) as own, pytest.raises(ConnectionAbortedError):
        own.patch(where, content=broken(), headers=headers)
    offset = wait_until(lambda: int(author.head(where, headers=TUS).headers["upload-offset"]))
    done = piece(author, where, offset, CONTENT[offset:])

    assert 0 < offset <= 2_000_000
    assert (done.status_code, done.headers["upload-offset"]) == (204, str(len(CONTENT)))


def came(edge: Edge) -> float:
    """How many bytes of files have come, at whichever worker."""
    lines = httpx.get(edge.metrics).text.splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith("gazette_upload_bytes_total"))


def test_nobody_uploads_without_signing_in(edge: Edge, where: str) -> None:
    """401, in whatever the protocol does."""
    with closing(edge.client()) as anyone:
        answers = [
            begin(anyone, "0190d5c3-0000-7000-8000-000000000000", PNG),
            anyone.head(where, headers=TUS),
            piece(anyone, where, 0, PNG),
            anyone.delete(where, headers=TUS),
        ]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 401]
