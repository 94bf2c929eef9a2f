"""Files as editors keep them: lists, what is said of a file, and its versions."""

from __future__ import annotations

import uuid
from typing import Any

import grpc
import pytest
import pytest_asyncio

from gazette.files.v1 import managing_pb2 as rpc
from gazette.files.v1.file_pb2 import File, FileState, FocalPoint
from tests.content.desk import Desk
from tests.files.keeping import bytes_of, delete, events, form, known, listed, names, picture, stub, update, versions
from tests.files.uploading import PNG
from tests.polling import until
from tests.refusals import refused
from tests.service import Service


@pytest_asyncio.fixture
async def desk(service: Service) -> Desk:
    return await Desk.opened(service)


async def comes_to_be_attached(desk: Desk, path: str, *alternative_texts: str) -> None:
    """Waits until the page says this of its files."""

    async def so() -> bool:
        page = (await desk.page_now(path, "")).page
        return [each.alternative_text for each in page.attachments] == [*alternative_texts]

    await until(so)


async def test_a_list_comes_in_parts_the_newest_first(desk: Desk) -> None:
    """Each file once, and with all that is known of it."""
    made = [await form(desk, f"{number}.pdf") for number in range(3)]
    first = await listed(desk, page_size=2)
    assert [file.name for file in first.files] == ["2.pdf", "1.pdf"]
    assert first.files[0] == await known(desk, made[2].id)
    second = await listed(desk, page_size=2, page_token=first.next_page_token)
    assert [file.name for file in second.files] == ["0.pdf"]
    assert second.next_page_token == ""
    refusal = await refused(listed(desk, page_size=2, page_token=first.next_page_token, name="x"))
    assert refusal.reason == "INVALID_PAGE_TOKEN"


async def test_a_list_is_filtered(desk: Desk) -> None:
    """By media type or its kind, by a part of the name, by state, and by whether it was deleted."""
    for each in (await form(desk, "Annual Report.pdf"), await picture(desk, "pier.png")):
        assert each.state == FileState.FILE_STATE_READY
    gone = await form(desk, "former.pdf")
    await delete(desk, gone)
    assert await names(desk) == ["pier.png", "Annual Report.pdf"]
    assert await names(desk, content_type="image/") == ["pier.png"]
    assert await names(desk, content_type="application/pdf") == ["Annual Report.pdf"]
    assert await names(desk, content_type="image") == []
    assert await names(desk, name="rEPORT") == ["Annual Report.pdf"]
    assert await names(desk, name="%") == []
    assert await names(desk, state=FileState.FILE_STATE_REJECTED) == []
    assert await names(desk, deleted=True) == ["former.pdf"]


async def test_a_list_shows_what_the_caller_may_read(desk: Desk) -> None:
    """Its own organisation's, whichever it asks for; who may read all sees all (Z2)."""
    other = await Desk.opened(desk.service)
    await form(desk, "mine.pdf")
    await form(other, "theirs.pdf")
    assert await names(desk, organisation_id="") == ["mine.pdf"]
    assert await names(desk, organisation_id=other.organisation_id) == []
    both = await names(desk, desk.admin, organisation_id="", page_size=2)
    assert both == ["theirs.pdf", "mine.pdf"]


async def test_what_is_said_of_a_file_is_changed(desk: Desk) -> None:
    """Name, alternative text and focal point, as the mask says; the etag is another one then, and the audit has what changed.
    What is said already changes nothing."""
    file = await picture(desk)
    changed = await update(desk, file, name="pier.png", alternative_text="The pier", focal_point=FocalPoint(x=20, y=80))
    assert (changed.name, changed.alternative_text, changed.focal_point) == ("pier.png", "The pier", FocalPoint(x=20, y=80))
    assert changed.etag != file.etag
    assert changed.update_time.ToNanoseconds() > file.update_time.ToNanoseconds()
    assert (changed.version, changed.sha256) == (1, file.sha256)
    assert changed == await known(desk, file.id)
    (event,) = await events(desk, file, "file.update")
    assert event.details["fields"] == ["alternative_text", "focal_x", "focal_y", "name"]
    assert await update(desk, changed, alternative_text="The pier") == changed
    without = await update(desk, changed, focal_point=None)
    assert not without.HasField("focal_point")


