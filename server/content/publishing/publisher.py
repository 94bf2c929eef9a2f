"""Publication: a revision becomes what the public sees, on the record and as a page, in one transaction."""

from __future__ import annotations

import time
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, NamedTuple

import asyncpg
from prometheus_client import Counter

from gazette.content.v1.publish_check_pb2 import PublishProblem
from gazette.delivery.v1.page_pb2 import PageAttachment
from server import delivery, files, record
from server.content import failures
from server.content.change_notes import queries as change_notes
from server.content.documents.page_sizes import check_whole, links_size
from server.content.documents.saving import Save
from server.content.publishing import pages, queries, queued, rules, showing
from server.content.publishing.failures import FilesNotReady
from server.content.publishing.publication import Left, Publication
from server.content.publishing.showing import NOTHING_SEEN, Seen
from server.content.references import written
from server.content.rendering.notices import Notice
from server.content.transitions import VANISHED
from server.record import Place
from server.rpc.failures import Failure, Unavailable
from server.rpc.objects import loaded
from server.stores.parameters import named
from server.stores.statements import Row, Statement

PublishFiles = Callable[[asyncpg.Connection, Sequence[uuid.UUID], uuid.UUID, datetime], Awaitable[Sequence[Row]]]
"""Makes files of an organisation public, and returns those that it has, in the order of the ids."""


PUBLICATIONS = Counter(
    "gazette_publications_total",
    "Attempts to put something on the record: published, overtaken (and tried again), refused, unavailable or failed.",
    ["outcome"],
)
ended = {
    outcome: PUBLICATIONS.labels(outcome).inc for outcome in ("published", "overtaken", "refused", "unavailable", "failed")
}


class Published(NamedTuple):
    """What a publication has made."""

    document: Row
    """As it now stands."""
    record_number: int
    """The last entry of the record that it appended."""
    problems: Sequence[PublishProblem] = ()
    """What publish checks have found in it."""
    notices: Sequence[Notice] = ()
    """What of it does not reach readers yet."""


class Shown(NamedTuple):
    """What a page shows otherwise than the document says it, as it was before the record's lock was taken."""

    content: Mapping[str, Any]
    """`html`, `details` and `links` of the page."""
    files: Sequence[uuid.UUID] = ()
    """What the body names by id."""
    there: Mapping[uuid.UUID, Row] = MappingProxyType({})
    """Those of them that there are, as the body shows them."""
    notices: Sequence[Notice] = ()
    shows_others: bool = False
    """Whether it shows anything of other documents."""
    head: int | None = None
    """The record's newest number when these were read."""

    def is_overtaken(self, newest: int | None) -> bool:
        """Whether what it shows of others may have changed since: then it is looked at again."""
        return self.shows_others and self.head != newest


NOTHING_SHOWN = Shown({})


class Overtaken(Exception):
    """Nothing was written, since something was not as it had been read. The transaction is to be rolled back."""


