"""OrganisationService: the departments that publish here."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

import grpc
from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.access.v1.access_pb2 import PERMISSION_ORGANISATIONS_WRITE
from gazette.auth.v1 import organisation_service_pb2 as rpc
from gazette.auth.v1.organisation_pb2 import Organisation
from gazette.auth.v1.organisation_service_pb2_grpc import OrganisationServiceServicer
from server import calls, http, idempotency
from server.audit import queries as audit
from server.auth import organisation_rules, paths, queries, rules
from server.auth.paths import OthersUse
from server.database import AnyRow, Database
from server.messages import message
from server.paging import Paging

PAGE_SIZE = 50

Context = grpc.aio.ServicerContext[Any, Any]


@dataclass(frozen=True)
class OrganisationService(OrganisationServiceServicer):
    """Organisations, which everyone who is signed in may know of."""

    database: Database
    paging: Paging
    others_use: OthersUse

    async def CreateOrganisation(
        self, request: rpc.CreateOrganisationRequest, context: Context
    ) -> rpc.CreateOrganisationResponse:
        call = calls.current()
        call.caller.require(PERMISSION_ORGANISATIONS_WRITE)
        async with self.database.transaction() as connection:
            answer = await idempotency.earlier(connection, request, rpc.CreateOrganisationResponse)
            if answer is None:
                row = await create(connection, request.organisation.slug, request.organisation.name)
                answer = rpc.CreateOrganisationResponse(organisation=message(Organisation, row))
                await idempotency.remember(connection, answer)
        http.created(call, f"/v1/organisations/{answer.organisation.id}")
        return answer

    async def GetOrganisation(self, request: rpc.GetOrganisationRequest, context: Context) -> rpc.GetOrganisationResponse:
        async with self.database.read() as connection:
            row = await existing(connection, uuid.UUID(request.id))
        return rpc.GetOrganisationResponse(organisation=message(Organisation, row))

    async def ListOrganisations(self, request: rpc.ListOrganisationsRequest, context: Context) -> rpc.ListOrganisationsResponse:
        page = self.paging.page(request, calls.current().caller.known_id, PAGE_SIZE)
        async with self.database.read() as connection:
            rows = await queries.organisations_after(connection, page.after or "", page.limit)
        rows, token = page.cut(rows, lambda row: (row.slug,))
        return rpc.ListOrganisationsResponse(organisations=[message(Organisation, row) for row in rows], next_page_token=token)

    async def UpdateOrganisation(
        self, request: rpc.UpdateOrganisationRequest, context: Context
    ) -> rpc.UpdateOrganisationResponse:
        calls.current().caller.require(PERMISSION_ORGANISATIONS_WRITE)
        wanted = request.organisation
        organisation_rules.fields(wanted, request.update_mask)
        async with self.database.transaction() as connection:
            row = await rename(connection, uuid.UUID(wanted.id), wanted.name)
        return rpc.UpdateOrganisationResponse(organisation=message(Organisation, row))

    async def ReservePath(self, request: rpc.ReservePathRequest, context: Context) -> rpc.ReservePathResponse:
        calls.current().caller.require(PERMISSION_ORGANISATIONS_WRITE)
        organisation_id = uuid.UUID(request.organisation_id)
        async with self.database.transaction() as connection:
            await existing(connection, organisation_id)
            await paths.reserve(connection, organisation_id, request.prefix, self.others_use)
            row = await existing(connection, organisation_id)
        return rpc.ReservePathResponse(organisation=message(Organisation, row))

    async def ReleasePath(self, request: rpc.ReleasePathRequest, context: Context) -> rpc.ReleasePathResponse:
        calls.current().caller.require(PERMISSION_ORGANISATIONS_WRITE)
        organisation_id = uuid.UUID(request.organisation_id)
        async with self.database.transaction() as connection:
            await existing(connection, organisation_id)
            await paths.release(connection, organisation_id, request.prefix, self.others_use)
            row = await existing(connection, organisation_id)
        return rpc.ReleasePathResponse(organisation=message(Organisation, row))


async def existing(connection: AsyncConnection, organisation_id: uuid.UUID, *, lock: bool = False) -> AnyRow:
    """Raises OrganisationNotFound."""
    row = await queries.organisation(connection, organisation_id, lock=lock)
    if row is None:
        raise rules.OrganisationNotFound
    return row


async def rename(connection: AsyncConnection, organisation_id: uuid.UUID, name: str) -> AnyRow:
    """The organisation under its new name. Raises OrganisationNotFound."""
    former = await existing(connection, organisation_id, lock=True)
    if name != former.name:
        await queries.rename_organisation(connection, organisation_id, name)
        await audit.add(
            connection,
            "organisation.update",
            organisation_id,
            organisation_id=organisation_id,
            before={"name": former.name},
            after={"name": name},
            by=calls.origin(),
        )
    return await existing(connection, organisation_id)


async def create(connection: AsyncConnection, slug: str, name: str) -> AnyRow:
    """A new organisation. Raises SlugTaken, InvalidArgument."""
    organisation_rules.check(slug, name)
    row = await queries.add_organisation(connection, slug, name)
    if row is None:
        raise rules.SlugTaken
    await audit.add(connection, "organisation.create", row.id, organisation_id=row.id, slug=slug, name=name, by=calls.origin())
    return row


async def ensure(connection: AsyncConnection, slug: str, name: str) -> uuid.UUID:
    """The id of the organisation with this slug, which is made if there is none."""
    row = await queries.organisation_by_slug(connection, slug) or await create(connection, slug, name)
    organisation_id: uuid.UUID = row.id
    return organisation_id