@pytest.mark.parametrize(
    ("changed", "reason", "field"),
    [
        ({"name": "pier.pdf"}, "INVALID_ARGUMENT", "file.name"),
        ({"name": "a/pier.png"}, "INVALID_ARGUMENT", "file.name"),
        ({"name": ""}, "INVALID_ARGUMENT", "file.name"),
        ({"content_type": "text/plain"}, "INVALID_UPDATE_MASK", "update_mask"),
        ({"focal_point": FocalPoint(x=101)}, "INVALID_ARGUMENT", "file.focal_point.x"),
    ],
)
async def test_what_cannot_be_said_of_a_file(desk: Desk, changed: dict[str, Any], reason: str, field: str) -> None:
    """Another type than its bytes have, a name that is a path or none, what the server says."""
    file = await picture(desk)
    refusal = await refused(update(desk, file, **changed))
    assert (refusal.reason, [*refusal.fields]) == (reason, [field])
    assert await known(desk, file.id) == file


async def test_a_focal_point_is_an_image_s(desk: Desk) -> None:
    """Of nothing else."""
    refusal = await refused(update(desk, await form(desk), focal_point=FocalPoint(x=1, y=1)))
    assert [*refusal.fields] == ["file.focal_point"]


async def test_of_two_who_change_a_file_one_is_told(desk: Desk) -> None:
    """That it has changed since: nothing of the first is lost."""
    file = await picture(desk)
    first = await update(desk, file, alternative_text="First")
    refusal = await refused(update(desk, file, alternative_text="Second"))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.ABORTED, "STALE_ETAG")
    assert dict(refusal.info.metadata) == {"given": file.etag, "current": first.etag}
    assert (await known(desk, file.id)).alternative_text == "First"


async def test_a_public_file_is_changed_by_who_publishes(desk: Desk) -> None:
    """What the public sees of it changes at once, on its pages too, without anybody publishing them; caches are told (F8)."""
    file = await picture(desk, alternative_text="A pier")
    page = await desk.published(f"{desk.root}/a", attachments=[file.id])
    assert (await refused(update(desk, file, alternative_text="Mine"))).code == grpc.StatusCode.PERMISSION_DENIED
    changed = await update(desk, file, desk.publisher, alternative_text="The pier at low tide")
    assert changed.is_public
    await comes_to_be_attached(desk, page.path, "The pier at low tide")
    after = await desk.get(page)
    assert (after.etag, after.live.publish_time) == (page.etag, page.live.publish_time)


async def test_versions_of_a_file_that_was_never_replaced(desk: Desk) -> None:
    """There is one, and it is what the file is."""
    file = await form(desk)
    (version,) = (await versions(desk, file)).versions
    assert (version.version, version.sha256, version.author_id) == (1, file.sha256, desk.author.id)
    assert version.create_time == file.create_time
    assert not version.HasField("replace_time")


async def test_others_files_are_as_absent_as_nobodys(desk: Desk) -> None:
    """Whoever has nothing to do with an organisation is told of its files, public ones too, what it is told of none (Z2)."""
    other = await Desk.opened(desk.service)
    public = await picture(desk)
    await desk.published(f"{desk.root}/a", attachments=[public.id])
    for file in (public, await form(desk), File(id=str(uuid.uuid4()), etag="1")):
        for call in (
            update(desk, file, other.publisher, alternative_text="x"),
            delete(desk, file, other.publisher),
            delete(desk, file, other.publisher, now=True, explanation="x"),
            stub(desk).RestoreFile(rpc.RestoreFileRequest(id=file.id), metadata=other.publisher.metadata),
            versions(desk, file, other.publisher),
        ):
            refusal = await refused(call)
            assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "FILE_NOT_FOUND")
    assert await bytes_of(desk, public.id) == PNG
