"""Uploads: what is taken, what is refused, and that nothing is left of what was refused."""

from __future__ import annotations

import asyncio
import hashlib
import uuid
from collections.abc import AsyncIterator

import grpc
import pytest
import uuid6
from sqlalchemy import insert, select

from gazette.auth.v1.account_pb2 import Role
from gazette.files.v1.file_pb2 import FileState
from gazette.files.v1.file_service_pb2 import UploadFileRequest
from gazette.files.v1.file_service_pb2_grpc import FileServiceStub
from server.audit.models import AuditEvent, AuditPersonal
from server.auth import models as auth
from tests.files.uploading import PDF, PNG, assert_nothing_left, blobs, png, send, upload_of
from tests.refusals import refused
from tests.service import Service

MAX = 5 * 1024 * 1024


async def test_an_upload_is_stored_as_what_it_is(service: Service) -> None:
    """The answer tells type, length and SHA-256 as the server found them, and the bytes are in the storage."""
    organisation_id = await service.organisation()
    author = await service.account(role=Role.ROLE_AUTHOR, organisation_id=organisation_id)

    file = (await send(service, author, upload_of(organisation_id, PNG, alternative_text="A pier"), PNG)).file

    assert (file.organisation_id, file.name, file.alternative_text) == (organisation_id, "harbour.png", "A pier")
    assert (file.content_type, file.size_bytes, file.state) == ("image/png", len(PNG), FileState.FILE_STATE_READY)
    assert file.sha256 == hashlib.sha256(PNG).hexdigest()
    assert not file.HasField("publish_time")
    assert [path.read_bytes() for path in blobs(service)] == [PNG]


async def test_an_upload_is_audited(service: Service) -> None:
    """The audit says who uploaded what."""
    organisation_id = await service.organisation()
    author = await service.account(role=Role.ROLE_AUTHOR, organisation_id=organisation_id)

    file = (await send(service, author, upload_of(organisation_id, PDF, "form.pdf"), PDF)).file

    async with service.database.read() as connection:
        told = select(AuditEvent.__table__, AuditPersonal.data).join(AuditPersonal, AuditPersonal.event_id == AuditEvent.id)
        event = (
            await connection.execute(
                told.where(AuditEvent.action == "file.upload", AuditEvent.organisation_id == uuid.UUID(organisation_id))
            )
        ).one()
    assert (str(event.actor_id), event.target, str(event.organisation_id)) == (author.id, file.id, organisation_id)
    assert event.details == {"content_type": "application/pdf", "size_bytes": len(PDF), "sha256": file.sha256}
    assert event.data == {"name": "form.pdf", "address": "127.0.0.1"}


async def test_a_file_of_the_largest_size_is_taken(service: Service) -> None:
    """MAX_FILE_SIZE itself is allowed."""
    organisation_id = await service.organisation()
    author = await service.account(role=Role.ROLE_AUTHOR, organisation_id=organisation_id)

    file = (await send(service, author, upload_of(organisation_id, png(MAX)), png(MAX))).file

    assert file.size_bytes == MAX


async def test_one_byte_too_much_is_refused_at_that_chunk(service: Service) -> None:
    """The refusal does not wait for the end of the stream, and nothing is left (F1)."""
    organisation_id = await service.organisation()
    author = await service.account(role=Role.ROLE_AUTHOR, organisation_id=organisation_id)

    async def endless() -> AsyncIterator[UploadFileRequest]:
        yield UploadFileRequest(upload=upload_of(organisation_id, png(MAX)))
        for start in range(0, MAX, 1024 * 1024):
            yield UploadFileRequest(chunk=png(MAX)[start : start + 1024 * 1024])
        yield UploadFileRequest(chunk=b"!")
        await asyncio.Event().wait()

    refusal = await refused(FileServiceStub(service.channel).UploadFile(endless(), metadata=author.metadata, timeout=8))

    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "FILE_TOO_LARGE")
    assert "chunk" in refusal.fields
    assert refusal.info.metadata["max_bytes"] == str(MAX)
    await assert_nothing_left(service)


async def test_a_length_that_is_declared_too_much_is_refused_before_the_bytes(service: Service) -> None:
    """Nobody has to send what will be refused."""
    organisation_id = await service.organisation()
    author = await service.account(role=Role.ROLE_AUTHOR, organisation_id=organisation_id)

    refusal = await refused(send(service, author, upload_of(organisation_id, b"", size_bytes=MAX + 1), b""))

    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "FILE_TOO_LARGE")
    assert "upload.size_bytes" in refusal.fields
    await assert_nothing_left(service)


