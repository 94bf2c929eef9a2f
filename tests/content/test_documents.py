"""Making and reading documents."""

from __future__ import annotations

import asyncio
import json
import uuid
from typing import Any

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from sqlalchemy import text

from gazette.auth.v1.account_pb2 import Role
from gazette.content.v1 import content_service_pb2 as rpc
from gazette.content.v1.document_pb2 import BodyFormat, Document, DraftState, LinkTargets
from tests.content.desk import Desk
from tests.refusals import refused

STRANGE = [
    "",
    "undefined",
    "NULL",
    "null",
    "nan",
    "1e400",
    "0x7fffffff",
    "1/0",
    "'; DROP TABLE documents; --",
    "%s%d%n{0}{{}}${x}`id`",
    "<script>alert(1)</script>",
    "../../../etc/passwd",
    "bom\ufeff inside",
    "\u200e\u200f \u2067reversed\u2069",
    "ÅÍÎÏ˝ÓÔ ÒÚÆ☃ é",
    "田中さんにあげて下さい 表ポあ",
    "👩‍👩‍👧‍👦 🇬🇧 🏴\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f",
    "Z̮̞̠͙͔ͅḀ̗̞͈̻̗Ḷ͙͎̯̹̞͓G̻O̭̗̮",
    "الكل في المجمو عة (5)",
    "[31mred[0m",
    "a  b",
    "\ufffd\U0010fffd\ue000 private",
    "\\x00\\u0000\\",
    '"quoted" ’ “ „',
    "a" * 1000,
]


async def test_a_document_comes_back_as_it_was_given(desk: Desk) -> None:
    """What an author writes is what is stored, with what the server adds."""
    key, target, file = (str(uuid.uuid4()) for _ in range(3))
    said: dict[str, Any] = {
        "locale": "cy",
        "translation_key": key,
        "summary": "About",
        "body": "<p>Hi</p>",
        "body_format": BodyFormat.BODY_FORMAT_HTML,
        "links": {"related": LinkTargets(translation_keys=[target, target]), "parent": LinkTargets()},
        "tags": ["b", "a"],
        "attachments": [file],
    }
    wanted = desk.draft(f"{desk.root}/a/b.c", **said)
    wanted.details.update(
        {"n": 5, "f": 0.1, "big": 1e300, "small": 5e-324, "neg": -3, "t": True, "z": None, "l": [1, [{}]], "s": {}}
    )
    made = (
        await desk.documents.CreateDocument(rpc.CreateDocumentRequest(document=wanted), metadata=desk.author.metadata)
    ).document
    assert uuid.UUID(made.id).version == 7
    for field in ("organisation_id", "content_type", "path", "title", "details", *said):
        assert getattr(made, field) == getattr(wanted, field), field
    assert (made.revision_number, made.draft.state, made.draft.revision_number) == (1, DraftState.DRAFT_STATE_DRAFT, 1)
    assert (made.live.state, made.live.revision_number, made.live.path) == (0, 0, "")
    assert made.create_time == made.update_time
    assert await desk.get(made) == made


async def test_what_is_left_out_has_a_default(desk: Desk) -> None:
    """Without a locale, a translation key and a format, a document is English, the first of its translations, and Markdown."""
    made = await desk.create()
    assert (made.locale, made.body_format) == ("en", BodyFormat.BODY_FORMAT_MARKDOWN)
    assert uuid.UUID(made.translation_key).version == 7


async def test_strange_strings_come_back_to_the_character(desk: Desk) -> None:
    """A string that is in its form comes back as it was given, wherever a string may stand (C1)."""
    tags = [strange[:100] for strange in STRANGE if strange not in {"", "null", "a  b"}]
    made = await desk.create(title="x", body="\n".join(STRANGE), tags=tags)
    for strange in STRANGE:
        changed: dict[str, Any] = {"summary": strange, "body": strange, "details": {strange: [strange, {"x": strange}]}}
        wanted = Document(id=made.id, etag=made.etag, title=strange or "x", summary=strange, body=strange)
        wanted.details.update(changed["details"])
        request = rpc.UpdateDocumentRequest(document=wanted, update_mask=FieldMask(paths=["title", *changed]))
        made = (await desk.documents.UpdateDocument(request, metadata=desk.author.metadata)).document
        assert (made.title, made.summary, made.body) == (strange or "x", strange, strange)
        assert made.details == wanted.details
    assert [*made.tags] == tags


