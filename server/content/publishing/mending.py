"""What is wrong with the redirects that are stored, and putting right what can be without asking anybody.

A release that followed no redirects let circles be published, and let what one move left lead to where the next one began. What
moves left is made to lead to where the document is. A circle is somebody's to decide: it is told of, and answered as what is
not there.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Collection
from time import perf_counter
from typing import NamedTuple

import asyncpg

from server import audit, delivery, record
from server.content.documents.queries import DOCUMENT
from server.content.publishing import pages, queries
from server.content.publishing.publication import Left, Publication
from server.record import Place
from server.stores.statements import Row


class Finding(NamedTuple):
    """A redirect that does not lead where it should."""

    path: str
    locale: str
    document_id: uuid.UUID
    problem: str
    """In words."""
    is_mendable: bool
    """Whether `mended` puts it right."""


async def findings(connection: asyncpg.Connection) -> AsyncIterator[Finding]:
    """By path."""
    async for batch in delivery.stored(connection):
        ids = list({each.document_id for each in batch})
        documents = {row.id: row for row in await queries.STANDING.all(connection, ids=ids)}
        for redirect in batch:
            found = finding(redirect, documents.get(redirect.document_id))
            if found is not None:
                yield found


def finding(redirect: delivery.Stored, document: Row | None) -> Finding | None:
    told = redirect.path, redirect.locale, redirect.document_id
    is_left = (
        document is not None
        and document.live_state
        and (document.live_path, document.locale) != (redirect.path, redirect.locale)
    )
    if document is not None and is_left and redirect.location != document.live_path:
        problem = f"leads to {redirect.location}, and its document is at {document.live_path}"
        return Finding(*told, problem, is_mendable=True)
    if redirect.circle:
        way = " → ".join(place.shown for place in redirect.circle[:10])
        return Finding(*told, f"leads nowhere: {way}", is_mendable=False)
    if not redirect.is_served:
        return Finding(*told, f"leads to {redirect.location}, and nothing is there", is_mendable=False)
    return None


async def mended(connection: asyncpg.Connection, ids: Collection[uuid.UUID]) -> AsyncIterator[tuple[str, int]]:
    """Makes the redirects that these documents' moves left lead to where each is; yields that path and how many there were. A
    transaction each: what is public changes, so the record tells of it, and all processes hear of it."""
    for id in ids:
        async with record.locked(connection):
            publication, left = await due(connection, id)
            if not left:
                continue
            place = Place.after(await record.NEXT.first(connection))
            given = pages.parameters(*pages.redirects(publication, place, left))
            await queries.MENDING.run(connection, **given, **publication.event(place.number))
        yield publication.document.path, len(left)


async def due(connection: asyncpg.Connection, id: uuid.UUID) -> tuple[Publication, list[Left]]:
    (standing,) = await queries.STANDING.all(connection, ids=[id])
    document = await DOCUMENT.first(connection, id=id)
    assert document is not None, "it has just been read"
    live = document._replace(path=standing.live_path, revision_number=standing.live_revision_number)
    rows = await delivery.left(connection, live, live.path)
    left = [Left(row.path, row.covers_prefix, row.preserves_suffix) for row in rows if delivery.location_of(row) != live.path]
    details = {"by": audit.origin()}
    return Publication(document=live, action="redirects.mend", details=details, begin=perf_counter()), left