@pytest.mark.parametrize("size", [len(PNG) - 1, len(PNG) + 1, 3 * len(PNG)])
async def test_another_length_than_declared_is_refused(service: Service, size: int) -> None:
    """Too few bytes and too many are both a SIZE_MISMATCH (F1)."""
    organisation_id = await service.organisation()
    author = await service.account(role=Role.ROLE_AUTHOR, organisation_id=organisation_id)

    refusal = await refused(send(service, author, upload_of(organisation_id, PNG, size_bytes=size), PNG))

    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "SIZE_MISMATCH")
    assert list(refusal.fields) == ["upload.size_bytes"]
    await assert_nothing_left(service)


async def test_another_sha256_than_declared_is_refused(service: Service) -> None:
    """Bytes that changed on the way are not stored (F1); the true SHA-256 is."""
    organisation_id = await service.organisation()
    author = await service.account(role=Role.ROLE_AUTHOR, organisation_id=organisation_id)
    digest = hashlib.sha256(PNG).hexdigest()
    changed = PNG[:-1] + b"!"

    refusal = await refused(send(service, author, upload_of(organisation_id, PNG, sha256=digest), changed))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "SHA256_MISMATCH")
    assert list(refusal.fields) == ["upload.sha256"]
    await assert_nothing_left(service)

    assert (await send(service, author, upload_of(organisation_id, PNG, sha256=digest), PNG)).file.sha256 == digest


NOT_ALLOWED = [
    ("page.png", b"<!DOCTYPE html><html><script>alert(1)</script></html>", "chunk"),
    ("drawing.png", b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', "chunk"),
    ("drawing.svg", b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "chunk"),
    ("script.png", b"#!/bin/sh\nrm -rf /\n", "chunk"),
    ("script.js", b"alert(1)", "chunk"),
    ("program.pdf", b"MZ" + bytes(200), "chunk"),
    ("archive.pdf", b"PK\x03\x04" + bytes(200), "chunk"),
    ("moving.gif", b"GIF89a" + bytes(200), "chunk"),
    ("harbour.pdf", PNG, "upload.name"),
    ("harbour.html", PNG, "upload.name"),
    ("harbour", PNG, "upload.name"),
    ("form.pdf.png", PDF, "upload.name"),
]


async def test_what_is_not_an_allowed_type_by_bytes_and_name_is_refused(service: Service) -> None:
    """The bytes decide what a file is, and its name has to agree (F2)."""
    organisation_id = await service.organisation()
    author = await service.account(role=Role.ROLE_AUTHOR, organisation_id=organisation_id)

    for name, content, field in NOT_ALLOWED:
        refusal = await refused(send(service, author, upload_of(organisation_id, content, name), content))

        assert (name, refusal.code, refusal.reason) == (name, grpc.StatusCode.INVALID_ARGUMENT, "FILE_TYPE_NOT_ALLOWED")
        assert (name, list(refusal.fields)) == (name, [field])
    await assert_nothing_left(service)


async def test_a_file_name_comes_back_to_the_character_and_names_nothing_in_the_storage(service: Service) -> None:
    """Storage keys are the server's (F5)."""
    organisation_id = await service.organisation()
    author = await service.account(role=Role.ROLE_AUTHOR, organisation_id=organisation_id)
    names = ["Häfen & Kähne – 第1.PNG", "a'b\"c;d%41.png", "<script>.png", "x" * 251 + ".png", "😀\u200d.png"]

    answers = [await send(service, author, upload_of(organisation_id, PNG, name), PNG) for name in names]

    assert [answer.file.name for answer in answers] == names
    assert [blob.name for blob in blobs(service)] == [hashlib.sha256(PNG).hexdigest()]


async def test_a_file_name_that_could_pass_for_another_is_refused(service: Service) -> None:
    """No paths, no control characters, no reversed writing."""
    organisation_id = await service.organisation()
    author = await service.account(role=Role.ROLE_AUTHOR, organisation_id=organisation_id)
    names = ["../../x.png", "a\\b.png", "a\nb.png", "a\x7fb.png", "gpj.\u202egnp.png", " .png", "..", "a\u2028.png"]

    for name in names:
        refusal = await refused(send(service, author, upload_of(organisation_id, PNG, name), PNG))

        assert (name, refusal.code) == (name, grpc.StatusCode.INVALID_ARGUMENT)
        assert (name, list(refusal.fields)) == (name, ["upload.name"])
    await assert_nothing_left(service)


@pytest.mark.parametrize("parts", [[], ["chunk"], ["upload", "chunk", "upload"]])
async def test_the_description_comes_first_and_once(service: Service, parts: list[str]) -> None:
    """Bytes of nobody knows what are refused."""
    organisation_id = await service.organisation()
    author = await service.account(role=Role.ROLE_AUTHOR, organisation_id=organisation_id)
    made = {"chunk": UploadFileRequest(chunk=PNG), "upload": UploadFileRequest(upload=upload_of(organisation_id, png(9000)))}

    stub = FileServiceStub(service.channel)
    refusal = await refused(stub.UploadFile(iter([made[part] for part in parts]), metadata=author.metadata))

    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "UPLOAD_FIRST")
    await assert_nothing_left(service)


