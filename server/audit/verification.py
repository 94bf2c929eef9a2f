"""Whether the audit is as it was written."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from time import monotonic

from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.audit.v1.audit_service_pb2 import (
    AUDIT_PROBLEM_KIND_MISSING,
    AUDIT_PROBLEM_KIND_REWRITTEN,
    AUDIT_PROBLEM_KIND_UNLISTED,
    AuditProblem,
    VerifyAuditRequest,
    VerifyAuditResponse,
)
from server.audit import queries, rules
from server.rpc.messages import timestamp
from server.stores.postgres import AnyRow

MAX_EVENTS = 100_000
MAX_SECONDS = 2.0  # well within the deadline of a call
BATCH = 500  # some milliseconds of hashing, after which other calls have their turn
FIRST = uuid.UUID(int=0)
"""Before all ids."""


async def verify(connection: AsyncConnection, request: VerifyAuditRequest) -> VerifyAuditResponse:
    """Checks the known event first, then the chain, as far as one call may, and at its end what waits to be sealed."""
    answer = VerifyAuditResponse()
    deadline = monotonic() + MAX_SECONDS
    problem = await contradiction(connection, request.known_number, request.known_sha256)
    problem = problem or await verify_chain(connection, answer, max(request.first_number, 1), deadline)
    if problem is None and not answer.next_number:
        problem = await verify_unsealed(connection, answer, deadline)
    if problem is None:
        answer.is_intact = True
    else:
        answer.problem.CopyFrom(problem)
    return answer


async def contradiction(connection: AsyncConnection, number: int, sha256: str) -> AuditProblem | None:
    """What speaks against the hash that was noted for the number, if one was."""
    if not number:
        return None
    found = await queries.seal_of(connection, number)
    if found is None:
        last, _ = await queries.last_seal(connection)
        return AuditProblem(number=min(number, last + 1), kind=AUDIT_PROBLEM_KIND_MISSING)
    if found.hash.hex() == sha256:
        return None
    return AuditProblem(number=number, kind=AUDIT_PROBLEM_KIND_REWRITTEN, event_id=str(found.event_id))


async def verify_chain(
    connection: AsyncConnection, answer: VerifyAuditResponse, first: int, deadline: float
) -> AuditProblem | None:
    """The first thing that is wrong with what is sealed, or beside it: with events whose ids lie between those of the chain."""
    before = await queries.seal_of(connection, first - 1) if first > 1 else None
    if before is None and first > 1:
        return AuditProblem(number=first - 1, kind=AUDIT_PROBLEM_KIND_MISSING)
    number, previous, newest = (first, before.hash, before.event_id) if before else (first, rules.BEGINNING, FIRST)
    while number < first + MAX_EVENTS and monotonic() < deadline:
        rows = await queries.sealed_from(connection, number if number > 1 else None, BATCH)
        erasures = await explanations(connection, rows)
        for row in rows:
            problem = rules.problem(row._asdict(), number, previous, erasures)
            if problem is not None:
                return problem
            previous, number = row.hash, number + 1
            answer.last_number, answer.last_sha256 = row.number, previous.hex()
        is_end = len(rows) < BATCH
        checked, newest = newest, max([newest, *(row.event_id for row in rows)])
        unlisted = await queries.unlisted(connection, checked, None if is_end else newest)
        if unlisted is not None:
            return AuditProblem(kind=AUDIT_PROBLEM_KIND_UNLISTED, event_id=str(unlisted))
        if is_end:
            return None
    answer.next_number = number
    return None


async def verify_unsealed(connection: AsyncConnection, answer: VerifyAuditResponse, deadline: float) -> AuditProblem | None:
    """The first thing that is wrong with what waits for a seal, as far as there is time; the rest is checked later on."""
    answer.unsealed_count = await queries.waiting(connection)
    rows = await queries.listed(connection, BATCH)
    if rows and rows[0].event_time is not None:
        answer.oldest_unsealed_time.CopyFrom(timestamp(rows[0].event_time))
    while rows:
        erasures = await explanations(connection, rows)
        for row in rows:
            problem = rules.unsealed_problem(row._asdict(), erasures)
            if problem is not None:
                return problem
        if len(rows) < BATCH or monotonic() >= deadline:
            break
        rows = await queries.listed(connection, BATCH, rows[-1].event_id)
    return None


async def explanations(connection: AsyncConnection, rows: Sequence[AnyRow]) -> Mapping[str, datetime]:
    """The erasures that may be why personal data of these events is not there."""
    bare = [row._asdict() for row in rows if row.personal_hash is not None and row.salt is None]
    return await queries.erasures(connection, set[str]().union(*map(rules.concerned, bare))) if bare else {}
