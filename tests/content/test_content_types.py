"""The kinds of documents."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.struct_pb2 import Struct

from gazette.auth.v1.account_pb2 import Role
from gazette.content.v1 import content_type_service_pb2 as rpc
from gazette.content.v1.content_type_pb2 import ContentType
from tests.content.desk import Desk
from tests.refusals import refused

SCHEMA = {"type": "object", "required": ["a"], "properties": {"a": {"maxLength": 5}}}


async def get(desk: Desk, name: str) -> ContentType:
    answer = await desk.content_types.GetContentType(rpc.GetContentTypeRequest(name=name), metadata=desk.author.metadata)
    found: ContentType = answer.content_type
    return found


async def test_a_content_type_comes_back_as_it_was_given(desk: Desk) -> None:
    """What was made is what anybody who reads documents can read, schema and all."""
    speech = desk.kind("speech")
    made = await desk.content_type(speech, SCHEMA, body_member="text", html_members=["/a/*/b"])
    assert (made.name, made.title, made.body_member, [*made.html_members]) == (speech, speech.title(), "text", ["/a/*/b"])
    assert made.details_schema == Struct(fields=made.details_schema.fields)
    assert made.details_schema["properties"]["a"]["maxLength"] == 5  # type: ignore[index]
    assert made.create_time == made.update_time
    assert await get(desk, speech) == made


async def test_an_update_changes_what_its_mask_names(desk: Desk) -> None:
    """An update changes what its mask names, once for each etag."""
    speech = desk.kind("speech")
    made = await desk.content_type(speech, SCHEMA, body_member="text")
    changed = await desk.change_content_type(made, title="Talk", body_member="")
    assert (changed.title, changed.body_member, changed.details_schema) == ("Talk", "", made.details_schema)
    refusal = await refused(desk.change_content_type(made, title="Late"))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.ABORTED, "STALE_ETAG")
    assert dict(refusal.info.metadata) == {"given": made.etag, "current": changed.etag}
    outcomes = await asyncio.gather(
        *(desk.change_content_type(changed, title=f"T{number}") for number in range(10)), return_exceptions=True
    )
    assert len([each for each in outcomes if isinstance(each, ContentType)]) == 1


@pytest.mark.parametrize("paths", [[], ["*"], ["name"], ["etag"], ["details_schema.type"]])
async def test_masks_that_are_refused(desk: Desk, paths: list[str]) -> None:
    """A mask that names what cannot be changed is refused, and nothing changes."""
    speech = desk.kind("speech")
    made = await desk.content_type(speech)
    request = rpc.UpdateContentTypeRequest(content_type=made, update_mask=FieldMask(paths=paths))
    refusal = await refused(desk.content_types.UpdateContentType(request, metadata=desk.admin.metadata))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_UPDATE_MASK")
    assert await get(desk, speech) == made


@pytest.mark.parametrize("schema", [{"type": "nonsense"}, {"$ref": "https://example.gov/x"}, {"pattern": "(?!a)"}])
async def test_schemas_that_are_none(desk: Desk, schema: dict[str, Any]) -> None:
    """What is no schema, or not one that can be used here, is refused at its field, made or changed."""
    speech = desk.kind("speech")
    made = await desk.content_type(speech)
    for call in (desk.content_type(desk.kind("other"), schema), desk.change_content_type(made, details_schema=schema)):
        refusal = await refused(call)
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_SCHEMA")
        assert [*refusal.fields] == ["content_type.details_schema"]


async def test_names(desk: Desk) -> None:
    """A name is one content type's, and needs a title; an unknown one is not there."""
    speech = desk.kind("speech")
    await desk.content_type(speech)
    assert (await refused(desk.content_type(speech))).reason == "CONTENT_TYPE_EXISTS"
    assert (await refused(desk.content_type("Not-A-Name"))).code == grpc.StatusCode.INVALID_ARGUMENT
    untitled = rpc.CreateContentTypeRequest(content_type=ContentType(name="untitled"))
    refusal = await refused(desk.content_types.CreateContentType(untitled, metadata=desk.admin.metadata))
    assert refusal.code == grpc.StatusCode.INVALID_ARGUMENT
    made = await get(desk, speech)
    assert [*(await refused(desk.change_content_type(made, title=""))).fields] == ["content_type.title"]
    for call in (get(desk, "absent"), desk.change_content_type(ContentType(name="absent", etag="1"), title="x")):
        refusal = await refused(call)
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "CONTENT_TYPE_NOT_FOUND")


async def test_they_are_everybodys(desk: Desk) -> None:
    """Only who administers all organisations writes content types: one organisation's administrator does not."""
    mine = desk.kind("mine")
    local = await desk.service.account(role=Role.ROLE_ADMIN, organisation_id=desk.organisation_id)
    made = await get(desk, "guide")
    for person in (local, desk.publisher):
        assert (await refused(desk.change_content_type(made, by=person, title="x"))).code == grpc.StatusCode.PERMISSION_DENIED
        request = rpc.CreateContentTypeRequest(content_type=ContentType(name=mine, title="Mine"))
        refusal = await refused(desk.content_types.CreateContentType(request, metadata=person.metadata))
        assert refusal.code == grpc.StatusCode.PERMISSION_DENIED


async def test_lists_go_on_where_they_ended(own_desk: Desk) -> None:
    """A list, page by page, holds every content type once, by name."""
    for name in ("news", "answer", "speech"):
        await own_desk.content_type(name)
    names: list[str] = []
    request = rpc.ListContentTypesRequest(page_size=3)
    while True:
        answer = await own_desk.content_types.ListContentTypes(request, metadata=own_desk.author.metadata)
        names += [each.name for each in answer.content_types]
        if not answer.next_page_token:
            break
        request.page_token = answer.next_page_token
    assert names == ["answer", "guide", "news", "speech"]


async def test_a_create_with_a_key_is_made_once(desk: Desk) -> None:
    """The same create with the same idempotency key answers the same, where another is refused."""
    kind = desk.kind("once")
    metadata = (*desk.admin.metadata, ("idempotency-key", "once"))
    request = rpc.CreateContentTypeRequest(content_type=ContentType(name=kind, title="Once"))
    first = await desk.content_types.CreateContentType(request, metadata=metadata)
    assert await desk.content_types.CreateContentType(request, metadata=metadata) == first
    assert (
        await refused(desk.content_types.CreateContentType(request, metadata=desk.admin.metadata))
    ).reason == "CONTENT_TYPE_EXISTS"


async def test_numbers_of_a_schema(desk: Desk) -> None:
    """A bound that a double does not hold is refused with its place, not rounded (C15)."""
    wanted = ContentType(name=desk.kind("bounded"), title="Bounded")
    wanted.details_schema.update({"properties": {"a": {"type": "integer", "maximum": 9007199254740993}}})
    request = rpc.CreateContentTypeRequest(content_type=wanted)
    refusal = await refused(desk.content_types.CreateContentType(request, metadata=desk.admin.metadata))
    assert refusal.code == grpc.StatusCode.INVALID_ARGUMENT
    assert [*refusal.fields] == ["content_type.details_schema.properties.a.maximum"]
