"""Uploads in pieces, over gRPC."""

from __future__ import annotations

import hashlib
import uuid
from typing import Any

import pytest
from sqlalchemy import func, insert, update

from gazette.auth.v1.account_pb2 import Role
from gazette.files.v1.file_pb2 import FileState
from gazette.files.v1.upload_pb2 import UploadWay
from server.files.models import PageFile, Upload
from tests.files.pieces import (
    Hanging,
    appended,
    begun,
    cancelled,
    completed,
    cut_off,
    got,
    is_held,
    row_of,
    used_bytes,
)
from tests.files.uploading import PDF, PNG, assert_nothing_left, blobs, png, rows, send, upload_of
from tests.polling import until
from tests.refusals import refused
from tests.service import Person, Service

CONTENT = png(1_500_000)


@pytest.fixture
async def organisation_id(service: Service) -> str:
    return await service.organisation()


@pytest.fixture
async def author(service: Service, organisation_id: str) -> Person:
    return await service.account(role=Role.ROLE_AUTHOR, organisation_id=organisation_id)


async def test_pieces_become_a_file(service: Service, author: Person, organisation_id: str) -> None:
    """Each piece begins where the one before ended; with the last byte the file is examined, and nothing else is left of it."""
    upload = await begun(service, author, organisation_id, CONTENT, sha256=hashlib.sha256(CONTENT).hexdigest())
    assert (upload.offset, upload.size_bytes, upload.file.state) == (0, len(CONTENT), FileState.FILE_STATE_PENDING)

    first = await appended(service, author, upload.id, 0, CONTENT[:700_000])
    assert (first.offset, first.file.state) == (700_000, FileState.FILE_STATE_PENDING)
    assert (await got(service, author, upload.id)).offset == 700_000
    second = await appended(service, author, upload.id, 700_000, CONTENT[700_000:700_001])
    last = await appended(service, author, upload.id, second.offset, CONTENT[700_001:])

    assert last.offset == len(CONTENT)
    assert last.file.state == FileState.FILE_STATE_READY
    assert last.file.sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert last.file.content_type == "image/png"
    (row,) = await rows(service)
    assert [str(path) for path in blobs(service)] == [str(service.settings.files_directory / row.blob_key)]
    assert await row_of(service, upload.id) is None


async def test_what_became_of_an_upload_can_be_asked_again(service: Service, author: Person, organisation_id: str) -> None:
    """Whoever did not hear the answer to the last piece asks, sends it again, or says that it is all, and hears of the file."""
    upload = await begun(service, author, organisation_id, PDF, name="form.pdf")
    file = (await appended(service, author, upload.id, 0, PDF)).file

    asked = await got(service, author, upload.id)
    again = await appended(service, author, upload.id, len(PDF), b"")
    said = await completed(service, author, upload.id)

    assert (asked.offset, asked.size_bytes) == (len(PDF), len(PDF))
    assert asked.file == again.file == said == file
    assert (await refused(appended(service, author, upload.id, 0, PDF))).info.metadata["offset"] == str(len(PDF))
    assert (await refused(cancelled(service, author, upload.id))).reason == "UPLOAD_COMPLETE"


async def test_a_piece_that_is_cut_off_is_kept(service: Service, author: Person, organisation_id: str) -> None:
    """What came before the connection broke is there; whoever goes on begins behind it."""
    upload = await begun(service, author, organisation_id, CONTENT)

    after = await cut_off(service, author, upload, CONTENT[:1_000_000])
    assert after.offset == 1_000_000
    done = await appended(service, author, upload.id, after.offset, CONTENT[after.offset :])

    assert done.file.sha256 == hashlib.sha256(CONTENT).hexdigest()


async def test_a_later_piece_takes_over(service: Service, author: Person, organisation_id: str) -> None:
    """A sender that hangs is in nobody's way: who begins where the upload stands goes on with it, and the other is told so."""
    upload = await begun(service, author, organisation_id, CONTENT)
    hanging = Hanging(service, author, upload.id, 0, CONTENT[:500_000])
    await hanging.is_sent.wait()
    await until(lambda: is_held(service, upload.id))

    done = await appended(service, author, upload.id, 0, CONTENT)
    hanging.may_end.set()
    refusal = await refused(hanging.call)

    assert done.file.sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert refusal.reason == "UPLOAD_TAKEN_OVER"
    assert len(blobs(service)) == 1


@pytest.mark.parametrize("offset", [0, 99_999, 100_001, 10_000_000])
async def test_a_piece_that_does_not_fit_is_refused(
    service: Service, author: Person, organisation_id: str, offset: int
) -> None:
    """It says where the next piece is to begin, and changes nothing."""
    upload = await begun(service, author, organisation_id, CONTENT)
    await appended(service, author, upload.id, 0, CONTENT[:100_000])

    refusal = await refused(appended(service, author, upload.id, offset, CONTENT[100_000:]))

    assert (refusal.reason, refusal.info.metadata["offset"]) == ("OFFSET_MISMATCH", "100000")
    assert (await got(service, author, upload.id)).offset == 100_000


