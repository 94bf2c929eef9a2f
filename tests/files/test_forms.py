"""Uploads as browsers' forms make them, and forms that are none, as Envoy hands them on."""

from __future__ import annotations

import asyncio
import hashlib
import uuid
from collections.abc import AsyncIterator, Iterator
from typing import Any

import grpc
import pytest
from google.api.httpbody_pb2 import HttpBody

from gazette.auth.v1.account_pb2 import Role
from gazette.files.v1.file_pb2 import File
from gazette.files.v1.file_service_pb2 import UploadFileContentRequest
from gazette.files.v1.file_service_pb2_grpc import FileServiceStub
from server.files.uploads.forms import MOST_DELIMITERS
from server.files.uploads.rules import FORM_FIELDS
from tests.files.uploading import PDF, PNG, assert_nothing_left, blobs, png, rows
from tests.polling import until, until_so
from tests.refusals import Refusal, refused
from tests.service import Person, Service

BOUNDARY = "----GazetteForm7MA4YWxkTrZu0gW"
FORM = f"multipart/form-data; boundary={BOUNDARY}"
SOMEBODY = "0190d5c3-0000-7000-8000-000000000000"


def part(name: str, content: bytes | str, filename: str | None = None, *headers: str) -> bytes:
    told = f'Content-Disposition: form-data; name="{name}"' + (f'; filename="{filename}"' if filename is not None else "")
    kind = ["Content-Type: application/octet-stream"] if filename is not None else []
    head = "\r\n".join([f"--{BOUNDARY}", told, *kind, *headers, "", ""])
    return head.encode() + (content.encode() if isinstance(content, str) else content) + b"\r\n"


def form(*parts: bytes, end: bytes = b"--\r\n") -> bytes:
    return b"".join(parts) + b"--" + BOUNDARY.encode() + end


def pieces(body: bytes, size: int, content_type: str, **query: str) -> Iterator[UploadFileContentRequest]:
    """What Envoy makes of a body that comes in pieces of this size."""
    for start in range(0, len(body), size):
        content = HttpBody(content_type="" if start else content_type, data=body[start : start + size])
        yield UploadFileContentRequest(content=content, **({} if start else query))


async def sent(
    service: Service,
    author: Person,
    body: bytes,
    *,
    size: int = 100_000,
    length: int = 0,
    kind: str = FORM,
    key: str = "",
    **query: str,
) -> File:
    metadata = (*author.metadata, ("x-declared-length", str(length or len(body))), ("idempotency-key", key))
    call = FileServiceStub(service.channel).UploadFileContent(pieces(body, size, kind, **query), metadata=metadata)
    return (await call).file


async def authored(service: Service) -> tuple[str, Person]:
    organisation_id = await service.organisation()
    return organisation_id, await service.account(role=Role.ROLE_AUTHOR, organisation_id=organisation_id)


