"""Documents and types that hold as much as they may: all of it is saved, reviewed, published and read; one more is refused."""

from __future__ import annotations

import asyncio
import itertools
import uuid
from collections.abc import Awaitable
from typing import Any

import grpc
import pytest
import uuid6
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.struct_pb2 import Struct
from sqlalchemy import insert

from gazette.content.v1 import content_service_pb2 as rpc
from gazette.content.v1.document_import_pb2 import ImportOutcome
from gazette.content.v1.document_pb2 import Document, LinkTargets
from gazette.files.v1.file_pb2 import FileState
from server.content.checks.details import MAX_SCHEMA_VALUES
from server.content.transfer import service as transfer
from server.files.models import File
from server.rpc.requests.sizes import MAX_ELEMENTS, MAX_MASK
from server.rpc.requests.validation import MAX_VALUES
from server.stores.idempotency import MAX_KEY_LENGTH
from tests.content.desk import Desk, imported
from tests.refusals import refused

KINDS, TARGETS, TAGS, ATTACHMENTS = 100, 1_000, 100, 500


async def files(desk: Desk, count: int) -> list[str]:
    """The ids of as many files of the desk's organisation, as uploads leave them."""
    rows = [
        {
            "id": uuid6.uuid7(),
            "organisation_id": uuid.UUID(desk.organisation_id),
            "name": f"{at}.pdf",
            "content_type": "application/pdf",
            "size_bytes": 9,
            "sha256": "0" * 64,
            "state": FileState.FILE_STATE_READY,
            "alternative_text": "",
            "blob_key": uuid.uuid4().hex,
            "author_id": uuid.UUID(desk.author.id),
        }
        for at in range(count)
    ]
    async with desk.service.database.transaction() as connection:
        await connection.execute(insert(File), rows)
    return [str(row["id"]) for row in rows]


def links(count: int, kinds: int = KINDS) -> dict[str, LinkTargets]:
    """As many targets, as many of them as may be under the first kind, all of which are there."""
    first = min(count - kinds + 1, TARGETS)
    sizes = [first, *itertools.repeat(0, kinds - 1)]
    for at in range(count - first):
        sizes[1 + at % (kinds - 1)] += 1
    return {
        f"kind_{at}": LinkTargets(translation_keys=[str(uuid.uuid4()) for _ in range(size)]) for at, size in enumerate(sizes)
    }


async def test_a_document_with_all_that_it_may_have(desk: Desk) -> None:
    """Two thousand links, tags and attachments, each list at its own limit, are saved, changed, reviewed, published, read and
    imported; one more of any is refused at its field (C14)."""
    target = await desk.published(title="Target")
    words: dict[str, Any] = {
        "tags": [f"{at:03}" + "x" * 97 for at in range(TAGS)],
        "attachments": await files(desk, ATTACHMENTS),
        "links": links(MAX_ELEMENTS - KINDS - TAGS - ATTACHMENTS),
        "title": "t" * 1000,
        "summary": "s" * 10_000,
    }
    words["links"]["kind_0"].translation_keys[-1] = target.translation_key
    path = f"{desk.root}/{'p' * (511 - len(desk.root))}"
    document = await desk.create(path, **words)
    document = await desk.update(document, **words | {"title": "u" * 1000})
    published = await desk.through_review(document)
    assert (len(published.tags), len(published.attachments), len(published.links)) == (TAGS, ATTACHMENTS, KINDS)
    assert published.links["kind_0"] == words["links"]["kind_0"]
    page = (await desk.page(path)).page
    assert len(page.attachments) == ATTACHMENTS
    assert [each.title for each in page.links["kind_0"].pages] == ["Target"]
    (result,) = await desk.bring_in(imported(f"{desk.root}/b", said=words | {"attachments": [], "locale": "cy"}))
    assert result.outcome == ImportOutcome.IMPORT_OUTCOME_CREATED, result.message
    beyond: dict[str, dict[str, Any]] = {
        "tags": {"tags": [f"t{at}" for at in range(TAGS + 1)]},
        "attachments": {"attachments": [str(uuid.uuid4()) for _ in range(ATTACHMENTS + 1)]},
        "links": {"links": {f"k{at}": LinkTargets() for at in range(KINDS + 1)}},
        "links[a].translation_keys": {"links": {"a": LinkTargets(translation_keys=[str(uuid.uuid4())] * (TARGETS + 1))}},
    }
    for field, said in beyond.items():
        refusal = await refused(desk.create(**said))
        assert (refusal.code, [*refusal.fields]) == (grpc.StatusCode.INVALID_ARGUMENT, [f"document.{field}"])
        (result,) = await desk.bring_in(imported(f"{desk.root}/c", said=said))
        assert (result.outcome, result.reason) == (ImportOutcome.IMPORT_OUTCOME_REFUSED, "INVALID_ARGUMENT")
        assert field in result.message
    refusal = await refused(desk.update(published, tags=words["tags"], attachments=words["attachments"], links=links(1301)))
    assert (refusal.code, str(MAX_ELEMENTS) in str(refusal.fields)) == (grpc.StatusCode.INVALID_ARGUMENT, True)