async def test_more_than_was_announced_is_refused(service: Service, author: Person, organisation_id: str) -> None:
    """At the message that brings the byte too many (F1)."""
    upload = await begun(service, author, organisation_id, CONTENT[:-1])

    assert (await refused(appended(service, author, upload.id, 0, CONTENT))).reason == "SIZE_MISMATCH"
    await cancelled(service, author, upload.id)
    await assert_nothing_left(service)


async def test_what_begins_as_no_file_that_is_taken_is_gone(service: Service, author: Person, organisation_id: str) -> None:
    """Its first bytes tell, before the rest comes, and the upload is gone with them."""
    content = b"<html><script>alert(1)</script></html>" * 40_000
    upload = await begun(service, author, organisation_id, content)

    assert (await refused(appended(service, author, upload.id, 0, content))).reason == "FILE_TYPE_NOT_ALLOWED"
    await assert_nothing_left(service)
    assert await used_bytes(service, organisation_id) == 0
    assert (await refused(got(service, author, upload.id))).reason == "UPLOAD_NOT_FOUND"


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"name": "harbour.exe"}, "FILE_TYPE_NOT_ALLOWED"),
        ({"name": "harbour"}, "FILE_TYPE_NOT_ALLOWED"),
        ({"name": "../harbour.png"}, "INVALID_ARGUMENT"),
        ({"size_bytes": 5 * 1024 * 1024 + 1}, "FILE_TOO_LARGE"),
        ({"size_bytes": 0}, "INVALID_ARGUMENT"),
        ({"way": UploadWay.UPLOAD_WAY_FORM}, "UPLOAD_WAY_UNAVAILABLE"),
        ({"way": UploadWay.UPLOAD_WAY_PARTS}, "UPLOAD_WAY_UNAVAILABLE"),
        ({"replaces_file_id": "0190d5c3-0000-7000-8000-000000000000"}, "FILE_NOT_FOUND"),
    ],
)
async def test_an_upload_that_could_come_to_nothing_is_not_begun(
    service: Service, author: Person, organisation_id: str, given: dict[str, Any], why: str
) -> None:
    """Name, size, way and what it is to replace are judged before a byte comes."""
    assert (await refused(begun(service, author, organisation_id, CONTENT, **given))).reason == why
    await assert_nothing_left(service)


async def test_an_upload_is_for_who_began_it(service: Service, author: Person, organisation_id: str) -> None:
    """To a colleague it is none."""
    upload = await begun(service, author, organisation_id, CONTENT)
    colleague = await service.account(role=Role.ROLE_EDITOR, organisation_id=organisation_id)

    for call in (
        got(service, colleague, upload.id),
        appended(service, colleague, upload.id, 0, CONTENT),
        completed(service, colleague, upload.id),
        cancelled(service, colleague, upload.id),
    ):
        assert (await refused(call)).reason == "UPLOAD_NOT_FOUND"
    assert (await got(service, author, upload.id)).offset == 0


async def test_an_upload_that_is_given_up_leaves_nothing(service: Service, author: Person, organisation_id: str) -> None:
    """Neither bytes nor rows, and its room is free again."""
    upload = await begun(service, author, organisation_id, CONTENT)
    await appended(service, author, upload.id, 0, CONTENT[:100_000])
    assert await used_bytes(service, organisation_id) == len(CONTENT)

    await cancelled(service, author, upload.id)

    await assert_nothing_left(service)
    assert await used_bytes(service, organisation_id) == 0
    assert (await refused(cancelled(service, author, upload.id))).reason == "UPLOAD_NOT_FOUND"


async def test_an_upload_that_has_had_its_time_is_gone(own_service: Service) -> None:
    """At once for who asks for it, and with its bytes as soon as the job comes by (F7)."""
    organisation_id = await own_service.organisation()
    author = await own_service.account(role=Role.ROLE_AUTHOR, organisation_id=organisation_id)
    upload = await begun(own_service, author, organisation_id, CONTENT)
    await appended(own_service, author, upload.id, 0, CONTENT[:100_000])
    async with own_service.database.transaction() as connection:
        await connection.execute(update(Upload).values(expire_time=func.now()))

    refusal = await refused(appended(own_service, author, upload.id, 100_000, CONTENT[100_000:]))
    job = next(job for job in own_service.app.jobs if job.name == "expiry of uploads")
    await job.work()

    assert refusal.reason == "UPLOAD_NOT_FOUND"
    await assert_nothing_left(own_service)
    assert await used_bytes(own_service, organisation_id) == 0


