"""openapi-python-client: the package that it makes of docs/openapi.json, which is on the path here as `gazette_api`."""

from __future__ import annotations

import functools
import hashlib
import importlib
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

from gazette_api import AuthenticatedClient, models
from gazette_api.types import UNSET, File

from tests.web.clients.steps import GIVEN, PASSWORD, REVIEW, draft, imported, take

PUBLIC = AuthenticatedClient(base_url=GIVEN["http"], token="", prefix="")
"""What is public is generated with the same type of client as all else."""


def call(service: str, rpc: str, /, *words: Any, as_: str = "", **given: Any) -> Any:
    """What the call answers: a model, or a Status."""
    return importlib.import_module(f"gazette_api.api.{service}_service.{rpc}").sync(
        *words, client=person(as_) if as_ else PUBLIC, **given
    )


@functools.cache
def person(name: str) -> AuthenticatedClient:
    given = models.LoginRequest(email=f"{name}@example.gov", password=PASSWORD)
    return AuthenticatedClient(base_url=GIVEN["http"], token=call("auth", "login", body=given).access_token)


def document(path: str) -> models.Document:
    return models.Document.from_dict(draft(path))


def publish() -> str:
    written = call("content", "create_document", body=document(GIVEN["path"]), as_="author").document
    for who, verb in REVIEW:
        body = getattr(models, f"{verb.title()}DocumentBody")(etag=written.etag)
        written = call("content", f"{verb}_document", UUID(str(written.id)), body=body, as_=who).document
    number = written.live.record_number
    return str(call("delivery", "get_page", GIVEN["path"].lstrip("/"), min_record_number=number).page.html)


def every() -> list[str]:
    titles, page_token = [], UNSET
    while True:
        given = {"content_type": "harbour_notice", "page_size": 1, "page_token": page_token}
        page = call("content", "list_documents", as_="author", **given)
        titles += [each.title for each in page.documents]
        page_token = page.next_page_token
        if not page_token:
            return sorted(titles)


def upload() -> str:
    about = {"organisation_id": GIVEN["organisation"], "name": "pier.png", "alternative_text": "A pier"}
    body = File(BytesIO(Path(GIVEN["picture"]).read_bytes()))
    return str(call("file", "upload_file_content", body=body, as_="author", **about).file.sha256)


def download() -> str:
    file = call("file", "download_file", UUID(GIVEN["file"]), as_="author")
    return hashlib.sha256(file.payload.read()).hexdigest()


def refusal() -> list[Any]:
    status = call("content", "create_document", body=document("tides"), as_="author")
    fields = [violation.field for detail in status.details for violation in detail.field_violations or ()]
    return [status.details[0].reason, fields]


def export() -> int:
    return len(call("content", "export_documents", as_="editor", organisation_id=GIVEN["organisation"]))


def bring() -> list[str]:
    parts = [models.ImportDocumentsRequest.from_dict(part) for part in imported(f"{GIVEN['path']}-imported")]
    return [str(each.outcome) for each in call("content", "import_documents", body=parts, as_="admin").results]


def twice() -> list[str]:
    given = {"body": document(f"{GIVEN['path']}-once"), "idempotency_key": GIVEN["key"]}
    return [str(call("content", "create_document", as_="author", **given).document.id) for _ in range(2)]


take(
    {
        "page": lambda: call("delivery", "get_page", GIVEN["page"].lstrip("/")).page.title,
        "signIn": lambda: call("auth", "get_me", as_="author").account.email,
        "publish": publish,
        "list": every,
        "upload": upload,
        "download": download,
        "error": refusal,
        "health": lambda: str(call("system", "get_health").status),
        "export": export,
        "import": bring,
        "idempotent": twice,
    }
)