async def test_an_unknown_organisation_and_another_ones_are_told_alike(service: Service) -> None:
    """Who has nothing to do with an organisation is not told that it exists (Z2)."""
    own, other = await service.organisation(), await service.organisation()
    author = await service.account(role=Role.ROLE_AUTHOR, organisation_id=own)
    admin = await service.account(role=Role.ROLE_ADMIN)

    foreign = await refused(send(service, author, upload_of(other, PNG), PNG))
    unknown = await refused(send(service, author, upload_of(str(uuid.uuid4()), PNG), PNG))
    unknown_to_all = await refused(send(service, admin, upload_of(str(uuid.uuid4()), PNG), PNG))

    assert (foreign.code, foreign.reason) == (grpc.StatusCode.NOT_FOUND, "ORGANISATION_NOT_FOUND")
    assert foreign.status.message == unknown.status.message == unknown_to_all.status.message
    assert foreign.info == unknown.info == unknown_to_all.info
    await assert_nothing_left(service)


async def test_who_may_only_read_an_organisations_files_is_told_so(service: Service) -> None:
    """A reader knows the organisation, so the refusal names the permission."""
    read, written = await service.organisation(), await service.organisation()
    person = await service.account(role=Role.ROLE_AUTHOR, organisation_id=written)
    async with service.database.transaction() as connection:
        grant = {"id": uuid6.uuid7(), "account_id": uuid.UUID(person.id), "role": Role.ROLE_READER}
        await connection.execute(insert(auth.Grant).values(**grant, organisation_id=uuid.UUID(read)))
    person = await service.sign_in(person.email)

    refusal = await refused(send(service, person, upload_of(read, PNG), PNG))

    assert refusal.code == grpc.StatusCode.PERMISSION_DENIED
    assert refusal.info.metadata["permission"] == "PERMISSION_FILES_WRITE"
    await assert_nothing_left(service)


async def test_nobody_uploads_without_signing_in(service: Service) -> None:
    """An upload needs a caller, and one with the permission."""
    organisation_id = await service.organisation()
    reader = await service.account(role=Role.ROLE_READER, organisation_id=organisation_id)

    anonymous = await refused(send(service, None, upload_of(organisation_id, PNG), PNG))
    forbidden = await refused(send(service, reader, upload_of(organisation_id, PNG), PNG))

    assert anonymous.code == grpc.StatusCode.UNAUTHENTICATED
    assert forbidden.code == grpc.StatusCode.PERMISSION_DENIED
    await assert_nothing_left(service)


async def test_bytes_that_come_one_by_one(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """An upload that goes on and gets nowhere is ended, and nothing of it is left (D6)."""
    monkeypatch.setattr("server.files.uploads.receiving.GRACE_SECONDS", 0.3)
    organisation_id = await service.organisation()
    author = await service.account(role=Role.ROLE_AUTHOR, organisation_id=organisation_id)

    async def trickle() -> AsyncIterator[UploadFileRequest]:
        yield UploadFileRequest(upload=upload_of(organisation_id, PNG))
        for byte in PNG:
            yield UploadFileRequest(chunk=bytes([byte]))
            await asyncio.sleep(0.1)

    refusal = await refused(FileServiceStub(service.channel).UploadFile(trickle(), metadata=author.metadata, timeout=60))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.DEADLINE_EXCEEDED, "UPLOAD_TOO_SLOW")
    await assert_nothing_left(service)
