"""Making, reading, listing and saving documents."""

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
    "\ufeffbom",
    "\u200b\u200e\u202e reversed",
    "ÅÍÎÏ˝ÓÔ ÒÚÆ☃ é e\u0301",
    "田中さんにあげて下さい 表ポあ",
    "👩‍👩‍👧‍👦 🇬🇧 🏴\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f",
    "Z̮̞̠͙͔ͅḀ̗̞͈̻̗Ḷ͙͎̯̹̞͓G̻O̭̗̮",
    "الكل في المجمو عة (5)",
    "\u0001\u0008\u001b[31mred\u001b[0m\u007f\u0085\u2028\u2029",
    "line\r\nline\n\rline\ttab\vx\f",
    "  spaces  ",
    "\U0010ffff\ue000\ufffe\uffff",
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
    wanted = desk.draft("/a/b.c", **said)
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
    """Any string comes back as it was given, wherever a string may stand (C1)."""
    tags = [strange[:100] for strange in STRANGE if strange]
    made = await desk.create(title=" ", body="\n".join(STRANGE), tags=tags)
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
    path = said.pop("path", "/a")
    refusal = await refused(desk.create(path, **said))
    assert refusal.code == grpc.StatusCode.INVALID_ARGUMENT
    assert any(name.startswith(field) for name in refusal.fields)


async def test_a_path_is_one_documents(desk: Desk) -> None:
    """A second document of the locale at a path is refused; another locale may share it."""
    await desk.create("/taken")
    refusal = await refused(desk.create("/taken"))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.ALREADY_EXISTS, "PATH_TAKEN")
    assert refusal.info.metadata["field"] == "document.path"
    await desk.create("/taken", locale="cy")
    other = await desk.create("/other")
    assert (await refused(desk.update(other, path="/taken"))).reason == "PATH_TAKEN"
    assert (await desk.get(other)).path == "/other"


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
    made = await asyncio.gather(*(desk.create("/once", metadata=metadata) for _ in range(10)))
    assert all(each == made[0] for each in made)
    assert (await refused(desk.create("/twice", metadata=metadata))).reason == "IDEMPOTENCY_KEY_REUSED"


async def test_a_create_over_http_is_201(desk: Desk) -> None:
    """What Envoy transcodes gets the status 201 and the place of the new document; a gRPC client gets no such metadata."""
    told = []
    for more in ((), (("x-envoy-original-method", "POST"),)):
        request = rpc.CreateDocumentRequest(document=desk.draft())
        call = desk.documents.CreateDocument(request, metadata=(*desk.author.metadata, *more))
        made = (await call).document
        told.append({name: value for name, value in await call.initial_metadata() if name in {"x-http-status", "location"}})
    assert told == [{}, {"x-http-status": "201", "location": f"/v1/documents/{made.id}"}]


async def test_an_update_changes_what_its_mask_names(desk: Desk) -> None:
    """Each save is one more revision; what the mask does not name stays, what it names may be emptied."""
    document = await desk.create(summary="s", body="b", tags=["a"])
    document = await desk.update(document, by=desk.editor, summary="", tags=["c"], title="New")
    assert (document.title, document.summary, document.body, [*document.tags]) == ("New", "", "b", ["c"])
    assert (document.revision_number, document.draft.revision_number) == (2, 2)
    request = rpc.ListRevisionsRequest(document_id=document.id)
    revisions = (await desk.documents.ListRevisions(request, metadata=desk.author.metadata)).revisions
    assert [(each.number, each.title, each.summary, each.author_id) for each in revisions] == [
        (2, "New", "", desk.editor.id),
        (1, "A title", "s", desk.author.id),
    ]


@pytest.mark.parametrize(
    "paths", [[], ["*"], ["status"], ["author_id"], ["details.a"], ["organisation_id"], ["title", "locale"]]
)
async def test_masks_that_are_refused(desk: Desk, paths: list[str]) -> None:
    """A mask that names what an update cannot change is refused, and the row stays as it is (Z3)."""
    document = await desk.create()
    changed = Document(id=document.id, etag=document.etag, title="x", organisation_id=str(uuid.uuid4()))
    request = rpc.UpdateDocumentRequest(document=changed, update_mask=FieldMask(paths=paths))
    refusal = await refused(desk.documents.UpdateDocument(request, metadata=desk.author.metadata))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_UPDATE_MASK")
    assert await desk.get(document) == document


