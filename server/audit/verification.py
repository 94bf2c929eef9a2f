"""Whether the audit is as it was written."""

from __future__ import annotations

from time import monotonic

from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.audit.v1.audit_service_pb2 import (
    AUDIT_PROBLEM_KIND_MISSING,
    AUDIT_PROBLEM_KIND_REWRITTEN,
    AuditProblem,
    VerifyAuditRequest,
    VerifyAuditResponse,
)
from server.audit import queries, rules

MAX_EVENTS = 100_000
MAX_SECONDS = 2.0  # well within the deadline of a call
BATCH = 500  # some milliseconds of hashing, after which other calls have their turn


async def verify(connection: AsyncConnection, request: VerifyAuditRequest) -> VerifyAuditResponse:
    """Checks the known event first, then the chain, as far as one call may."""
    problem = await contradiction(connection, request.known_number, request.known_sha256)
    if problem is not None:
        return VerifyAuditResponse(problem=problem)
    return await verify_chain(connection, max(request.first_number, 1))


async def contradiction(connection: AsyncConnection, number: int, sha256: str) -> AuditProblem | None:
    """What speaks against the hash that was noted for the number, if one was."""
    if not number:
        return None
    found = await queries.hash_of(connection, number)
    if found is None:
        last, _, _ = await queries.end(connection)
        return AuditProblem(number=min(number, last + 1), kind=AUDIT_PROBLEM_KIND_MISSING)
    return None if found.hex() == sha256 else AuditProblem(number=number, kind=AUDIT_PROBLEM_KIND_REWRITTEN)


async def verify_chain(connection: AsyncConnection, first: int) -> VerifyAuditResponse:
    previous = await queries.hash_of(connection, first - 1) if first > 1 else rules.BEGINNING
    if previous is None:
        return VerifyAuditResponse(problem=AuditProblem(number=first - 1, kind=AUDIT_PROBLEM_KIND_MISSING))
    number, deadline = first, monotonic() + MAX_SECONDS
    answer = VerifyAuditResponse()
    while number < first + MAX_EVENTS and monotonic() < deadline:
        rows = await queries.events_from(connection, number if number > 1 else None, BATCH)
        for row in rows:
            event = row._asdict()
            problem = rules.problem(event, number, previous)
            if problem is not None:
                answer.problem.CopyFrom(problem)
                return answer
            previous, number = event["hash"], number + 1
            answer.last_number, answer.last_sha256 = event["number"], previous.hex()
        if len(rows) < BATCH:
            break
    else:
        answer.next_number = number
    answer.is_intact = True
    return answer
