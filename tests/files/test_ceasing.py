"""Files that are public while a page has them, and no longer; and files that nobody used."""

from __future__ import annotations

import asyncio
import uuid
from contextlib import closing
from datetime import timedelta

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import delete, insert, select, text, update

from gazette.content.v1.document_pb2 import Document, LiveState
from gazette.files.v1.file_pb2 import File
from gazette.files.v1.file_service_pb2 import DownloadFileRequest, GetFileRequest
from gazette.files.v1.file_service_pb2_grpc import FileServiceStub
from server.audit.models import AuditEvent
from server.content import attachments
from server.files import models, unused
from server.rpc.failures import Unavailable
from server.stores.blobs import StorageUnavailable
from tests.content.desk import Desk, Metadata, imported
from tests.edge import Edge
from tests.files.uploading import PDF, PNG, blobs, rows, send, upload_of
from tests.refusals import http_reason, refused
from tests.service import Service

GONE, REDIRECTED, WITHDRAWN = (
    LiveState.LIVE_STATE_GONE,
    LiveState.LIVE_STATE_REDIRECTED,
    LiveState.LIVE_STATE_WITHDRAWN,
)


@pytest_asyncio.fixture
async def desk(service: Service) -> Desk:
    return await Desk.opened(service)


async def uploaded(desk: Desk, content: bytes = PDF) -> str:
    """The id of a new file."""
    return (await send(desk.service, desk.author, upload_of(desk.organisation_id, content, "form.pdf"), content)).file.id


async def download(desk: Desk, id: str, metadata: Metadata = ()) -> bytes:
    call = FileServiceStub(desk.service.channel).DownloadFile(DownloadFileRequest(id=id), metadata=metadata)
    return b"".join([part.data async for part in call])


async def told(desk: Desk, id: str, metadata: Metadata = ()) -> File:
    return (await FileServiceStub(desk.service.channel).GetFile(GetFileRequest(id=id), metadata=metadata)).file


async def assert_public(desk: Desk, id: str) -> None:
    assert await download(desk, id) == PDF
    assert (await told(desk, id)).is_public


async def assert_not_public(desk: Desk, id: str) -> None:
    """Nobody is told more than of a file that never was; who may read the organisation's files has it still."""
    for call in (download(desk, id), told(desk, id)):
        assert (await refused(call)).reason == "FILE_NOT_FOUND"
    assert await download(desk, id, desk.author.metadata) == PDF
    file = await told(desk, id, desk.author.metadata)
    assert not file.is_public
    assert file.HasField("publish_time")


async def republished(desk: Desk, document: Document, *ids: str) -> Document:
    return await desk.through_review(await desk.update(document, attachments=ids))


async def test_a_page_that_is_published_without_it(desk: Desk) -> None:
    """It is public with the page, not any more when the page is published without it, and again when it comes back (I4)."""
    kept, left = await uploaded(desk), await uploaded(desk)
    document = await desk.published(f"{desk.root}/a", attachments=[left, kept])
    await assert_public(desk, left)

    draft = await desk.update(document, attachments=[kept])
    await assert_public(desk, left)
    document = await desk.through_review(draft)
    await assert_not_public(desk, left)
    await assert_public(desk, kept)

    document = await republished(desk, document)
    await assert_not_public(desk, kept)

    await republished(desk, document, left)
    await assert_public(desk, left)
    await assert_not_public(desk, kept)


@pytest.mark.parametrize("state", [GONE, REDIRECTED, WITHDRAWN])
async def test_what_became_of_its_page(desk: Desk, state: LiveState.ValueType) -> None:
    """Gone or redirected, it is no page any more, though what is imported names the file; what is withdrawn is read, with its
    files (I4)."""
    id = await uploaded(desk)
    document = await desk.published(f"{desk.root}/a", attachments=[id])
    location = {"location": "/elsewhere"} if state == REDIRECTED else {}
    said = {"attachments": [id]}
    change = imported(f"{desk.root}/a", key=document.translation_key, live_state=state, said=said, **location)
    (result,) = await desk.bring_in(change)
    assert (result.document_id, result.reason) == (document.id, "")

    await (assert_public if state == WITHDRAWN else assert_not_public)(desk, id)

    await desk.bring_in(imported(f"{desk.root}/a", key=document.translation_key, said=said))
    await assert_public(desk, id)


async def test_a_file_of_two_pages(desk: Desk) -> None:
    """It stays while one of them has it, whichever is published first, and when both are at once (I4)."""
    id = await uploaded(desk)
    one, other = [await desk.published(f"{desk.root}/{name}", attachments=[id]) for name in ("a", "b")]
    one = await republished(desk, one)
    await assert_public(desk, id)
    other = await desk.approve(await desk.submit(await desk.update(other, attachments=[])))
    one = await desk.approve(await desk.submit(await desk.update(one, attachments=[id])))
    await asyncio.gather(desk.publish(other), desk.publish(one))
    await assert_public(desk, id)


async def test_a_publication_that_fails_changes_nothing(desk: Desk) -> None:
    """What is refused leaves the page its files, and takes none up."""
    kept, new = await uploaded(desk), await uploaded(desk)
    document = await desk.published(f"{desk.root}/a", attachments=[kept])
    ready = await desk.approve(await desk.submit(await desk.update(document, attachments=[new, str(uuid.uuid4())])))
    assert (await refused(desk.publish(ready))).reason == "ATTACHMENT_NOT_FOUND"
    await assert_public(desk, kept)
    assert (await refused(download(desk, new))).reason == "FILE_NOT_FOUND"