@pytest.mark.parametrize("size", [7, 1000, 1_000_000])
async def test_a_form_uploads_its_file(service: Service, size: int) -> None:
    """However the body is cut, the file is the part's bytes, called and described by the fields before it."""
    organisation_id, author = await authored(service)
    content = f"\r\n--{BOUNDARY[:-1]}\r\n--\r\n".encode() * 10 + PDF  # before which readers of PDFs let something stand
    fields = {
        "organisationId": organisation_id,
        "name": " Ha\u0308fen & Kähne.pdf",
        "alternativeText": "A pier\r\nat low tide",
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    body = form(*(part(name, text) for name, text in fields.items()), part("file", content, "other.jpg"))

    file = await sent(service, author, body, size=size)

    assert (file.name, file.alternative_text) == ("Häfen & Kähne.pdf", "A pier\nat low tide")
    assert (file.size_bytes, file.sha256) == (len(content), fields["sha256"])
    assert [path.read_bytes() for path in blobs(service)] == [content]


@pytest.mark.parametrize("end", [b"--\r\n", b"--", b"--\r\n\r\n"])
async def test_a_file_has_the_name_that_it_comes_with(service: Service, end: bytes) -> None:
    """Without a field for it, or with an empty one, the name is the part's, whatever the part itself is called; what says whose
    it is may stand in the query; and clients end a form in more ways than one."""
    organisation_id, author = await authored(service)
    body = form(part("name", ""), part("photo", PNG, "Häfen.png"), end=end)

    file = await sent(service, author, body, organisation_id=organisation_id)

    assert (file.name, file.size_bytes) == ("Häfen.png", len(PNG))


async def refusal_of(service: Service, body: bytes, **more: Any) -> Refusal:
    """How a form of somebody who may upload is refused. Nothing is left of it."""
    author = await service.account(role=Role.ROLE_AUTHOR)
    refusal = await refused(sent(service, author, body, **more))
    assert refusal.code == grpc.StatusCode.INVALID_ARGUMENT
    await assert_nothing_left(service)
    return refusal


WHOSE = part("organisationId", SOMEBODY)
FILE = part("file", PNG, "harbour.png")


@pytest.mark.parametrize(
    ("body", "field", "why"),
    [
        (form(WHOSE), "content", "is missing"),
        (form(), "content", "is missing"),
        (form(WHOSE, part("file", PNG)), "file", "is no field of this form, and no file"),
        (form(WHOSE, part("colour", "blue"), FILE), "colour", "there are organisationId, name, alternativeText, sha256"),
        (form(FILE), "organisation_id", "before the file"),
        (form(WHOSE, FILE, part("name", "a.png")), "name", "comes behind the file"),
        (form(WHOSE, FILE, part("second", PNG, "b.png")), "second", "is a second file"),
        (form(WHOSE, WHOSE, FILE), "organisationId", "comes twice"),
        (form(WHOSE, part("sha256", PNG, "a.png"), FILE), "sha256", "is a file"),
        (form(WHOSE, part("name", b"\xff.png"), FILE), "name", "is no UTF-8"),
        (form(WHOSE, part("file", PNG, "")), "name", "was one chosen?"),
        (form(WHOSE, part("name", "a.png"), part("file", b"", "")), "content", "is empty"),
        (form(WHOSE, part("file", PNG, "a.png", "Content-Transfer-Encoding: base64")), "file", "comes as base64"),
        (form(WHOSE, FILE, end=b""), "content", "ends before its last boundary"),
        (WHOSE + FILE, "content", "ends before its last boundary"),
        (b"no form at all", "content", "is no form"),
        (PNG, "content", "is no form"),
        (form(WHOSE.replace(b"form-data", b"attachment"), FILE), "content", "Content-Disposition"),
        (form(b"--" + BOUNDARY.encode() + b"\r\n\r\nbare\r\n", FILE), "content", "Content-Disposition"),
        (form(WHOSE, part("alternativeText", "a" * 20_000), FILE), "content", "bytes beside its file"),
        (form(WHOSE, FILE) + bytes(20_000), "content", "bytes beside its file"),
        (form(WHOSE, part("name", "a.png", None, *(f"X-{n}: 1" for n in range(20))), FILE), "content", "is no form"),
        (form(WHOSE, part("name", "a.png", None, "X: " + "1" * 5000), FILE), "content", "is no form"),
    ],
)
async def test_a_form_that_is_refused_says_what_to_send_instead(service: Service, body: bytes, field: str, why: str) -> None:
    """INVALID_FORM, with the part and the reason; nothing is stored (F1)."""
    for size in (50, 100_000):
        refusal = await refusal_of(service, body, size=size)

        assert refusal.reason == "INVALID_FORM"
        assert list(refusal.fields) == [field]
        assert why in refusal.fields[field]


@pytest.mark.parametrize("size", [50, 100_000])
async def test_whose_a_file_is_comes_before_it(service: Service, size: int) -> None:
    """A form whose file comes first is told in which order to send it, as soon as that shows."""
    refusal = await refusal_of(service, form(FILE, WHOSE), size=size)

    assert refusal.reason == "INVALID_FORM"
    assert set(refusal.fields) <= {"organisation_id", "organisationId"}
    assert "before" in str(refusal.fields)


@pytest.mark.parametrize("boundary", ["", "; boundary=", f"; boundary={'b' * 300}"])
async def test_a_form_names_its_boundary(service: Service, boundary: str) -> None:
    """Without one, which is what a script gets that sets the content type itself, the refusal says so."""
    refusal = await refusal_of(service, form(WHOSE, FILE), kind=f"multipart/form-data{boundary}")

    assert (refusal.reason, list(refusal.fields)) == ("INVALID_FORM", ["content-type"])


async def test_a_file_cannot_pass_for_parts_without_end(service: Service) -> None:
    """What looks like the boundary inside a file is dear to parse: a form has as many as it needs."""
    delimiters = f"\r\n--{BOUNDARY}x".encode() * (MOST_DELIMITERS + 1)

    refusal = await refusal_of(service, form(WHOSE, part("file", PNG + delimiters, "a.png")))

    assert (refusal.reason, "parts" in refusal.fields["content"]) == ("INVALID_FORM", True)


@pytest.mark.parametrize("missing", [1, 2, 3, 10, 40, 500])
async def test_a_form_that_was_cut_off_is_refused(service: Service, missing: int) -> None:
    """Its body is not as long as it says, wherever it ends (F1)."""
    body = form(WHOSE, FILE)

    refusal = await refusal_of(service, body[:-missing], length=len(body))

    assert refusal.reason == "SIZE_MISMATCH" or "last boundary" in str(refusal.fields)
    assert set(refusal.fields) <= {"content-length", "content"}


@pytest.mark.parametrize("more", [1, -1])
async def test_a_form_has_its_true_length(service: Service, more: int) -> None:
    """Content-Length counts all of it."""
    organisation_id, author = await authored(service)
    body = form(part("organisationId", organisation_id), FILE)

    refusal = await refused(sent(service, author, body, length=len(body) + more))

    assert (refusal.reason, list(refusal.fields)) == ("SIZE_MISMATCH", ["content-length"])
    await assert_nothing_left(service)


async def test_what_the_query_says_the_form_does_not_say_too(service: Service) -> None:
    """Neither would be known to be meant."""
    refusal = await refusal_of(service, form(WHOSE, FILE), organisation_id=str(uuid.uuid4()))

    assert (refusal.reason, list(refusal.fields)) == ("INVALID_FORM", ["organisation_id"])


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"organisationId": "no-uuid"}, "organisation_id"),
        ({"sha256": "ABC"}, "sha256"),
        ({"name": "a\u202egnp.png"}, "name"),
        ({"name": "../a.png"}, "name"),
        ({"alternativeText": "a" * 1001}, "alternative_text"),
        ({"sha256": "0" * 64}, "sha256"),
    ],
)
async def test_fields_keep_the_rules_of_the_contract(service: Service, fields: dict[str, str], field: str) -> None:
    """What the query of an upload may not say, a form may not say either."""
    organisation_id, author = await authored(service)
    given = {"organisationId": organisation_id, **fields}
    body = form(*(part(name, text) for name, text in given.items()), FILE)

    refusal = await refused(sent(service, author, body))

    assert (refusal.code, list(refusal.fields)) == (grpc.StatusCode.INVALID_ARGUMENT, [field])
    await assert_nothing_left(service)


