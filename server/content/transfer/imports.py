"""Imports: documents that were published elsewhere, each in a transaction of its own."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from time import perf_counter
from typing import Any, Literal

import asyncpg

from gazette.access.v1.access_pb2 import Permission
from gazette.content.v1.content_type_pb2 import ContentType
from gazette.content.v1.document_import_pb2 import (
    ImportDocumentsRequest,
    ImportedDocument,
    ImportedRedirect,
    ImportOutcome,
    ImportResult,
)
from server import files
from server.content import failures, fields
from server.content.blocks.use import check_unused
from server.content.change_notes import rules as change_notes
from server.content.change_notes.rules import Note
from server.content.checks.details import Verdicts
from server.content.documents import saving
from server.content.documents.premises import Premises, unchanged
from server.content.documents.queries import DOCUMENT
from server.content.documents.words import Words, words_of
from server.content.documents.writing import TRANSLATED_ELSEWHERE
from server.content.publishing import queries as publishing
from server.content.publishing.publication import Publication
from server.content.publishing.publisher import Publisher
from server.content.rendering import Renderer, Rendering
from server.content.review.rules import NOT_FORCED
from server.content.transfer import moves, queries, rules
from server.content.transfer.incoming import Incoming
from server.content.transfer.references import named_files, pointed_here
from server.content.transfer.results import CREATED, UNCHANGED, UPDATED, Outcome, result_of
from server.content.transitions import NOTHING, PUBLISHED
from server.content.types import creating as content_types
from server.content.types import queries as type_queries
from server.rpc.call import Call
from server.rpc.failures import AlreadyExists, InvalidArgument
from server.rpc.messages import moment
from server.rpc.patience import patiently
from server.stores.parameters import named
from server.stores.postgres import Database
from server.stores.statements import Row


@dataclass(frozen=True, slots=True)
class Import:
    """One import that is under way."""

    database: Database
    premises: Premises
    publisher: Publisher
    renderer: Renderer
    organisation_id: uuid.UUID
    file_imports: files.Imports
    call: Call
    """Its caller may become another while the import is under way: one with fewer rights."""

    async def part(self, request: ImportDocumentsRequest, failure: InvalidArgument | None, incoming: Incoming) -> ImportResult:
        """Brings one part in, or says why not: because of this, say, which is known of it already."""
        return await result_of(self.call, request, partial(self.take, request, failure, incoming))

    async def take(self, request: ImportDocumentsRequest, failure: InvalidArgument | None, incoming: Incoming) -> Outcome:
        if failure is not None:
            raise failure
        match request.WhichOneof("part"):
            case "document":
                return await self.document(request.document)
            case "redirect":
                return await self.premises.settled(partial(self.redirect, request.redirect))
            case "file":
                whose = self.organisation_id
                is_new = await self.file_imports.take(self.call, request.file, incoming.chunks(), whose, restores=False)
                return Outcome(CREATED if is_new else UNCHANGED)
            case "organisation" | "record_entry":
                return Outcome(UNCHANGED)  # of use to an import that restores
            case _:
                return Outcome(await self.content_type(request.content_type))

    async def redirect(self, wanted: ImportedRedirect, anew: bool) -> Outcome | None:
        async with self.database.direct() as connection:
            return await moves.redirect(connection, wanted, self.organisation_id, self.premises, self.call, anew=anew)

    async def content_type(self, wanted: ContentType) -> ImportOutcome.ValueType:
        async with self.database.read() as connection:
            if await type_queries.content_type(connection, wanted.name) is not None:
                return UNCHANGED
        self.call.caller.require(Permission.PERMISSION_CONTENT_TYPES_WRITE)
        columns = await content_types.columns_of(wanted, self.premises.schemas)
        async with self.database.transaction() as connection:
            made = await content_types.create(connection, wanted.name, columns, self.call.caller.known_id)
            return UNCHANGED if made is None else CREATED

    async def document(self, imported: ImportedDocument) -> Outcome:
        digest = rules.source_sha256(imported)
        if named_files(imported):
            async with self.database.direct() as connection:
                imported = await pointed_here(connection, imported, self.organisation_id)
        try:
            return await self.bring_in(imported, digest)
        except AlreadyExists:
            # Another import may have made it between our look and our insert: then it is there to be found now.
            return await self.bring_in(imported, digest)

    async def bring_in(self, imported: ImportedDocument, digest: bytes) -> Outcome:
        begin = perf_counter()
        wanted = imported.document
        locale = wanted.locale or fields.DEFAULT_LOCALE
        words = words_of(wanted, await self.premises.objects.taken(wanted.details))
        claims, verdicts = change_notes.claimed(imported.change_history), Verdicts()
        saved: dict[str, Any] = {"author_id": self.call.caller.known_id, "draft_state": NOTHING, "source_sha256": digest}

        async def attempt(anew: bool) -> Outcome | None:
            async with self.database.direct() as connection:
                document = await queries.IMPORTED.first(
                    connection, translation_key=uuid.UUID(wanted.translation_key), locale=locale, source_sha256=digest
                )
                if document is not None:
                    if document.organisation_id != self.organisation_id:
                        raise failures.KeyOfAnother
                    if imported.only_if_absent or document.was_imported:
                        return Outcome(UNCHANGED, str(document.id))
                    rules.bring_back(document.live_state)
                    rules.overtake(document.draft_state)
                content_type = await self.premises.content_type(connection, wanted.content_type, anew=anew)
            await self.check_fields(content_type, locale, words, document)
            check = partial(self.premises.schemas.check_complete, content_type, words["details"], words["body"])
            await verdicts.once(content_type.version, check)
            rendering = await patiently(lambda: self.renderer.rendering(words, content_type.html_members))
            explanation, more = await patiently(lambda: self.renderer.explanation(imported.explanation))
            save = (
                saving.first(wanted, words, organisation_id=self.organisation_id, **saved)
                if document is None
                else saving.another(document, words, content_type=wanted.content_type, **saved)
            )
            publication = publication_of(imported, save.row, rendering, explanation, claims, begin, content_type)
            parameters = save.parameters | saving.rendered(rendering)
            async with self.database.direct() as connection:
                done = await self.publish(connection, imported, publication, parameters, document, content_type, anew=anew)
            return done and done._replace(notices=[*(rendering.notices or ()), *more, *done.notices])

        return await self.premises.settled(attempt)

    async def check_fields(self, content_type: Row, locale: str, words: Words, former: Row | None) -> None:
        """Raises FieldForbidden, as every save does. What the document says is read for it alone where it is needed."""
        permissions, caller = self.premises.field_permissions, self.call.caller
        if former is not None and permissions.closed(caller, self.organisation_id, locale, content_type):
            async with self.database.direct() as connection:
                former = await DOCUMENT.first(connection, id=former.id)
            if former is not None and former.content_type == content_type.name:
                former = await self.premises.objects.current(former, content_type)
        await permissions.check(caller, self.organisation_id, locale, content_type, words, former)

    async def publish(
        self,
        connection: asyncpg.Connection,
        imported: ImportedDocument,
        publication: Publication,
        parameters: Mapping[str, Any],
        former: Row | None,
        content_type: Row,
        *,
        anew: bool,
    ) -> Outcome | None:
        """Stores it and publishes it: anew, or as one more revision of the document that it was before. None as `Attempt`."""
        wanted = imported.document
        if former is not None:
            was = await self.premises.content_type(connection, former.content_type, anew=anew)
            if was.is_block and not (content_type.is_block and imported.live_state == PUBLISHED):
                await check_unused(connection, former)
        generation = None  # what stays where it was may stay
        if former is None or wanted.path != former.path or imported.covers_prefix > former.covers_prefix:
            generation = await self.premises.generation(
                connection, self.organisation_id, wanted.path, with_all_below=imported.covers_prefix, anew=anew
            )
        statement = publishing.IMPORT if former is None else publishing.IMPORT_AGAIN
        more = {**parameters, **unchanged(content_type, generation), **named("document", NOT_FORCED)}
        published = await self.publisher.publish(connection, publication, statement, confirm=self.call.confirm, **more)
        if published is not None:
            is_new, notices = former is None, [*published.notices]
            return Outcome(CREATED if is_new else UPDATED, str(published.document.id), published.record_number, notices)
        if former is None and await TRANSLATED_ELSEWHERE.value(connection, **parameters):
            raise failures.KeyOfAnother
        return None


def publication_of(
    imported: ImportedDocument,
    document: Row,
    rendering: Rendering,
    explanation: str,
    claims: Sequence[Note],
    begin: float,
    content_type: Row,
) -> Publication:
    history = change_notes.read(getattr(document, "change_history_so_far", None))
    return Publication(
        document=document,
        claims=claims,
        history=history.without_claimed(),
        state=imported.live_state,
        is_block=content_type.is_block,
        may_dangle=True,  # what it links to may be imported later
        html=rendering.html,
        html_details=rendering.html_details,
        html_explanation=explanation,
        explanation=imported.explanation,
        withdraw_time=given(imported, "withdraw_time"),
        location=imported.location,
        covers_prefix=imported.covers_prefix,
        preserves_suffix=imported.preserves_suffix,
        claimed_first_publish_time=given(imported, "claimed_first_publish_time"),
        claimed_public_update_time=given(imported, "claimed_public_update_time"),
        action="document.import",
        details={"source": imported.source},
        begin=begin,
    )


def given(
    imported: ImportedDocument, field: Literal["withdraw_time", "claimed_first_publish_time", "claimed_public_update_time"]
) -> datetime | None:
    return moment(getattr(imported, field)) if imported.HasField(field) else None
