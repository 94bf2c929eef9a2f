"""New bytes for a file, which keeps its id and its address; and what it was before."""

from __future__ import annotations

import asyncio
import hashlib
import io
import uuid
from typing import Any

import grpc
import pytest_asyncio
from PIL import Image
from sqlalchemy import select

from gazette.files.v1.file_pb2 import File, FileState
from server.files import models
from tests.content.desk import Desk
from tests.files.keeping import bytes_of, delete, events, form, known, picture, replacing, stub, update, versions
from tests.files.uploading import PDF, PNG, blobs, rows
from tests.polling import until
from tests.refusals import refused
from tests.service import Person, Service


@pytest_asyncio.fixture
async def desk(service: Service) -> Desk:
    return await Desk.opened(service)


def another_picture(color: str = "teal") -> bytes:
    """Other bytes than PNG."""
    into = io.BytesIO()
    Image.new("RGB", (40, 30), color).save(into, "PNG")
    return into.getvalue()


async def replaced(desk: Desk, file: File, content: bytes, by: Person | None = None, key: str = "", **given: Any) -> File:
    return (await replacing(desk, file, content, by, key, **given)).file


async def test_a_file_is_replaced(desk: Desk) -> None:
    """It keeps its id and what was said of it, and is the next version; what it was is told, and who brought which. The audit
    knows of it (F8)."""
    file, new = await picture(desk, alternative_text="The pier"), another_picture()
    now = await replaced(desk, file, new, desk.editor, etag=file.etag, name="pier.png")
    assert (now.id, now.version, now.name, now.alternative_text) == (file.id, 2, "pier.png", "The pier")
    assert (now.sha256, now.size_bytes) == (hashlib.sha256(new).hexdigest(), len(new))
    assert now.state == FileState.FILE_STATE_READY
    assert now.etag != file.etag
    assert now.create_time == file.create_time
    assert now == await known(desk, file.id)
    assert await bytes_of(desk, file.id, desk.author) == new

    second, first = (await versions(desk, file)).versions
    assert [(each.version, each.name, each.sha256) for each in (second, first)] == [
        (2, "pier.png", now.sha256),
        (1, "harbour.png", file.sha256),
    ]
    assert [second.author_id, first.author_id] == [desk.editor.id, desk.author.id]
    assert second.create_time == first.replace_time
    page = await versions(desk, file, page_size=1)
    (last,) = (await versions(desk, file, page_size=1, page_token=page.next_page_token)).versions
    assert last == first
    (event,) = await events(desk, file, "file.replace")
    assert (str(event.actor_id), event.details["sha256"]) == (desk.editor.id, now.sha256)


async def test_a_public_file_is_replaced_by_who_publishes(desk: Desk) -> None:
    """What the public sees changes at once, on its pages too, though nobody has published them (F8)."""
    file, new = await form(desk), PDF + b"\n"
    page = await desk.published(f"{desk.root}/a", attachments=[file.id])
    assert (await refused(replacing(desk, file, new))).code == grpc.StatusCode.PERMISSION_DENIED
    assert await bytes_of(desk, file.id) == PDF
    await replaced(desk, file, new, desk.publisher)
    assert await bytes_of(desk, file.id) == new

    async def follows() -> bool:
        (attached,) = (await desk.page_now(page.path, "")).page.attachments
        return attached.size_bytes == len(new)

    await until(follows)
    async with desk.service.database.read() as connection:
        former = (await connection.execute(select(models.FileVersion).filter_by(file_id=uuid.UUID(file.id)))).one()
    assert former.was_public


async def test_a_replacement_that_is_refused_changes_nothing(desk: Desk) -> None:
    """Neither the file nor what is stored: an image by what is none, other bytes than were announced, more than may be, a stale
    etag, and what nobody may replace (F8)."""
    file = await picture(desk)
    await update(desk, file, alternative_text="x")
    file = await known(desk, file.id)
    stored = blobs(desk.service)
    by_form = await refused(replacing(desk, file, PDF, name="form.pdf"))
    assert (by_form.reason, [*by_form.fields]) == ("FILE_TYPE_NOT_ALLOWED", ["chunk"])
    assert "image" in by_form.fields["chunk"]
    named_otherwise = await refused(replacing(desk, file, PNG, name="form.pdf"))
    assert named_otherwise.reason == "FILE_TYPE_NOT_ALLOWED"
    short = await refused(replacing(desk, file, PNG, size_bytes=len(PNG) + 1))
    assert (short.reason, [*short.fields]) == ("SIZE_MISMATCH", ["replacement.size_bytes"])
    other = await refused(replacing(desk, file, PNG, sha256="0" * 64))
    assert (other.reason, [*other.fields]) == ("SHA256_MISMATCH", ["replacement.sha256"])
    much = await refused(replacing(desk, file, PNG, size_bytes=1 << 40))
    assert (much.reason, [*much.fields]) == ("FILE_TOO_LARGE", ["replacement.size_bytes"])
    stale = await refused(replacing(desk, file, PNG, etag="1"))
    assert (stale.code, stale.reason) == (grpc.StatusCode.ABORTED, "STALE_ETAG")
    headless = await refused(stub(desk).ReplaceFile(iter([]), metadata=desk.author.metadata))
    assert headless.reason == "UPLOAD_FIRST"
    assert await known(desk, file.id) == file
    assert blobs(desk.service) == stored
    assert len((await versions(desk, file)).versions) == 1


