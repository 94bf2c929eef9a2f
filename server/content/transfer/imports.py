"""Imports: documents that were published elsewhere, each in a transaction of its own."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from gazette.access.v1.access_pb2 import Permission
from gazette.content.v1.content_type_pb2 import ContentType
from gazette.content.v1.document_import_pb2 import (
    ImportDocumentsRequest,
    ImportDocumentsResponse,
    ImportedDocument,
    ImportOptions,
    ImportOutcome,
    ImportResult,
)
from server.content import failures, fields
from server.content.checks.details import Schemas
from server.content.documents import queries as document_queries
from server.content.documents import rules as document_rules
from server.content.documents import saving
from server.content.paths import MayUsePath
from server.content.publishing import publication
from server.content.publishing.publication import Publication, PublishFiles
from server.content.review import rules as review_rules
from server.content.transfer import queries
from server.content.types import creating as content_types
from server.content.types import queries as type_queries
from server.rpc import ambient
from server.rpc.caller import Caller
from server.rpc.failures import (
    AlreadyExists,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    PermissionDenied,
    ResourceExhausted,
)
from server.rpc.messages import moment
from server.rpc.validation import validate
from server.stores.postgres import Database

MAX_PARTS = 10_000
"""More results than this might not fit into one answer."""

CREATED = ImportOutcome.IMPORT_OUTCOME_CREATED
UPDATED = ImportOutcome.IMPORT_OUTCOME_UPDATED
UNCHANGED = ImportOutcome.IMPORT_OUTCOME_UNCHANGED
REFUSED = ImportOutcome.IMPORT_OUTCOME_REFUSED

REFUSALS = (
    InvalidArgument,
    AlreadyExists,
    FailedPrecondition,
    NotFound,
    PermissionDenied,
)
"""What is wrong with one part. All else, an absent database say, ends the import."""

IGNORED: tuple[Any, ...] = ("id", "organisation_id", "etag", "revision_number", "draft", "live", "create_time", "update_time")
"""Fields of an imported document that say nothing of what it is."""


async def run(
    requests: AsyncIterator[ImportDocumentsRequest],
    database: Database,
    schemas: Schemas,
    publish_files: PublishFiles,
    may_use_path: MayUsePath,
) -> ImportDocumentsResponse:
    """Raises OptionsFirst, OrganisationNotFound, PermissionDenied, ResourceExhausted."""
    running: Import | None = None
    results: list[ImportResult] = []
    async for request in requests:
        if (running is None) != (request.WhichOneof("part") == "options"):
            raise failures.OptionsFirst
        if running is None:
            validate(request)
            running = await begin(request.options, database, schemas, publish_files, may_use_path)
        elif len(results) == MAX_PARTS:
            raise ResourceExhausted(f"One import takes {MAX_PARTS} parts; begin another one for the rest.")
        else:
            results.append(await running.part(request))
    if running is None:
        raise failures.OptionsFirst
    return ImportDocumentsResponse(results=results)


async def begin(
    options: ImportOptions, database: Database, schemas: Schemas, publish_files: PublishFiles, may_use_path: MayUsePath
) -> Import:
    caller = ambient.current().caller
    organisation_id = document_rules.organisation(caller, options.organisation_id, Permission.PERMISSION_DOCUMENTS_IMPORT)
    async with database.read() as connection:
        if not await document_queries.organisation_exists(connection, organisation_id):
            raise failures.OrganisationNotFound
    return Import(database, schemas, publish_files, may_use_path, organisation_id, caller)


@dataclass(frozen=True, slots=True)
class Import:
    """One import that is under way."""

    database: Database
    schemas: Schemas
    publish_files: PublishFiles
    may_use_path: MayUsePath
    organisation_id: uuid.UUID
    caller: Caller

    async def part(self, request: ImportDocumentsRequest) -> ImportResult:
        """Brings one part in, or says why not."""
        is_document = request.HasField("document")
        source = request.document.source if is_document else f"content_type/{request.content_type.name}"
        try:
            validate(request)
            if is_document:
                outcome, id = await self.document(request.document)
                return ImportResult(source=source, outcome=outcome, document_id=str(id))
            return ImportResult(source=source, outcome=await self.content_type(request.content_type))
        except REFUSALS as failure:
            return ImportResult(source=source, outcome=REFUSED, reason=failure.reason, message=failure.message)

    async def content_type(self, wanted: ContentType) -> ImportOutcome.ValueType:
        async with self.database.transaction() as connection:
            if await type_queries.content_type(connection, wanted.name) is not None:
                return UNCHANGED
            self.caller.require(Permission.PERMISSION_CONTENT_TYPES_WRITE)
            return CREATED if await content_types.create(connection, wanted) else UNCHANGED

    async def document(self, imported: ImportedDocument) -> tuple[ImportOutcome.ValueType, uuid.UUID]:
        try:
            return await self.bring_in(imported)
        except AlreadyExists:
            # Another import may have made it between our look and our insert: then it is there to be found now.
            return await self.bring_in(imported)

    async def bring_in(self, imported: ImportedDocument) -> tuple[ImportOutcome.ValueType, uuid.UUID]:
        wanted, digest = imported.document, source_sha256(imported)
        locale = wanted.locale or fields.DEFAULT_LOCALE
        words = saving.words_of(wanted)
        async with self.database.transaction() as connection:
            document = await document_queries.locked_by_key(connection, uuid.UUID(wanted.translation_key), locale)
            if document is not None:
                if document.organisation_id != self.organisation_id:
                    raise failures.KeyOfAnother
                if imported.only_if_absent or await queries.was_imported(connection, document.id, digest):
                    return UNCHANGED, document.id
                document_rules.overtake(document.draft_state)
            content_type = await type_queries.content_type(connection, wanted.content_type)
            if content_type is None:
                raise failures.ContentTypeMissing(wanted.content_type)
            self.schemas.check_complete(content_type, words["details"], words["body"])
            saved: dict[str, Any] = {
                "author_id": self.caller.known_id,
                "draft_state": review_rules.NOTHING,
                "source_sha256": digest,
                "covers_prefix": imported.covers_prefix,
            }
            may_use = self.may_use_path
            row = (
                await saving.first(connection, wanted, words, may_use, organisation_id=self.organisation_id, **saved)
                if document is None
                else await saving.another(connection, document, words, may_use, content_type=wanted.content_type, **saved)
            )
            await publication.publish(
                connection,
                Publication(
                    document=row,
                    words=words,
                    content_type=content_type,
                    state=imported.live_state,
                    explanation=imported.explanation,
                    withdraw_time=given(imported, "withdraw_time"),
                    location=imported.location,
                    covers_prefix=imported.covers_prefix,
                    preserves_suffix=imported.preserves_suffix,
                    claimed_first_publish_time=given(imported, "claimed_first_publish_time"),
                    claimed_public_update_time=given(imported, "claimed_public_update_time"),
                    event={"action": "document.import", "source": imported.source},
                ),
                self.publish_files,
            )
        return (CREATED if document is None else UPDATED), row.id


def source_sha256(imported: ImportedDocument) -> bytes:
    """What names this version: equal for equal documents, wherever they come from."""
    version = ImportedDocument()
    version.CopyFrom(imported)
    version.ClearField("source")
    version.ClearField("only_if_absent")
    for field in IGNORED:
        version.document.ClearField(field)
    return hashlib.sha256(version.SerializeToString(deterministic=True)).digest()


def given(
    imported: ImportedDocument, field: Literal["withdraw_time", "claimed_first_publish_time", "claimed_public_update_time"]
) -> datetime | None:
    return moment(getattr(imported, field)) if imported.HasField(field) else None
