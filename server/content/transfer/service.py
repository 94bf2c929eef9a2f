"""ImportDocuments and ExportDocuments."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from gazette.access.v1.access_pb2 import Permission
from gazette.content.v1.document_import_pb2 import (
    ExportDocumentsRequest,
    ExportDocumentsResponse,
    ImportDocumentsRequest,
    ImportDocumentsResponse,
    ImportOptions,
    ImportResult,
)
from server.content import failures
from server.content.documents import rules
from server.content.documents.premises import Premises
from server.content.documents.queries import ORGANISATION_EXISTS
from server.content.publishing.publisher import Publisher
from server.content.transfer import exports
from server.content.transfer.imports import Import
from server.rpc.call import Call
from server.rpc.failures import ResourceExhausted
from server.rpc.validation import validate
from server.stores.postgres import Database

IMPORT = Permission.PERMISSION_DOCUMENTS_IMPORT
MAX_PARTS = 10_000
"""More results than this might not fit into one response."""


@dataclass(frozen=True)
class Transfer:
    """Both are many transactions: one for each document, or for each few."""

    database: Database
    premises: Premises
    publisher: Publisher

    async def ImportDocuments(self, requests: AsyncIterator[ImportDocumentsRequest], call: Call) -> ImportDocumentsResponse:
        running: Import | None = None
        results: list[ImportResult] = []
        async for request in requests:
            if (running is None) != (request.WhichOneof("part") == "options"):
                raise failures.OptionsFirst
            if running is None:
                validate(request)
                running = await self.begin(request.options, call)
            elif len(results) == MAX_PARTS:
                raise ResourceExhausted(f"One import takes {MAX_PARTS} parts; begin another one for the rest.")
            else:
                results.append(await running.part(request))
        if running is None:
            raise failures.OptionsFirst
        return ImportDocumentsResponse(results=results)

    async def begin(self, options: ImportOptions, call: Call) -> Import:
        """Raises OrganisationNotFound, PermissionDenied."""
        organisation_id = rules.organisation(call.caller, options.organisation_id, IMPORT)
        async with self.database.direct() as connection:
            if not await ORGANISATION_EXISTS.value(connection, id=organisation_id):
                raise failures.OrganisationNotFound
        return Import(self.database, self.premises, self.publisher, organisation_id, call.caller)

    async def ExportDocuments(self, request: ExportDocumentsRequest, call: Call) -> AsyncIterator[ExportDocumentsResponse]:
        organisation_id = rules.organisation(call.caller, request.organisation_id, rules.READ)
        async for part in exports.parts(self.database, organisation_id):
            yield part