async def test_what_a_process_of_the_release_before_has_published(desk: Desk) -> None:
    """It does not say which page has which file, nor which has it no more; another process says so for it."""
    id, former, kept = [await uploaded(desk) for _ in range(3)]
    document = await desk.published(f"{desk.root}/a", attachments=[id])
    other = await desk.published(f"{desk.root}/b", attachments=[kept])
    said = {"attachments": [former]}
    gone = await desk.published(f"{desk.root}/gone", **said)
    await desk.bring_in(imported(gone.path, key=gone.translation_key, said=said, live_state=GONE))
    async with desk.service.database.transaction() as connection:
        await connection.execute(delete(models.PageFile).where(models.PageFile.file_id == uuid.UUID(id)))
        for file_id, page_of in ((former, gone), (former, document), (id, other)):
            columns = {"file_id": uuid.UUID(file_id), "document_id": uuid.UUID(page_of.id)}
            await connection.execute(insert(models.PageFile).values(columns))
    await assert_public(desk, former)
    await attachments.agreement(desk.service.database).work()
    await assert_not_public(desk, former)
    for each in (id, kept):
        await assert_public(desk, each)
    async with desk.service.database.read() as connection:
        pages = select(models.PageFile.document_id).where(models.PageFile.file_id == uuid.UUID(id))
        assert [str(each) for each in (await connection.execute(pages)).scalars()] == [document.id]


async def test_what_nobody_used_is_removed(own_service: Service) -> None:
    """After a while, with its bytes, unless another file has them, and the audit knows. A file that a revision names stays,
    however old the revision, and so does what was once public."""
    desk = await Desk.opened(own_service)
    unused_one, (young, named, public) = await uploaded(desk, PDF + b"\n"), [await uploaded(desk) for _ in range(3)]
    draft = await desk.create(attachments=[named])
    await desk.update(draft, attachments=[])
    await republished(desk, await desk.published(f"{desk.root}/a", attachments=[public]))
    long_ago = text("now() - interval '31 days'")
    old = update(models.File).values(create_time=long_ago, update_time=long_ago)
    async with own_service.database.transaction() as connection:
        await connection.execute(old.where(models.File.id != uuid.UUID(young)))
    database, storage = own_service.database, own_service.app.base.blobs

    class Away:
        async def delete(self, key: str) -> None:
            raise StorageUnavailable

    with pytest.raises(Unavailable):
        await unused.remove_all(database, Away(), attachments.is_named)  # type: ignore[arg-type]
    assert len(await rows(own_service)) == 4

    assert await unused.remove_all(database, storage, attachments.is_named) == 1
    assert {str(row.id) for row in await rows(own_service)} == {young, named, public}
    assert len(blobs(own_service)) == 1
    async with database.read() as connection:
        event = (await connection.execute(select(AuditEvent).where(AuditEvent.action == "file.remove"))).one()
    assert event.target == unused_one
    assert await unused.remove_all(database, storage, attachments.is_named, timedelta(0)) == 1
    assert len(blobs(own_service)) == 1


def test_over_http(edge: Edge) -> None:
    """Whoever keeps a public file asks each time, and is told 304 while it is public, and 404, not to be kept, from then on
    (I4)."""
    author, editor, publisher, public = (
        edge.client(email) for email in ("author@example.gov", "editor@example.gov", "publisher@example.gov", "")
    )
    with closing(author), closing(editor), closing(publisher), closing(public):
        organisation_id = author.get("/v1/organisations").raise_for_status().json()["organisations"][0]["id"]
        query = {"organisationId": organisation_id, "name": "a.png"}
        file = author.post("/v1/files:upload", params=query, content=PNG).raise_for_status().json()["file"]
        url = f"/v1/files/{file['id']}:download"

        def published(document: dict[str, str]) -> dict[str, str]:
            for client, verb in ((author, "submit"), (editor, "approve"), (publisher, "publish")):
                said = {"changeNote": "Changed."} if verb == "publish" else {}
                answer = client.post(f"/v1/documents/{document['id']}:{verb}", json={"etag": document["etag"], **said})
                document = answer.raise_for_status().json()["document"]
            return document

        wanted = {
            "organisationId": organisation_id,
            "contentType": "harbour_guide",
            "path": f"/ceasing/{uuid.uuid4().hex}",
            "title": "A harbour",
            "attachments": [file["id"]],
        }
        document = published(author.post("/v1/documents", json=wanted).raise_for_status().json()["document"])
        first = public.get(url)
        assert (first.status_code, first.content) == (200, PNG)
        assert first.headers["cache-control"] == "public, no-cache"
        known = {"if-none-match": first.headers["etag"]}
        assert public.get(url, headers=known).status_code == 304

        change = {"etag": document["etag"], "attachments": []}
        answer = author.patch(f"/v1/documents/{document['id']}", params={"updateMask": "attachments"}, json=change)
        published(answer.raise_for_status().json()["document"])

        def assert_gone(answer: httpx.Response) -> None:
            assert (answer.status_code, http_reason(answer)) == (404, "FILE_NOT_FOUND")
            assert answer.headers["cache-control"] == "no-store"

        assert_gone(public.get(url, headers=known))
        assert_gone(public.get(f"/v1/files/{file['id']}"))
        assert public.head(url).status_code == 404
        mine = author.get(url)
        assert (mine.status_code, mine.headers["cache-control"]) == (200, "private, no-store")
        assert author.get(f"/v1/files/{file['id']}").json()["file"]["isPublic"] is False
