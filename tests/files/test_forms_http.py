"""Forms over HTTP, as curl, a library and a browser's FormData send them."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from tests.edge import Edge
from tests.files.test_forms import BOUNDARY, FORM, form, part
from tests.files.uploading import PDF, PNG, png
from tests.refusals import http_reason


def test_a_library_sends_a_form(author: httpx.Client, organisation_id: str) -> None:
    """201 with Location, and the bytes come back."""
    content = png(5 * 1024 * 1024)
    fields = {"organisationId": organisation_id, "alternativeText": "The pier", "sha256": hashlib.sha256(content).hexdigest()}

    made = author.post("/v1/files:upload", data=fields, files={"file": ("Häfen & Kähne.png", content, "image/png")})
    file = made.json()["file"]

    assert (made.status_code, made.headers["location"]) == (201, f"/v1/files/{file['id']}")
    assert (file["name"], file["alternativeText"], file["sizeBytes"]) == ("Häfen & Kähne.png", "The pier", str(len(content)))
    assert author.get(f"/v1/files/{file['id']}:download").content == content


def test_curl_sends_a_form(author: httpx.Client, organisation_id: str, tmp_path: Path) -> None:
    """`curl -F` needs nothing but the fields and the file."""
    if (program := shutil.which("curl")) is None:
        pytest.skip("curl is not installed")
    (tmp_path / "Kähne.pdf").write_bytes(PDF)
    signed = f"authorization: {author.headers['authorization']}"
    fields = ["-F", f"organisationId={organisation_id}", "-F", f"file=@{tmp_path / 'Kähne.pdf'}"]

    command = [program, "-sSf", "-H", signed, *fields, f"{author.base_url}/v1/files:upload"]
    answer = subprocess.run(command, check=True, capture_output=True, timeout=60).stdout

    file = json.loads(answer)["file"]
    assert (file["name"], file["contentType"], file["sizeBytes"]) == ("Kähne.pdf", "application/pdf", str(len(PDF)))


def test_a_page_without_a_script_cannot_send_one(edge: Edge, organisation_id: str) -> None:
    """A form that a browser sends by itself carries no Authorization, whatever cookies it has, so no other site can make it
    upload for its user: 401."""
    with closing(edge.client()) as anyone:
        answer = anyone.post(
            "/v1/files:upload",
            data={"organisationId": organisation_id},
            files={"file": ("a.png", PNG)},
            headers={"origin": "https://evil.example", "cookie": "session=1"},
        )

    assert (answer.status_code, http_reason(answer)) == (401, "UNAUTHENTICATED")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (form(part("file", PNG, "a.png")), "before the file"),
        (form(part("organisationId", "{}"), part("a", PNG, "a.png"), part("b", PNG, "b.png")), "second file"),
        (form(part("organisationId", "{}"), part("colour", "blue"), part("file", PNG, "a.png")), "colour"),
        (form(part("organisationId", "{}"), part("file", PNG, "a.png"), end=b""), "last boundary"),
        (b'{"name": "a.png"}', "no form"),
    ],
)
def test_a_refused_form_says_why(author: httpx.Client, organisation_id: str, body: bytes, said: str) -> None:
    """400 in JSON, with what to send instead."""
    content = body.replace(b"{}", organisation_id.encode())

    answer = author.post("/v1/files:upload", content=content, headers={"content-type": FORM})

    assert (answer.status_code, http_reason(answer)) == (400, "INVALID_FORM")
    assert said in answer.json()["message"]


def test_a_form_without_a_length_is_refused(author: httpx.Client) -> None:
    """A chunked form does not say how long it will be."""
    answer = author.post("/v1/files:upload", content=iter([b"--" + BOUNDARY.encode(), b"--"]), headers={"content-type": FORM})

    assert (answer.status_code, http_reason(answer)) == (400, "LENGTH_REQUIRED")
