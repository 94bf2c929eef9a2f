"""Quotas: how much an organisation's files may take up, and what they do."""

from __future__ import annotations

import asyncio
import uuid

import grpc
import httpx
import pytest
from sqlalchemy import select

from gazette.auth.v1.account_pb2 import Role
from gazette.files.v1.file_service_pb2_grpc import FileServiceStub
from gazette.files.v1.managing_pb2 import FileUsage, GetFileUsageRequest, SetFileQuotaRequest
from server.audit.models import AuditEvent
from server.files.failures import FileQuotaExceeded, OrganisationNotFound
from server.files.quotas import reserving
from tests.files import pieces
from tests.files.uploading import PNG, assert_nothing_left, send, upload_of
from tests.refusals import http_reason, refused
from tests.service import Person, Service

SIZE = len(PNG)


async def usage(service: Service, person: Person, organisation_id: str) -> FileUsage:
    request = GetFileUsageRequest(organisation_id=organisation_id)
    return (await FileServiceStub(service.channel).GetFileUsage(request, metadata=person.metadata)).usage


async def bind(service: Service, person: Person, organisation_id: str, quota: int) -> FileUsage:
    request = SetFileQuotaRequest(organisation_id=organisation_id, quota_bytes=quota)
    return (await FileServiceStub(service.channel).SetFileQuota(request, metadata=person.metadata)).usage


async def test_what_is_stored_is_counted(service: Service) -> None:
    """Each file counts, bytes that are stored once for two of them for both; another organisation's count for nothing."""
    organisation_id, other = await service.organisation(), await service.organisation()
    author = await service.account(role=Role.ROLE_AUTHOR, organisation_id=organisation_id)
    assert await usage(service, author, organisation_id) == FileUsage(organisation_id=organisation_id)

    for name in ("a.png", "b.png"):
        await send(service, author, upload_of(organisation_id, PNG, name), PNG)
    stranger = await service.account(role=Role.ROLE_AUTHOR, organisation_id=other)
    await send(service, stranger, upload_of(other, PNG), PNG)

    assert await usage(service, author, organisation_id) == FileUsage(organisation_id=organisation_id, used_bytes=2 * SIZE)


async def test_what_is_announced_is_counted_before_it_comes(service: Service) -> None:
    """Two uploads in pieces that would fit alone do not fit together; one that is given up makes room."""
    organisation_id = await service.organisation()
    author = await service.account(role=Role.ROLE_AUTHOR, organisation_id=organisation_id)
    await bind(service, await service.account(role=Role.ROLE_ADMIN), organisation_id, 2 * SIZE - 1)
    first = await pieces.begun(service, author, organisation_id, PNG)

    assert (await refused(pieces.begun(service, author, organisation_id, PNG))).reason == "FILE_QUOTA_EXCEEDED"
    await pieces.cancelled(service, author, first.id)
    await pieces.begun(service, author, organisation_id, PNG)


async def test_nothing_goes_beyond_the_quota(service: Service) -> None:
    """What fits to the byte is taken; a byte more is refused before its bytes come, leaves nothing and is not counted. A
    greater quota lets it in, and one that is smaller than what is there takes nothing away."""
    organisation_id = await service.organisation()
    author = await service.account(role=Role.ROLE_AUTHOR, organisation_id=organisation_id)
    admin = await service.account(role=Role.ROLE_ADMIN)
    await bind(service, admin, organisation_id, SIZE - 1)

    refusal = await refused(send(service, author, upload_of(organisation_id, PNG), PNG))

    assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "FILE_QUOTA_EXCEEDED")
    assert dict(refusal.info.metadata) == {"size_bytes": str(SIZE), "used_bytes": "0", "quota_bytes": str(SIZE - 1)}
    await assert_nothing_left(service)
    assert (await usage(service, author, organisation_id)).used_bytes == 0
    assert await bind(service, admin, organisation_id, SIZE) == FileUsage(organisation_id=organisation_id, quota_bytes=SIZE)
    await send(service, author, upload_of(organisation_id, PNG), PNG)
    left = await bind(service, admin, organisation_id, 1)
    assert left == FileUsage(organisation_id=organisation_id, used_bytes=SIZE, quota_bytes=1)
    assert (await bind(service, admin, organisation_id, 0)).quota_bytes == 0
    await send(service, author, upload_of(organisation_id, PNG), PNG)


