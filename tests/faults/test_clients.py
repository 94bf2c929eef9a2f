"""Clients that leave, that lose an answer, that ask for too much at once."""

from __future__ import annotations

import asyncio
import random

import grpc
from sqlalchemy import text

from gazette.auth.v1.account_pb2 import Role
from gazette.auth.v1.auth_service_pb2 import GetMeRequest
from gazette.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from gazette.content.v1.content_service_pb2 import CreateDocumentRequest, ListDocumentsRequest
from gazette.content.v1.content_service_pb2_grpc import ContentServiceStub
from gazette.content.v1.content_type_pb2 import ContentType
from gazette.content.v1.content_type_service_pb2 import CreateContentTypeRequest
from gazette.content.v1.content_type_service_pb2_grpc import ContentTypeServiceStub
from gazette.content.v1.document_pb2 import Document
from tests.service import Service

CANCELLATIONS = 10_000
AT_ONCE = 100


async def test_clients_that_leave(service: Service) -> None:
    """Ten thousand calls that their clients cancel leave no connection checked out and no transaction open (X10)."""
    admin = await service.account(role=Role.ROLE_ADMIN)
    stubs = AuthServiceStub(service.channel), ContentServiceStub(service.channel)
    pick = random.Random(10)
    left = CANCELLATIONS

    async def leave() -> None:
        nonlocal left
        while left > 0:
            left -= 1
            if left % 2:
                call = stubs[0].GetMe(GetMeRequest(), metadata=admin.metadata)
            else:
                call = stubs[1].ListDocuments(ListDocumentsRequest(), metadata=admin.metadata)
            await asyncio.sleep(pick.random() * 0.03)
            call.cancel()

    async with asyncio.timeout(120):
        await asyncio.gather(*(leave() for _ in range(AT_ONCE)))
    async with asyncio.timeout(10):
        while service.database.primary.pool.checkedout() or service.app.limits.running:  # type: ignore[attr-defined]
            await asyncio.sleep(0.05)
    async with service.owner.connect() as connection:
        idle = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'"
        assert (await connection.execute(text(idle))).scalar_one() == 0
    await stubs[0].GetMe(GetMeRequest(), metadata=admin.metadata, timeout=5)


async def test_an_answer_that_was_lost(service: Service) -> None:
    """A create whose answer was lost is repeated with its key, by many clients at once, and makes one document (X6)."""
    organisation_id = await service.organisation()
    admin = await service.account(role=Role.ROLE_ADMIN)
    content_type = CreateContentTypeRequest(content_type=ContentType(name="guide", title="Guide"))
    await ContentTypeServiceStub(service.channel).CreateContentType(content_type, metadata=admin.metadata)
    stub = ContentServiceStub(service.channel)
    wanted = Document(organisation_id=organisation_id, content_type="guide", path="/a", title="A")
    metadata = (*admin.metadata, ("idempotency-key", "lost"))
    for patience in (0.001, 0.003, 0.01, 0.02, 0.04):
        call = stub.CreateDocument(CreateDocumentRequest(document=wanted), metadata=metadata)
        await asyncio.sleep(patience)
        call.cancel()
    calls = [stub.CreateDocument(CreateDocumentRequest(document=wanted), metadata=metadata, timeout=5) for _ in range(20)]
    answers = await asyncio.gather(*calls)
    assert len({answer.document.id for answer in answers}) == 1
    listed = await stub.ListDocuments(ListDocumentsRequest(), metadata=admin.metadata)
    assert [document.id for document in listed.documents] == [answers[0].document.id]


async def test_streams_of_a_connection(service: Service) -> None:
    """One connection carries a hundred calls at a time. More wait for their turn, or are refused before they have begun, which
    every client may repeat (D5)."""
    person = await service.account()
    most = running = 0
    limits = service.app.limits
    stub = AuthServiceStub(service.channel)

    async def watch() -> None:
        nonlocal most
        while running >= 0:
            most = max(most, len(limits.running))
            await asyncio.sleep(0)

    watching = asyncio.create_task(watch())
    calls = [stub.GetMe(GetMeRequest(), metadata=person.metadata, timeout=20) for _ in range(400)]
    answers = await asyncio.gather(*calls, return_exceptions=True)
    running = -1
    await watching
    refused = [answer for answer in answers if isinstance(answer, grpc.aio.AioRpcError)]
    assert {(refusal.code(), "RST_STREAM" in (refusal.details() or "")) for refusal in refused} <= {
        (grpc.StatusCode.UNAVAILABLE, True)
    }
    assert len(refused) < len(answers) / 2
    assert 0 < most <= 100
