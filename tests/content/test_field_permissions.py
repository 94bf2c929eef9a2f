"""Parts of documents that only some roles may write (Z10)."""

from __future__ import annotations

import uuid
from typing import Any

import grpc
import pytest
from sqlalchemy import insert

from gazette.access.v1.access_pb2 import Permission
from gazette.auth.v1.account_pb2 import Role
from gazette.content.v1.content_type_member_pb2 import MemberPermission
from gazette.content.v1.content_type_pb2 import ContentType
from gazette.content.v1.document_import_pb2 import ImportOutcome
from gazette.content.v1.document_pb2 import LinkTargets
from server.auth import models as auth_models
from server.content.types.permitting import written_members
from server.rpc.objects import LargeObject, plain
from tests.content.desk import Desk, imported
from tests.content.revising import delete, discard, undelete
from tests.content.swapping import swap
from tests.content.taking import DISCARD, KEEP, restore, withdraw
from tests.content.type_changes import asked, change, now
from tests.refusals import refused

PUBLISH, REVIEW = Permission.PERMISSION_DOCUMENTS_PUBLISH, Permission.PERMISSION_DOCUMENTS_REVIEW
VANISH = Permission.PERMISSION_DOCUMENTS_VANISH


async def closed(desk: Desk, *members: str, permission: Permission.ValueType = PUBLISH, **more: Any) -> ContentType:
    """A content type of which these parts are for publishers."""
    kept = [MemberPermission(member=member, permission=permission) for member in members]
    return await desk.content_type(desk.kind("closed"), member_permissions=kept, **more)


async def test_only_who_may_writes_a_member(desk: Desk) -> None:
    """A save that changes a member without what that needs is refused and names the field, and nothing is saved; with it, it is
    saved; all else anybody may write who may write the document (Z10)."""
    made = await closed(desk, "/price", "title")
    assert [(each.member, each.permission) for each in made.member_permissions] == [("/price", PUBLISH), ("title", PUBLISH)]
    document = await desk.create(metadata=desk.publisher.metadata, content_type=made.name, details={"price": 5, "text": "x"})
    refusal = await refused(desk.update(document, title="Another", details={"price": 6, "text": "x"}))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.PERMISSION_DENIED, "FIELD_FORBIDDEN")
    assert refusal.fields == {
        "document.details.price": "needs PERMISSION_DOCUMENTS_PUBLISH",
        "document.title": "needs PERMISSION_DOCUMENTS_PUBLISH",
    }
    refusal = await refused(desk.update(document, details={"text": "y"}))  # it would be gone
    assert [*refusal.fields] == ["document.details.price"]
    assert (await desk.get(document)) == document
    document = await desk.update(document, title=document.title, body="More", details={"price": 5, "text": "y"})
    document = await desk.update(document, by=desk.publisher, title="Another", details={"price": 6, "text": "y"})
    assert (document.title, plain(document.details)) == ("Another", {"price": 6, "text": "y"})


async def test_a_creation_is_a_save(desk: Desk) -> None:
    """Who may not write a member does not create a document that has it; without it, or with an empty one, they do (Z10)."""
    made = await closed(desk, "/price", "tags", "body", permission=REVIEW)
    refusal = await refused(desk.create(content_type=made.name, details={"price": 5}, tags=["sea"], body="x"))
    assert [*refusal.fields] == ["document.details.price", "document.tags", "document.body"]
    document = await desk.create(content_type=made.name, details={"price": ""})
    assert (await refused(desk.update(document, tags=["sea"]))).reason == "FIELD_FORBIDDEN"
    await desk.create(metadata=desk.editor.metadata, content_type=made.name, details={"price": 5}, tags=["sea"], body="x")


async def test_the_permission_is_the_organisation_s(desk: Desk) -> None:
    """What a caller may in another organisation does not count (Z10)."""
    made = await closed(desk, "/price")
    person = await desk.service.account(role=Role.ROLE_AUTHOR, organisation_id=desk.organisation_id)
    elsewhere = uuid.UUID(await desk.service.organisation())
    grant = {"id": uuid.uuid4(), "account_id": person.id, "role": Role.ROLE_PUBLISHER, "organisation_id": elsewhere}
    async with desk.service.database.transaction() as connection:
        await connection.execute(insert(auth_models.Grant).values(grant))
    assert (
        await refused(desk.create(metadata=person.metadata, content_type=made.name, details={"price": 5}))
    ).reason == "FIELD_FORBIDDEN"


