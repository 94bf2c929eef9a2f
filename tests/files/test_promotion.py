"""From the quarantine to a file: what was looked at is what is served, and what is the same is stored once."""

from __future__ import annotations

import asyncio
import hashlib
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
import uuid6
from sqlalchemy import func, select, text, update

from gazette.auth.v1.account_pb2 import Role
from gazette.files.v1.file_pb2 import FileState
from server.files import blob_references, failures
from server.files.examining import queries
from server.files.examining.background import Examining
from server.files.examining.found import Found
from server.files.examining.pipeline import Pipeline
from server.files.models import File, FileText, Upload
from server.files.quotas import reserving
from server.files.stages import Stage, Way
from server.files.uploads.uploads import Uploads
from server.formats.parsing import Findings
from server.rpc.failures import PermissionDenied
from tests.files.uploading import PNG, assert_no_strays, assert_nothing_left, blobs, rows, send, upload_of
from tests.formats.samples import png
from tests.refusals import refused
from tests.service import Person, Service

READY, SCANNING, REJECTED = (
    FileState.FILE_STATE_READY,
    FileState.FILE_STATE_SCANNING,
    FileState.FILE_STATE_REJECTED,
)
OTHER = png(3, 1, bytes(10))


async def somebody(service: Service) -> tuple[str, Person]:
    organisation_id = await service.organisation()
    return organisation_id, await service.account(role=Role.ROLE_AUTHOR, organisation_id=organisation_id)


async def received(service: Service, organisation_id: str, author: Person, content: bytes) -> uuid.UUID:
    """An upload whose bytes are all there, as it is left by ways in of several calls."""
    pipeline, id = service.app.means(Uploads).pipeline, uuid6.uuid7()
    about = {"name": "harbour.png", "size_bytes": len(content), "author_id": uuid.UUID(author.id)}
    file = {**about, "organisation_id": uuid.UUID(organisation_id), "alternative_text": ""}
    columns = {**about, "id": id, "file_id": uuid6.uuid7(), "way": Way.RESUMABLE, "sha256": "", "key": f"quarantine/{id}"}

    async def once() -> AsyncIterator[bytes]:
        yield content

    await pipeline.storage.write(f"quarantine/{id}", once(), content_type="image/png")
    async with pipeline.database.transaction() as connection:
        await queries.add(connection, file=file, lifetime=timedelta(days=1), **columns)
        done = update(Upload).where(Upload.id == id).values(stage=Stage.RECEIVED, next_attempt_time=func.now())
        await connection.execute(done)
        await reserving.reserve(connection, uuid.UUID(organisation_id), len(content), 0)
    return id


@pytest.mark.parametrize("is_anew", [True, False])
async def test_what_is_swapped_after_the_scan_is_refused(
    service: Service, monkeypatch: pytest.MonkeyPatch, is_anew: bool
) -> None:
    """Whether the object is another one, or the same with other bytes: nothing of it becomes a file, and nothing is left
    (F6)."""
    organisation_id, author = await somebody(service)
    promote = Pipeline.promote

    async def swapped(pipeline: Pipeline, key: str, found: Found, cleaned_path: str = "") -> None:
        path = pipeline.storage.local(key)
        assert path is not None
        if is_anew:
            other = path.with_name("other")
            other.write_bytes(OTHER)
            other.rename(path)
        else:
            path.write_bytes(bytes(len(PNG)))
        await promote(pipeline, key, found, cleaned_path)

    monkeypatch.setattr(Pipeline, "promote", swapped)
    refusal = await refused(send(service, author, upload_of(organisation_id, PNG), PNG))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "FILE_CHANGED")
    assert blobs(service) == []
    assert [(row.state, row.rejection_reason) for row in await rows(service)] == [(REJECTED, "FILE_CHANGED")]


async def test_the_same_bytes_are_stored_once(service: Service) -> None:
    """Under their SHA-256, however often they come, and stay until nobody refers to them any more."""
    organisation_id, author = await somebody(service)
    content = png(7, 1, bytes(22))
    files = await asyncio.gather(*(send(service, author, upload_of(organisation_id, content), content) for _ in range(3)))
    key = f"blobs/{hashlib.sha256(content).hexdigest()}"
    assert {row.blob_key for row in await rows(service)} == {key}
    assert len(blobs(service)) == 1
    storage = service.app.base.blobs
    for answer in files:
        async with service.database.transaction() as connection:
            assert await blob_references.is_referenced(connection, key)
            assert not await blob_references.release(connection, storage, key)
            await connection.execute(text("DELETE FROM files WHERE id = :id"), {"id": uuid.UUID(answer.file.id)})
    async with service.database.transaction() as connection:
        assert await blob_references.release(connection, storage, key)
    assert blobs(service) == []


