"""What is done when it is due: in the name of the account that scheduled it, and as if it had asked for it now."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from gazette.access.v1.access_pb2 import Permission
from gazette.content.v1.schedule_pb2 import ScheduledTakingDown
from server.content.documents.live import SHOWN
from server.content.documents.planned import PREFIXES, TAKE_DOWN
from server.content.publish_checks.rules import OVERRIDE, Overrides
from server.content.publishing.approved import Approved, Wanted
from server.content.publishing.publisher import Published
from server.content.rendering import Renderer
from server.content.review.rules import judge
from server.content.schedules import failures, rules
from server.content.taking_down import asked
from server.content.taking_down.changing import Changing
from server.content.taking_down.changing import Wanted as Change
from server.content.taking_down.rules import KEEP
from server.content.transitions import PUBLISH, VANISH, VANISHED
from server.process.domains import Person
from server.rpc.call import Call
from server.stores.statements import Row

People = Callable[[Collection[uuid.UUID]], Awaitable[Mapping[uuid.UUID, Person]]]
"""Who has these accounts, and what they may do now."""


class Void(Exception):
    """The draft is not what was scheduled."""


class Replaced(Exception):
    """Somebody has scheduled it anew, or it was settled: that is another matter."""


@dataclass(frozen=True)
class Deeds:
    """Publishes and takes down."""

    approved: Approved
    people: People
    hosts: Collection[str]
    """Outside of the site, those to which readers may be led."""

    async def do(self, schedule: Row, begin: float) -> datetime:
        """When it became public. Raises what keeps it from being done."""
        account = (await self.people([schedule.account_id])).get(schedule.account_id)
        deed = self.take_down if schedule.action == TAKE_DOWN else self.publish
        published = await deed(schedule, account, begin)
        time: datetime = published.document.publish_time
        return time

    async def publish(self, schedule: Row, account: Person | None, begin: float) -> Published:
        def decide(document: Row | None) -> Wanted:
            current = standing(document, schedule)
            overrides = Overrides(frozenset(schedule.override_checks or ()), schedule.override_reason or "")
            check_may(account, current, *([OVERRIDE] if overrides.checks else ()))
            said = {"is_minor": schedule.minor, "change_note": schedule.change_note, "overrides": overrides}
            return Wanted(current, **said, actor_id=schedule.account_id, details=details(schedule), unmet=judge(current).unmet)

        return await self.approved.publish(schedule.document_id, decide, begin=begin)

    async def take_down(self, schedule: Row, account: Person | None, begin: float) -> Published:
        approved = self.approved
        changing = Changing(approved.database, approved.premises, approved.renderer)
        wanted = await change(ScheduledTakingDown.FromString(schedule.take_down), approved.renderer, self.hosts)

        async def attempt(anew: bool) -> Published | None:
            async with approved.database.direct() as connection:
                found = await SHOWN.first(connection, id=schedule.document_id)
            current = standing(found, schedule)
            check_may(account, current)
            prepared = await changing.prepared(current, wanted, actor_id=schedule.account_id, begin=begin, anew=anew)
            publication, statement, parameters = prepared
            told = replace(publication, details={**publication.details, **details(schedule)})
            async with approved.database.direct() as connection:
                return await approved.publisher.publish(connection, told, statement, **parameters)

        return await approved.premises.settled(attempt)


async def change(said: ScheduledTakingDown, renderer: Renderer, hosts: Collection[str], call: Call | None = None) -> Change:
    """The change that is scheduled. A draft is kept. Raises as `asked.wanted`."""
    wanted, _ = await asked.wanted(said, KEEP, renderer, hosts, call, within="take_down.")
    return wanted


def check_may(account: Person | None, document: Row, *more: Permission.ValueType) -> None:
    """Raises NoLongerPermitted. To make public again what has vanished is more than publishers may."""
    needed = {PUBLISH, *more, *([VANISH] if document.live_state == VANISHED else ())}
    if account is None or not all(account.caller.may(each, document.organisation_id, document.locale) for each in needed):
        raise failures.NoLongerPermitted


def details(schedule: Row) -> dict[str, Any]:
    """What the audit is to know beside."""
    return {"by": "schedule", "due_time": schedule.due_time}


def standing(document: Row | None, schedule: Row) -> Row:
    """The document, if what was scheduled of it still holds. Raises Void, Replaced."""
    if document is None:
        raise Void
    create_time = getattr(document, f"{PREFIXES[schedule.action]}_create_time")
    if create_time not in {None, schedule.create_time} or rules.is_settled(document, schedule):
        raise Replaced
    if create_time is None or rules.is_void(document, schedule):
        raise Void
    return document
