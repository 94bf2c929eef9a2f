"""Asking a server, or another one beside it, who the holder of an access token is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc

from gazette.auth.v1.auth_service_pb2 import GetMeRequest, GetMeResponse
from gazette.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from gazette.auth.v1.organisation_service_pb2 import ListOrganisationsRequest
from gazette.auth.v1.organisation_service_pb2_grpc import OrganisationServiceStub
from server import app
from tests.service import Service


async def get_me(channel: grpc.aio.Channel, access_token: str) -> GetMeResponse:
    metadata = (("authorization", f"Bearer {access_token}"),)
    return await AuthServiceStub(channel).GetMe(GetMeRequest(), metadata=metadata)


async def is_refused_soon(channel: grpc.aio.Channel, access_token: str) -> bool:
    """Whether the server refuses the token within the five seconds that a revocation may take (T5). It is asked for what needs
    nothing but the token: GetMe would refuse an account that was disabled, whatever its token."""
    metadata = (("authorization", f"Bearer {access_token}"),)
    try:
        async with asyncio.timeout(5):
            while True:
                await OrganisationServiceStub(channel).ListOrganisations(ListOrganisationsRequest(), metadata=metadata)
                await asyncio.sleep(0.02)
    except grpc.aio.AioRpcError as error:
        return error.code() is grpc.StatusCode.UNAUTHENTICATED
    except TimeoutError:
        return False


@asynccontextmanager
async def another_process(service: Service) -> AsyncIterator[grpc.aio.Channel]:
    """A second server on the same database, with a memory of its own."""
    process = await app.build(service.settings)
    await process.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{process.port}") as channel:
        try:
            yield channel
        finally:
            await process.stop()