@dataclass(frozen=True)
class Publisher:
    """What publication needs."""

    publish_files: PublishFiles
    pictures: files.Pictures

    async def publish(
        self,
        connection: asyncpg.Connection,
        publication: Publication,
        statement: Statement,
        *,
        confirm: Callable[[], Awaitable[None]] | None = None,
        **parameters: Any,
    ) -> Published | None:
        """Publishes, in a transaction of its own, by one of the statements of `queries`, which is given these parameters beside
        those of the publication. None if nothing was done, since something is not as it was read. A stream hands over how to
        `confirm` that its caller still may. Raises PathTaken, AttachmentNotFound, FilesNotReady, InvalidLocation, RedirectLoop,
        and what `confirm` does."""
        outcome = "failed"
        try:
            published = await self.written(connection, publication, statement, confirm, parameters)
            outcome = "overtaken" if published is None else "published"
        except Unavailable:
            outcome = "unavailable"
            raise
        except Failure:
            outcome = "refused"
            raise
        finally:
            ended[outcome]()
        return published

    async def written(
        self,
        connection: asyncpg.Connection,
        publication: Publication,
        statement: Statement,
        confirm: Callable[[], Awaitable[None]] | None,
        parameters: Mapping[str, Any],
    ) -> Published | None:
        """As `publish`, which counts it."""
        shown = await self.shown(connection, publication) if publication.is_page else NOTHING_SHOWN
        try:
            # From here on all other publications wait.
            async with record.locked(connection):
                if confirm is not None:
                    await confirm()
                return await self.put(connection, publication, statement, shown, parameters)
        except Overtaken:
            return None

    async def put(
        self,
        connection: asyncpg.Connection,
        publication: Publication,
        statement: Statement,
        shown: Shown,
        parameters: Mapping[str, Any],
    ) -> Published:
        """As `publish`, within a transaction that has the record's lock (`record.locked`), which is to be rolled back if this
        raises anything. What is `shown` was made before. Raises Overtaken, too."""
        document, is_way = publication.document, publication.is_way
        content = shown.content
        if publication.is_page:
            content = {**content, "attachments": await self.attached(connection, document, shown)}
        newest = await queries.PLACE.first(
            connection,
            path=document.path,
            former_path=publication.former_path,
            locale=document.locale,
            document_id=document.id,
        )
        assert newest is not None, "there is a newest row even of an empty record"
        is_vanishing = publication.state == VANISHED
        if publication.swaps_with is None or newest.standing_document_id != publication.swaps_with:
            try:
                rules.check_free(newest.answer_of_another, document.path, document.locale, is_vanishing=is_vanishing)
            except failures.PathTaken:
                version = await queries.VERSION.value(connection, document_id=document.id)
                if version not in {None, parameters.get("document_version")}:
                    raise Overtaken from None  # it may have left the path to the other one
                raise
        left = await self.left(connection, publication)
        is_left = publication.former_path is not None and publication.swaps_with is None
        if is_left and newest.former_document_id in {None, document.id}:
            left.append(publication.leaves)
        place = Place.after(newest)
        live, served = pages.served(publication, content, place, left)
        served |= change_notes.parameters(publication.notes(place.record_time))
        served |= files.parameters([*document.attachments, *shown.files] if publication.is_page else ())
        served |= queued.parameters(publication, is_overtaken=shown.is_overtaken(newest.number))
        save = Save(document._replace(**live), {**parameters, **named("document", live)})
        row = await save.stored(connection, statement, **served, **publication.event(live["record_number"]))
        if row is None:
            raise Overtaken
        await self.check_ways(connection, publication, left, is_way=is_way)
        return Published(row, served["record_number"][-1], notices=shown.notices)

    async def left(self, connection: asyncpg.Connection, publication: Publication) -> list[Left]:
        """What earlier moves have left, and is to serve something else from now on."""
        document = publication.document
        if publication.state == VANISHED:
            rows = await delivery.left(connection, document, document.path, most=delivery.ALL_LEFT)
            return [Left(row.path, covers_prefix=False, preserves_suffix=False) for row in rows]
        if document.live_state == VANISHED:
            paths = await record.vanished_behind(connection, document.id, document.record_number)
            wanted = [path for path in paths if path != document.path]
            free = await delivery.free(connection, wanted, document.locale) if wanted else []
            return [Left(path, covers_prefix=False, preserves_suffix=False) for path in free]
        if publication.former_path is not None or publication.covers_less:
            return await self.led(connection, publication)
        return []

    async def led(self, connection: asyncpg.Connection, publication: Publication) -> list[Left]:
        """What earlier moves have left, which is to lead to where the document is now, and to cover no more than it does. Of
        very many redirects the oldest lead on from where they led before."""
        is_prefix, keeps = publication.leaves.covers_prefix, publication.leaves.preserves_suffix
        document, former = publication.document, publication.former_path or ""
        rows = await delivery.left(connection, document, document.path, former)
        left = [Left(row.path, is_prefix and row.covers_prefix, keeps and row.preserves_suffix) for row in rows]
        if former:
            return left
        return [each for each, row in zip(left, rows, strict=True) if each[1:] != (row.covers_prefix, row.preserves_suffix)]

    async def check_ways(
        self, connection: asyncpg.Connection, publication: Publication, left: Sequence[Left], *, is_way: bool
    ) -> None:
        """Raises RedirectLoop if what has just been written, and is not yet committed, leads in a circle. What a move left
        leads to the document, and no further than that does, but for what it covers."""
        begin = time.monotonic()
        own = Left(publication.document.path, publication.covers_prefix, publication.preserves_suffix)
        for each in (*([own] if is_way else []), *(each for each in left if each.covers_prefix)):
            keeps = each.covers_prefix and each.preserves_suffix
            locale = publication.document.locale
            circle = await delivery.circle(connection, each.path, locale, preserves_suffix=keeps, begin=begin)
            rules.check_circle(circle, publication.location_field)

    async def shown(self, connection: asyncpg.Connection, publication: Publication) -> Shown:
        """What a page shows otherwise than the document says it, and what else publication has to know of it. Raises
        Unpublishable for what no page could hold, and what `showing.check` does."""
        document, links = publication.document, loaded(publication.document.links)
        named, details = written.named(publication.html), publication.html_details
        seen = NOTHING_SEEN
        if named.documents or named.blocks or links:
            seen = await showing.read(connection, [named], [links], document.locale)
        showing.check(named, seen, is_block=publication.is_block, may_dangle=publication.may_dangle)
        in_body = [uuid.UUID(id) for id in named.files]
        there = await showing.files_of(connection, in_body, document.organisation_id) if in_body else None
        body = showing.shown(publication.html, named, seen, there, self.pictures)
        check_links(links, seen)
        content = {
            "html": body.html,
            "details": document.details if details is None else details,
            "links": showing.expanded(links, seen.pages),
        }
        shows_others = bool(named.documents or named.blocks or links)
        return Shown(content, in_body, there or {}, showing.notices(body.unlinked), shows_others, seen.head)

    async def attached(self, connection: asyncpg.Connection, document: Row, shown: Shown) -> list[PageAttachment]:
        """The document's files, which become public with those that its body names. Raises Overtaken if one of these has been
        replaced or described anew since the body was made."""
        ids = [*dict.fromkeys((*document.attachments, *shown.files))]
        if not ids:
            return []
        found = await self.publish_files(connection, ids, document.organisation_id, datetime.now(UTC))
        known = {file.id: file for file in found}
        if missing := [id for id in ids if id not in known]:
            raise await not_ready(connection, missing, document.organisation_id)
        if any(tuple(known[id]) != tuple(row) for id, row in shown.there.items()):
            raise Overtaken
        return showing.attachments(document.attachments, known, self.pictures)


async def not_ready(connection: asyncpg.Connection, missing: Sequence[uuid.UUID], organisation_id: uuid.UUID) -> Failure:
    """How these files stand that are needed; where the organisation has none of them, that there are none."""
    standing = await files.standing(connection, missing, organisation_id)
    return FilesNotReady(missing, standing) if standing else failures.AttachmentNotFound(missing)


def check_links(links: showing.Links, seen: Seen) -> None:
    """Raises Unpublishable for what no page could hold, before it is put together."""
    try:
        check_whole(0, links_size(seen.pages, links), 0)
    except failures.TooLarge as failure:
        raise failures.Unpublishable(failure) from None
