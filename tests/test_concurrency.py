"""Many at once: callers that leave in the middle, and callers that repeat themselves."""

from __future__ import annotations

import asyncio
import itertools
import random
from contextlib import suppress

import grpc
from sqlalchemy import text
from sqlalchemy.pool import QueuePool

from gazette.content.v1.content_service_pb2 import CreateDocumentRequest, ListDocumentsRequest
from gazette.content.v1.document_pb2 import Document
from gazette.delivery.v1.delivery_service_pb2 import GetPageRequest, ListPagesRequest
from gazette.delivery.v1.delivery_service_pb2_grpc import DeliveryServiceStub
from tests.content.desk import Desk
from tests.refusals import refused
from tests.service import Service

LEAVERS, AT_ONCE = 10_000, 100


async def test_callers_that_leave(service: Service) -> None:
    """Calls that are cancelled at any moment leave no connection taken, no transaction open and nothing broken (X10)."""
    desk = await Desk.opened(service)
    pages = DeliveryServiceStub(service.channel)
    paths = (f"/left/{number}" for number in itertools.count())

    async def leave(number: int) -> None:
        document = Document(organisation_id=desk.organisation_id, content_type="guide", title="A", path=next(paths))
        metadata = (*desk.author.metadata, ("idempotency-key", f"key-{number % 7}"))
        call = (
            desk.documents.CreateDocument(CreateDocumentRequest(document=document), metadata=metadata, timeout=5),
            desk.documents.ListDocuments(ListDocumentsRequest(), metadata=desk.author.metadata, timeout=5),
            pages.GetPage(GetPageRequest(path=next(paths)), timeout=5),
            pages.ListPages(ListPagesRequest(content_type=f"type-{number}"), timeout=5),
        )[number % 4]
        await asyncio.sleep(random.uniform(0, 0.02))
        call.cancel()
        with suppress(asyncio.CancelledError, grpc.RpcError):
            await call

    for first in range(0, LEAVERS, AT_ONCE):
        await asyncio.gather(*(leave(number) for number in range(first, first + AT_ONCE)))
    async with asyncio.timeout(5):
        while service.app.limits.running or service.app.changes.page_cache.loads:
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.5)
    pool = service.database.primary.pool
    assert isinstance(pool, QueuePool)
    assert pool.checkedout() == 0
    async with service.owner.connect() as connection:
        statement = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'")
        assert (await connection.execute(statement)).scalar_one() == 0
    assert (await desk.create(path="/goes/on")).path == "/goes/on"


async def test_callers_that_repeat_themselves(service: Service) -> None:
    """Twenty calls at once with one idempotency key make one document, and all get the same answer."""
    desk = await Desk.opened(service)
    metadata = (*desk.author.metadata, ("idempotency-key", "once"))
    made = await asyncio.gather(*(desk.create("/once", metadata=metadata) for _ in range(20)))
    assert len({document.SerializeToString(deterministic=True) for document in made}) == 1
    assert len((await desk.documents.ListDocuments(ListDocumentsRequest(), metadata=desk.author.metadata)).documents) == 1


async def test_a_refusal_is_not_remembered(service: Service) -> None:
    """A key whose request was refused is free again: once what was in the way is gone, the same request is done."""
    desk = await Desk.opened(service)
    metadata = (*desk.author.metadata, ("idempotency-key", "again"))
    refusal = await refused(desk.create("/again", metadata=metadata, content_type="later"))
    assert refusal.code == grpc.StatusCode.FAILED_PRECONDITION
    await desk.content_type("later")
    assert (await desk.create("/again", metadata=metadata, content_type="later")).path == "/again"
