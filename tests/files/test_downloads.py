"""Downloads: who gets a file, and what it says of itself."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Awaitable
from datetime import UTC, datetime

import grpc
import uuid6
from google.api.httpbody_pb2 import HttpBody
from sqlalchemy import insert

from gazette.auth.v1.account_pb2 import Role
from gazette.files.v1.file_pb2 import FileState
from gazette.files.v1.file_service_pb2 import DownloadFileRequest, GetFileRequest, GetFileResponse
from gazette.files.v1.file_service_pb2_grpc import FileServiceStub
from server.files import publishing as files
from server.files.models import File, PageFile
from tests.files.uploading import PDF, PNG, blobs, png, send, upload_of
from tests.refusals import Refusal, refused
from tests.service import Person, Service

CHUNK_BYTES = 512 * 1024
OVER_HTTP = ("x-envoy-original-method", "GET")
Metadata = tuple[tuple[str, str], ...]


async def download(service: Service, id: str, metadata: Metadata = ()) -> list[HttpBody]:
    call = FileServiceStub(service.channel).DownloadFile(DownloadFileRequest(id=id), metadata=metadata)
    return [part async for part in call]


async def headers(service: Service, id: str, *metadata: tuple[str, str]) -> tuple[dict[str, str | bytes], bytes]:
    """What Envoy gets to make response headers of, and the bytes."""
    call = FileServiceStub(service.channel).DownloadFile(DownloadFileRequest(id=id), metadata=(OVER_HTTP, *metadata))
    content = b"".join([part.data async for part in call])
    return dict(await call.initial_metadata()), content


async def publish(service: Service, organisation_id: str, *ids: str, moment: datetime | None = None) -> list[str]:
    async with service.database.direct() as connection:
        rows = await files.publish(
            connection, [uuid.UUID(id) for id in ids], uuid.UUID(organisation_id), moment or datetime.now(UTC)
        )
    async with service.database.transaction() as connection:
        shown = [{"file_id": row.id, "document_id": uuid.uuid4()} for row in rows]
        await connection.execute(insert(PageFile), shown)
    return [str(row.id) for row in rows]


async def authored(service: Service) -> tuple[str, Person]:
    organisation_id = await service.organisation()
    return organisation_id, await service.account(role=Role.ROLE_AUTHOR, organisation_id=organisation_id)


async def test_a_file_comes_back_as_it_was_sent(service: Service) -> None:
    """5 MiB come back to the byte, in chunks of at most 512 KiB, the type in the first alone."""
    organisation_id, author = await authored(service)
    content = png(5 * 1024 * 1024)
    file = (await send(service, author, upload_of(organisation_id, content), content)).file

    parts = await download(service, file.id, author.metadata)

    assert hashlib.sha256(b"".join(part.data for part in parts)).hexdigest() == file.sha256
    assert max(len(part.data) for part in parts) == CHUNK_BYTES
    assert [part.content_type for part in parts] == ["image/png"] + [""] * (len(parts) - 1)


async def test_who_may_have_a_file(service: Service) -> None:
    """A file is for its organisation's readers, and for everyone once it is public; to all others there is none."""
    organisation_id, author = await authored(service)
    people: dict[str, Metadata] = {
        "nobody": (),
        "reader": (await service.account(role=Role.ROLE_READER, organisation_id=organisation_id)).metadata,
        "stranger": (await service.account(role=Role.ROLE_PUBLISHER, organisation_id=await service.organisation())).metadata,
        "admin": (await service.account(role=Role.ROLE_ADMIN)).metadata,
        "without a role": (await service.account(role=Role.ROLE_UNSPECIFIED)).metadata,
    }
    private, public = [(await send(service, author, upload_of(organisation_id, PNG), PNG)).file.id for _ in range(2)]
    await publish(service, organisation_id, public)
    stub = FileServiceStub(service.channel)

    for who, metadata in people.items():
        assert (await stub.GetFile(GetFileRequest(id=public), metadata=metadata)).file.HasField("publish_time"), who
        assert len(await download(service, public, metadata)) == 1, who
        if who in {"reader", "admin"}:
            assert (await stub.GetFile(GetFileRequest(id=private), metadata=metadata)).file.id == private, who
            assert len(await download(service, private, metadata)) == 1, who
        else:
            unknown = [await refused(call) for call in both(service, str(uuid.uuid4()), metadata)]
            hidden = [await refused(call) for call in both(service, private, metadata)]
            assert [told(each) for each in hidden] == [told(each) for each in unknown], who
            assert {each.reason for each in hidden} == {"FILE_NOT_FOUND"}, who


def both(service: Service, id: str, metadata: Metadata) -> tuple[Awaitable[GetFileResponse], Awaitable[object]]:
    return FileServiceStub(service.channel).GetFile(GetFileRequest(id=id), metadata=metadata), download(service, id, metadata)


def told(refusal: Refusal) -> tuple[object, ...]:
    """All that a caller learns, but for the request's id."""
    return refusal.code, refusal.status.message, refusal.info.SerializeToString(), len(refusal.status.details)


async def test_a_bad_token_is_no_anonymous_caller(service: Service) -> None:
    """Who sends a token means to be known: a bad one is refused, even where none is needed."""
    organisation_id, author = await authored(service)
    file = (await send(service, author, upload_of(organisation_id, PNG), PNG)).file
    await publish(service, organisation_id, file.id)

    for call in both(service, file.id, (("authorization", "Bearer nonsense"),)):
        assert (await refused(call)).code == grpc.StatusCode.UNAUTHENTICATED


