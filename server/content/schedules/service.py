"""ScheduleDocument and UnscheduleDocument: a document becomes public, or is taken down, by itself, or does not after all."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from gazette.content.v1 import scheduling_pb2 as rpc
from gazette.content.v1.publish_check_pb2 import PublishProblem
from server.content.change_notes.rules import check_note
from server.content.checks.details import Verdicts
from server.content.documents import planned, saving, views
from server.content.documents.premises import Premises
from server.content.documents.queries import DOCUMENT
from server.content.documents.rules import changeable
from server.content.documents.saving import Save
from server.content.preconditions import check_met
from server.content.publish_checks.checking import Checked, Judged
from server.content.publish_checks.queries import NEWEST
from server.content.publish_checks.rules import check_may_override, overrides, told
from server.content.rendering import Renderer
from server.content.review.rules import approvals, step
from server.content.schedules import deeds, queries, rules
from server.content.schedules.failures import NotScheduled
from server.content.transitions import PUBLISH, SCHEDULED, UNSCHEDULE
from server.content.types import held as types
from server.rpc.call import Call
from server.rpc.messages import moment
from server.stores.parameters import named
from server.stores.postgres import Database
from server.stores.statements import Row


@dataclass(frozen=True)
class Scheduling:
    """Says when. The job does it (`running`)."""

    database: Database
    premises: Premises
    renderer: Renderer
    checked: Checked
    hosts: Collection[str]
    """Outside of the site, those to which readers may be led."""

    async def ScheduleDocument(self, request: rpc.ScheduleDocumentRequest, call: Call) -> rpc.ScheduleDocumentResponse:
        due_time, now = moment(request.due_time), datetime.now(UTC)
        rules.check_due_time(due_time, now)
        schedule = {"account_id": call.caller.known_id, "due_time": due_time, "create_time": now}
        problems: list[PublishProblem] = []
        if request.HasField("take_down"):
            row = await self.taking_down(request, call, schedule)
        else:
            row = await self.publication(request, call, schedule, problems)
        row = await self.premises.objects.shown(row)
        return rpc.ScheduleDocumentResponse(document=views.document(row), problems=problems)

    async def publication(
        self, request: rpc.ScheduleDocumentRequest, call: Call, schedule: dict[str, Any], problems: list[PublishProblem]
    ) -> Row:
        """Schedules it. What the publish checks find now goes to the problems."""
        verdicts, judged, overriding = Verdicts(), Judged(), overrides(request)

        async def attempt(anew: bool) -> Row | None:
            async with self.database.direct() as connection:
                found = await NEWEST.first(connection, id=uuid.UUID(request.id))
                document = changeable(found, call.caller, PUBLISH, request)
                check_may_override(call.caller, overriding, document)
                check_note(document.live_state, request.change_note, is_minor=request.minor)
                content_type = await self.premises.content_type(connection, document.content_type, anew=anew)
            document = await self.premises.objects.current(document, content_type)
            unmet = rules.schedule(document).unmet
            check_met([*unmet, *await self.premises.unmet_details(content_type, document, verdicts)])
            said = {"action": planned.PUBLISH, "revision_number": document.revision_number, "take_down": None}
            passed = await self.checked.passed(document, content_type, overriding, judged, call)
            problems[:] = passed.problems
            said |= {"minor": request.minor, "change_note": request.change_note}
            said |= {"override_checks": sorted(overriding.checks) or None, "override_reason": overriding.reason or None}
            save = scheduled(document, SCHEDULED, {**schedule, **said})
            async with self.database.direct() as connection:
                statement = queries.SCHEDULING[planned.PUBLISH]
                blocking = {"blocking_comments": document.blocking_comments}
                return await save.stored(connection, statement, **types.parameters(content_type), **blocking)

        return await self.premises.settled(attempt)

    async def taking_down(self, request: rpc.ScheduleDocumentRequest, call: Call, schedule: dict[str, Any]) -> Row:
        wanted = await deeds.change(request.take_down, self.renderer, self.hosts, call)
        said: dict[str, Any] = {"action": planned.TAKE_DOWN, "revision_number": 0, "minor": False, "change_note": ""}
        said |= {"override_checks": None, "override_reason": None}
        schedule = {**schedule, **said, "take_down": request.take_down.SerializeToString(deterministic=True)}

        async def attempt(anew: bool) -> Row | None:
            async with self.database.direct() as connection:
                found = await DOCUMENT.first(connection, id=uuid.UUID(request.id))
                document = changeable(found, call.caller, PUBLISH, request)
                rules.check_public(document, wanted.change, schedule["due_time"])
                save = scheduled(document, document.draft_state, schedule)
                return await save.stored(connection, queries.SCHEDULING[planned.TAKE_DOWN])

        return await self.premises.settled(attempt)

    async def UnscheduleDocument(self, request: rpc.UnscheduleDocumentRequest, call: Call) -> rpc.UnscheduleDocumentResponse:
        action = request.action or planned.PUBLISH
        async with self.database.direct() as connection:

            async def attempt(anew: bool) -> Row | None:
                found = await DOCUMENT.first(connection, id=uuid.UUID(request.id))
                document = changeable(found, call.caller, PUBLISH, request)
                prefix, state = planned.PREFIXES[action], document.draft_state
                if action == planned.PUBLISH:
                    state = step(state, UNSCHEDULE, approvals(document))
                elif document.taking_action is None:
                    raise NotScheduled
                none = named(prefix, dict.fromkeys(planned.SAID))
                row = document._replace(draft_state=state, version=document.version + 1, **none)
                changed = {"id": row.id, "version": document.version, "draft_state": state}
                about = {"due_time": getattr(document, f"{prefix}_due_time"), "scheduled": name_of(action)}
                save = Save(row, named("document", changed) | saving.event("document.unschedule", row, **about))
                return await save.stored(connection, queries.UNSCHEDULING[action])

            row = await self.premises.settled(attempt)
        row = await self.premises.objects.shown(row)
        return rpc.UnscheduleDocumentResponse(document=views.document(row))


def scheduled(document: Row, state: int, schedule: dict[str, Any]) -> Save:
    """The document with what is scheduled of it, its draft in this state."""
    told_of_it = {name: value for name, value in schedule.items() if name in planned.SAID}
    shown = named(planned.PREFIXES[schedule["action"]], {**dict.fromkeys(queries.NOTHING), **told_of_it})
    row = document._replace(draft_state=state, version=document.version + 1, **shown)
    changed = {"id": row.id, "version": document.version, "draft_state": state}
    about = {"due_time": schedule["due_time"], "minor": schedule["minor"], "scheduled": name_of(schedule["action"])}
    about |= told(schedule["override_checks"] or (), schedule["override_reason"] or "")
    event = saving.event("document.schedule", row, **about)
    return Save(row, named("document", changed) | named("schedule", schedule) | event)


def name_of(action: int) -> str:
    """What the audit calls it."""
    return "publish" if action == planned.PUBLISH else "take_down"