async def test_what_is_not_there_cannot_be_replaced(desk: Desk) -> None:
    """What was deleted, what is another organisation's, what nobody has (Z2)."""
    other, file = await Desk.opened(desk.service), await form(desk)
    for by, each in ((other.publisher, file), (desk.author, File(id=str(uuid.uuid4())))):
        refusal = await refused(replacing(desk, each, PDF, by))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "FILE_NOT_FOUND")
    await delete(desk, file)
    assert (await refused(replacing(desk, file, PDF))).reason == "FILE_NOT_FOUND"


async def test_malformed_bytes_are_told_of_and_change_nothing(desk: Desk) -> None:
    """The file stays what it is, and says that its replacement was rejected, and why; until it is replaced."""
    file = await picture(desk)
    refusal = await refused(replacing(desk, file, PNG[:-20]))
    assert refusal.reason == "FILE_MALFORMED"
    told = await known(desk, file.id)
    assert (told.state, told.sha256, told.version) == (FileState.FILE_STATE_READY, file.sha256, 1)
    assert told.replacement.state == FileState.FILE_STATE_REJECTED
    assert told.replacement.rejection.reason == "FILE_MALFORMED"
    assert await bytes_of(desk, file.id, desk.author) == PNG
    now = await replaced(desk, file, another_picture())
    assert not now.HasField("replacement")
    assert not (await known(desk, file.id)).HasField("replacement")


async def test_a_repeated_replacement_takes_place_once(desk: Desk) -> None:
    """Under the same idempotency key, though the etag that it names is not the file's any more; at the same time, too."""
    file, new = await form(desk), PDF + b"\n"
    one, other = await asyncio.gather(*(replaced(desk, file, new, key="k", etag=file.etag) for _ in range(2)))
    assert one == other == await replaced(desk, file, new, key="k", etag=file.etag)
    assert one.version == 2
    assert (await refused(replacing(desk, file, PDF, key="k"))).reason == "IDEMPOTENCY_KEY_REUSED"


async def test_of_two_who_replace_a_file_as_they_know_it_one_is_told(desk: Desk) -> None:
    """By their etags, at once. Without one, each makes a version, and none is lost."""
    file = await picture(desk)
    answers = await asyncio.gather(
        *(replacing(desk, file, another_picture(color), etag=file.etag) for color in ("red", "blue")), return_exceptions=True
    )
    assert sorted(isinstance(each, grpc.RpcError) for each in answers) == [False, True]
    assert (await known(desk, file.id)).version == 2
    await asyncio.gather(*(replaced(desk, file, another_picture(color)) for color in ("red", "blue")))
    assert [each.version for each in (await versions(desk, file)).versions] == [4, 3, 2, 1]


async def test_former_versions_go_with_their_file(own_service: Service) -> None:
    """And until then they stay, with their bytes; those that two files have are there once, and go with the last."""
    desk = await Desk.opened(own_service)
    file, other = await picture(desk), await picture(desk)
    await replaced(desk, file, another_picture())
    await replaced(desk, file, PNG)
    assert len(blobs(own_service)) == 2
    explained = {"now": True, "explanation": "A leak"}
    await delete(desk, file, desk.publisher, **explained)
    assert [row.id for row in await rows(own_service)] == [uuid.UUID(other.id)]
    assert len(blobs(own_service)) == 1
    assert await bytes_of(desk, other.id, desk.author) == PNG
    await delete(desk, other, desk.publisher, **explained)
    assert blobs(own_service) == []
    async with own_service.database.read() as connection:
        used = (await connection.execute(select(models.FileUsage.used_bytes))).scalar_one()
    assert used == 0