async def test_an_upload_of_several_calls_becomes_a_file(service: Service) -> None:
    """In the call that ends it, which may do something in the same transaction; a second one finds it done."""
    organisation_id, author = await somebody(service)
    pipeline, id = service.app.means(Uploads).pipeline, await received(service, organisation_id, author, PNG)
    finished: list[Any] = []

    async def finish(_: object, row: Any) -> None:
        finished.append(row)

    row = await pipeline.settle(id, seconds=30, finish=finish)
    assert (row.state, row.sha256, row.content_type) == (READY, hashlib.sha256(PNG).hexdigest(), "image/png")
    assert [each.id for each in finished] == [row.id]
    with pytest.raises(failures.FileNotFound):
        await pipeline.settle(id, seconds=0)
    await assert_no_strays(service)


async def test_what_takes_long_goes_on_behind_the_call(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """The caller is told that it is being examined, and so is whoever asks while somebody is at it; nobody else is at it."""
    organisation_id, author = await somebody(service)
    pipeline, id = service.app.means(Uploads).pipeline, await received(service, organisation_id, author, PNG)
    may_go_on, promote = asyncio.Event(), Pipeline.promote

    async def slow(*arguments: Any) -> None:
        await may_go_on.wait()
        await promote(*arguments)

    monkeypatch.setattr(Pipeline, "promote", slow)
    assert (await pipeline.settle(id, seconds=0.5)).state == SCANNING
    assert (await pipeline.settle(id, seconds=0)).state == SCANNING
    await Examining(pipeline).examine_all()
    waiting = asyncio.create_task(pipeline.settle(id, seconds=30))
    may_go_on.set()
    assert (await waiting).state == READY
    await assert_no_strays(service)


async def test_who_may_not_any_more_leaves_nothing(service: Service) -> None:
    """What keeps the caller from it is found out before the bytes are where they could be served from."""
    organisation_id, author = await somebody(service)
    pipeline, id = service.app.means(Uploads).pipeline, await received(service, organisation_id, author, PNG)

    async def confirm() -> None:
        raise PermissionDenied

    with pytest.raises(PermissionDenied):
        await pipeline.settle(id, seconds=30, confirm=confirm)
    await assert_nothing_left(service)


async def test_what_was_refused_is_refused_again(service: Service) -> None:
    """For the same reason, by whoever asks for it."""
    organisation_id, author = await somebody(service)
    pipeline, id = service.app.means(Uploads).pipeline, await received(service, organisation_id, author, PNG[:-1])
    for _ in range(2):
        with pytest.raises(failures.Rejected) as refusal:
            await pipeline.settle(id, seconds=30)
        assert refusal.value.reason == "FILE_MALFORMED"
    assert blobs(service) == []


@pytest.mark.parametrize("dies", [True, False])
async def test_an_image_without_its_metadata(service: Service, monkeypatch: pytest.MonkeyPatch, dies: bool) -> None:
    """What the parser made of it is what is stored and served, under its own SHA-256; that of what came is kept, and so is what
    it says. Whoever goes on after a death makes it anew, if it is not there."""
    organisation_id, author = await somebody(service)
    content, cleaned = png(9, 1, bytes(28)), png(8, 1, bytes(25))
    pipeline = service.app.means(Uploads).pipeline

    async def parsed(_: object, copy: object, content_type: str, cleaned_path: str) -> Findings:
        await asyncio.to_thread(Path(cleaned_path).write_bytes, cleaned)
        return Findings(content_type, {"image": {"width": 8}}, "a\0b", is_cleaned=True)

    monkeypatch.setattr(type(pipeline.examination), "parsed", parsed)
    id = await received(service, organisation_id, author, content)
    if dies:
        with monkeypatch.context() as patch:

            async def fails(*_: object) -> None:
                raise OSError("no space left")

            patch.setattr(Pipeline, "promote", fails)
            assert (await pipeline.settle(id, seconds=30)).state == FileState.FILE_STATE_PENDING
    row = await pipeline.settle(id, seconds=30)
    assert (row.state, row.sha256) == (READY, hashlib.sha256(cleaned).hexdigest())
    assert (row.size_bytes, row.uploaded_sha256) == (len(cleaned), hashlib.sha256(content).hexdigest())
    assert row.facts == {"image": {"width": 8}}
    assert [path.read_bytes() for path in blobs(service)] == [cleaned]
    async with service.database.read() as connection:
        said = select(FileText.text).where(FileText.blob_key == row.blob_key)
        assert (await connection.execute(said)).scalar_one() == "ab"
        used = (await connection.execute(select(func.sum(File.size_bytes)).where(File.id == row.id))).scalar_one()
    assert used == len(cleaned)
