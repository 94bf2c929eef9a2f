"""Restoring: an installation that has published nothing comes to serve what another one serves, byte for byte.

What an export says for it is taken over: ids, times, numbers, and each page as the bytes that it was. Nothing of it is rendered
or asked of a schema again: what was public stays public, whatever its content type asks for by now. But nothing is believed,
either: the bytes must be those that the record's entry was made of, say what the document says, and be sanitised.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import asyncpg

from gazette.access.v1.access_pb2 import Permission
from gazette.auth.v1.organisation_pb2 import Organisation
from gazette.content.v1.document_import_pb2 import ImportDocumentsRequest, ImportedDocument, ImportedEntry, ImportResult
from gazette.record.v1.record_entry_pb2 import RecordEntryBody
from server import audit, delivery, files, organisations, record
from server.content import failures
from server.content.change_notes import queries as change_notes
from server.content.change_notes.rules import Note, claimed
from server.content.documents.premises import Premises
from server.content.documents.sizes import size
from server.content.documents.words import Words, words_of
from server.content.documents.writing import TRANSLATED_ELSEWHERE, conflicts_named
from server.content.failures import live_state_name
from server.content.paths import others_use
from server.content.publishing.pages import KINDS
from server.content.publishing.publication import PAGE_STATES
from server.content.references import finding
from server.content.references import queries as references
from server.content.references.written import UUID
from server.content.rendering import Renderer
from server.content.transfer import answers, attached, queries, rows, rules
from server.content.transfer.failures import InvalidAnswer, NotForRestoring
from server.content.transfer.imports import Import
from server.content.transfer.incoming import Incoming
from server.content.transfer.results import CREATED, END, REFUSALS, UNCHANGED, UPDATED, Outcome, result_of
from server.content.transitions import REDIRECTED, VANISHED
from server.content.types import held as types
from server.rpc.call import Call
from server.rpc.failures import InvalidArgument
from server.rpc.messages import moment
from server.rpc.patience import patiently
from server.stores.parameters import named
from server.stores.postgres import Database
from server.stores.statements import Row

BY_ID = re.compile(rf"\bfile:({UUID})")
SERVED = re.compile(rf"/v1/files/({UUID})[:/]")
NOBODY = str(uuid.UUID(int=0))


@dataclass(frozen=True, slots=True)
class Restoration:
    """One import that restores."""

    ordinary: Import
    """For what it does as every import does."""
    file_imports: files.Imports
    call: Call

    @property
    def database(self) -> Database:
        return self.ordinary.database

    @property
    def premises(self) -> Premises:
        return self.ordinary.premises

    @property
    def renderer(self) -> Renderer:
        return self.ordinary.renderer

    async def part(self, request: ImportDocumentsRequest, failure: InvalidArgument | None, incoming: Incoming) -> ImportResult:
        """Takes one part over, or says why not. Raises what ends the import."""
        return await result_of(self.call, request, partial(self.take, request, failure, incoming))

    async def take(self, request: ImportDocumentsRequest, failure: InvalidArgument | None, incoming: Incoming) -> Outcome:
        match request.WhichOneof("part"):
            case "document":
                return await self.document_or_entry(request.document, failure, incoming)
            case _ if failure is not None:
                raise failure
            case "record_entry":
                return await self.entry(request.record_entry, incoming)
            case "organisation":
                return await self.organisation(request.organisation)
            case "file":
                whose = uuid.UUID(request.file.organisation_id or NOBODY)
                is_new = await self.file_imports.take(self.call, request.file, incoming.chunks(), whose, restores=True)
                return Outcome(CREATED if is_new else UNCHANGED)
            case "redirect":
                return Outcome(UNCHANGED)  # it came with its entry
            case _:
                return Outcome(await self.ordinary.content_type(request.content_type))

    async def organisation(self, wanted: Organisation) -> Outcome:
        self.call.caller.require(Permission.PERMISSION_ORGANISATIONS_WRITE)
        async with self.database.transaction() as connection:
            is_new = await organisations.restore(connection, wanted, others_use)
        return Outcome(CREATED if is_new else UNCHANGED)

    async def entry(self, wanted: ImportedEntry, incoming: Incoming) -> Outcome:
        """An entry alone: of a former path, or one whose place later ones have taken."""
        body = record.read_body(wanted.body)
        answer = await incoming.collected(wanted.answer_size_bytes)
        if answer or wanted.answer_size_bytes:
            answers.check_redirect(body, answer)

        async def put(connection: asyncpg.Connection) -> None:
            if await record.is_overtaken(connection, body.path, record.locale_of(body), body.number):
                return
            if answer:
                await delivery.restore(connection, rows.former_page(body, answer, wanted))
            elif body.kind == KINDS[VANISHED]:
                await vanish(connection, body)

        return Outcome(await self.on_the_record(body, wanted.body, answer, put, covers_prefix=wanted.covers_prefix))

    async def on_the_record(
        self,
        body: RecordEntryBody,
        raw: bytes,
        answer: bytes,
        put: Callable[[asyncpg.Connection], Awaitable[None]] | None = None,
        *,
        covers_prefix: bool = False,
    ) -> Any:
        async with self.database.direct() as connection, record.locked(connection):
            await self.call.confirm()
            is_new = await record.restore(connection, raw, answer)
            if put is not None:
                await put(connection)
            await record.tell(connection, body, covers_prefix=covers_prefix)
        return CREATED if is_new else UNCHANGED

    async def document_or_entry(
        self, imported: ImportedDocument, failure: InvalidArgument | None, incoming: Incoming
    ) -> Outcome:
        """The document with its page. One that is refused leaves its entry behind, without what it served: so the record goes
        on, and the document can be taken later."""
        if not imported.record_entry.body:
            raise failure or NotForRestoring
        raw = imported.record_entry.body
        try:
            if failure is not None:
                raise failure
            body = record.read_body(raw)
            if await self.is_here(imported, body):
                return Outcome(UNCHANGED, imported.document.id)
            return await self.document(imported, body, await incoming.collected(imported.record_entry.answer_size_bytes))
        except END:
            raise
        except REFUSALS:
            await self.on_the_record(record.read_body(raw), raw, b"")
            raise

    async def is_here(self, imported: ImportedDocument, body: RecordEntryBody) -> bool:
        """Whether the document was restored before, from this entry or from a later one: then nothing more is asked."""
        async with self.database.direct() as connection:
            standing = await queries.STANDING.first(connection, id=uuid.UUID(imported.document.id or NOBODY))
            if standing is None or (standing.record_number or 0) < body.number:
                return False
            return await record.body(connection, body.number) == imported.record_entry.body

    async def document(self, imported: ImportedDocument, body: RecordEntryBody, answer: bytes) -> Outcome:
        response = answers.check(imported, body, answer)
        wanted = imported.document
        content_type = await self.premises.held_content_type(self.database, wanted.content_type)
        shown = await self.premises.objects.taken(response.page.details)
        html = answers.html_of(response)
        if not await patiently(lambda: self.renderer.is_sanitised(html, shown, content_type.html_members)):
            raise InvalidAnswer("serves HTML that is not sanitised")
        words = words_of(wanted, await self.premises.objects.taken(wanted.details))
        columns = rows.document(imported, body, response)
        found = finding.found(words, None)
        revision = {
            **words,
            "number": columns["revision_number"],
            "author_id": self.call.caller.known_id,
            "source_sha256": rules.source_sha256(imported),
            "restored_from_revision_number": None,
            "html": None,
            "html_details": None,
            "renderer": None,
            "notices": None,
            "size_bytes": size(words),
            "reference_count": len(found),
        }
        async with self.database.direct() as connection:
            with conflicts_named(wanted.path, columns["locale"]):
                async with record.locked(connection):
                    await self.call.confirm()
                    if imported.live_state in PAGE_STATES:
                        ids = shown_files(imported, words, html)
                        await attached.check(connection, ids, columns, [*response.page.attachments])
                    more = (
                        types.parameters(content_type)
                        | references.parameters(found)
                        | files.parameters(shown_files(imported, words, html))
                    )
                    outcome = await self.stored(connection, imported, body, answer, columns, revision, more)
                    if outcome != UNCHANGED:
                        page = rows.page(imported, body, answer, response, is_block=content_type.is_block)
                        await delivery.restore(connection, page)
                        covers_prefix = imported.live_state == REDIRECTED and imported.covers_prefix
                        await record.tell(connection, body, covers_prefix=covers_prefix)
        return Outcome(outcome, wanted.id, 0 if outcome == UNCHANGED else body.number)

    async def stored(
        self,
        connection: asyncpg.Connection,
        imported: ImportedDocument,
        body: RecordEntryBody,
        answer: bytes,
        columns: dict[str, Any],
        revision: dict[str, Any],
        more: dict[str, Any],
    ) -> Any:
        """What became of the rows of the record and of the document."""
        await record.restore(connection, imported.record_entry.body, answer)
        standing: Row | None = await queries.STANDING.first(connection, id=columns["id"])
        if standing is not None:
            if standing.organisation_id != columns["organisation_id"]:
                raise failures.KeyOfAnother
            if (standing.record_number or 0) >= body.number:
                return UNCHANGED
            rules.overtake(standing.draft_state)
        parameters = named("document", columns) | named("revision", revision) | more
        parameters |= change_notes.parameters(notes_of(imported))
        if await TRANSLATED_ELSEWHERE.value(connection, **parameters):
            raise failures.KeyOfAnother
        event = audit.event(
            "document.restore",
            columns["id"],
            organisation_id=columns["organisation_id"],
            path=columns["path"],
            revision=columns["revision_number"],
            record_number=body.number,
            source=imported.source,
        )
        statement = queries.RESTORATION if standing is None else queries.RESTORATION_AGAIN
        if standing is not None:
            parameters["revision_source_sha256"] = None  # an earlier revision may have been of the same words
        await statement.run(connection, **parameters, **event)
        return CREATED if standing is None else UPDATED


def notes_of(imported: ImportedDocument) -> list[Note]:
    """What readers were told of its changes, as it was told. Raises HistoryTooLong."""
    notes = claimed(imported.change_history)
    return [note._replace(claimed=each.claimed) for note, each in zip(notes, imported.change_history, strict=True)]


def shown_files(imported: ImportedDocument, words: Words, html: Sequence[str]) -> list[uuid.UUID]:
    """The files of the page: those that are attached, and those that the body names by id."""
    if imported.live_state not in PAGE_STATES:
        return []
    served = {id.lower() for id in SERVED.findall(html[0])}
    in_body = [uuid.UUID(id) for id in dict.fromkeys(BY_ID.findall(words["body"])) if id.lower() in served]
    return [*words["attachments"], *in_body]


async def vanish(connection: asyncpg.Connection, body: RecordEntryBody) -> None:
    """Takes away what was restored before the entry, and says so of its document."""
    await delivery.remove(connection, body.path, record.locale_of(body), body.number)
    columns = {"live_state": VANISHED, "record_number": body.number, "publish_time": moment(body.record_time)}
    event = audit.event(
        "document.restore",
        body.document_id,
        organisation_id=uuid.UUID(body.organisation_id),
        path=body.path,
        record_number=body.number,
        after={"live_state": live_state_name(VANISHED)},
    )
    parameters = {"document_id": uuid.UUID(body.document_id), "live_path": body.path, **files.parameters(())}
    await queries.VANISHING.run(connection, **parameters, **named("document", columns), **event)