@pytest.mark.parametrize("value", ['"\\u0000"', "1e999", "NaN", "-Infinity"])
async def test_what_cannot_be_stored_is_refused(desk: Desk, value: str) -> None:
    """U+0000 and numbers that are not finite are INVALID_ARGUMENT, at their place (C1, C2)."""
    wanted = desk.draft()
    wanted.details.update({"a": {"b": json.loads(value)}})
    refusal = await refused(
        desk.documents.CreateDocument(rpc.CreateDocumentRequest(document=wanted), metadata=desk.author.metadata)
    )
    assert refusal.code == grpc.StatusCode.INVALID_ARGUMENT
    assert [*refusal.fields] == ["document.details.a.b"]


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"title": ""}, "document"),
        ({"path": "no-slash"}, "document.path"),
        ({"path": "/a//b"}, "document.path"),
        ({"path": "/a/../b"}, "document.path"),
        ({"path": "/a?b"}, "document.path"),
        ({"locale": "english"}, "document.locale"),
        ({"translation_key": "x"}, "document.translation_key"),
        ({"tags": ["a", "a"]}, "document.tags"),
        ({"links": {"Related": LinkTargets()}}, "document.links"),
        ({"attachments": ["x"]}, "document.attachments[0]"),
    ],
)
async def test_what_the_contract_refuses(desk: Desk, said: dict[str, Any], field: str) -> None:
    """A field that breaks a rule of the contract is named."""
    path = said.pop("path", f"{desk.root}/a")
    refusal = await refused(desk.create(path, **said))
    assert refusal.code == grpc.StatusCode.INVALID_ARGUMENT
    assert any(name.startswith(field) for name in refusal.fields)


async def test_a_path_is_one_documents(desk: Desk) -> None:
    """A second document of the locale at a path is refused; another locale may share it."""
    await desk.create(f"{desk.root}/taken")
    refusal = await refused(desk.create(f"{desk.root}/taken"))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.ALREADY_EXISTS, "PATH_TAKEN")
    assert refusal.info.metadata["field"] == "document.path"
    await desk.create(f"{desk.root}/taken", locale="cy")
    other = await desk.create(f"{desk.root}/other")
    assert (await refused(desk.update(other, path=f"{desk.root}/taken"))).reason == "PATH_TAKEN"
    assert (await desk.get(other)).path == f"{desk.root}/other"


async def test_a_translation_is_one_document(desk: Desk) -> None:
    """A second document under a translation key and locale is refused, and so is another organisation's key in any locale."""
    first = await desk.create()
    refusal = await refused(desk.create(translation_key=first.translation_key))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.ALREADY_EXISTS, "TRANSLATION_EXISTS")
    await desk.create(translation_key=first.translation_key, locale="cy")
    elsewhere = await desk.service.organisation()
    metadata = (await desk.service.account(role=Role.ROLE_AUTHOR)).metadata
    joining = desk.create(translation_key=first.translation_key, locale="fr", organisation_id=elsewhere, metadata=metadata)
    assert (await refused(joining)).reason == "TRANSLATION_EXISTS"


async def test_unknown_content_types(desk: Desk) -> None:
    """A document of a content type that there is not is refused."""
    refusal = await refused(desk.create(content_type="absent"))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "CONTENT_TYPE_NOT_FOUND")


