"""Publication of what was approved: when somebody asks for it, or when it is due."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

from server.content.change_notes import rules as change_notes
from server.content.checks.details import Verdicts
from server.content.documents.premises import Premises
from server.content.documents.rendered import rendered
from server.content.preconditions import check_met
from server.content.publish_checks.checking import Judged, PublishChecks
from server.content.publish_checks.rules import NONE, Overrides, told
from server.content.publishing import queries
from server.content.publishing.publication import Publication
from server.content.publishing.publisher import Published, Publisher
from server.content.rendering import Renderer
from server.content.review.rules import NOT_FORCED
from server.content.transitions import PUBLICATION, Verb
from server.content.types import held as types
from server.rpc.call import Call
from server.rpc.failures import Failure
from server.stores.parameters import named
from server.stores.postgres import Database
from server.stores.statements import Row


class Wanted(NamedTuple):
    """A document whose newest revision is to be published."""

    document: Row
    is_minor: bool
    change_note: str = ""
    """What readers are told of the change."""
    actor_id: uuid.UUID | None = None
    """Whose act it is, if not the caller's."""
    details: Mapping[str, Any] = MappingProxyType({})
    """What else the audit is to know."""
    unmet: Sequence[Failure] = ()
    """What keeps it from being published, as far as the document tells."""
    verb: Verb = PUBLICATION
    forced: Mapping[str, Any] = NOT_FORCED
    """What its row is to say of it if it is published by force."""
    overrides: Overrides = NONE
    """The publish checks in spite of which it is published."""


@dataclass(frozen=True)
class Approved:
    """Reads the draft, decides, renders what other rules rendered, and publishes it if the draft still is what was read."""

    database: Database
    premises: Premises
    publisher: Publisher
    renderer: Renderer
    checks: PublishChecks

    async def publish(
        self, id: uuid.UUID, decide: Callable[[Row | None], Wanted], *, begin: float, call: Call | None = None
    ) -> Published:
        """`decide` is given the document as it is found, more than once if it changes meanwhile, and raises what keeps it from
        being published where there is nothing to be told beside. Raises that, Unready, and what publication does."""
        verdicts, judged = Verdicts(), Judged()

        async def attempt(anew: bool) -> Published | None:
            async with self.database.direct() as connection:
                wanted = decide(await queries.APPROVED.first(connection, id=id))
                document = wanted.document
                content_type = await self.premises.content_type(connection, document.content_type, anew=anew)
            document = await self.premises.objects.current(document, content_type)
            check_met([*wanted.unmet, *await self.premises.unmet_details(content_type, document, verdicts)])
            rendering = await rendered(self.renderer, self.premises, document, content_type, call)
            passed = await self.checks.passed(document, rendering, content_type, wanted.overrides, judged, call)
            document = await self.premises.objects.shown(document)
            publication = Publication(
                document=document._replace(version=document.version + 1, **wanted.forced),
                is_minor=wanted.is_minor,
                change_note=wanted.change_note,
                history=change_notes.read(document.change_history_so_far),
                is_block=content_type.is_block,
                html=rendering.html,
                html_details=rendering.html_details,
                claimed_first_publish_time=document.claimed_first_publish_time,
                claimed_public_update_time=document.claimed_public_update_time if wanted.is_minor else None,
                action=wanted.verb.action,
                overridden_checks=passed.overridden,
                details={"minor": wanted.is_minor, **wanted.details, **told(passed.overridden, wanted.overrides.reason)},
                actor_id=wanted.actor_id,
                begin=begin,
            )
            async with self.database.direct() as connection:
                published = await self.publisher.publish(
                    connection,
                    publication,
                    queries.PUBLICATION,
                    document_id=document.id,
                    document_version=document.version,
                    blocking_comments=document.blocking_comments,
                    **named("document", wanted.forced),
                    **types.parameters(content_type),
                )
            return published and published._replace(problems=passed.problems)

        return await self.premises.settled(attempt)
