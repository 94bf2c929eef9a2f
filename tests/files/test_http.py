"""Files over HTTP, through Envoy, as a browser or a script meets them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import httpx
import pytest

from tests.edge import Edge
from tests.files.uploading import PDF, PNG, png
from tests.refusals import http_reason


def upload(
    author: httpx.Client, organisation_id: str, content: bytes, name: str = "harbour.png", **more: str
) -> httpx.Response:
    return author.post(
        "/v1/files:upload",
        params={"organisationId": organisation_id, "name": name},
        content=content,
        headers={"content-type": "application/octet-stream", **more},
    )


def test_an_uploaded_file_can_be_downloaded(author: httpx.Client, organisation_id: str) -> None:
    """201 with Location; then the same bytes with their length, type, ETag and name, for nobody else to keep."""
    content = png(5 * 1024 * 1024)

    made = upload(author, organisation_id, content, "Häfen & Kähne+1.png")
    file = made.json()["file"]
    answer = author.get(f"{made.headers['location']}:download")

    assert made.status_code == 201
    assert made.headers["location"] == f"/v1/files/{file['id']}"
    assert file["sha256"] == hashlib.sha256(content).hexdigest()
    assert answer.status_code == 200
    assert answer.content == content
    assert answer.headers["content-length"] == str(len(content))
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["etag"] == f'"{file["sha256"]}"'
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    disposition = "inline; filename=\"H_fen & K_hne+1.png\"; filename*=UTF-8''H%C3%A4fen%20%26%20K%C3%A4hne%2B1.png"
    assert answer.headers["content-disposition"] == disposition


def test_who_signs_out_under_an_upload_uploads_nothing(edge: Edge, author: httpx.Client, organisation_id: str) -> None:
    """The rest of the body comes too late, and is answered 401 (T8)."""
    content = png(2 * 1024 * 1024)
    with closing(edge.client("author@example.gov")) as own, closing(edge.client()) as beside:
        token = {"authorization": own.headers["authorization"]}

        def pieces() -> Iterator[bytes]:
            yield content[:1_000_000]
            beside.post("/v1/auth/logout", json={}, headers=token).raise_for_status()
            yield content[1_000_000:]

        answer = own.post(
            "/v1/files:upload",
            params={"organisationId": organisation_id, "name": "too-late.png"},
            content=pieces(),
            headers={"content-type": "application/octet-stream", "content-length": str(len(content))},
        )
    assert (answer.status_code, http_reason(answer)) == (401, "INVALID_ACCESS_TOKEN")
    assert upload(author, organisation_id, content, "in-time.png").status_code == 201


def test_a_file_that_the_client_has_is_not_sent_again(author: httpx.Client, organisation_id: str) -> None:
    """If-None-Match is answered by 304 without a body, for as long as the caller may have the file."""
    file = upload(author, organisation_id, PDF, "form.pdf").json()["file"]
    etag = {"if-none-match": f'"{file["sha256"]}"'}

    answer = author.get(f"/v1/files/{file['id']}:download", headers=etag)
    anonymous = httpx.get(author.base_url.join(f"/v1/files/{file['id']}:download"), headers=etag)

    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["etag"] == etag["if-none-match"]
    assert (anonymous.status_code, http_reason(anonymous)) == (404, "FILE_NOT_FOUND")


def test_head_tells_the_length_of_a_file(author: httpx.Client, organisation_id: str) -> None:
    """HEAD answers as GET does, without the bytes."""
    file = upload(author, organisation_id, PDF, "form.pdf").json()["file"]

    answer = author.head(f"/v1/files/{file['id']}:download")

    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == str(len(PDF))
    assert answer.headers["content-disposition"] == 'attachment; filename="form.pdf"'


def pages(anyone: httpx.Client) -> Iterator[dict[str, Any]]:
    """All that is published, newest first."""
    token = ""
    while True:
        answer = anyone.get("/v1/pages", params={"pageSize": 100, "pageToken": token}).raise_for_status().json()
        yield from answer["pages"]
        if not (token := answer.get("nextPageToken", "")):
            return


def test_a_published_documents_files_are_for_everyone(edge: Edge) -> None:
    """What a page shows, anyone may download, and keep while it is public."""
    with closing(edge.client()) as anyone:
        for summary in pages(anyone):
            where = "/v1/pages:home" if summary["path"] == "/" else f"/v1/pages{summary['path']}"
            shown = anyone.get(where, params={"locale": summary["locale"]}).json()["page"]
            for attachment in shown["attachments"]:
                answer = anyone.get(f"/v1/files/{attachment['id']}:download")

                assert answer.status_code == 200
                assert answer.headers["cache-control"] == "public, no-cache"
                assert str(len(answer.content)) == answer.headers["content-length"]
                return
    pytest.fail("no page of the demo has an attachment")


@pytest.mark.parametrize(
    ("content", "name", "status", "why"),
    [
        (png(5 * 1024 * 1024 + 1), "a.png", 413, "FILE_TOO_LARGE"),
        (b"<html><script>alert(1)</script></html>", "a.png", 400, "FILE_TYPE_NOT_ALLOWED"),
        (PNG, "a.pdf", 400, "FILE_TYPE_NOT_ALLOWED"),
        (PNG, "../a.png", 400, "INVALID_ARGUMENT"),
        (b"", "a.png", 400, "INVALID_ARGUMENT"),
    ],
)
def test_a_refused_upload_says_why(
    author: httpx.Client, organisation_id: str, content: bytes, name: str, status: int, why: str
) -> None:
    """The status and the reason arrive, also when the server has not read all of the body."""
    answer = upload(author, organisation_id, content, name)

    assert (answer.status_code, http_reason(answer)) == (status, why)


def test_an_upload_without_a_length_is_refused(author: httpx.Client, organisation_id: str) -> None:
    """A chunked body does not say how long it will be."""
    answer = author.post(
        "/v1/files:upload", params={"organisationId": organisation_id, "name": "a.png"}, content=iter([PNG[:100], PNG[100:]])
    )

    assert (answer.status_code, http_reason(answer)) == (400, "LENGTH_REQUIRED")


def test_an_upload_can_be_repeated(author: httpx.Client, organisation_id: str) -> None:
    """The same idempotency key gets the same file."""
    content = png(2_000_000)
    first, second = [upload(author, organisation_id, content, **{"idempotency-key": "over-http"}) for _ in range(2)]

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()


def test_nobody_uploads_without_signing_in(edge: Edge, organisation_id: str) -> None:
    """401 tells a client to sign in."""
    with closing(edge.client()) as anyone:
        answer = upload(anyone, organisation_id, PNG)

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
