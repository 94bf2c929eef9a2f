"""ImportDocuments and ExportDocuments."""

from __future__ import annotations

import uuid
from collections import Counter
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
from server import files, record
from server.content import failures
from server.content.documents import rules
from server.content.documents.premises import Premises
from server.content.documents.queries import ORGANISATION_EXISTS
from server.content.publishing.publisher import Publisher
from server.content.rendering import Renderer
from server.content.transfer.exports import Export
from server.content.transfer.failures import ImportTooLarge, OptionsFirst
from server.content.transfer.imports import Import
from server.content.transfer.incoming import Incoming
from server.content.transfer.restoring import Restoration
from server.content.transfer.results import CREATED, UPDATED, listed_within
from server.rpc.answers import FRAME, MOST
from server.rpc.call import Call, Need, Progress
from server.rpc.failures import cut
from server.rpc.requests.parsing import Part
from server.stores.blobs import ObjectStorage
from server.stores.postgres import Database

IMPORT = Permission.PERMISSION_DOCUMENTS_IMPORT
MAX_PARTS = 10_000
"""As many results as their sources let fit into one answer, and no more than this."""
MOST_OF_A_RESULT = 32 << 10
"""Bytes: a source and a message of characters of four bytes, twenty notices, and what stands beside them."""
MAX_SOURCE = 200  # characters


@dataclass(frozen=True)
class Transfer:
    """Both are many transactions: one for each document, or for each few."""

    database: Database
    premises: Premises
    publisher: Publisher
    renderer: Renderer
    storage: ObjectStorage
    file_imports: files.Imports

    async def ImportDocuments(self, requests: AsyncIterator[Part], call: Call) -> ImportDocumentsResponse:
        incoming = Incoming(requests)
        running: Import | Restoration | None = None
        results: list[ImportResult] = []
        committed, answer_bytes, newest, listed = Counter[str](), 0, 0, 0
        while (part := await incoming.next()) is not None:
            request, failure = part
            if (running is None) != (request.WhichOneof("part") == "options"):
                raise OptionsFirst
            if running is None:
                if failure is not None:
                    raise failure
                running = await self.begin(request.options, call)
            elif len(results) == MAX_PARTS or answer_bytes > MOST - MOST_OF_A_RESULT:
                taken = len(results)
                raise ImportTooLarge(message=f"One import takes no more than {taken} such parts; begin another one.")
            else:
                results.append(await running.part(request, failure, incoming))
                listed = listed_within(results[-1], listed)
                answer_bytes += results[-1].ByteSize() + FRAME
                committed[outcome(request, results[-1])] += 1
                newest = max(newest, results[-1].record_number)
                call.progress = progress(committed, results[-1], newest)
        if running is None:
            raise OptionsFirst
        return ImportDocumentsResponse(results=results, record_number=newest)

    async def begin(self, options: ImportOptions, call: Call) -> Import | Restoration:
        """Raises OrganisationNotFound, PermissionDenied; and InstallationInUse where nothing can be restored."""
        means = (self.database, self.premises, self.publisher, self.renderer)
        if options.restores:
            call.caller.require(IMPORT)
            call.needs += (Need(IMPORT, None),)
            async with self.database.direct() as connection:
                await record.check_unused(connection)
            ordinary = Import(*means, uuid.UUID(int=0), self.file_imports, call)
            return Restoration(ordinary, self.file_imports, call)
        organisation_id = rules.organisation(call.caller, options.organisation_id, IMPORT)
        call.needs += (Need(IMPORT, organisation_id),)
        async with self.database.direct() as connection:
            if not await ORGANISATION_EXISTS.value(connection, id=organisation_id):
                raise failures.OrganisationNotFound
        return Import(*means, organisation_id, self.file_imports, call)

    async def ExportDocuments(self, request: ExportDocumentsRequest, call: Call) -> AsyncIterator[ExportDocumentsResponse]:
        organisation_id = None
        if request.organisation_id:
            organisation_id = rules.organisation(call.caller, request.organisation_id, rules.READ)
        else:
            call.caller.require(rules.READ)
        call.needs += (Need(rules.READ, organisation_id),)
        export = Export(
            self.database,
            self.premises.objects,
            self.storage,
            organisation_id,
            with_files=request.with_files,
            for_restoring=request.for_restoring,
        )
        async for part in export.parts():
            yield part


def progress(committed: Counter[str], last: ImportResult, record_number: int) -> Progress:
    """What an import has committed, for the failure that ends it."""
    created, updated = committed["created"], committed["updated"]
    counted = f"{created} document{'s' if created != 1 else ''} created, {updated} updated"
    told = {name: str(committed[name]) for name in ("created", "updated", "content_types")}
    told["last_source"] = cut(last.source, MAX_SOURCE)
    if record_number:
        told["record_number"] = str(record_number)
    return Progress(f"What was committed before stays: {counted}.", told)


def outcome(request: ImportDocumentsRequest, result: ImportResult) -> str:
    """What it counts as."""
    part = request.WhichOneof("part")
    if result.outcome == UPDATED:
        return "updated"
    if result.outcome == CREATED:
        return {"document": "created", "content_type": "content_types"}.get(part or "", "others")
    return "unchanged"
