"""The job that sends mails.

A mail is *taken* in a short transaction: its attempt is counted, and for a minute no other process is given it. Only then is
it written and sent, and a second transaction notes what came of it. So no connection and no row lock waits for a mail server;
an account can be erased, which changes its mails, while one is on its way; and a mail that kills its process is counted, and
not tried for ever. What this costs: a process that dies in between delays its mail by that minute.

Mails are sent *at least once*. Where the mail server took one and its answer was lost, or the process died before it could note
the answer, it is sent again, under the same Message-ID. At most once would be easier, and would lose invitations.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.headerregistry import Address

import structlog
from prometheus_client import Counter, Gauge

from server.background import tasks
from server.background.jobs import Job
from server.mail import letters, queries, rules, transports
from server.mail.letters import Composer, Message
from server.mail.transports import NotSent, Refused, RefusedForEver, Transport
from server.rpc import failures
from server.settings import Settings
from server.stores.postgres import AnyRow, Database

log = structlog.get_logger(__name__)

SECONDS = 10.0
"""Between looks for mails whose next attempt has come; a new one is told of."""

MAILS = Counter(
    "gazette_mails", "Attempts to send mails, by kind and outcome: sent, failed, given_up or dropped.", ["kind", "outcome"]
)
WAITING = Gauge("gazette_mails_waiting", "Mails that are still to be sent.", multiprocess_mode="mostrecent")
OLDEST = Gauge(
    "gazette_mails_oldest_age_seconds",
    "How long the oldest mail that is to be sent has waited.",
    multiprocess_mode="mostrecent",
)
OVERDUE = Gauge(
    "gazette_mails_overdue_seconds",
    "By how much the mail whose attempt is most overdue is late.",
    multiprocess_mode="mostrecent",
)


@dataclass(frozen=True)
class Sending:
    """Sends what is due, one mail after another."""

    database: Database
    transport: Transport | None
    """None: mails wait."""
    composers: Callable[[], Mapping[str, Composer]]
    """By kind, once all domains have named theirs."""
    sender: Address

    @classmethod
    def from_settings(cls, settings: Settings, database: Database, composers: Callable[[], Mapping[str, Composer]]) -> Sending:
        """Raises InvalidSettings."""
        transport = transports.transport(settings)
        if transport is None:
            log.warning("mails wait in the database: there is no mail server; set SMTP_HOST")
        return cls(database, transport, composers, transports.sender(settings))

    def job(self) -> Job:
        return Job("mail", self.send_all, seconds=SECONDS, channel=queries.CHANNEL)

    async def send_all(self) -> None:
        """Until none is due, or the mail server fails: it would fail the others too, each after its time."""
        while self.transport is not None:
            async with self.database.transaction() as connection:
                mail = await queries.take(connection, rules.LEASE)
            if mail is None or not await tasks.finish(self.send(mail, self.transport)):
                break
        async with self.database.read() as connection:
            count, age, lateness = await queries.waiting(connection)
        WAITING.set(count)
        OLDEST.set(age)
        OVERDUE.set(lateness)

    async def send(self, mail: AnyRow, transport: Transport) -> bool:
        """Whether another mail may fare better."""
        try:
            message = await self.message(mail)
            if message is not None:
                await transport.send(message)
        except NotSent as error:
            await self.note_failure(mail, error)
            return isinstance(error, Refused)
        async with self.database.transaction() as connection:
            await (queries.mark_sent if message else queries.mark_dropped)(connection, mail)
        MAILS.labels(mail.kind, "sent" if message else "dropped").inc()
        log.info("mail sent" if message else "mail dropped", kind=mail.kind, mail=str(mail.id))
        return True

    async def message(self, mail: AnyRow) -> Message | None:
        """None: it is no longer worth sending. Raises Refused."""
        if mail.attempts > rules.ATTEMPTS:
            raise RefusedForEver("the last attempt did not end")
        compose = self.composers().get(mail.kind)
        if compose is None:  # a newer release may know it, which is just being rolled out
            raise Refused("unknown kind")
        try:
            async with self.database.read() as connection:
                letter = await compose(connection, mail.parameters)
        except failures.Unavailable:
            raise
        except Exception as error:
            log.exception("a mail could not be written", kind=mail.kind, mail=str(mail.id))
            raise Refused(f"it could not be written: {type(error).__name__}") from error
        try:
            return letters.message(mail, letter, self.sender) if letter else None
        except ValueError as error:
            raise RefusedForEver("recipient is no address") from error

    async def note_failure(self, mail: AnyRow, error: NotSent) -> None:
        pause = None if isinstance(error, RefusedForEver) else rules.pause(mail.attempts)
        async with self.database.transaction() as connection:
            await queries.mark_failed(connection, mail, str(error), pause)
        MAILS.labels(mail.kind, "failed" if pause else "given_up").inc()
        known = {"kind": mail.kind, "mail": str(mail.id), "attempts": mail.attempts, "failure": str(error)}
        if pause:
            log.warning("mail put off", seconds=pause.total_seconds(), **known)
        else:
            log.error("mail given up", **known)