async def test_an_update_needs_id_and_etag(desk: Desk) -> None:
    """An update that names no version is refused, and so is one with an empty title."""
    document = await desk.create()
    assert (await refused(desk.update(Document(id=document.id), title="x"))).code == grpc.StatusCode.INVALID_ARGUMENT
    assert [*(await refused(desk.update(document, title=""))).fields] == ["document.title"]


async def test_one_of_fifty_updates_wins(desk: Desk) -> None:
    """Of fifty updates of one version one is saved, and the others are told both versions (I3)."""
    document = await desk.create()
    outcomes = await asyncio.gather(
        *(desk.update(document, title=f"Version {number}") for number in range(50)), return_exceptions=True
    )
    saved = [each for each in outcomes if isinstance(each, Document)]
    assert len(saved) == 1
    for outcome in outcomes:
        if isinstance(outcome, grpc.aio.AioRpcError):
            assert outcome.code() == grpc.StatusCode.ABORTED
    refusal = await refused(desk.update(document, title="late"))
    assert refusal.reason == "STALE_ETAG"
    assert dict(refusal.info.metadata) == {"given": document.etag, "current": saved[0].etag}
    assert await desk.get(document) == saved[0]


async def test_lists_go_on_where_they_ended(desk: Desk) -> None:
    """A list, page by page, holds every document once, newest change first, without bodies and details."""
    made = [await desk.create(body="b", summary=f"{number}") for number in range(5)]
    made[1] = await desk.update(made[1], summary="changed")
    listed: list[Document] = []
    request = rpc.ListDocumentsRequest(organisation_id=desk.organisation_id, page_size=2)
    while True:
        answer = await desk.documents.ListDocuments(request, metadata=desk.author.metadata)
        listed += answer.documents
        if not answer.next_page_token:
            break
        request.page_token = answer.next_page_token
    order = [made[1], made[4], made[3], made[2], made[0]]
    for document in order:
        document.body = ""
    assert listed == order


async def test_lists_are_filtered(desk: Desk) -> None:
    """A list holds what matches all filters, in the organisations that the caller may read."""
    await desk.content_type("news")
    elsewhere = await desk.service.organisation()
    welsh = await desk.create(locale="cy")
    news = await desk.create(content_type="news")
    other = await desk.create(organisation_id=elsewhere, metadata=desk.admin.metadata)
    submitted = await desk.submit(await desk.create())
    live = await desk.published()

    async def listed(metadata: Any = desk.author.metadata, **filter: Any) -> set[str]:
        answer = await desk.documents.ListDocuments(rpc.ListDocumentsRequest(**filter), metadata=metadata)
        return {document.id for document in answer.documents}

    assert await listed() == {welsh.id, news.id, submitted.id, live.id}
    assert await listed(desk.admin.metadata) == {welsh.id, news.id, submitted.id, live.id, other.id}
    assert await listed(organisation_id=elsewhere) == set()
    assert await listed(desk.admin.metadata, organisation_id=elsewhere) == {other.id}
    assert await listed(locale="cy") == {welsh.id}
    assert await listed(content_type="news") == {news.id}
    assert await listed(draft_state=DraftState.DRAFT_STATE_IN_REVIEW) == {submitted.id}
    assert await listed(live_state=live.live.state) == {live.id}


async def test_page_tokens_are_bound(desk: Desk) -> None:
    """A token is of use only to its caller and its filter (Z4)."""
    for _ in range(2):
        document = await desk.create()
        document = await desk.update(document, title="x")
    request = rpc.ListDocumentsRequest(page_size=1)
    token = (await desk.documents.ListDocuments(request, metadata=desk.author.metadata)).next_page_token
    revisions = rpc.ListRevisionsRequest(document_id=document.id, page_size=1, page_token=token)
    for call in (
        desk.documents.ListDocuments(rpc.ListDocumentsRequest(page_token=token), metadata=desk.editor.metadata),
        desk.documents.ListDocuments(rpc.ListDocumentsRequest(page_token=token, locale="en"), metadata=desk.author.metadata),
        desk.documents.ListRevisions(revisions, metadata=desk.author.metadata),
    ):
        assert (await refused(call)).reason == "INVALID_PAGE_TOKEN"
    revisions.page_token = ""
    answer = await desk.documents.ListRevisions(revisions, metadata=desk.author.metadata)
    revisions.page_token = answer.next_page_token
    rest = await desk.documents.ListRevisions(revisions, metadata=desk.author.metadata)
    assert [each.number for each in (*answer.revisions, *rest.revisions)] == [2, 1]
    assert not rest.next_page_token