async def test_the_same_key_begins_one_upload(service: Service, author: Person, organisation_id: str) -> None:
    """The second call is answered with the first one's upload, as it stands."""
    first = await begun(service, author, organisation_id, CONTENT, key="one")
    await appended(service, author, first.id, 0, CONTENT[:100_000])
    second = await begun(service, author, organisation_id, CONTENT, key="one")
    other = await refused(begun(service, author, organisation_id, PDF, name="form.pdf", key="one"))

    assert (second.id, second.offset) == (first.id, 100_000)
    assert other.reason == "IDEMPOTENCY_KEY_REUSED"
    assert len(await rows(service)) == 1


async def test_who_says_too_early_that_it_is_all_is_told_so(service: Service, author: Person, organisation_id: str) -> None:
    """CompleteUpload of an upload in pieces says what is missing, and the rest may still come."""
    upload = await begun(service, author, organisation_id, CONTENT)
    await appended(service, author, upload.id, 0, CONTENT[:100_000])

    assert (await refused(completed(service, author, upload.id))).reason == "UPLOAD_INCOMPLETE"
    assert (await appended(service, author, upload.id, 100_000, CONTENT[100_000:])).file.state == FileState.FILE_STATE_READY


async def test_who_may_not_upload_any_more_does_not(service: Service, author: Person, organisation_id: str) -> None:
    """The right is asked for with each piece, and before the file is taken (T8)."""
    reader = await service.account(role=Role.ROLE_READER, organisation_id=organisation_id)
    assert (await refused(begun(service, reader, organisation_id, CONTENT))).code.name == "PERMISSION_DENIED"
    stranger = await service.account(role=Role.ROLE_AUTHOR, organisation_id=await service.organisation())
    assert (await refused(begun(service, stranger, organisation_id, CONTENT))).reason == "ORGANISATION_NOT_FOUND"


async def test_pieces_replace_a_file(service: Service, author: Person, organisation_id: str) -> None:
    """The file keeps its id, and is what it was until all of the new bytes have come and were found to be sound."""
    file = (await send(service, author, upload_of(organisation_id, PNG), PNG)).file
    upload = await begun(service, author, organisation_id, CONTENT, replaces_file_id=file.id)
    half = await appended(service, author, upload.id, 0, CONTENT[:700_000])

    assert (half.file.id, half.file.sha256, half.file.version) == (file.id, file.sha256, 1)
    assert half.file.replacement.state == FileState.FILE_STATE_PENDING
    done = await appended(service, author, upload.id, 700_000, CONTENT[700_000:])
    assert (done.file.id, done.file.sha256, done.file.version) == (file.id, hashlib.sha256(CONTENT).hexdigest(), 2)
    assert not done.file.HasField("replacement")


async def test_a_replacement_that_is_given_up_changes_nothing(service: Service, author: Person, organisation_id: str) -> None:
    """The file stays as it is; and what is another organisation's nobody replaces."""
    file = (await send(service, author, upload_of(organisation_id, PNG), PNG)).file
    upload = await begun(service, author, organisation_id, CONTENT, replaces_file_id=file.id)
    await cancelled(service, author, upload.id)
    other = await service.organisation()
    stranger = await service.account(role=Role.ROLE_AUTHOR, organisation_id=other)

    assert [row.version for row in await rows(service)] == [1]
    assert await used_bytes(service, organisation_id) == len(PNG)
    refusal = await refused(begun(service, stranger, other, CONTENT, replaces_file_id=file.id))
    assert refusal.reason == "FILE_NOT_FOUND"


async def test_what_is_public_is_replaced_by_who_may_publish(service: Service, author: Person, organisation_id: str) -> None:
    """An author may not begin it, nor go on with it once the file has become public."""
    file = (await send(service, author, upload_of(organisation_id, PNG), PNG)).file
    upload = await begun(service, author, organisation_id, CONTENT, replaces_file_id=file.id)
    async with service.database.transaction() as connection:
        await connection.execute(insert(PageFile).values(file_id=file.id, document_id=uuid.uuid4()))

    late = await refused(appended(service, author, upload.id, 0, CONTENT))
    again = await refused(begun(service, author, organisation_id, CONTENT, replaces_file_id=file.id))

    assert [late.code.name, again.code.name] == ["PERMISSION_DENIED", "PERMISSION_DENIED"]


async def test_what_does_not_hold_what_was_announced_is_rejected(
    service: Service, author: Person, organisation_id: str
) -> None:
    """The sender is told why, and whoever asks for the file or the upload later (F1)."""
    upload = await begun(service, author, organisation_id, CONTENT, sha256=hashlib.sha256(PDF).hexdigest())

    assert (await refused(appended(service, author, upload.id, 0, CONTENT))).reason == "SHA256_MISMATCH"
    asked = await got(service, author, upload.id)
    assert (asked.file.state, asked.file.rejection.reason) == (FileState.FILE_STATE_REJECTED, "SHA256_MISMATCH")
    assert asked.offset == len(CONTENT)
    assert blobs(service) == []
