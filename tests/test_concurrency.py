"""Callers that leave in the middle."""

from __future__ import annotations

import asyncio
import itertools
import random
from contextlib import suppress

import grpc
from sqlalchemy import text

from gazette.content.v1.content_service_pb2 import CreateDocumentRequest, ListDocumentsRequest
from gazette.content.v1.document_pb2 import Document
from gazette.delivery.v1.delivery_service_pb2 import GetPageRequest, ListPagesRequest
from gazette.delivery.v1.delivery_service_pb2_grpc import DeliveryServiceStub
from tests.content.desk import Desk
from tests.refusals import refused
from tests.service import Service
from tests.soak import rounds

AT_ONCE = 50


@rounds(6, 30)
async def test_callers_that_leave(own_service: Service, rounds: int) -> None:
    """Calls that are cancelled at any moment leave no connection taken, no transaction open and nothing broken (X10)."""
    desk = await Desk.opened(own_service)
    pages = DeliveryServiceStub(own_service.channel)
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

    for first in range(0, rounds * AT_ONCE, AT_ONCE):
        await asyncio.gather(*(leave(number) for number in range(first, first + AT_ONCE)))
        await refused(pages.GetPage(GetPageRequest(path=next(paths))))  # calls are taken in turn: those that left, have left
    assert (await desk.create(path="/goes/on")).path == "/goes/on"


async def open_transactions(service: Service) -> int:
    """How many PostgreSQL knows of in the service's database."""
    statement = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'")
    async with service.owner.connect() as connection:
        count: int = (await connection.execute(statement)).scalar_one()
    return count
