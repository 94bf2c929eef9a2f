"""Uploads that are broken off, and uploads that are sent again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import grpc
import pytest

from gazette.auth.v1.account_pb2 import Role
from gazette.files.v1.file_pb2 import FileState
from gazette.files.v1.file_service_pb2 import UploadFileRequest
from gazette.files.v1.file_service_pb2_grpc import FileServiceStub
from tests.files.uploading import PDF, PNG, assert_no_strays, blobs, png, rows, send, upload_of
from tests.polling import until, until_so
from tests.refusals import refused
from tests.service import Service


@pytest.mark.parametrize("sent", [4_000, 300_000])
async def test_a_client_that_leaves_leaves_nothing(service: Service, sent: int) -> None:
    """An upload that is cancelled half-way vanishes, row and blob, at whichever step it is."""
    organisation_id = await service.organisation()
    author = await service.account(role=Role.ROLE_AUTHOR, organisation_id=organisation_id)
    waiting = asyncio.Event()

    async def stalled() -> AsyncIterator[UploadFileRequest]:
        yield UploadFileRequest(upload=upload_of(organisation_id, png(1_000_000)))
        yield UploadFileRequest(chunk=png(sent))
        waiting.set()
        await asyncio.Event().wait()

    call = FileServiceStub(service.channel).UploadFile(stalled(), metadata=author.metadata)
    await waiting.wait()
    await until_so(lambda: sent <= 8192 or blobs(service))
    call.cancel()

    async def is_gone() -> bool:
        return not await rows(service) and not blobs(service)

    await until(is_gone)


async def test_clients_that_leave_at_any_moment_leave_whole_files_or_nothing(service: Service) -> None:
    """Whenever a cancellation comes, there is no row without its blob and no blob without its row."""
    organisation_id = await service.organisation()
    author = await service.account(role=Role.ROLE_AUTHOR, organisation_id=organisation_id)

    for step in range(20):
        call = FileServiceStub(service.channel).UploadFile(
            iter([UploadFileRequest(upload=upload_of(organisation_id, PNG)), UploadFileRequest(chunk=PNG)]),
            metadata=author.metadata,
        )
        await asyncio.sleep(step * 0.002)
        call.cancel()

    async def is_settled() -> bool:
        return all(row.state != FileState.FILE_STATE_PENDING for row in await rows(service))

    await until(is_settled)

    await assert_no_strays(service)


async def test_an_upload_under_one_key_is_stored_once(service: Service) -> None:
    """A repetition gets the first answer, and so do repetitions that run beside the first."""
    organisation_id = await service.organisation()
    author = await service.account(role=Role.ROLE_AUTHOR, organisation_id=organisation_id)
    upload, key = upload_of(organisation_id, PNG), ("idempotency-key", "one")

    together = await asyncio.gather(*(send(service, author, upload, PNG, key) for _ in range(4)))
    later = await send(service, author, upload, PNG, key)

    assert {answer.SerializeToString(deterministic=True) for answer in [*together, later]} == {
        later.SerializeToString(deterministic=True)
    }
    async with asyncio.timeout(5):
        while len(await rows(service)) > 1 or len(blobs(service)) > 1:
            await asyncio.sleep(0.02)
    assert [str(row.id) for row in await rows(service)] == [later.file.id]


async def test_a_key_stands_for_one_upload(service: Service) -> None:
    """Another upload under a key that was used is refused before its bytes are stored."""
    organisation_id = await service.organisation()
    author = await service.account(role=Role.ROLE_AUTHOR, organisation_id=organisation_id)
    await send(service, author, upload_of(organisation_id, PNG), PNG, ("idempotency-key", "one"))

    refusal = await refused(send(service, author, upload_of(organisation_id, PDF, "a.pdf"), PDF, ("idempotency-key", "one")))

    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "IDEMPOTENCY_KEY_REUSED")
    assert len(blobs(service)) == len(await rows(service)) == 1
