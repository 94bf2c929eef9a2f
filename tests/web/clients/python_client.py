"""gazette-client, the Python client, with threads or with asyncio, as the argument says."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import hashlib
import inspect
import sys
import tempfile
from pathlib import Path
from typing import Any

from google.protobuf.json_format import ParseDict

from gazette.auth.v1.auth_service_pb2 import GetMeRequest
from gazette.content.v1 import content_service_pb2 as content
from gazette.content.v1.document_import_pb2 import ExportDocumentsRequest, ImportDocumentsRequest, ImportOutcome
from gazette.delivery.v1.delivery_service_pb2 import GetPageRequest
from gazette.system.v1.system_service_pb2 import GetHealthRequest, HealthStatus
from gazette_client import AsyncClient, Client, errors
from tests.web.clients.steps import GIVEN, PASSWORD, REVIEW, draft, imported, take

CLIENT = {"threads": Client, "asyncio": AsyncClient}[sys.argv[1]]
clients: dict[str, Any] = {}
loop = asyncio.new_event_loop()


def done(answer: Any) -> Any:
    """What a call answers, whichever client it is of."""
    return loop.run_until_complete(answer) if inspect.isawaitable(answer) else answer


def collected(answers: Any) -> list[Any]:
    async def collect() -> list[Any]:
        return [each async for each in answers]

    return loop.run_until_complete(collect()) if hasattr(answers, "__aiter__") else list(answers)


def person(name: str) -> Any:
    async def open_client() -> Any:  # an AsyncClient belongs to the loop in which it is made
        return CLIENT(GIVEN["grpc"], email=f"{name}@example.gov", password=PASSWORD)

    if name not in clients:
        clients[name] = loop.run_until_complete(open_client())
    return clients[name]


def publish() -> str:
    request = ParseDict({"document": draft(GIVEN["path"])}, content.CreateDocumentRequest())
    document = done(person("author").content.CreateDocument(request)).document
    for who, verb in REVIEW:
        step = f"{verb.title()}Document"
        request = getattr(content, f"{step}Request")(id=document.id, etag=document.etag)
        document = done(getattr(person(who).content, step)(request)).document
    return str(done(person("publisher").delivery.GetPage(GetPageRequest(path=GIVEN["path"]))).page.html)


def every() -> list[str]:
    request = content.ListDocumentsRequest(content_type="harbour_notice", page_size=1)
    titles = []
    while True:
        page = done(person("author").content.ListDocuments(request))
        titles += [each.title for each in page.documents]
        request.page_token = page.next_page_token
        if not request.page_token:
            return sorted(titles)


def upload() -> str:
    file = done(person("author").upload(GIVEN["picture"], GIVEN["organisation"], "A pier"))
    return str(file.sha256)


def pieces() -> str:
    """In pieces; the first call ends before it has sent anything, the second one goes on."""
    begun: list[str] = []

    def stop(done: int, total: int) -> None:
        raise InterruptedError(done, total)

    about = {"name": "pier.png", "way": "resumable"}
    with contextlib.suppress(InterruptedError):
        done(person("author").upload(GIVEN["picture"], GIVEN["organisation"], progress=stop, begun=begun.append, **about))
    return str(done(person("author").upload(GIVEN["picture"], GIVEN["organisation"], resume=begun[0], **about)).sha256)


def download() -> str:
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "copy.png")
        done(person("author").download(GIVEN["file"], copy))
        return hashlib.sha256(copy.read_bytes()).hexdigest()


def refusal() -> list[Any]:
    request = ParseDict({"document": draft("tides")}, content.CreateDocumentRequest())
    try:
        done(person("author").content.CreateDocument(request))
    except errors.InvalidArgument as error:
        return [error.reason, [each.field for each in error.field_violations]]
    raise AssertionError("it was taken")


def export() -> int:
    request = ExportDocumentsRequest(organisation_id=GIVEN["organisation"])
    return sum(part.HasField("document") for part in collected(person("editor").content.ExportDocuments(request)))


def bring() -> list[str]:
    requests = [ParseDict(part, ImportDocumentsRequest()) for part in imported(f"{GIVEN['path']}-imported")]
    answer = done(person("admin").content.ImportDocuments(requests))
    return [ImportOutcome.Name(each.outcome) for each in answer.results]


def twice() -> list[str]:
    request = ParseDict({"document": draft(f"{GIVEN['path']}-once")}, content.CreateDocumentRequest())
    metadata = (("idempotency-key", GIVEN["key"]),)
    return [done(person("author").content.CreateDocument(request, metadata=metadata)).document.id for _ in range(2)]


def me() -> str:
    return str(done(person("author").auth.GetMe(GetMeRequest())).account.email)


def renewal() -> str:
    """With a token that has ended, in the client's memory, where it has no other way in."""
    session = person("author")._session
    session.tokens = dataclasses.replace(session.tokens, access=GIVEN["expired"])
    return me()


take(
    {
        "page": lambda: done(person("author").delivery.GetPage(GetPageRequest(path=GIVEN["page"]))).page.title,
        "signIn": me,
        "publish": publish,
        "list": every,
        "upload": upload,
        "pieces": pieces,
        "download": download,
        "error": refusal,
        "health": lambda: HealthStatus.Name(done(person("author").system.GetHealth(GetHealthRequest())).status),
        "export": export,
        "import": bring,
        "idempotent": twice,
        "renewal": renewal,
    }
)
for client in clients.values():
    done(client.close())
