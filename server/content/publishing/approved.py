"""Publication of what was approved: when somebody asks for it, or when it is due."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

from server.content.checks.details import Verdicts
from server.content.documents.premises import Premises
from server.content.publishing import queries
from server.content.publishing.pages import Publication
from server.content.publishing.publisher import Published, Publisher
from server.content.publishing.rendered import rendered
from server.content.rendering import Renderer
from server.content.types import held as types
from server.rpc.call import Call
from server.stores.postgres import Database
from server.stores.statements import Row


class Wanted(NamedTuple):
    """A document whose newest revision is to be published."""

    document: Row
    is_minor: bool
    actor_id: uuid.UUID | None = None
    """Whose act it is, if not the caller's."""
    details: Mapping[str, Any] = MappingProxyType({})
    """What else the audit is to know."""


@dataclass(frozen=True)
class Approved:
    """Reads the draft, decides, renders what other rules rendered, and publishes it if the draft still is what was read."""

    database: Database
    premises: Premises
    publisher: Publisher
    renderer: Renderer

    async def publish(
        self, id: uuid.UUID, decide: Callable[[Row | None], Wanted], *, begin: float, call: Call | None = None
    ) -> Published:
        """`decide` is given the document as it is found, more than once if it changes meanwhile, and raises what keeps it from
        being published. Raises that, and what publication does."""
        verdicts = Verdicts()

        async def attempt(anew: bool) -> Published | None:
            async with self.database.direct() as connection:
                wanted = decide(await queries.APPROVED.first(connection, id=id))
                document = wanted.document
                content_type = await self.premises.content_type(connection, document.content_type, anew=anew)
            await self.premises.check_complete(content_type, document, verdicts)
            rendering = await rendered(self.renderer, self.premises, document, content_type, call)
            document = await self.premises.objects.shown(document)
            publication = Publication(
                document=document._replace(version=document.version + 1),
                is_minor=wanted.is_minor,
                is_block=content_type.is_block,
                html=rendering.html,
                html_details=rendering.html_details,
                claimed_first_publish_time=document.claimed_first_publish_time,
                claimed_public_update_time=document.claimed_public_update_time if wanted.is_minor else None,
                action="document.publish",
                details=wanted.details,
                actor_id=wanted.actor_id,
                begin=begin,
            )
            async with self.database.direct() as connection:
                return await self.publisher.publish(
                    connection,
                    publication,
                    queries.PUBLICATION,
                    document_id=document.id,
                    document_version=document.version,
                    **types.parameters(content_type),
                )

        return await self.premises.settled(attempt)
