"""Exports: what the public sees of documents, in the form that an import takes.

In the order of the record, so that equal content gives equal exports, and what is published meanwhile comes behind. No
connection is held while the client is slow, and of what is long little is held at a time.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from gazette.auth.v1.organisation_pb2 import Organisation
from gazette.content.v1.document_import_pb2 import (
    ExportDocumentsResponse,
    ImportedEntry,
    ImportedFile,
    ImportedRedirect,
)
from gazette.record.v1.record_entry_pb2 import RecordEntryKind
from server import delivery, files, organisations, record
from server.content import failures
from server.content.documents.queries import ORGANISATION_EXISTS
from server.content.publishing.publication import PAGE_STATES
from server.content.transfer import queries
from server.content.transfer.exported import bare, exported, put_own
from server.content.transfer.references import named_files
from server.content.transitions import REDIRECTED
from server.content.types import views as type_views
from server.content.types.reading import Details
from server.rpc.messages import message
from server.stores.blobs import BlobNotFound, ObjectStorage
from server.stores.postgres import Database
from server.stores.statements import Row

BATCH = 20
"""Documents that are held at once, or fewer, where they are long."""
CHUNK = 512 << 10
"""Bytes of an answer in one message."""
Parts = AsyncIterator[ExportDocumentsResponse]


@dataclass
class Export:
    """One export that is under way."""

    database: Database
    objects: Details
    storage: ObjectStorage
    organisation_id: uuid.UUID | None
    """Whose documents; None for those of all."""
    with_files: bool
    for_restoring: bool
    known_types: set[str] = field(default_factory=set)
    known_files: set[uuid.UUID] = field(default_factory=set)
    """What was handed out already."""

    async def parts(self) -> Parts:
        """Raises OrganisationNotFound."""
        await self.check_organisation()
        if self.for_restoring:
            async with self.database.read() as connection:
                known = await organisations.all_of_them(connection)
            for row in known:
                yield ExportDocumentsResponse(organisation=message(Organisation, row))
        async for part in self.content_types():
            yield part
        redirects: list[ImportedRedirect] = []
        # An import asks where a redirect leads: to what it covers itself, perhaps. So those come behind what they lead to. And
        # a page is not brought in without the blocks that it shows, so those come before all.
        if not self.for_restoring:
            async for part in self.blocks():
                yield part
        for of_redirects in (None,) if self.for_restoring else (False, True):
            async for part in self.walk(redirects, of_redirects):
                yield part
        for redirect in redirects:
            yield ExportDocumentsResponse(redirect=redirect)

    async def blocks(self) -> Parts:
        """Those that are live, in the order in which they were published."""
        last: Row | None = None
        while True:
            async with self.database.direct() as connection:
                pages = await delivery.blocks_published_after(connection, last, BATCH, self.organisation_id)
            if not pages:
                return
            documents = await self.documents(pages)
            for at, page in enumerate(pages):
                if page.document_id not in documents:  # those before it were long
                    documents = await self.documents(pages[at:])
                document = documents.get(page.document_id)
                if document is not None and document.record_number == page.record_number:
                    async for part in self.document(document):
                        yield part
                last = page

    async def walk(self, redirects: list[ImportedRedirect], of_redirects: bool | None) -> Parts:
        """All that paths serve, in the order of the record; or the documents that are redirects, or all that are none. Former
        paths are added to the redirects."""
        number, last = 0, None
        head, pages = await self.ahead(None)
        while pages:
            documents = await self.documents(pages)
            for at, page in enumerate(pages):
                if page.document_id not in documents:  # those before it were long
                    documents = await self.documents(pages[at:])
                async for part in self.at(page, documents.get(page.document_id), number, redirects, of_redirects):
                    yield part
                number, last = page.record_number, page
            head, pages = await self.ahead(last)
        async for part in self.overtaken(number, head + 1):
            yield part

    async def ahead(self, last: Row | None) -> tuple[int, Sequence[Row]]:
        """The record's newest number, if anybody is to know, and then what is served behind the last one: so that if there is
        nothing, nothing up to that number was missed."""
        head = 0
        if self.for_restoring:
            async with self.database.direct() as connection:
                newest = await record.NEXT.first(connection)
            head = newest.number or 0 if newest is not None else 0
        return head, await self.pages(last)

    async def check_organisation(self) -> None:
        if self.organisation_id is not None:
            async with self.database.direct() as connection:
                if not await ORGANISATION_EXISTS.value(connection, id=self.organisation_id):
                    raise failures.OrganisationNotFound

    async def content_types(self) -> Parts:
        """Those that were not handed out yet, without what only this installation says of them."""
        async with self.database.direct() as connection:
            if self.organisation_id is None:
                rows = await queries.LIVE_CONTENT_TYPES.all(connection)
            else:
                rows = await queries.LIVE_CONTENT_TYPES_OF_ONE.all(connection, organisation_id=self.organisation_id)
        for row in rows:
            if row.name not in self.known_types:
                self.known_types.add(row.name)
                content_type = type_views.content_type(await self.objects.shown(row, "details_schema"))
                yield ExportDocumentsResponse(content_type=bare(content_type))

    async def pages(self, last: Row | None) -> Sequence[Row]:
        """The next ones: as the record has them, or as they were published, in which what was only rendered again since has the
        place that it had, so that equal content gives an equal export."""
        async with self.database.direct() as connection:
            if not self.for_restoring:
                return await delivery.pages_published_after(connection, last, BATCH, self.organisation_id)
            number = 0 if last is None else last.record_number
            return await delivery.pages_after(connection, number, BATCH, self.organisation_id)

    async def documents(self, pages: Sequence[Row]) -> dict[uuid.UUID, Row]:
        """Those of the first pages, in any case the first one's."""
        ids = [*dict.fromkeys(page.document_id for page in pages)]
        async with self.database.direct() as connection:
            return {row.id: row for row in await queries.LIVE_DOCUMENTS.all(connection, ids=ids)}

    async def at(
        self, page: Row, document: Row | None, last: int, redirects: list[ImportedRedirect], of_redirects: bool | None
    ) -> Parts:
        """What stands at one place of the record, with what was overtaken between the place before and this one."""
        async for part in self.overtaken(last, page.record_number):
            yield part
        if document is None or document.record_number != page.record_number:
            if not of_redirects:
                async for part in self.former(page, document, redirects):
                    yield part
        elif self.for_restoring:
            async for part in self.with_answer(page, document):
                yield part
        elif of_redirects == (document.live_state == REDIRECTED):
            async for part in self.document(document):
                yield part

    async def former(self, page: Row, document: Row | None, redirects: list[ImportedRedirect]) -> Parts:
        """A path that is not its document's own: one that it had, or had until a moment ago."""
        entry, served = await self.recorded(page)
        if served is not None and record.read_body(entry.body).kind == RecordEntryKind.RECORD_ENTRY_KIND_REDIRECTED:
            if document is not None:
                redirects.append(message(ImportedRedirect, page, source=page.path))
        else:
            entry.answer_size_bytes, served = 0, None
        if served is not None:
            entry.covers_prefix, entry.preserves_suffix = page.covers_prefix, page.preserves_suffix
        if self.for_restoring:
            yield ExportDocumentsResponse(record_entry=entry)
            for chunk in chunks(served or b""):
                yield chunk

    async def with_answer(self, page: Row, document: Row) -> Parts:
        entry, served = await self.recorded(page)
        if served is None:  # something was published there since the page was found
            yield ExportDocumentsResponse(record_entry=entry)
            return
        async for part in self.document(document, entry):
            yield part
        for chunk in chunks(served):
            yield chunk

    async def recorded(self, page: Row) -> tuple[ImportedEntry, bytes | None]:
        """The entry behind a page, and what it serves; None if it does no more."""
        async with self.database.direct() as connection:
            served = await delivery.answer(connection, page.record_number)
            body = await record.body(connection, page.record_number)
        key = "" if served is None else str(page.translation_key)
        return ImportedEntry(body=body, answer_size_bytes=len(served or b""), translation_key=key), served

    async def overtaken(self, after: int, before: int) -> Parts:
        """The entries between two numbers, of which later ones have taken the place."""
        while self.for_restoring and after + 1 < before:
            async with self.database.direct() as connection:
                rows = await record.bodies(connection, after, before)
            for row in rows:
                yield ExportDocumentsResponse(record_entry=ImportedEntry(body=bytes(row.body_bytes)))
            if not rows:
                return
            after = rows[-1].number

    async def document(self, row: Row, entry: ImportedEntry | None = None) -> Parts:
        if row.content_type not in self.known_types:  # published since the export began
            async for part in self.content_types():
                yield part
        imported = exported(await self.objects.shown(row))
        if self.with_files and row.live_state in PAGE_STATES:
            async for part in self.files(named_files(imported), row.organisation_id):
                yield part
        if entry is not None:
            put_own(imported, row)
            imported.record_entry.CopyFrom(entry)
        yield ExportDocumentsResponse(document=imported)

    async def files(self, ids: Sequence[uuid.UUID], organisation_id: uuid.UUID) -> Parts:
        """Those that the public may have and that were not handed out yet."""
        wanted = [id for id in ids if id not in self.known_files]
        if not wanted:
            return
        async with self.database.direct() as connection:
            rows = await files.public(connection, wanted, organisation_id)
        for row in rows:
            self.known_files.add(row.id)
            file = message(ImportedFile, row)
            if not self.for_restoring:  # an import gives it others, and equal content is to give an equal export
                for name in ("organisation_id", "publish_time", "create_time"):
                    file.ClearField(name)
            yield ExportDocumentsResponse(file=file)
            try:
                async with aclosing(self.storage.read(row.blob_key)) as pieces:
                    async for piece in pieces:
                        yield ExportDocumentsResponse(chunk=piece)
            except BlobNotFound as error:
                raise files.FileBytesMissing(row.id, row.name) from error


def chunks(served: bytes) -> Iterator[ExportDocumentsResponse]:
    for start in range(0, len(served), CHUNK):
        yield ExportDocumentsResponse(chunk=served[start : start + CHUNK])