async def test_a_form_is_taken_from_those_who_may_upload(service: Service) -> None:
    """Whose the file shall be is asked before its bytes are stored: another organisation is as none, a reader is told so."""
    organisation_id, _ = await authored(service)
    _, stranger = await authored(service)
    reader = await service.account(role=Role.ROLE_READER, organisation_id=organisation_id)
    body = form(part("organisationId", organisation_id), FILE)

    assert (await refused(sent(service, stranger, body))).reason == "ORGANISATION_NOT_FOUND"
    assert (await refused(sent(service, reader, body))).code == grpc.StatusCode.PERMISSION_DENIED
    await assert_nothing_left(service)


async def test_a_file_in_a_form_is_as_long_as_files_may_be(service: Service) -> None:
    """The longest is taken, whatever is beside it in the form; with one byte more it is refused (F1)."""
    organisation_id, author = await authored(service)
    most = service.settings.max_file_size
    whose = part("organisationId", organisation_id)

    file = await sent(service, author, form(whose, part("file", png(most), "a.png")))
    refusal = await refused(sent(service, author, form(whose, part("file", png(most + 1), "a.png"))))
    far = await refused(sent(service, author, form(whose, part("file", png(most + FORM_FIELDS.beside + 1), "a.png"))))

    assert file.size_bytes == most
    assert (refusal.reason, list(refusal.fields)) == ("FILE_TOO_LARGE", ["content"])
    assert (far.reason, list(far.fields)) == ("FILE_TOO_LARGE", ["content-length"])
    assert len(blobs(service)) == 1


async def test_a_form_can_be_repeated(service: Service) -> None:
    """The same idempotency key gets the same file, and stands for no other form."""
    organisation_id, author = await authored(service)
    whose = part("organisationId", organisation_id)

    first, second = [await sent(service, author, form(whose, FILE), key="form") for _ in range(2)]
    refusal = await refused(sent(service, author, form(whose, part("file", PDF, "a.pdf")), key="form"))

    assert first == second
    assert refusal.reason == "IDEMPOTENCY_KEY_REUSED"
    assert len(blobs(service)) == 1


async def test_who_leaves_in_the_middle_of_a_form_uploads_nothing(service: Service) -> None:
    """A form that is cancelled before it ends vanishes, row and blob (F1)."""
    organisation_id, author = await authored(service)
    body = form(part("organisationId", organisation_id), part("file", png(1_000_000), "a.png"))
    waiting = asyncio.Event()

    async def stalled() -> AsyncIterator[UploadFileContentRequest]:
        for piece in pieces(body[:-10], 100_000, FORM):
            yield piece
        waiting.set()
        await asyncio.Event().wait()

    metadata = (*author.metadata, ("x-declared-length", str(len(body))))
    call = FileServiceStub(service.channel).UploadFileContent(stalled(), metadata=metadata)
    await waiting.wait()
    await until_so(lambda: blobs(service))
    call.cancel()

    async def is_gone() -> bool:
        return not await rows(service) and not blobs(service)

    await until(is_gone)
