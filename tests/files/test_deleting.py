"""Files that go: for a while, for good, and at once."""

from __future__ import annotations

import uuid
from datetime import timedelta

import grpc
import pytest_asyncio
from google.rpc.error_details_pb2 import PreconditionFailure
from sqlalchemy import text, update

from gazette.files.v1.file_pb2 import File
from server.files import models
from server.files.managing.removing import Removal
from tests.content.desk import Desk
from tests.files.keeping import bytes_of, delete, events, form, listed, names, picture, restore
from tests.files.uploading import PDF, PNG, blobs, rows
from tests.polling import until
from tests.refusals import Refusal, refused
from tests.service import Service


@pytest_asyncio.fixture
async def desk(service: Service) -> Desk:
    return await Desk.opened(service)


def uses(refusal: Refusal) -> list[str]:
    """The documents that a refusal names."""
    told = PreconditionFailure()
    for detail in refusal.status.details:
        detail.Unpack(told)  # of its own kind alone
    return [each.subject for each in told.violations]


async def test_a_deleted_file_can_be_restored(desk: Desk) -> None:
    """For 30 days. Meanwhile nobody has it, and no document can be published with it; the audit knows of both (F8)."""
    file = await form(desk)
    answer = await delete(desk, file)
    gone = (await listed(desk, deleted=True)).files[0]
    until_time = answer.restorable_until_time.ToDatetime()
    assert until_time - gone.delete_time.ToDatetime() == timedelta(days=30)
    assert await names(desk) == []
    assert (await refused(bytes_of(desk, file.id, desk.author))).code in {
        grpc.StatusCode.NOT_FOUND,
        grpc.StatusCode.FAILED_PRECONDITION,
    }
    assert (await refused(delete(desk, file))).reason == "FILE_NOT_FOUND"
    approved = await desk.approve(await desk.submit(await desk.create(attachments=[file.id])))
    assert (await refused(desk.publish(approved))).code == grpc.StatusCode.FAILED_PRECONDITION

    back = await restore(desk, file)
    assert not back.HasField("delete_time")
    assert await bytes_of(desk, file.id, desk.author) == PDF
    assert (await refused(restore(desk, file))).reason == "FILE_NOT_FOUND"
    await desk.publish(approved)
    assert await bytes_of(desk, file.id) == PDF
    for action in ("file.delete", "file.undelete"):
        (event,) = await events(desk, file, action)
        assert str(event.actor_id) == desk.author.id


async def test_a_file_that_is_used_stays(desk: Desk) -> None:
    """Whoever deletes it is told where: pages, drafts, and bodies that name it. What only an older revision names is no
    use (F8)."""
    file = await picture(desk)
    page = await desk.published(f"{desk.root}/page", title="A page", attachments=[file.id])
    draft = await desk.create(f"{desk.root}/draft", body=f"![The pier](file:{file.id})")
    refusal = await refused(delete(desk, file))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "FILE_IN_USE")
    assert uses(refusal) == [f"documents/{page.id}", f"documents/{draft.id}"]
    assert refusal.info.metadata["documents"].split(",") == [page.id, draft.id]
    assert f"'A page' at {page.path} (en)" in refusal.status.message

    await desk.update(draft, body="Nothing")
    assert uses(await refused(delete(desk, file))) == [f"documents/{page.id}"]
    await desk.through_review(await desk.update(page, attachments=[]))
    await delete(desk, file)
    assert (await refused(bytes_of(desk, file.id))).reason == "FILE_NOT_FOUND"


async def test_another_organisations_draft_is_no_use(desk: Desk) -> None:
    """It could never be published with the file, and is nothing that its owner is told of."""
    file, other = await picture(desk), await Desk.opened(desk.service)
    await other.create(body=f"![x](file:{file.id})")
    await delete(desk, file)


async def test_a_leak_is_undone_at_once(desk: Desk) -> None:
    """Nobody has the file any more, nor do its pages show it, and caches are told; what else has the same bytes keeps them (F8)."""
    file, same, kept = await picture(desk), await picture(desk, "same.png"), await form(desk)
    body = f"Before\n\n![The pier](file:{file.id})\n\n[A map](file:{file.id}) and [a form](file:{kept.id})"
    page = await desk.published(f"{desk.root}/page", attachments=[file.id, kept.id], body=body)
    other = await desk.published(f"{desk.root}/other", attachments=[same.id])
    assert (await refused(delete(desk, file, now=True))).fields.keys() == {"explanation"}
    assert (await refused(delete(desk, file, now=True, explanation="A leak"))).code == grpc.StatusCode.PERMISSION_DENIED

    answer = await delete(desk, file, desk.publisher, now=True, explanation="A leak")
    assert not answer.HasField("restorable_until_time")
    for by in (None, desk.author):
        assert (await refused(bytes_of(desk, file.id, by))).reason == "FILE_NOT_FOUND"
    assert (await refused(restore(desk, file))).reason == "FILE_NOT_FOUND"

    async def shows_it_no_longer() -> bool:
        shown = (await desk.page_now(page.path, "")).page
        return [each.id for each in shown.attachments] == [kept.id] and "<img" not in shown.html

    await until(shows_it_no_longer)
    html = (await desk.page_now(page.path, "")).page.html
    assert "A map" in html
    assert file.id not in html
    assert kept.id in html
    assert await bytes_of(desk, same.id) == PNG
    assert [each.id for each in (await desk.page_now(other.path, "")).page.attachments] == [same.id]
    (event,) = await events(desk, file, "file.delete_now")
    assert event.details["explanation"] == "A leak"
    assert event.details["documents"] == [page.id]


async def test_a_deleted_file_too_can_be_deleted_at_once(own_service: Service) -> None:
    """Its bytes were still there; then they are not."""
    desk = await Desk.opened(own_service)
    file = await form(desk)
    await delete(desk, file)
    assert len(blobs(own_service)) == 1
    await delete(desk, file, desk.publisher, now=True, explanation="It should never have been here")
    assert blobs(own_service) == []
    assert await rows(own_service) == []


async def test_what_was_deleted_long_ago_is_removed(own_service: Service) -> None:
    """With its bytes, but for what other files have; what was once public stays on record, and can be restored (F8)."""
    desk = await Desk.opened(own_service)
    gone, young, shared, public = [await form(desk) for _ in range(4)]
    page = await desk.published("/a", attachments=[public.id])
    await desk.through_review(await desk.update(page, attachments=[]))
    for file in (gone, young, shared, public):
        await delete(desk, file)
    await aged(own_service, gone, shared, public)
    removal = own_service.app.means(Removal)
    assert await removal.remove_deleted() == 2
    assert {str(row.id) for row in await rows(own_service)} == {young.id, public.id}
    assert blobs(own_service)
    assert (await refused(restore(desk, gone))).reason == "FILE_NOT_FOUND"
    for file in (young, public):
        await restore(desk, file)
        assert await bytes_of(desk, file.id, desk.author) == PDF
    (event,) = await events(desk, gone, "file.remove")
    assert event.details["sha256"] == gone.sha256


async def aged(service: Service, *files: File) -> None:
    """As if these had been deleted 31 days ago."""
    old = update(models.File).values(delete_time=text("now() - interval '31 days'"))
    async with service.database.transaction() as connection:
        await connection.execute(old.where(models.File.id.in_([uuid.UUID(file.id) for file in files])))
