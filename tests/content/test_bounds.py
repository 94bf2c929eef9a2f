"""What callers and authors of schemas make costly: it is bounded, it is told what is wrong, and others go on meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

import grpc
import pytest
from google.protobuf.json_format import MessageToDict

from bench.hostile import field, wrapped
from gazette.content.v1 import content_service_pb2 as rpc
from gazette.content.v1.document_import_pb2 import ExportDocumentsRequest, ImportOutcome
from gazette.content.v1.document_pb2 import DocumentView, LinkTargets
from gazette.record.v1.record_service_pb2 import ListRecordEntriesRequest
from gazette.record.v1.record_service_pb2_grpc import RecordServiceStub
from server.rpc.requests.validation import MAX_VALUES, MAX_VIOLATIONS
from tests.content.desk import Desk, imported
from tests.refusals import Refusal, refused

SERVICE = "/gazette.content.v1.ContentService"
KINDS = ("columns", "accordion", "tabs", "card", "banner", "text")
NUMBER = field(1, b"\x11" + bytes(8))
"""An element of a ListValue, which is zero."""
Answer = TypeVar("Answer")


def builder(choice: str = "oneOf", *, children_first: bool = False) -> dict[str, Any]:
    """The schema of a page that is built of blocks within blocks."""
    children = {"children": {"type": "array", "items": {"$ref": "#/$defs/block"}}}
    blocks = []
    for kind in KINDS:
        own: dict[str, Any] = {"type": {"const": kind}} | ({"text": {"type": "string"}} if kind == "text" else {})
        required = ["type", "text"] if kind == "text" else ["type"]
        properties = children | own if children_first else own | children
        blocks.append({"type": "object", "required": required, "properties": properties})
    return {"properties": {"blocks": children["children"]}, "$defs": {"block": {choice: blocks}}}


def columns(leaf: dict[str, Any], depth: int = 6) -> dict[str, Any]:
    """Details: a block within so many others."""
    for _ in range(depth):
        leaf = {"type": "columns", "children": [leaf]}
    return {"blocks": [leaf]}


WRONG, UNFINISHED, RIGHT = {"type": "text", "text": 5}, {"type": "text"}, {"type": "text", "text": "Open"}
LEAF = "document.details.blocks[0]" + ".children[0]" * 6


async def beside_a_reader(desk: Desk, attack: Awaitable[Answer]) -> Answer:
    """What the attack comes to. Somebody reads meanwhile, and is answered before it ends."""
    record, reads = RecordServiceStub(desk.service.channel), 0
    under_way = asyncio.ensure_future(attack)
    await asyncio.sleep(0)
    while not under_way.done():
        await record.ListRecordEntries(ListRecordEntriesRequest(page_size=1))
        reads += not under_way.done()
    assert reads, "nobody was answered while it was under way"
    return await under_way


def sent(desk: Desk, document: bytes, method: str = "CreateDocument") -> Awaitable[Refusal]:
    """The refusal of a request that holds these bytes as its document."""
    call: Any = desk.service.channel.unary_unary(f"{SERVICE}/{method}")
    return refused(call(field(1, document), metadata=desk.author.metadata, timeout=60))


@pytest.mark.parametrize(("choice", "children_first"), [("oneOf", False), ("oneOf", True), ("anyOf", False)])
async def test_a_wrong_leaf_of_many_alternatives(desk: Desk, choice: str, children_first: bool) -> None:
    """Details whose explanation would take a minute are refused with the field that is wrong, and readers go on (C9)."""
    kind = desk.kind("builder")
    await desk.content_type(kind, builder(choice, children_first=children_first))
    refusal = await beside_a_reader(desk, refused(desk.create(content_type=kind, details=columns(WRONG))))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_DETAILS")
    assert set(refusal.fields) == {f"{LEAF}.text"}


async def test_an_honest_page_of_blocks(desk: Desk) -> None:
    """What such a schema is made for goes its whole way: saved unfinished, refused at submission, finished, published."""
    kind = desk.kind("builder")
    await desk.content_type(kind, builder())
    document = await desk.create(f"{desk.root}/blocks", content_type=kind, details=columns(UNFINISHED))
    refusal = await refused(desk.submit(document))
    assert (refusal.code, set(refusal.fields)) == (grpc.StatusCode.FAILED_PRECONDITION, {LEAF})
    document = await desk.update(document, details=columns(RIGHT))
    await desk.through_review(document)
    assert MessageToDict((await desk.page(f"{desk.root}/blocks")).page.details) == columns(RIGHT)


async def test_an_import_of_a_wrong_leaf(desk: Desk) -> None:
    """The same in an import refuses that part alone, with its reason."""
    kind = desk.kind("builder")
    await desk.content_type(kind, builder())
    parts = [
        imported(f"{desk.root}/{name}", said={"content_type": kind, "details": columns(leaf)})
        for name, leaf in (("wrong", WRONG), ("right", RIGHT))
    ]
    wrong, right = await beside_a_reader(desk, desk.bring_in(*parts))
    assert (wrong.outcome, wrong.reason) == (ImportOutcome.IMPORT_OUTCOME_REFUSED, "INVALID_DETAILS")
    assert right.outcome == ImportOutcome.IMPORT_OUTCOME_CREATED


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#/$defs/a0", "$defs": {f"a{at}": {"allOf": [{"$ref": f"#/$defs/a{at + 1}"}] * 2} for at in range(40)}},
        {"properties": {f"p{at}": {"pattern": "(\\p{L}{300}){3}"} for at in range(30)}},
        {"properties": {f"p{at}": {"type": "string"} for at in range(6_000)}},
    ],
    ids=["doubling", "patterns", "wide"],
)
async def test_schemas_that_explode(desk: Desk, schema: dict[str, Any]) -> None:
    """A schema against which even empty details cannot be checked in time is refused when it comes, with its field (C9)."""
    if "$defs" in schema:
        schema = {**schema, "$defs": {**schema["$defs"], "a40": {"type": "object"}}}
    refusal = await beside_a_reader(desk, refused(desk.content_type(desk.kind("explosive"), schema)))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_SCHEMA")
    assert set(refusal.fields) == {"content_type.details_schema"}


async def test_details_that_explode(desk: Desk) -> None:
    """Where even the check has no end, the details are refused as too complex (C9)."""
    kind = desk.kind("doubling")
    chain = {f"a{at}": {"allOf": [{"$ref": f"#/$defs/a{at + 1}"}] * 2} for at in range(40)}
    schema = {"properties": {"a": {"$ref": "#/$defs/a0"}}, "$defs": {**chain, "a40": {"type": "object"}}}
    await desk.content_type(kind, schema)
    await desk.create(content_type=kind, details={"b": 1})
    refusal = await beside_a_reader(desk, refused(desk.create(content_type=kind, details={"a": {}})))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_DETAILS")
    assert "too complex" in refusal.fields["document.details"]


@pytest.mark.parametrize(
    ("named", "document"),
    [
        ("document.tags", field(13, b"") * 10_000),
        ("document.tags", field(13, b"") * 2_000_000),
        ("document.tags", field(13, b"x" * 101) * 50),
        ("document.attachments", field(14, b"x") * 1_000_000),
        ("document.attachments", b"".join(field(14, b"%x" % at) for at in range(400_000))),
        ("document.links", b"".join(field(12, field(1, b"k%x" % at)) for at in range(200_000))),
        ("document.links[a].translation_keys", field(12, field(1, b"a") + field(2, field(1, b"") * 1_000_000))),
        ("document.title", field(7, b"x" * 4_000_000)),
        ("document.path", field(6, b"/a" * 2_000_000)),
    ],
)  # fmt: skip
async def test_invalid_fields(desk: Desk, named: str, document: bytes) -> None:
    """However many elements are wrong, or how long they are, the field is named at once and few violations are made (C9)."""
    for method in ("CreateDocument", "UpdateDocument"):
        refusal = await sent(desk, document, method)
        assert refusal.code is grpc.StatusCode.INVALID_ARGUMENT
        assert named in refusal.fields
        assert len(refusal.fields) <= MAX_VIOLATIONS


async def test_elements_in_all(desk: Desk) -> None:
    """Lists that are each as long as they may be are too many together."""
    keys = field(1, b"0190a5a0-0000-7000-8000-000000000000") * 1_000
    refusal = await sent(desk, b"".join(field(12, field(1, b"k%d" % at) + field(2, keys)) for at in range(3)))
    assert any("2000 elements in all" in why for why in refusal.fields.values())


async def test_an_update_mask_of_many_paths(desk: Desk) -> None:
    """A mask of two million paths is refused."""
    call: Any = desk.service.channel.unary_unary(f"{SERVICE}/UpdateDocument")
    request = field(1, b"") + field(2, field(1, b"") * 2_000_000)
    refusal = await refused(call(request, metadata=desk.author.metadata, timeout=60))
    assert refusal.code is grpc.StatusCode.INVALID_ARGUMENT
    assert "update_mask.paths" in refusal.fields


async def test_an_import_of_invalid_fields(desk: Desk) -> None:
    """In an import such a part is refused alone, and named by its source."""
    bad = imported(f"{desk.root}/bad")
    bad.document.tags.extend([""] * 200_000)
    refusal, made = await beside_a_reader(desk, desk.bring_in(bad, imported(f"{desk.root}/good")))
    assert (refusal.outcome, refusal.source) == (ImportOutcome.IMPORT_OUTCOME_REFUSED, bad.source)
    assert "document.document.tags" in refusal.message
    assert made.outcome == ImportOutcome.IMPORT_OUTCOME_CREATED


@pytest.mark.parametrize(
    "values",
    [
        NUMBER * 290_000,
        field(1, field(6, NUMBER * 4)) * 60_000,
        field(1, b"") * 2_000_000,
        field(1, b"\x11\0\0\0\0\0\0\xf0\x7f") * 290_000,
    ],
    ids=["numbers", "lists", "nothing", "infinities"],
)
async def test_details_that_are_too_large(desk: Desk, values: bytes) -> None:
    """Details of too many values are refused with the number that there may be, or with what else is wrong (C9)."""
    details = wrapped((11, 1), field(1, b"a") + field(2, field(6, values)))
    refusal = await beside_a_reader(desk, sent(desk, details))
    assert refusal.code is grpc.StatusCode.INVALID_ARGUMENT
    told = refusal.fields.get("document.details", "") + refusal.fields.get("document.details.a[0]", "")
    assert str(MAX_VALUES) in told or "not a finite number" in told


@pytest.mark.parametrize("key", [(), (("idempotency-key", "large"),)], ids=["plain", "with a key"])
async def test_large_details(desk: Desk, key: tuple[tuple[str, str], ...]) -> None:
    """Details of twenty thousand values go their whole way, and come back as they were wherever they are told (C9)."""
    kind, path = desk.kind("large"), f"{desk.root}/large"
    schema = {"properties": {"rows": {"items": {"required": ["n"]}}, "html": {"type": "string"}}}
    await desk.content_type(kind, schema, html_members=["/html"])
    details = {"rows": [{"n": at, "t": "ü"} for at in range(6_600)], "html": "<b onclick=x>b</b>"}
    metadata = (*desk.author.metadata, *key)
    document = await beside_a_reader(desk, desk.create(path, metadata=metadata, content_type=kind, details=details))
    assert MessageToDict(document.details) == details
    if key:
        assert await desk.create(path, metadata=metadata, content_type=kind, details=details) == document
    document = await desk.update(document, title="Another")
    assert MessageToDict(document.details) == MessageToDict((await desk.get(document)).details) == details
    assert (await desk.through_review(document)).live.path == path
    page = (await desk.page(path)).page
    assert MessageToDict(page.details) == details | {"html": "<b>b</b>"}
    request = rpc.ListRevisionsRequest(document_id=document.id, view=DocumentView.DOCUMENT_VIEW_FULL)
    revisions = (await desk.documents.ListRevisions(request, metadata=desk.author.metadata)).revisions
    assert [MessageToDict(each.details) for each in revisions] == [details] * 2
    exported = [
        part.document.document
        async for part in desk.documents.ExportDocuments(
            ExportDocumentsRequest(organisation_id=desk.organisation_id), metadata=desk.admin.metadata
        )
        if part.HasField("document")
    ]
    assert [MessageToDict(each.details) for each in exported] == [details]


async def test_large_details_that_are_wrong(desk: Desk) -> None:
    """Of ten thousand values that are wrong the first twenty are named."""
    kind = desk.kind("wrong")
    await desk.content_type(kind, {"properties": {"a": {"items": {"type": "string"}}}})
    refusal = await refused(desk.create(content_type=kind, details={"a": [1] * 10_000}))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_DETAILS")
    assert "document.details.a[0]" in refusal.fields
    assert len(refusal.fields) <= MAX_VIOLATIONS


async def test_large_imports(desk: Desk) -> None:
    """An import takes what an editor may write."""
    path, details = f"{desk.root}/imported", {"a": [*range(20_000)]}
    (result,) = await beside_a_reader(desk, desk.bring_in(imported(path, said={"details": details})))
    assert result.outcome == ImportOutcome.IMPORT_OUTCOME_CREATED
    assert MessageToDict((await desk.page(path)).page.details) == details


async def test_a_long_body_is_nothing_special(desk: Desk) -> None:
    """A million characters and many links are saved as ever."""
    keys = [f"0190a5a0-0000-7000-8000-{at:012}" for at in range(1_000)]
    links = {"related": LinkTargets(translation_keys=keys)}
    document = await desk.create(body="word " * 199_999, links=links)
    assert list((await desk.get(document)).links["related"].translation_keys) == keys


async def test_pages_of_large_revisions(desk: Desk) -> None:
    """A page of revisions ends where it has enough, and the pages together have all of them (C9)."""
    document = await desk.create(body="a" * 900_000)
    for letter in "bcd":
        document = await desk.update(document, body=letter * 900_000)
    seen, token, pages = [], "", 0
    while not pages or token:
        full = DocumentView.DOCUMENT_VIEW_FULL
        request = rpc.ListRevisionsRequest(document_id=document.id, page_size=100, page_token=token, view=full)
        answer = await desk.documents.ListRevisions(request, metadata=desk.author.metadata)
        seen += [(each.number, each.body[0]) for each in answer.revisions]
        token, pages = answer.next_page_token, pages + 1
    assert seen == [(4, "d"), (3, "c"), (2, "b"), (1, "a")]
    assert pages == 2
