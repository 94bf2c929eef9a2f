"""The job that tells people of publications by force, and counts those that nobody has approved yet."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import structlog
from prometheus_client import Gauge

from gazette.access.v1.access_pb2 import Permission
from server.background.jobs import Job
from server.content.review import mails, queries
from server.content.transitions import REVIEW
from server.process.domains import Person
from server.stores.postgres import Database

log = structlog.get_logger(__name__)

SECONDS = 15.0
Holders = Callable[[uuid.UUID, Permission.ValueType], Awaitable[Mapping[uuid.UUID, Person]]]
"""Who holds a permission in an organisation now."""

UNAPPROVED = Gauge(
    "gazette_forced_publications_unapproved",
    "Documents that were published by force, and that nobody has approved since.",
    multiprocess_mode="mostrecent",
)
OLDEST = Gauge(
    "gazette_forced_publications_oldest_seconds",
    "For how long the first of them has been waiting for somebody.",
    multiprocess_mode="mostrecent",
)


@dataclass(frozen=True)
class Forced:
    """Tells those who may review in the organisation, but for who did it: once, whoever runs the job."""

    database: Database
    holders: Holders

    def job(self) -> Job:
        return Job("publications by force", self.tell_all, seconds=SECONDS)

    async def tell_all(self) -> None:
        async with self.database.direct() as connection:
            standing = await queries.FORCED_STANDING.first(connection)
        assert standing is not None, "it counts"
        for _ in range(standing.untold):
            await self.tell()
        UNAPPROVED.set(standing.unapproved)
        OLDEST.set(max(0.0, standing.oldest_seconds or 0.0))

    async def tell(self) -> None:
        """Of the first one that nobody was told of, unless another process does."""
        async with self.database.transaction() as connection:
            document = (await connection.execute(queries.UNTOLD)).one_or_none()
            if document is None:
                return
            people = dict(await self.holders(document.organisation_id, REVIEW))
            people.pop(document.force_account_id, None)
            await connection.execute(queries.TOLD, {"told_id": document.id})
            await mails.send(connection, people, document)
        log.warning("something was published by force", document=str(document.id), told=len(people))
