"""What a link shows: the page that its revision would be if it were published now, made by what publication makes it with.

It is made anew for each read, and kept nowhere. It is on no record and in no cache, and no file becomes public by it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from gazette.access.v1.access_pb2 import Permission
from server import files
from server.content.change_notes import rules as change_notes
from server.content.documents.premises import Premises
from server.content.documents.rendered import rendered
from server.content.failures import AttachmentNotFound, Unpublishable
from server.content.previews import queries, rules
from server.content.previews.failures import PreviewEnded
from server.content.previews.tokens import Named, Tokens
from server.content.publishing import pages, showing
from server.content.publishing.publication import Publication
from server.content.publishing.publisher import Publisher
from server.content.references import written
from server.content.rendering import Renderer, Rendering
from server.process.domains import Person
from server.record import Place
from server.rpc.call import Call
from server.stores.postgres import Database
from server.stores.statements import Row

READ = Permission.PERMISSION_DOCUMENTS_READ
People = Callable[[Collection[UUID]], Awaitable[Mapping[UUID, Person]]]
"""Who has these accounts, and what they may do now."""


@dataclass(frozen=True)
class Previews:
    """Reads what links show."""

    database: Database
    premises: Premises
    publisher: Publisher
    renderer: Renderer
    people: People
    tokens: Tokens

    async def page(self, token: str, path: str, locale: str, *, any_locale: bool, call: Call) -> bytes | None:
        """The serialised GetPageResponse. None where nobody is to hear more than that there is no page: the token is not ours,
        or is for another place. Raises PreviewEnded, and what publication would raise of what the revision says."""
        named = self.tokens.read(token)
        if named is None:
            return None
        document = await self.shown(named)
        if not rules.is_there(document.revision_path, document.locale, path, locale, any_locale=any_locale):
            return None
        return await self.rendered(document, call)

    async def shows_file(self, token: str, file_id: UUID) -> bool:
        """Whether whoever has the token may read the file, too: the revision that it shows has it attached or names it in its
        body, and it is the organisation's own."""
        named = self.tokens.read(token)
        if named is None:
            return False
        try:
            document = await self.shown(named)
        except PreviewEnded:
            return False
        if file_id not in document.attachments and file_id not in await self.in_body(document):
            return False
        async with self.database.direct() as connection:
            return bool(await files.described(connection, [file_id], document.organisation_id))

    async def shown(self, named: Named) -> Row:
        """Raises PreviewEnded."""
        async with self.database.direct() as connection:
            row = await queries.SHOWN.first(connection, link_id=named.link_id, document_id=named.document_id)
        if row is None or not rules.is_open(link_of(row), row.live_revision_number, datetime.now(UTC)):
            raise PreviewEnded
        maker = (await self.people([row.link_account_id])).get(row.link_account_id)
        if maker is None or not maker.caller.may(READ, row.organisation_id):
            raise PreviewEnded
        return row

    async def in_body(self, row: Row) -> set[UUID]:
        """The files that the revision names in its body."""
        content_type = await self.premises.held_content_type(self.database, row.content_type)
        try:
            _, rendering = await self.rendering(row, content_type)
        except Unpublishable:
            return set()
        return {UUID(id) for id in written.named(rendering.html).files}

    async def rendering(self, row: Row, content_type: Row, call: Call | None = None) -> tuple[Row, Rendering]:
        """What the revision says as the content type has it, and what the public would get of it. Raises Unpublishable."""
        row = await self.premises.objects.current(row, content_type)
        return row, await rendered(self.renderer, self.premises, row, content_type, call)

    async def rendered(self, row: Row, call: Call) -> bytes:
        content_type = await self.premises.held_content_type(self.database, row.content_type)
        row, rendering = await self.rendering(row, content_type, call)
        document = await self.premises.objects.shown(row)
        publication = Publication(
            document=document._replace(path=row.revision_path, revision_number=row.link_revision_number),
            is_block=content_type.is_block,
            history=change_notes.read(row.change_history_so_far),
            html=rendering.html,
            html_details=rendering.html_details,
            claimed_first_publish_time=document.claimed_first_publish_time,
            action="",
            details={},
            begin=call.start,
        )
        async with self.database.direct() as connection:
            shown = await self.publisher.shown(connection, publication)
            ids, whose = [*dict.fromkeys((*row.attachments, *shown.files))], row.organisation_id
            described = await files.described(connection, ids, whose) if ids else ()
        known = {file.id: file for file in described}
        if missing := [id for id in ids if id not in known]:
            raise AttachmentNotFound(missing)
        attachments = showing.attachments(row.attachments, known, self.publisher.pictures)
        place = Place(0, datetime.now(UTC))
        live = pages.live_side(publication, place)
        answer = pages.answer(publication, {**shown.content, "attachments": attachments}, place, live)
        answer.page.draft, answer.page.draft_revision_number = True, row.link_revision_number
        return pages.serialised(answer)


def link_of(row: Row) -> Any:
    """The link alone, as rules look at it."""
    named = {name: getattr(row, f"link_{name}") for name in ("end_time", "expire_time", "revision_number")}
    return SimpleNamespace(**named)