async def test_what_comes_into_force_later(desk: Desk) -> None:
    """A permission holds from the change of the content type on, in every process at once, and until it is lifted (Z10)."""
    made = await desk.content_type(desk.kind("later"))
    document = await desk.create(content_type=made.name, details={"price": 5})
    shut = [MemberPermission(member="/price", permission=PUBLISH)]
    changed = (await change(desk, made, member_permissions=shut)).content_type
    assert (await refused(desk.update(document, details={"price": 6}))).reason == "FIELD_FORBIDDEN"
    document = await desk.update(document, title="Another", details={"price": 5})
    await change(desk, changed, member_permissions=[])
    await desk.update(document, details={"price": 6})


async def test_a_permission_moves_with_its_member(desk: Desk) -> None:
    """A member that is called something else needs what it needed; what is compared is the member where it is now (Z10)."""
    made = await closed(desk, "/price", "/parts/*/fee", "summary")
    document = await desk.create(metadata=desk.publisher.metadata, content_type=made.name, details={"price": 5})
    moved = (await change(desk, made, [("/price", "/cost/amount")])).content_type
    assert [each.member for each in moved.member_permissions] == ["/cost/amount", "/parts/*/fee", "summary"]
    document = await desk.update(await desk.get(document), details={"cost": {"amount": 5}, "text": "x"})
    refusal = await refused(desk.update(document, details={"cost": {"amount": 6}}))
    assert [*refusal.fields] == ["document.details.cost.amount"]


async def test_imports_need_it(desk: Desk) -> None:
    """An import is a save: a document that has a member, or changes one, needs what that needs; its others come in (Z10)."""
    made = await closed(desk, "/price", permission=Permission.PERMISSION_CONTENT_TYPES_WRITE)
    local = await desk.service.account(role=Role.ROLE_ADMIN, organisation_id=desk.organisation_id)
    first = imported(f"{desk.root}/priced", said={"content_type": made.name})
    first.document.details.update({"price": 5})
    [refused_one] = await desk.bring_in(first, by=local)
    assert (refused_one.outcome, refused_one.reason) == (ImportOutcome.IMPORT_OUTCOME_REFUSED, "FIELD_FORBIDDEN")
    [brought] = await desk.bring_in(first)
    assert brought.outcome == ImportOutcome.IMPORT_OUTCOME_CREATED
    first.document.title = "Another"
    [again] = await desk.bring_in(first, by=local)
    assert again.outcome == ImportOutcome.IMPORT_OUTCOME_UPDATED
    first.document.details.update({"price": 6})
    [last] = await desk.bring_in(first, by=local)
    assert last.reason == "FIELD_FORBIDDEN"


async def test_other_fields(desk: Desk) -> None:
    """Every field that authors write can be for some alone (Z10)."""
    made = await closed(desk, "path", "links", "attachments", "body_format", "details")
    document = await desk.create(metadata=desk.publisher.metadata, content_type=made.name, details={"a": 1})
    refusal = await refused(
        desk.update(document, path=f"{desk.root}/elsewhere", details={"a": 2}, links={"related": LinkTargets()}, body_format=2)
    )
    assert [*refusal.fields] == ["document.path", "document.links", "document.body_format", "document.details"]
    await desk.update(document, title="Another", path=document.path, details={"a": 1}, body_format=1)


@pytest.mark.parametrize(
    ("member", "permission"),
    [("nonsense", PUBLISH), ("price", PUBLISH), ("/", PUBLISH), ("", PUBLISH), ("/price", 0), ("/price", 999)],
)
async def test_permissions_that_are_none(desk: Desk, member: str, permission: int) -> None:
    """What names no part of a document, or no permission, is refused (Z10)."""
    made = await desk.content_type(desk.kind("none"))
    kept = [MemberPermission(member=member, permission=Permission.ValueType(permission))]
    refusal = await refused(change(desk, made, member_permissions=kept))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_ARGUMENT")
    assert await now(desk, made.name) == made
    assert asked(made, title="x").update_mask.paths == ["title"]


