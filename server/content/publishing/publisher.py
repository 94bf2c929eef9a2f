"""Publication: a revision becomes what the public sees, on the record and as a page, in one transaction."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import asyncpg

from gazette.delivery.v1.page_pb2 import PageAttachment, PageLink, PageLinks
from server import delivery, record
from server.content import failures
from server.content.documents.saving import Save
from server.content.publishing import pages, queries, rendering, rules
from server.content.publishing.pages import Publication
from server.record import Place
from server.rpc.messages import message
from server.stores.parameters import named
from server.stores.statements import Row, Statement

PublishFiles = Callable[[asyncpg.Connection, Sequence[uuid.UUID], uuid.UUID, datetime], Awaitable[Sequence[Row]]]
"""Makes files of an organisation public, and returns those that it has, in the order of the ids."""


class Overtaken(Exception):
    """Nothing was written, since something was not as it had been read. The transaction is to be rolled back."""


@dataclass(frozen=True)
class Publisher:
    """What publication needs."""

    publish_files: PublishFiles

    async def publish(
        self, connection: asyncpg.Connection, publication: Publication, statement: Statement, **parameters: Any
    ) -> Row | None:
        """Publishes, in a transaction of its own, by one of the statements of `queries`, which is given these parameters beside
        those of the publication. The document as it then stands; None if nothing was done, since something is not as it was
        read. Raises PathTaken, AttachmentNotFound, RedirectLoop."""
        document = publication.document
        former = publication.former_path
        rules.check_redirect(
            publication.state, document.path, former, publication.location, preserves_suffix=publication.preserves_suffix
        )
        content = await self.rendered(connection, publication) if publication.is_page else {}
        try:
            # From here on all other publications wait.
            async with record.locked(connection):
                if publication.is_page:
                    content["attachments"] = await self.attached(connection, document)
                newest = await queries.PLACE.first(
                    connection,
                    path=document.path,
                    former_path=former,
                    locale=document.locale,
                    document_id=document.id,
                )
                assert newest is not None, "there is a newest row even of an empty record"
                rules.check_free(newest.answer_of_another, document.path, document.locale)
                is_left = former is not None and newest.former_document_id in {None, document.id}
                live, served = pages.served(publication, content, Place.after(newest), leaves_redirect=is_left)
                save = Save(document._replace(**live), {**parameters, **named("document", live)})
                row = await save.stored(connection, statement, **served, **publication.event(live["record_number"]))
                if row is None:
                    raise Overtaken
                return row
        except Overtaken:
            return None

    async def rendered(self, connection: asyncpg.Connection, publication: Publication) -> dict[str, Any]:
        """What is costly about a page: its HTML and its links."""
        document = publication.document
        html_members = publication.content_type.html_members
        html, details = await rendering.render(document.body, document.body_format, document.details, html_members)
        return {"html": html, "details": details, "links": await expanded(connection, document.links, document.locale)}

    async def attached(self, connection: asyncpg.Connection, document: Row) -> list[PageAttachment]:
        """The document's files, which become public."""
        if not document.attachments:
            return []
        files = await self.publish_files(connection, document.attachments, document.organisation_id, datetime.now(UTC))
        known = {file.id for file in files}
        if missing := [id for id in document.attachments if id not in known]:
            raise failures.AttachmentNotFound(missing)
        return [message(PageAttachment, file) for file in files]


async def expanded(connection: asyncpg.Connection, links: Mapping[str, Sequence[str]], locale: str) -> dict[str, PageLinks]:
    """The pages behind translation keys, by kind of link; what is not live is left out."""
    keys = {uuid.UUID(key) for targets in links.values() for key in targets}
    found = await delivery.links(connection, keys, locale) if keys else {}
    live = {str(key): message(PageLink, row) for key, row in found.items()}
    expanded = {kind: PageLinks(pages=[live[key] for key in targets if key in live]) for kind, targets in links.items()}
    return {kind: links for kind, links in expanded.items() if links.pages}
