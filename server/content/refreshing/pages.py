"""Pages that are rendered again: what they show of others now, and putting those that say something else.

Only what is shown of others is exchanged in what a page serves; all else, its times among it, stays as it was published. A body
is taken as it was rendered when it was saved; one that other rules rendered is rendered anew.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from gazette.delivery.v1.delivery_service_pb2 import GetPageResponse
from gazette.record.v1.record_entry_pb2 import RecordEntryKind
from server import delivery, record
from server.content.blocks.failures import BlockNotLive
from server.content.failures import TooLarge, Unpublishable
from server.content.publishing import showing
from server.content.publishing.queued import TARGET, Queued, given
from server.content.publishing.showing import Seen
from server.content.references import written
from server.content.references.written import NOTHING, Named
from server.content.refreshing import queries, rules
from server.content.rendering import Renderer
from server.content.rendering.renderer import renderer_of
from server.files import Pictures
from server.record import Place
from server.rpc.answers import MOST
from server.rpc.failures import Failure
from server.rpc.objects import loaded
from server.stores.postgres import Database
from server.stores.statements import Row

REFRESHED = RecordEntryKind.RECORD_ENTRY_KIND_REFRESHED


@dataclass
class Looked:
    """What became of some pages that were looked at."""

    changed: list[tuple[Row, GetPageResponse]] = field(default_factory=list)
    """Documents, and what their pages are to serve."""
    settled: list[uuid.UUID] = field(default_factory=list)
    """Those that show what they did, and those that are no pages."""
    failed: dict[uuid.UUID, Failure] = field(default_factory=dict)
    left: list[uuid.UUID] = field(default_factory=list)
    """Those that are to be looked at again: there was no room for them, or something came in between."""


class Showed(NamedTuple):
    """What a page is made of, beside what it shows of other documents."""

    html: str | None
    """Its body as it was rendered; None where that names nothing by id, and stays as it is."""
    named: Named
    files: Mapping[uuid.UUID, Row]
    """Those of its files that there are."""


@dataclass(frozen=True)
class Pages:
    """Looks at pages, and puts them."""

    database: Database
    renderer: Renderer
    pictures: Pictures

    async def looked_at(self, ids: Sequence[uuid.UUID]) -> Looked:
        """No connection is held while something is rendered."""
        looked = Looked()
        async with self.database.direct() as connection:
            documents = await queries.PAGES.all(connection, ids=[*ids])
            places = [(row.live_path, row.locale) for row in documents]
            answers = await delivery.answers(connection, places, rules.MOST_BYTES) if places else {}
        known = {row.id for row in documents}
        looked.settled += [id for id in ids if id not in known]
        there = [row for row in documents if (row.live_path, row.locale) in answers]
        looked.left += [row.id for row in documents if (row.live_path, row.locale) not in answers]
        bodies = await self.bodies([row for row in there if row.names_by_id], looked)
        every = {row.id: written.named(bodies[row.id]) if row.id in bodies else NOTHING for row in there}
        files = await self.files(there, every)
        for locale in sorted({row.locale for row in there}):
            of_locale = [row for row in there if row.locale == locale and row.id not in looked.failed]
            named = [every[row.id] for row in of_locale]
            async with self.database.direct() as connection:
                seen = await showing.read(connection, named, [loaded(row.links) for row in of_locale], locale)
            for row in of_locale:
                serving = answers[row.live_path, row.locale]
                if serving.record_number != row.record_number:
                    looked.left.append(row.id)
                    continue
                showed = Showed(bodies.get(row.id), every[row.id], files[row.organisation_id])
                look(row, serving.answer, showed, seen, self.pictures, looked)
                await asyncio.sleep(0)  # an answer may take ten milliseconds
        return looked

    async def files(
        self, documents: Sequence[Row], named: Mapping[uuid.UUID, Named]
    ) -> Mapping[uuid.UUID, Mapping[uuid.UUID, Row]]:
        """By organisation, what there is of the files that these documents have attached, or name in their bodies."""
        found: dict[uuid.UUID, Mapping[uuid.UUID, Row]] = {}
        for organisation_id in {row.organisation_id for row in documents}:
            of_it = [row for row in documents if row.organisation_id == organisation_id]
            ids = {id for row in of_it for id in (*row.attachments, *map(uuid.UUID, named[row.id].files))}
            async with self.database.direct() as connection:
                found[organisation_id] = await showing.files_of(connection, ids, organisation_id)
        return found

    async def bodies(self, documents: Sequence[Row], looked: Looked) -> Mapping[uuid.UUID, str]:
        """The rendered bodies of those that name something by id."""
        if not documents:
            return {}
        async with self.database.direct() as connection:
            rows = await queries.BODIES.all(connection, ids=[row.id for row in documents])
        bodies: dict[uuid.UUID, str] = {}
        for row in rows:
            bodies[row.id] = row.html or ""
            if row.html is None or row.renderer != renderer_of(row.html_members):
                try:
                    bodies[row.id], _ = await self.renderer.body(row.body, row.body_format, {}, 0)
                except Failure as failure:
                    looked.failed[row.id] = failure
        return bodies

    async def put(
        self, changed: Sequence[tuple[Row, GetPageResponse]], numbers: Mapping[uuid.UUID, Sequence[int]]
    ) -> list[uuid.UUID]:
        """Puts what pages are to serve, in one transaction that has the record's lock, and says which it has put: not those of
        which something else has become meanwhile. `numbers` are those of what was taken of each."""
        async with self.database.direct() as connection, record.locked(connection):
            rows = await queries.STANDING.all(connection, ids=[row.id for row, _ in changed])
            standing = {row.id: row.record_number for row in rows}
            place, parts = Place.after(rows[0]), []
            for document, answer in changed:
                if standing.get(document.id) == document.record_number:
                    parts.append((document, *part(document, answer, place)))
                    place = place.next()
            if parts:
                await queries.PUTTING.run(connection, **parameters(parts, numbers))
            return [document.id for document, _, _ in parts]


def look(document: Row, stored: bytes, showed: Showed, seen: Seen, pictures: Pictures, looked: Looked) -> None:
    """Compares what a page serves with what it would show now."""
    html, named, files = showed
    answer = GetPageResponse.FromString(stored)
    page = answer.page
    if missing := showing.missing_blocks(named, seen):
        looked.failed[document.id] = BlockNotLive(missing)
        return
    links = showing.expanded(loaded(document.links), seen.pages)
    attachments = showing.attachments(document.attachments, files, pictures)
    body = page.html if html is None else showing.shown(html, named, seen, files, pictures).html
    if body == page.html and links == dict(page.links.items()) and attachments == [*page.attachments]:
        looked.settled.append(document.id)
        return
    page.html = body
    page.links.clear()
    for kind, targets in links.items():
        page.links[kind].CopyFrom(targets)
    del page.attachments[:]
    page.attachments.extend(attachments)
    if (size := answer.ByteSize()) > MOST:
        too_large = TooLarge("document", f"would make an answer of {size} bytes, and may make {MOST}")
        looked.failed[document.id] = Unpublishable(too_large)
        return
    looked.changed.append((document, answer))


def part(document: Row, answer: GetPageResponse, place: Place) -> tuple[dict[str, object], dict[str, object]]:
    """The record's entry, and the page."""
    answer.page.record_number = place.number
    stored = answer.SerializeToString()
    where = {"path": document.live_path, "locale": document.locale}
    entry = record.entry(
        place,
        REFRESHED,
        document_id=document.id,
        revision_number=document.live_revision_number,
        organisation_id=document.organisation_id,
        path=document.live_path,
        locale=document.locale,
        answer=stored,
    )
    return entry, {**where, "record_number": place.number, "answer": stored}


def parameters(
    parts: Sequence[tuple[Row, dict[str, object], dict[str, object]]], numbers: Mapping[uuid.UUID, Sequence[int]]
) -> dict[str, object]:
    """What PUTTING is given."""
    documents, entries, pages = zip(*parts, strict=True)
    blocks = [Queued(TARGET, document.translation_key) for document in documents if document.is_block]
    nobody = dict.fromkeys(("refresh_document_id", "refresh_path", "refresh_locale", "refresh_title", "refresh_content_type"))
    return {
        **record.parameters(*entries),
        **delivery.refreshed(pages),
        **given(blocks),
        **nobody,
        "put_id": [document.id for document in documents],
        "put_number": [entry["number"] for entry in entries],
        "numbers": [number for document in documents for number in numbers[document.id]],
    }