async def test_other_organisations_are_not_there(desk: Desk) -> None:
    """A document of an organisation in which the caller may not read answers exactly as one that does not exist (Z2)."""
    document = await desk.create()
    elsewhere = await desk.service.organisation()
    stranger = await desk.service.account(role=Role.ROLE_PUBLISHER, organisation_id=elsewhere)
    for id in (document.id, str(uuid.uuid4())):
        named = Document(id=id, etag="1", title="x")
        mask = FieldMask(paths=["title"])
        for call in (
            desk.documents.GetDocument(rpc.GetDocumentRequest(id=id), metadata=stranger.metadata),
            desk.documents.ListRevisions(rpc.ListRevisionsRequest(document_id=id), metadata=stranger.metadata),
            desk.documents.UpdateDocument(
                rpc.UpdateDocumentRequest(document=named, update_mask=mask), metadata=stranger.metadata
            ),
            desk.documents.SubmitDocument(rpc.SubmitDocumentRequest(id=id, etag="1"), metadata=stranger.metadata),
            desk.documents.ApproveDocument(rpc.ApproveDocumentRequest(id=id, etag="1"), metadata=stranger.metadata),
            desk.documents.RequestChanges(rpc.RequestChangesRequest(id=id, etag="1", comment="x"), metadata=stranger.metadata),
            desk.documents.PublishDocument(rpc.PublishDocumentRequest(id=id, etag="1"), metadata=stranger.metadata),
        ):
            refusal = await refused(call)
            assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "DOCUMENT_NOT_FOUND")
    for organisation_id in (desk.organisation_id, str(uuid.uuid4())):
        refusal = await refused(desk.create(organisation_id=organisation_id, metadata=stranger.metadata))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "ORGANISATION_NOT_FOUND")
        request = rpc.ListDocumentsRequest(organisation_id=organisation_id)
        assert not (await desk.documents.ListDocuments(request, metadata=stranger.metadata)).documents
    assert (
        await refused(desk.create(organisation_id=str(uuid.uuid4()), metadata=desk.admin.metadata))
    ).reason == "ORGANISATION_NOT_FOUND"


async def test_readers_only_read(desk: Desk) -> None:
    """Who may read a document but not change it is told so."""
    document = await desk.create()
    elsewhere = await desk.service.organisation()
    reader = await desk.service.account(role=Role.ROLE_READER, organisation_id=desk.organisation_id)
    async with desk.service.database.transaction() as connection:  # an author, but of another organisation
        await connection.execute(
            text("INSERT INTO grants (id, account_id, role, organisation_id) VALUES (gen_random_uuid(), :a, :r, :o)"),
            {"a": uuid.UUID(reader.id), "r": Role.ROLE_PUBLISHER, "o": uuid.UUID(elsewhere)},
        )
    reader = await desk.service.sign_in(reader.email)
    assert (await refused(desk.update(document, by=reader, title="x"))).code == grpc.StatusCode.PERMISSION_DENIED
    assert (await refused(desk.submit(document, by=reader))).code == grpc.StatusCode.PERMISSION_DENIED
    assert (await refused(desk.approve(document, by=reader))).code == grpc.StatusCode.PERMISSION_DENIED
    assert (await refused(desk.publish(document, by=reader))).code == grpc.StatusCode.PERMISSION_DENIED
    assert (await refused(desk.create(metadata=reader.metadata))).code == grpc.StatusCode.PERMISSION_DENIED
    assert await desk.get(document) == document


async def test_a_create_with_a_key_is_made_once(desk: Desk) -> None:
    """The same create with the same idempotency key answers the same, ten times at once, and makes one document."""
    metadata = (*desk.author.metadata, ("idempotency-key", "once"))
    made = await asyncio.gather(*(desk.create(f"{desk.root}/once", metadata=metadata) for _ in range(10)))
    assert all(each == made[0] for each in made)
    assert (await refused(desk.create(f"{desk.root}/twice", metadata=metadata))).reason == "IDEMPOTENCY_KEY_REUSED"


async def test_a_create_over_http_is_201(desk: Desk) -> None:
    """What Envoy transcodes gets the status 201 and the place of the new document; a gRPC client gets no such metadata."""
    told = []
    for more in ((), (("x-envoy-original-method", "POST"),)):
        request = rpc.CreateDocumentRequest(document=desk.draft())
        call = desk.documents.CreateDocument(request, metadata=(*desk.author.metadata, *more))
        made = (await call).document
        told.append({name: value for name, value in await call.initial_metadata() if name in {"x-http-status", "location"}})
    assert told == [{}, {"x-http-status": "201", "location": f"/v1/documents/{made.id}"}]
