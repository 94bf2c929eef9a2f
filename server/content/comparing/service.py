"""DiffRevisions: what changed between two revisions."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from gazette.content.v1 import comparing_pb2 as rpc
from server.background.processes import Processes, TooCostly
from server.content.comparing import queries, rules, work
from server.content.comparing.work import NOTHING, Said
from server.content.documents.premises import Premises
from server.content.documents.rules import readable
from server.content.documents.words import WORDS
from server.content.failures import TooCostlyToRender, TooLarge
from server.content.publishing import showing
from server.content.references import written
from server.content.rendering import Renderer, Rendering
from server.content.rendering.renderer import ALLOWANCE
from server.content.revisions.failures import RevisionNotFound
from server.rpc.call import Call
from server.stores.postgres import Database
from server.stores.statements import Row

SECONDS = 2.5
"""Of CPU time. Most of it is what comparing texts and bodies may each take before it tells of the rest as replaced."""


@dataclass(frozen=True)
class Comparing:
    """Reads two revisions, and compares them where it cannot be in anybody's way."""

    database: Database
    premises: Premises
    renderer: Renderer
    processes: Processes

    async def DiffRevisions(self, request: rpc.DiffRevisionsRequest, call: Call) -> rpc.DiffRevisionsResponse:
        document_id = uuid.UUID(request.document_id)
        async with self.database.direct() as connection:
            found = await queries.STANDING.first(connection, document_id=document_id)
            document = readable(found, call.caller)
            asked = (getattr(request, "from"), rules.LIVE), (request.to, rules.NEWEST)
            numbers = [rules.number(name, otherwise, document) for name, otherwise in asked]
            rows = await queries.REVISIONS.all(connection, document_id=document_id, numbers=numbers)
        revisions = {row.number: row for row in rows}
        if any(number and number not in revisions for number in numbers):
            raise RevisionNotFound
        content_type = await self.premises.held_content_type(self.database, document.content_type)
        said = {number: await self.said(row, content_type, call) for number, row in revisions.items()}
        before, after = (said.get(number, NOTHING) for number in numbers)
        response = rpc.DiffRevisionsResponse.FromString(await self.compared(before, after, call))
        response.from_revision_number, response.to_revision_number = numbers
        return response

    async def said(self, row: Row, content_type: Row, call: Call) -> Said:
        """What a revision says, its members where the content type has them now, and what the public would get of its body, but
        for what that shows of others."""
        row = await self.premises.objects.current(row, content_type)
        words = {name: getattr(row, name) for name in WORDS}
        kept = Rendering(row.html, row.html_details, row.renderer)
        try:
            rendering = await self.renderer.rendering(words, content_type.html_members, kept, call)
        except (TooLarge, TooCostlyToRender):
            return Said(words, None)
        return Said(words, read(rendering.html))

    async def compared(self, before: Said, after: Said, call: Call) -> bytes:
        if rules.is_cheap(before, after):
            return work.compared(before, after)
        call.allowance = ALLOWANCE
        try:
            return await self.processes.run(work.compared, before, after, seconds=SECONDS)
        except TooCostly:
            return await self.processes.run(work.coarsely, before, after, seconds=SECONDS)


def read(html: str) -> str:
    """A rendered body with its blocks as they are named, and without where its links by id lead."""
    named = written.named(html)
    spelt = written.spelt(html) if named.blocks else html
    return showing.shown(spelt, named._replace(blocks=frozenset()), showing.NOTHING_SEEN).html
