"""The job that tells people which of their pages must be looked at again.

Every process runs it. Once a day, from six o'clock UTC on, it takes what has become due since the day before, and queues one
mail for each person who has to do with any of it, in the transaction that marks the pages: so of each nobody is told twice,
whoever dies, and who has a hundred pages due gets one mail.
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from server import mail
from server.background.jobs import Job
from server.content.documents.rules import READ
from server.content.review_dates import mails, queries, rules
from server.process.domains import Person
from server.stores.postgres import Database

log = structlog.get_logger(__name__)

SECONDS = 60.0
People = Callable[[Collection[uuid.UUID]], Awaitable[Mapping[uuid.UUID, Person]]]
"""Who has these accounts, and what they may do now."""


@dataclass(frozen=True)
class DueReviews:
    """Tells people."""

    database: Database
    people: People
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def job(self) -> Job:
        return Job("review dates", self.tell_all, seconds=SECONDS)

    async def tell_all(self) -> None:
        """Until there is nothing that can be told of."""
        while await self.tell() == queries.MOST:
            pass

    async def tell(self) -> int:
        """Tells people of some of what is due; of how much."""
        until = rules.due_until(self.now())
        async with self.database.direct() as connection:
            due = {row.id: row for row in await queries.DUE.all(connection, until=until)}
            if not due:
                return 0
            involved = await queries.INVOLVED.all(connection, ids=[*due])
        people = await self.people({each.account_id for each in involved})
        async with self.database.transaction() as connection:
            told = (await connection.execute(queries.TELLING, {"ids": [*due], "until": until})).scalars().all()
            news = {id: due[id] for id in told}
            by_person = rules.by_person(news, [(each.id, each.account_id) for each in involved])
            for account_id, documents in by_person.items():
                person = people.get(account_id)
                shown = [each for each in documents if person and person.caller.may(READ, each.organisation_id)]
                if person is not None and person.email and shown:
                    parameters = mails.parameters(person.name, shown)
                    await mail.add(connection, mails.DUE, person.email, account_id=account_id, **parameters)
        if told:
            log.info("people were told of pages that must be looked at again", documents=len(told))
        return len(told)