async def test_uploads_at_the_same_time_do_not_pass_the_quota_together(service: Service) -> None:
    """Of many that would each fit as many are taken as fit together."""
    organisation_id = await service.organisation()
    author = await service.account(role=Role.ROLE_AUTHOR, organisation_id=organisation_id)
    await bind(service, await service.account(role=Role.ROLE_ADMIN), organisation_id, 3 * SIZE)

    uploads = [send(service, author, upload_of(organisation_id, PNG), PNG) for _ in range(8)]
    answers = await asyncio.gather(*uploads, return_exceptions=True)

    failures = [answer for answer in answers if isinstance(answer, grpc.aio.AioRpcError)]
    assert {failure.code() for failure in failures} == {grpc.StatusCode.FAILED_PRECONDITION}
    assert len(failures) == 5
    assert (await usage(service, author, organisation_id)).used_bytes == 3 * SIZE


async def test_what_is_refused_for_its_bytes_is_given_back(service: Service) -> None:
    """A file that is damaged counts no more once it was refused."""
    organisation_id = await service.organisation()
    author = await service.account(role=Role.ROLE_AUTHOR, organisation_id=organisation_id)
    damaged = PNG[:-20] + bytes(20)

    await refused(send(service, author, upload_of(organisation_id, damaged), damaged))

    assert (await usage(service, author, organisation_id)).used_bytes == 0


async def test_quotas_are_set_by_who_keeps_all_organisations(service: Service) -> None:
    """An organisation's own admin may not, its readers may ask, and to others it is unknown; the audit tells of a change."""
    organisation_id = await service.organisation()
    local = await service.account(role=Role.ROLE_ADMIN, organisation_id=organisation_id)
    stranger = await service.account(role=Role.ROLE_ADMIN, organisation_id=await service.organisation())
    admin = await service.account(role=Role.ROLE_ADMIN)

    assert (await refused(bind(service, local, organisation_id, 5))).code == grpc.StatusCode.PERMISSION_DENIED
    assert (await refused(usage(service, stranger, organisation_id))).reason == "ORGANISATION_NOT_FOUND"
    nobodys = str(uuid.uuid4())
    assert (await refused(usage(service, admin, nobodys))).reason == "ORGANISATION_NOT_FOUND"
    assert (await refused(bind(service, admin, nobodys, 5))).reason == "ORGANISATION_NOT_FOUND"
    assert (await refused(bind(service, admin, organisation_id, -1))).code == grpc.StatusCode.INVALID_ARGUMENT
    for _ in range(2):
        await bind(service, admin, organisation_id, 5)

    told = select(AuditEvent).where(AuditEvent.action == "file.quota", AuditEvent.target == organisation_id)
    async with service.database.read() as connection:
        (event,) = (await connection.execute(told)).all()
    assert (event.details["before"], event.details["after"]) == ({"quota_bytes": 0}, {"quota_bytes": 5})


async def test_who_has_no_quota_has_the_setting(service: Service) -> None:
    """FILE_QUOTA counts until SetFileQuota says otherwise; what is given back is never less than nothing."""
    organisation_id = uuid.UUID(await service.organisation())
    async with service.database.transaction() as connection:
        await reserving.reserve(connection, organisation_id, 100, 100)
    with pytest.raises(FileQuotaExceeded):
        async with service.database.transaction() as connection:
            await reserving.reserve(connection, organisation_id, 1, 100)
    async with service.database.transaction() as connection:
        await reserving.bind(connection, organisation_id, 101)
        await reserving.reserve(connection, organisation_id, 1, 100)
        await reserving.give_back(connection, organisation_id, 1000)
        assert (await reserving.used(connection, organisation_id)).used_bytes == 0
    with pytest.raises(OrganisationNotFound):
        async with service.database.transaction() as connection:
            await reserving.reserve(connection, uuid.uuid4(), 1, 0)


def test_quotas_over_http(author: httpx.Client, http_admin: httpx.Client, organisation_id: str) -> None:
    """What is stored is read at the organisation, and bounded there by who may."""
    place = f"/v1/organisations/{organisation_id}"
    before = author.get(f"{place}/file-usage").raise_for_status().json()["usage"]
    assert int(before["usedBytes"]) > 0
    assert author.post(f"{place}:set-file-quota", json={"quotaBytes": "1"}).status_code == 403
    try:
        bound = http_admin.post(f"{place}:set-file-quota", json={"quotaBytes": "1"})
        assert bound.raise_for_status().json()["usage"] == {**before, "quotaBytes": "1"}
        query = {"organisationId": organisation_id, "name": "harbour.png"}
        refusal = author.post("/v1/files:upload", params=query, content=PNG)
        assert (refusal.status_code, http_reason(refusal)) == (400, "FILE_QUOTA_EXCEEDED")
    finally:
        http_admin.post(f"{place}:set-file-quota", json={"quotaBytes": "0"})
