"""Imports: documents that were published elsewhere, each in a transaction of its own."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import asyncpg

from gazette.access.v1.access_pb2 import Permission
from gazette.content.v1.content_type_pb2 import ContentType
from gazette.content.v1.document_import_pb2 import ImportDocumentsRequest, ImportedDocument, ImportOutcome, ImportResult
from server.content import failures, fields
from server.content.documents import saving
from server.content.documents.premises import Premises, unchanged
from server.content.documents.words import words_of
from server.content.documents.writing import TRANSLATED_ELSEWHERE
from server.content.publishing import queries as publishing
from server.content.publishing.pages import Publication
from server.content.publishing.publisher import Publisher
from server.content.review.rules import NOTHING
from server.content.transfer import queries, rules
from server.content.types import creating as content_types
from server.content.types import queries as type_queries
from server.rpc.caller import Caller
from server.rpc.failures import AlreadyExists, FailedPrecondition, InvalidArgument, NotFound, PermissionDenied
from server.rpc.messages import moment
from server.rpc.validation import validate
from server.stores.postgres import Database
from server.stores.statements import Row

CREATED = ImportOutcome.IMPORT_OUTCOME_CREATED
UPDATED = ImportOutcome.IMPORT_OUTCOME_UPDATED
UNCHANGED = ImportOutcome.IMPORT_OUTCOME_UNCHANGED
REFUSED = ImportOutcome.IMPORT_OUTCOME_REFUSED

REFUSALS = (InvalidArgument, AlreadyExists, FailedPrecondition, NotFound, PermissionDenied)
"""What is wrong with one part. All else, an absent database say, ends the import."""


@dataclass(frozen=True, slots=True)
class Import:
    """One import that is under way."""

    database: Database
    premises: Premises
    publisher: Publisher
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
            return UNCHANGED if await content_types.create(connection, wanted) is None else CREATED

    async def document(self, imported: ImportedDocument) -> tuple[ImportOutcome.ValueType, uuid.UUID]:
        async with self.database.direct() as connection:
            try:
                return await self.bring_in(connection, imported)
            except AlreadyExists:
                # Another import may have made it between our look and our insert: then it is there to be found now.
                return await self.bring_in(connection, imported)

    async def bring_in(
        self, connection: asyncpg.Connection, imported: ImportedDocument
    ) -> tuple[ImportOutcome.ValueType, uuid.UUID]:
        wanted, digest = imported.document, rules.source_sha256(imported)
        locale = wanted.locale or fields.DEFAULT_LOCALE
        words = words_of(wanted)
        saved: dict[str, Any] = {"author_id": self.caller.known_id, "draft_state": NOTHING, "source_sha256": digest}

        async def attempt(anew: bool) -> tuple[ImportOutcome.ValueType, uuid.UUID] | None:
            document = await queries.IMPORTED.first(
                connection, translation_key=uuid.UUID(wanted.translation_key), locale=locale, source_sha256=digest
            )
            if document is not None:
                if document.organisation_id != self.organisation_id:
                    raise failures.KeyOfAnother
                if imported.only_if_absent or document.was_imported:
                    return UNCHANGED, document.id
                rules.overtake(document.draft_state)
            content_type = await self.premises.content_type(connection, wanted.content_type, anew=anew)
            self.premises.schemas.check_complete(content_type, words["details"], words["body"])
            generation = None  # what stays where it was may stay
            if document is None or wanted.path != document.path or imported.covers_prefix > document.covers_prefix:
                generation = await self.premises.generation(
                    connection, self.organisation_id, wanted.path, with_all_below=imported.covers_prefix, anew=anew
                )
            save = (
                saving.first(wanted, words, organisation_id=self.organisation_id, **saved)
                if document is None
                else saving.another(document, words, content_type=wanted.content_type, **saved)
            )
            statement = publishing.IMPORT if document is None else publishing.IMPORT_AGAIN
            more = {**save.parameters, **unchanged(content_type, generation)}
            row = await self.publisher.publish(connection, publication(imported, save.row, content_type), statement, **more)
            if row is None:
                if document is None and await TRANSLATED_ELSEWHERE.value(connection, **save.parameters):
                    raise failures.KeyOfAnother
                return None
            return (CREATED if document is None else UPDATED), row.id

        return await self.premises.settled(attempt)


def publication(imported: ImportedDocument, document: Row, content_type: Row) -> Publication:
    return Publication(
        document=document,
        content_type=content_type,
        state=imported.live_state,
        explanation=imported.explanation,
        withdraw_time=given(imported, "withdraw_time"),
        location=imported.location,
        covers_prefix=imported.covers_prefix,
        preserves_suffix=imported.preserves_suffix,
        claimed_first_publish_time=given(imported, "claimed_first_publish_time"),
        claimed_public_update_time=given(imported, "claimed_public_update_time"),
        action="document.import",
        details={"source": imported.source},
    )


def given(
    imported: ImportedDocument, field: Literal["withdraw_time", "claimed_first_publish_time", "claimed_public_update_time"]
) -> datetime | None:
    return moment(getattr(imported, field)) if imported.HasField(field) else None