async def test_details_with_all_that_they_may_have(desk: Desk) -> None:
    """Details of 25,000 values are saved and published; one more is refused (C14)."""
    details = Struct()
    details.update({"a": list(range(MAX_VALUES - 1))})
    published = await desk.published(f"{desk.root}/a", details=details)
    assert published.details == details
    details["b"] = 1
    refusal = await refused(desk.create(details=details))
    assert (refusal.code, [*refusal.fields]) == (grpc.StatusCode.INVALID_ARGUMENT, ["document.details"])


async def is_accepted(call: Awaitable[Any]) -> bool:
    """Whether the call is answered, and not refused for how much it holds."""
    failure: Any = (await asyncio.gather(call, return_exceptions=True))[0]
    if isinstance(failure, grpc.aio.AioRpcError):
        assert failure.code() in {grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.RESOURCE_EXHAUSTED}
        return False
    assert not isinstance(failure, BaseException)
    return True


async def test_what_has_limits_beside_fields(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """An update mask, an idempotency key, a schema and an import are taken as far as docs/limits.md says, no further (C14)."""
    document = await desk.create()
    for count, is_good in ((MAX_MASK, True), (MAX_MASK + 1, False)):
        wanted = Document(id=document.id, etag=document.etag, title="Changed")
        request = rpc.UpdateDocumentRequest(document=wanted, update_mask=FieldMask(paths=["title"] * count))
        call = desk.documents.UpdateDocument(request, metadata=desk.author.metadata)
        assert is_good == await is_accepted(call)
    for length, is_good in ((MAX_KEY_LENGTH, True), (MAX_KEY_LENGTH + 1, False)):
        metadata = (*desk.author.metadata, ("idempotency-key", "k" * length))
        assert is_good == await is_accepted(desk.create(metadata=metadata))
    for count, is_good in ((MAX_SCHEMA_VALUES - 2, True), (MAX_SCHEMA_VALUES - 1, False)):
        made = desk.content_type(desk.kind("schema"), {"enum": list(range(count))})
        assert is_good == await is_accepted(made)
    monkeypatch.setattr(transfer, "MAX_PARTS", 3)
    for count, is_good in ((3, True), (4, False)):
        call = desk.bring_in(*(imported(f"{desk.root}/{count}/{at}") for at in range(count)))
        assert is_good == await is_accepted(call)
        assert (await desk.page(f"{desk.root}/{count}/2")).page.title == "A title"


async def test_a_type_with_all_that_it_may_have(desk: Desk) -> None:
    """A type with a hundred members that hold HTML is made, and its documents are published (C14)."""
    members = [f"/m{at:02}/*/{'x' * 193}" for at in range(100)]
    assert {len(member) for member in members} == {200}
    made = await desk.content_type(desk.kind("full"), html_members=members, body_member="b" * 100)
    assert [*made.html_members] == members
    assert (await desk.published(f"{desk.root}/a", content_type=made.name)).live.revision_number == 1
    refusal = await refused(desk.content_type(desk.kind("full"), html_members=[*members, "/one/more"]))
    assert [*refusal.fields] == ["content_type.html_members"]
