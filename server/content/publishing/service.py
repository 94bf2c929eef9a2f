"""PublishDocument: an approved draft becomes what the public sees."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from gazette.content.v1 import content_service_pb2 as rpc
from server.content.change_notes.rules import check_note
from server.content.documents import views
from server.content.documents.rules import changeable
from server.content.failures import state_name
from server.content.publish_checks.rules import check_may_override, overrides
from server.content.publishing.approved import Approved, Wanted
from server.content.publishing.publisher import Published
from server.content.review import rules
from server.content.transitions import FORCE, FORCED_PUBLICATION, PUBLISH, VANISH, VANISHED
from server.rpc.call import Call
from server.stores.statements import Row


@dataclass(frozen=True)
class Publishing:
    """Publication of what was approved."""

    approved: Approved

    async def PublishDocument(self, request: rpc.PublishDocumentRequest, call: Call) -> rpc.PublishDocumentResponse:
        published = await self.publish(request, call)
        document = views.document(published.document)
        return rpc.PublishDocumentResponse(
            document=document,
            record_number=published.record_number,
            problems=published.problems,
            notices=views.notices([*published.notices]),
        )

    async def publish(self, request: rpc.PublishDocumentRequest, call: Call) -> Published:
        """Raises what stands in the way."""

        def decide(found: Row | None) -> Wanted:
            document = changeable(found, call.caller, PUBLISH, request)
            if document.live_state == VANISHED:  # it would be public again
                call.caller.require(VANISH, document.organisation_id)
            if request.force:
                call.caller.require(FORCE, document.organisation_id, document.locale)
            check_note(document.live_state, request.change_note, is_minor=request.minor)
            overriding = overrides(request)
            check_may_override(call.caller, overriding, document)
            judged = rules.judge(document, force=request.force)
            if judged.is_forced:
                return forced(document, request, call)
            return Wanted(document, **asked(request), unmet=judged.unmet)

        return await self.approved.publish(uuid.UUID(request.id), decide, begin=call.start, call=call)


def asked(request: rpc.PublishDocumentRequest) -> dict[str, Any]:
    """What a publication is to be, whoever has approved it."""
    return {"is_minor": request.minor, "change_note": request.change_note, "overrides": overrides(request)}


def forced(document: Row, request: rpc.PublishDocumentRequest, call: Call) -> Wanted:
    """What is published without the approvals that it needs."""
    has = rules.approvals(document)
    told: dict[str, Any] = {"reason": request.force_reason, "before": {"draft": state_name(document.draft_state)}}
    told |= {"approvals": has.given, "required_approvals": has.required, "blocking_comments": document.blocking_comments}
    flag = rules.forced_by(document, call.caller.known_id, request.force_reason, datetime.now(UTC))
    return Wanted(document, **asked(request), details=told, verb=FORCED_PUBLICATION, forced=flag)