@pytest.mark.parametrize(
    ("before", "after", "written"),
    [
        ({"p": [{"fee": 1}, {"x": 2}]}, {"p": [{"fee": 1}, {"x": 3}]}, False),
        ({"p": [{"fee": 1}, {"x": 2}]}, {"p": [{"x": 2}, {"fee": 1}]}, True),
        ({"p": [{"fee": 1}]}, {"p": [{"fee": True}]}, True),
        ({"p": [{"fee": None}]}, {"p": [{"fee": ""}, {}]}, False),
        ({"p": {"a": {"fee": 1}, "b": {"fee": 2}}}, {"p": {"b": {"fee": 2}, "a": {"fee": 1}}}, False),
        ({"p": "text"}, {"p": []}, False),
        ({}, {"p": [{"fee": {}}]}, False),
        ({}, {"p": [{"fee": 0}]}, True),
    ],
)
def test_elements(before: dict[str, Any], after: dict[str, Any], *, written: bool) -> None:
    """A member of an element counts by its place; what is empty is not there (Z10)."""
    assert bool(written_members(before, after, ["/p/*/fee"])) is written
    large = LargeObject(str(after).replace("'", '"').replace("True", "true").replace("None", "null"))
    assert bool(written_members(before, large, ["/p/*/fee"])) is written


async def test_a_path_that_is_not_everybodys(desk: Desk) -> None:
    """Who may not write the path of documents of a type gives them none by a swap, or by bringing one back elsewhere (Z10)."""
    made = await closed(desk, "path")
    publisher = desk.publisher.metadata
    one, other = [await desk.create(f"{desk.root}/{at}", metadata=publisher, content_type=made.name) for at in range(2)]
    assert [*(await refused(swap(desk, one, other, desk.author))).fields] == ["document.path"]
    plain_one = await desk.create(f"{desk.root}/plain")
    assert (await refused(swap(desk, plain_one, other, desk.author))).reason == "FIELD_FORBIDDEN"
    swapped = await swap(desk, one, other)
    deleted = await delete(desk, swapped.document)
    refusal = await refused(undelete(desk, deleted, f"{desk.root}/elsewhere"))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.PERMISSION_DENIED, "FIELD_FORBIDDEN")
    assert (await undelete(desk, deleted)).path == f"{desk.root}/1"


async def test_giving_up_what_others_wrote(desk: Desk) -> None:
    """Who may not write a member does not give up a draft in which somebody who may has written it (Z10)."""
    made = await closed(desk, "/price")
    document = await desk.create(metadata=desk.publisher.metadata, content_type=made.name, details={"price": 5})
    document = await desk.through_review(document)
    document = await discard(desk, await desk.update(document, title="Another"))
    document = await desk.update(document, desk.publisher, details={"price": 6})
    assert [*(await refused(discard(desk, document))).fields] == ["document.details.price"]
    document = await discard(desk, document, desk.publisher)
    assert plain(document.details) == {"price": 5}


async def test_taking_down_gives_up_what_others_wrote(desk: Desk) -> None:
    """Who may not write a member takes a page down without its draft in which somebody who may has written it (Z10)."""
    made = await closed(desk, "/price", permission=VANISH)
    document = await desk.create(metadata=desk.admin.metadata, content_type=made.name, details={"price": 5})
    document = await desk.through_review(document)
    document = await desk.update(document, desk.admin, details={"price": 6})
    refusal = await refused(withdraw(desk, document, draft=DISCARD))
    assert (refusal.code, [*refusal.fields]) == (grpc.StatusCode.PERMISSION_DENIED, ["document.details.price"])
    document = (await withdraw(desk, document, draft=KEEP)).document
    document = await restore(desk, document, draft=DISCARD, by=desk.admin)
    assert plain(document.details) == {"price": 5}
