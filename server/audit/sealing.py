"""The job that seals events: numbers what has committed, and chains it to what was there.

Every process looks three times a second, and one at a time seals: whoever gets the lock, for which nobody waits. A process that
dies leaves its events on the list, for the next look of another. Who writes takes no lock, and sends no NOTIFY to wake the job:
transactions that do commit one after the other.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from prometheus_client import Gauge
from sqlalchemy import ARRAY, BigInteger, LargeBinary, Uuid, any_, bindparam, column, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.audit import queries, rules
from server.audit.models import AuditSeal, AuditUnsealed
from server.background.jobs import Job
from server.stores.postgres import AnyRow, Database

log = structlog.get_logger(__name__)

SECONDS = 0.3
LOCK = 0x6175646974  # "audit": the key of the advisory lock of who seals
BATCH = 200  # some milliseconds of hashing, after which calls have their turn

UNSEALED = Gauge("gazette_audit_unsealed", "Audit events that wait to be sealed.", multiprocess_mode="mostrecent")
AGE = Gauge(
    "gazette_audit_seal_age_seconds",
    "For how long the oldest audit event that has no seal has waited for one; 0 where none does.",
    multiprocess_mode="mostrecent",
)


def array(name: str, type_: Any) -> Any:
    return bindparam(name, type_=ARRAY(type_))


PLACES = (
    func.unnest(array("numbers", BigInteger()), array("event_ids", Uuid()), array("hashes", LargeBinary()))
    .table_valued(column("number", BigInteger()), column("event_id", Uuid()), column("hash", LargeBinary()))
    .render_derived()
)
DONE = delete(AuditUnsealed).where(AuditUnsealed.event_id == any_(array("done", Uuid()))).cte("done_with")
SEAL = insert(AuditSeal).from_select(["number", "event_id", "hash"], select(PLACES)).add_cte(DONE)


@dataclass(frozen=True)
class Sealer:
    """Seals what waits."""

    database: Database

    def job(self) -> Job:
        return Job("audit sealing", self.seal_all, seconds=SECONDS)

    async def seal_all(self) -> None:
        """Until nothing waits that was there at the beginning, or somebody else is about it."""
        async with self.database.read() as connection:
            count, oldest = await queries.backlog(connection)
        UNSEALED.set(count)
        AGE.set(age(oldest))
        while count > 0 and (sealed := await self.seal_some()):
            count -= sealed

    async def seal_some(self) -> int:
        """How many entries of the list it dealt with."""
        async with self.database.transaction() as connection:
            if not (await connection.execute(select(func.pg_try_advisory_xact_lock(LOCK)))).scalar_one():
                return 0
            rows = await queries.listed(connection, BATCH)
            if rows:
                await seal(connection, rows)
        return len(rows)


def age(event_id: uuid.UUID | None) -> float:
    """Seconds since the id was made: a UUIDv7 begins with its time in milliseconds."""
    return 0.0 if event_id is None else max(0.0, time.time() - (event_id.int >> 80) / 1000)


async def seal(connection: AsyncConnection, rows: Sequence[AnyRow]) -> None:
    """Gives the events the next places, and takes them off the list."""
    number, previous = await queries.last_seal(connection)
    numbers: list[int] = []
    event_ids: list[uuid.UUID] = []
    hashes: list[bytes] = []
    for row in rows:
        entry = row._asdict()
        if row.number is not None:  # somebody put it back on the list
            log.error("an audit event was listed again", id=str(row.event_id), number=row.number)
            continue
        number += 1
        previous = rules.seal(previous, number, row.digest, entry if row.id is not None else None)
        numbers.append(number)
        event_ids.append(row.event_id)
        hashes.append(previous)
    done = [row.event_id for row in rows]
    await connection.execute(SEAL, {"numbers": numbers, "event_ids": event_ids, "hashes": hashes, "done": done})
