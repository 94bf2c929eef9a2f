"""OrganisationService: the departments that publish here."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from functools import partial

from gazette.access.v1.access_pb2 import PERMISSION_ORGANISATIONS_WRITE
from gazette.auth.v1 import organisation_service_pb2 as rpc
from gazette.auth.v1.organisation_pb2 import Organisation
from server.organisations import paths, queries, rules
from server.organisations.changes import create, rename
from server.organisations.finding import existing
from server.organisations.paths import OthersUse
from server.rpc import http
from server.rpc.answers import filled
from server.rpc.call import Call
from server.rpc.lists.paging import Paging
from server.rpc.messages import message
from server.stores import idempotency
from server.stores.postgres import Database

PAGE_SIZE = 50


@dataclass(frozen=True)
class OrganisationService:
    """Organisations, which everyone who is signed in may know of."""

    database: Database
    paging: Paging
    others_use: OthersUse

    async def CreateOrganisation(self, request: rpc.CreateOrganisationRequest, call: Call) -> rpc.CreateOrganisationResponse:
        call.caller.require(PERMISSION_ORGANISATIONS_WRITE)
        async with self.database.transaction() as connection:
            response = await idempotency.earlier(connection, call, request, rpc.CreateOrganisationResponse)
            if response is None:
                row = await create(connection, request.organisation.slug, request.organisation.name)
                response = rpc.CreateOrganisationResponse(organisation=message(Organisation, row))
                await idempotency.remember(connection, call, response)
        http.created(call, f"/v1/organisations/{response.organisation.id}")
        return response

    async def GetOrganisation(self, request: rpc.GetOrganisationRequest, call: Call) -> rpc.GetOrganisationResponse:
        async with self.database.read() as connection:
            row = await existing(connection, uuid.UUID(request.id))
        return rpc.GetOrganisationResponse(organisation=message(Organisation, row))

    async def ListOrganisations(self, request: rpc.ListOrganisationsRequest, call: Call) -> rpc.ListOrganisationsResponse:
        page = self.paging.page(request, call.caller.known_id, PAGE_SIZE)
        async with self.database.read() as connection:
            rows = await queries.organisations_after(connection, page.after or "", page.limit)
        found, token = filled(page, rows, lambda row: (row.slug,), partial(message, Organisation))
        return rpc.ListOrganisationsResponse(organisations=found, next_page_token=token)

    async def UpdateOrganisation(self, request: rpc.UpdateOrganisationRequest, call: Call) -> rpc.UpdateOrganisationResponse:
        call.caller.require(PERMISSION_ORGANISATIONS_WRITE)
        wanted = request.organisation
        rules.check_update(wanted, request.update_mask)
        async with self.database.transaction() as connection:
            row = await rename(connection, uuid.UUID(wanted.id), wanted.name)
        return rpc.UpdateOrganisationResponse(organisation=message(Organisation, row))

    async def ReservePath(self, request: rpc.ReservePathRequest, call: Call) -> rpc.ReservePathResponse:
        call.caller.require(PERMISSION_ORGANISATIONS_WRITE)
        organisation_id = uuid.UUID(request.organisation_id)
        async with self.database.transaction() as connection:
            await existing(connection, organisation_id)
            await paths.reserve(connection, organisation_id, request.prefix, self.others_use)
            row = await existing(connection, organisation_id)
        return rpc.ReservePathResponse(organisation=message(Organisation, row))

    async def ReleasePath(self, request: rpc.ReleasePathRequest, call: Call) -> rpc.ReleasePathResponse:
        call.caller.require(PERMISSION_ORGANISATIONS_WRITE)
        organisation_id = uuid.UUID(request.organisation_id)
        async with self.database.transaction() as connection:
            await existing(connection, organisation_id)
            await paths.release(connection, organisation_id, request.prefix, self.others_use)
            row = await existing(connection, organisation_id)
        return rpc.ReleasePathResponse(organisation=message(Organisation, row))
