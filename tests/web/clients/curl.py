"""curl, HTTP/JSON: a shell's commands, one a call."""

from __future__ import annotations

import functools
import hashlib
import json
import subprocess
from typing import Any

from tests.web.clients.steps import GIVEN, PASSWORD, REVIEW, draft, imported, take


def call(path: str, *options: str, body: object = None, as_: str = "", query: dict[str, str] | None = None) -> bytes:
    """What is at the path. The body of an error is returned as any other's."""
    command = ["curl", "--silent", "--show-error", *options, f"{GIVEN['http']}{path}"]
    if as_:
        command += ["--header", f"authorization: Bearer {token(as_)}"]
    if body is not None:
        command += ["--data", json.dumps(body)]
    for name, value in (query or {}).items():
        command += ["--url-query", f"{name}={value}"]
    return subprocess.run(command, check=True, capture_output=True).stdout


def answer(path: str, *options: str, **given: Any) -> Any:
    return json.loads(call(path, *options, **given))


@functools.cache
def token(name: str) -> str:
    given = {"email": f"{name}@example.gov", "password": PASSWORD}
    return str(answer("/v1/auth/login", body=given)["accessToken"])


def publish() -> str:
    document = answer("/v1/documents", body=draft(GIVEN["path"]), as_="author")["document"]
    for who, verb in REVIEW:
        body = {"etag": document["etag"]}
        document = answer(f"/v1/documents/{document['id']}:{verb}", body=body, as_=who)["document"]
    query = {"minRecordNumber": document["live"]["recordNumber"]}
    return str(answer(f"/v1/pages{GIVEN['path']}", "--get", query=query)["page"]["html"])


def every() -> list[str]:
    titles, page_token = [], ""
    while True:
        query = {"contentType": "harbour_notice", "pageSize": "1", "pageToken": page_token}
        page = answer("/v1/documents", "--get", query=query, as_="author")
        titles += [each["title"] for each in page["documents"]]
        page_token = page["nextPageToken"]
        if not page_token:
            return sorted(titles)


def upload() -> str:
    query = {"organisationId": GIVEN["organisation"], "name": "pier.png", "alternativeText": "A pier"}
    options = ("--data-binary", f"@{GIVEN['picture']}", "--header", "content-type: image/png")
    file = answer("/v1/files:upload", *options, query=query, as_="author")["file"]
    return str(file["sha256"])


def refusal() -> list[Any]:
    details = answer("/v1/documents", body=draft("tides"), as_="author")["details"]
    kinds = {each["@type"].rpartition(".")[2]: each for each in details}
    return [kinds["ErrorInfo"]["reason"], [each["field"] for each in kinds["BadRequest"]["fieldViolations"]]]


def export() -> int:
    lines = call("/v1/documents:export", "--get", query={"organisationId": GIVEN["organisation"]}, as_="editor").splitlines()
    return sum("document" in json.loads(line) for line in lines)


def twice() -> list[str]:
    key, body = f"idempotency-key: {GIVEN['key']}", draft(f"{GIVEN['path']}-once")
    return [answer("/v1/documents", "--header", key, body=body, as_="author")["document"]["id"] for _ in range(2)]


def bring() -> list[str]:
    told = answer("/v1/documents:import", body=imported(f"{GIVEN['path']}-imported"), as_="admin")
    return [each["outcome"] for each in told["results"]]


take(
    {
        "page": lambda: answer(f"/v1/pages{GIVEN['page']}")["page"]["title"],
        "signIn": lambda: answer("/v1/auth/me", as_="author")["account"]["email"],
        "publish": publish,
        "list": every,
        "upload": upload,
        "download": lambda: hashlib.sha256(call(f"/v1/files/{GIVEN['file']}:download", as_="author")).hexdigest(),
        "error": refusal,
        "health": lambda: answer("/health")["status"],
        "export": export,
        "import": bring,
        "idempotent": twice,
    }
)
