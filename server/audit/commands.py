"""`gazette audit`: reading the audit, and checking that it is as it was written, directly in the database."""

from __future__ import annotations

import json
import re
import sys
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import click
from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.audit.v1.audit_event_pb2 import AuditEvent
from gazette.audit.v1.audit_service_pb2 import AuditProblemKind, VerifyAuditRequest, VerifyAuditResponse
from server.audit import queries, verification, views
from server.process.commands import run
from server.process.showing import as_json, show, show_all
from server.rpc.objects import plain

PROBLEMS: Mapping[int, str] = {
    AuditProblemKind.AUDIT_PROBLEM_KIND_MISSING: "event {} is missing",
    AuditProblemKind.AUDIT_PROBLEM_KIND_ALTERED: "event {} was altered",
    AuditProblemKind.AUDIT_PROBLEM_KIND_PERSONAL_DATA_ALTERED: "the personal data of event {} was altered",
    AuditProblemKind.AUDIT_PROBLEM_KIND_REWRITTEN: "event {} has another hash than was noted",
    AuditProblemKind.AUDIT_PROBLEM_KIND_PERSONAL_DATA_MISSING: "the personal data of event {} is gone, with no erasure",
    AuditProblemKind.AUDIT_PROBLEM_KIND_UNLISTED: "event {} is neither sealed nor does it wait to be",
}

Time = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z"])


class Known(click.ParamType[tuple[int, str]]):
    """An event's number and its hash, as `verify` wrote them earlier."""

    name = "number:hex"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, str]:
        match = re.fullmatch(r"([1-9]\d{0,17}):([0-9a-f]{64})", value)
        if match is None:
            self.fail(f"{value!r} is not a number, a colon and 64 lower-case hexadecimal digits", param, ctx)
        return int(match[1]), match[2]


@click.group()
def audit() -> None:
    """Who did what, and whether the answer can be trusted."""


@audit.command("list")
@click.option("--actor", "actor_id", type=click.UUID, help="Only what this account did: its id.")
@click.option("--target", default="", help="Only what was done to this, such as a document's id.")
@click.option("--action", default="", help="Only this action; `account.*` for every action of accounts.")
@click.option("--organisation", "organisation_id", type=click.UUID, help="Only what concerns this organisation: its id.")
@click.option("--since", type=Time, help="Only at this time and later. Without an offset it is UTC.")
@click.option("--until", type=Time, help="Only before this time.")
@click.option("--limit", default=50, type=click.IntRange(1, 10_000), help="How many at most.")
@as_json
def list_events(
    actor_id: uuid.UUID | None,
    target: str,
    action: str,
    organisation_id: uuid.UUID | None,
    since: datetime | None,
    until: datetime | None,
    limit: int,
    is_json: bool,
) -> None:
    """List events, newest first."""

    async def read(connection: AsyncConnection) -> Sequence[AuditEvent]:
        rows = await queries.events(
            connection,
            None,
            limit=limit,
            actor_id=actor_id,
            target=target,
            action=action,
            organisation_id=organisation_id,
            since=aware(since),
            until=aware(until),
        )
        return [views.audit_event(row) for row in rows]

    show_all(run(read), line, is_json=is_json)


@audit.command("verify")
@click.option("--from", "first", default=1, type=click.IntRange(1), help="The number to begin with.")
@click.option("--known", type=Known(), help="A number and its hash that were noted earlier, which have to be there still.")
@as_json
def verify(first: int, known: tuple[int, str] | None, is_json: bool) -> None:
    """Check that the audit is as it was written: exit 0 if so. Note the number and the hash for the next time."""
    number, sha256 = known or (0, "")

    async def check(connection: AsyncConnection) -> VerifyAuditResponse:
        request = VerifyAuditRequest(first_number=first, known_number=number, known_sha256=sha256)
        while (answer := await verification.verify(connection, request)).next_number:
            request.first_number = answer.next_number
        return answer

    answer = run(check)
    if answer.is_intact:
        last = f"{answer.last_number}:{answer.last_sha256}" if answer.last_number else "there are no events"
        words = f"The audit is intact up to {last}{waiting(answer)}"
    else:
        named = answer.problem.number or answer.problem.event_id
        words = f"The audit is not intact: {PROBLEMS[answer.problem.kind].format(named)}"
    show(answer, words, is_json=is_json)
    sys.exit(0 if answer.is_intact else 1)


def waiting(answer: VerifyAuditResponse) -> str:
    """What to say of events that are not sealed yet, if there are any."""
    if not answer.unsealed_count:
        return ""
    oldest = answer.oldest_unsealed_time.ToDatetime(UTC).isoformat(timespec="seconds")
    return f"\nNot sealed yet: {answer.unsealed_count}, the first of {oldest}"


def aware(time: datetime | None) -> datetime | None:
    return time.replace(tzinfo=UTC) if time and time.tzinfo is None else time


def line(event: AuditEvent) -> str:
    told = {**plain(event.details), **plain(event.personal)}
    words = (
        str(event.number or "-"),
        event.event_time.ToDatetime(UTC).isoformat(timespec="seconds"),
        event.action,
        event.target or "-",
        f"by {event.actor_id or '-'}",
        json.dumps(told, ensure_ascii=False),
    )
    return "  ".join(words)