async def test_a_pending_file_is_for_nobody(service: Service) -> None:
    """A file whose bytes are on their way is not there yet: its author is told so, and all others that there is none."""
    organisation_id, author = await authored(service)
    row = {"id": uuid6.uuid7(), "organisation_id": uuid.UUID(organisation_id), "author_id": uuid.UUID(author.id)}
    known = {"name": "a.png", "content_type": "image/png", "size_bytes": 1, "sha256": "", "alternative_text": ""}
    async with service.database.transaction() as connection:
        await connection.execute(insert(File).values(**row, **known, state=FileState.FILE_STATE_PENDING, blob_key="blobs/a"))

    asked, bytes_of_it = both(service, str(row["id"]), author.metadata)
    assert (await asked).file.state == FileState.FILE_STATE_PENDING
    assert (await refused(bytes_of_it)).reason == "FILE_NOT_READY"
    for call in both(service, str(row["id"]), ()):
        assert (await refused(call)).reason == "FILE_NOT_FOUND"


async def test_a_publication_makes_its_own_organisations_files_public(service: Service) -> None:
    """Files come back in the order they were asked for, without what is unknown or somebody else's; the first time counts."""
    organisation_id, author = await authored(service)
    other_id, other = await authored(service)
    first, second = [(await send(service, author, upload_of(organisation_id, PDF, "a.pdf"), PDF)).file.id for _ in range(2)]
    foreign = (await send(service, other, upload_of(other_id, PDF, "a.pdf"), PDF)).file.id
    moment = datetime(2026, 3, 3, tzinfo=UTC)

    published = await publish(service, organisation_id, second, str(uuid.uuid4()), foreign, first, moment=moment)
    await publish(service, organisation_id, first)

    assert published == [second, first]
    stub = FileServiceStub(service.channel)
    assert (await stub.GetFile(GetFileRequest(id=first))).file.publish_time.ToDatetime(UTC) == moment
    assert (await refused(stub.GetFile(GetFileRequest(id=foreign)))).reason == "FILE_NOT_FOUND"


async def test_a_private_file_is_kept_by_nobody_on_the_way(service: Service) -> None:
    """Over HTTP a file tells its length, its ETag and its name; what is not public is not to be stored."""
    organisation_id, author = await authored(service)
    file = (await send(service, author, upload_of(organisation_id, PNG, "Häfen.png"), PNG)).file

    given, content = await headers(service, file.id, *author.metadata)

    assert content == PNG
    assert given["x-body-length"] == str(len(PNG))
    assert given["etag"] == f'"{file.sha256}"'
    assert given["cache-control"] == "private, no-store"
    assert given["x-content-type-options"] == "nosniff"
    assert given["content-disposition"] == "inline; filename=\"H_fen.png\"; filename*=UTF-8''H%C3%A4fen.png"


async def test_a_public_file_may_be_kept(service: Service) -> None:
    """What is public may be kept by everybody on the way who asks each time whether it still is; a document is saved, not
    shown (I4)."""
    organisation_id, author = await authored(service)
    file = (await send(service, author, upload_of(organisation_id, PDF, "form.pdf"), PDF)).file
    await publish(service, organisation_id, file.id)

    given, _ = await headers(service, file.id)

    assert given["cache-control"] == "public, no-cache"
    assert given["content-disposition"] == 'attachment; filename="form.pdf"'


async def test_a_file_that_the_client_has_is_not_sent_again(service: Service) -> None:
    """If-None-Match with the file's ETag is answered by 304 and no byte; with another one, by the file."""
    organisation_id, author = await authored(service)
    file = (await send(service, author, upload_of(organisation_id, PNG), PNG)).file

    given, content = await headers(service, file.id, *author.metadata, ("if-none-match", f'"x", W/"{file.sha256}"'))
    assert (given["x-http-status"], content) == ("304", b"")
    assert given["etag"] == f'"{file.sha256}"'

    given, content = await headers(service, file.id, *author.metadata, ("if-none-match", '"x"'))
    assert "x-http-status" not in given
    assert content == PNG


async def test_a_grpc_caller_gets_no_http_headers(service: Service) -> None:
    """What HTTP alone wants is not sent to others."""
    organisation_id, author = await authored(service)
    file = (await send(service, author, upload_of(organisation_id, PNG), PNG)).file

    call = FileServiceStub(service.channel).DownloadFile(DownloadFileRequest(id=file.id), metadata=author.metadata)

    assert b"".join([part.data async for part in call]) == PNG
    assert not {"etag", "x-body-length", "content-disposition"} & {name for name, _ in await call.initial_metadata()}


async def test_a_lost_blob_is_our_defect(service: Service) -> None:
    """A file whose bytes are gone answers INTERNAL, and says nothing of where they should be."""
    organisation_id, author = await authored(service)
    file = (await send(service, author, upload_of(organisation_id, PNG), PNG)).file
    for blob in blobs(service):
        blob.unlink()

    refusal = await refused(download(service, file.id, author.metadata))

    assert refusal.code == grpc.StatusCode.INTERNAL
    assert "blobs" not in str(refusal.status)
