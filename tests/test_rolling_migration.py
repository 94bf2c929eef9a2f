"""A migration while the service runs: what a process had prepared no longer fits."""

from __future__ import annotations

import asyncio

import grpc
from sqlalchemy import text

from gazette.auth.v1.account_pb2 import Role
from gazette.content.v1.content_service_pb2 import ListDocumentsRequest
from gazette.content.v1.content_service_pb2_grpc import ContentServiceStub
from gazette.content.v1.content_type_service_pb2 import ListContentTypesRequest
from gazette.content.v1.content_type_service_pb2_grpc import ContentTypeServiceStub
from gazette.delivery.v1.delivery_service_pb2 import GetPageRequest
from gazette.delivery.v1.delivery_service_pb2_grpc import DeliveryServiceStub
from tests.polling import until
from tests.publishing import put_page
from tests.service import Service


async def test_pages_are_read_on(own_service: Service) -> None:
    """A page that is read for the first time after a column has changed is served, as those before were."""
    stub = DeliveryServiceStub(own_service.channel)
    for number in range(6):
        await put_page(own_service.database, f"/{number}")
    for number in range(6):
        if number == 3:
            async with own_service.owner.begin() as connection:
                await connection.execute(text("ALTER TABLE pages ALTER COLUMN locale TYPE varchar(600)"))
        assert (await stub.GetPage(GetPageRequest(path=f"/{number}", locale="en"), timeout=5)).page.path == f"/{number}"


async def test_documents_are_listed_on(own_service: Service) -> None:
    """What editors ask all the time goes on as pages do: the driver prepares the statement anew."""
    admin = await own_service.account(role=Role.ROLE_ADMIN)
    stub = ContentServiceStub(own_service.channel)
    for size in (600, 601):
        await stub.ListDocuments(ListDocumentsRequest(), metadata=admin.metadata, timeout=5)
        async with own_service.owner.begin() as connection:
            await connection.execute(text(f"ALTER TABLE documents ALTER COLUMN locale TYPE varchar({size})"))
    await stub.ListDocuments(ListDocumentsRequest(), metadata=admin.metadata, timeout=5)


async def test_others_may_try_again(own_service: Service) -> None:
    """Any other call that meets such a column is UNAVAILABLE once, which says that a retry will do, and then works."""
    admin = await own_service.account(role=Role.ROLE_ADMIN)
    stub = ContentTypeServiceStub(own_service.channel)

    async def listed() -> None:
        await stub.ListContentTypes(ListContentTypesRequest(), metadata=admin.metadata, timeout=5)

    async def failure() -> grpc.StatusCode | None:
        """How a call fails, or None: it went over a connection that had not prepared the statement."""
        try:
            await listed()
        except grpc.aio.AioRpcError as error:
            return error.code()
        return None

    async def works() -> bool:
        return await failure() is None

    await asyncio.gather(*(listed() for _ in range(20)))  # whichever connections there are, they have prepared it
    async with own_service.owner.begin() as connection:
        await connection.execute(text("ALTER TABLE content_types ALTER COLUMN title TYPE varchar(600)"))
    found = await asyncio.gather(*(failure() for _ in range(20)))
    assert grpc.StatusCode.UNAVAILABLE in found
    assert {*found} <= {grpc.StatusCode.UNAVAILABLE, None}
    await until(works)
