"""Mails on their way: each that was committed arrives, none that was not, and none is lost by a server's mood."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import update
from structlog.testing import capture_logs

from server import app
from server import mail as mails
from server.mail.models import Mail
from server.stores.postgres import AnyRow
from tests.mail.post_office import PASSWORD, PostOffice
from tests.mail.posting import COMPOSE, SECRET, mail, mail_when, make_due, pause, queue
from tests.polling import until
from tests.service import Service

MINUTES = [1, 5, 30, 2 * 60, 8 * 60, 24 * 60]
"""The pauses that docs/mail.md promises."""


def failed(times: int) -> Callable[[AnyRow], bool]:
    return lambda row: row.attempts == times and row.failure is not None


async def test_a_mail_arrives(sender: Service, office: PostOffice) -> None:
    """What was committed arrives within seconds, over STARTTLS, with both of its parts."""
    id = await queue(sender, "ada@example.gov", name="Ada <Byron>")
    row = await mail_when(sender, id, lambda row: row.send_time)

    (delivery,) = office.deliveries
    assert delivery.was_encrypted
    assert delivery.was_authenticated
    assert (delivery.sender, delivery.recipient) == ("gazette@example.gov", "ada@example.gov")
    message = delivery.message
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert "Dear Ada <Byron>," in delivery.part("plain")
    assert "<p>Dear Ada &lt;Byron&gt;,</p>" in delivery.part("html")
    assert message["From"] == "The Gazette <gazette@example.gov>"
    assert message["Subject"] == "Welcome, Ada <Byron>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"].datetime == row.create_time.replace(microsecond=0)
    assert (row.attempts, row.next_attempt_time, row.failure) == (1, None, None)


async def test_a_mail_of_a_transaction_that_failed(sender: Service, office: PostOffice) -> None:
    """What was rolled back is never sent: the mail after it arrives alone."""
    async with sender.database.transaction() as connection:
        await mails.add(connection, "greeting", "nobody@example.gov", name="Nobody")
        await connection.rollback()
    id = await queue(sender)
    await mail_when(sender, id, lambda row: row.send_time)
    assert [delivery.recipient for delivery in office.deliveries] == ["ada@example.gov"]


async def test_retries(sender: Service, office: PostOffice) -> None:
    """A recipient who is refused for now is tried again after each of the pauses, and then given up, with an
    error in the log."""
    office.answers["RCPT"] = "450 4.2.1 mailbox of <{address}> is busy"
    with capture_logs() as logs:
        id = await queue(sender)
        for number, minutes in enumerate(MINUTES, start=1):
            row = await mail_when(sender, id, failed(number))
            assert minutes * 0.9 < await pause(sender, id) <= minutes
            await make_due(sender, id)
        row = await mail_when(sender, id, lambda row: row.next_attempt_time is None)

    assert (row.attempts, row.send_time) == (7, None)
    assert row.failure == "recipient refused: 450 4.2.1"
    (given_up,) = [line for line in logs if line["log_level"] == "error"]
    assert given_up["event"] == "mail given up"
    assert (given_up["kind"], given_up["mail"], given_up["failure"]) == ("greeting", str(id), row.failure)


async def test_a_mail_that_is_taken_at_last(sender: Service, office: PostOffice) -> None:
    """Once the server takes it, a mail that was put off is sent, and waits no longer."""
    office.answers["DATA"] = "451 4.3.0 not now"
    id = await queue(sender)
    row = await mail_when(sender, id, lambda row: row.failure)
    assert row.failure == "message refused: 451 4.3.0"

    office.answers.clear()
    await make_due(sender, id)
    row = await mail_when(sender, id, lambda row: row.send_time)
    assert (row.attempts, row.next_attempt_time, row.failure) == (2, None, None)
    assert len(office.deliveries) == 1


@pytest.mark.parametrize(
    ("command", "answer", "failure"),
    [
        ("RCPT", "550 5.1.1 <{address}>: no such user", "recipient refused: 550 5.1.1"),
        ("RCPT", "553 what is <{address}>?", "recipient refused: 553"),
        ("DATA", "554 5.7.1 not this", "message refused: 554 5.7.1"),
    ],
    ids=["recipient", "without-enhanced-code", "message"],
)
async def test_a_refusal_for_ever(sender: Service, office: PostOffice, command: str, answer: str, failure: str) -> None:
    """What is refused for ever is given up at once, with an error in the log, and stays in the table; others are sent."""
    office.answers[command] = answer
    with capture_logs() as logs:
        id = await queue(sender)
        row = await mail_when(sender, id, lambda row: row.failure)
    assert (row.attempts, row.next_attempt_time, row.send_time, row.failure) == (1, None, None, failure)
    assert [line["event"] for line in logs if line["log_level"] == "error"] == ["mail given up"]
    assert "ada@" not in str(logs)

    office.answers.clear()
    other = await queue(sender, "grace@example.gov")
    await mail_when(sender, other, lambda row: row.send_time)
    assert (await mail(sender, id)).failure == failure


async def test_a_mail_that_is_no_longer_wanted(sender: Service, office: PostOffice) -> None:
    """A mail whose composer has nothing to say any more is dropped: neither sent, nor a failure."""
    id = await queue(sender, kind="unwanted")
    row = await mail_when(sender, id, lambda row: row.drop_time)
    assert (row.next_attempt_time, row.send_time, row.failure) == (None, None, None)
    assert office.deliveries == []


@pytest.mark.parametrize(("kind", "failure"), [("broken", "it could not be written: KeyError"), ("unheard-of", "unknown kind")])
async def test_a_mail_that_cannot_be_written(sender: Service, office: PostOffice, kind: str, failure: str) -> None:
    """A mail that nobody can write, in this release, is put off as others are and at last given up; others are sent."""
    id = await queue(sender, kind=kind)
    row = await mail_when(sender, id, lambda row: row.failure)
    assert row.failure == failure
    assert 0.9 < await pause(sender, id) <= 1

    other = await queue(sender)
    await mail_when(sender, other, lambda row: row.send_time)

    async with sender.database.transaction() as connection:
        await connection.execute(update(Mail).where(Mail.id == id).values(attempts=len(MINUTES)))
    with capture_logs() as logs:
        await make_due(sender, id)
        await mail_when(sender, id, lambda row: row.next_attempt_time is None)
    assert "mail given up" in [line["event"] for line in logs if line["log_level"] == "error"]


async def test_a_mail_that_ended_its_process_each_time(sender: Service, office: PostOffice) -> None:
    """Attempts count from their beginning, so what no process survives is given up too, without another attempt."""
    async with sender.database.transaction() as connection:
        id = await mails.add(connection, "greeting", "ada@example.gov", name="Ada")
        await connection.execute(update(Mail).where(Mail.id == id).values(attempts=7))
    row = await mail_when(sender, id, lambda row: row.next_attempt_time is None)
    assert row.failure == "the last attempt did not end"
    assert office.deliveries == []


async def test_the_same_mail_again(sender: Service, office: PostOffice) -> None:
    """A mail that is sent twice, since the first answer was lost, says so by its Message-ID."""
    id = await queue(sender)
    await mail_when(sender, id, lambda row: row.send_time)
    async with sender.database.transaction() as connection:
        await connection.execute(update(Mail).where(Mail.id == id).values(send_time=None))
    await make_due(sender, id)
    await mail_when(sender, id, lambda row: row.send_time)
    first, second = (delivery.message for delivery in office.deliveries)
    assert first["Message-ID"] == second["Message-ID"] == f"<{id}@example.gov>"
    assert first["Date"] == second["Date"]


async def test_two_processes_share_the_mails(sender: Service, office: PostOffice) -> None:
    """Fifty mails, queued at once where two processes send, arrive once each."""
    other = await app.build(sender.settings)
    other.composers.update(COMPOSE)
    with capture_logs() as logs:
        await other.start()
        try:
            recipients = [f"person-{number}@example.gov" for number in range(50)]
            async with sender.database.transaction() as connection:
                ids = [await mails.add(connection, "greeting", each, name="Ada") for each in recipients]
            for id in ids:
                await mail_when(sender, id, lambda row: row.send_time)
        finally:
            await other.stop()
    assert Counter(delivery.recipient for delivery in office.deliveries) == Counter(recipients)
    assert Counter(line["mail"] for line in logs if line["event"] == "mail sent") == Counter(map(str, ids))


async def test_a_process_that_dies(sender: Service, office: PostOffice) -> None:
    """A mail that another process took and did not send is sent all the same, once that process has had its minute."""
    async with sender.database.transaction() as connection:
        id = await mails.add(connection, "greeting", "ada@example.gov", name="Ada")
        await connection.execute(update(Mail).where(Mail.id == id).values(attempts=1))
    row = await mail_when(sender, id, lambda row: row.send_time)
    assert row.attempts == 2
    assert len(office.deliveries) == 1


async def test_an_erased_account(sender: Service, office: PostOffice) -> None:
    """With an account its mails' addresses and words go, and what still waited is not sent."""
    account_id = uuid.uuid4()
    office.answers["RCPT"] = "450 4.2.1 busy"
    async with sender.database.transaction() as connection:
        id = await mails.add(connection, "greeting", "ada@example.gov", account_id=account_id, name="Ada")
    await mail_when(sender, id, lambda row: row.failure)
    async with sender.database.transaction() as connection:
        await mails.erase(connection, account_id)
    row = await mail(sender, id)
    assert (row.recipient, row.parameters, row.next_attempt_time) == ("", {}, None)
    assert row.drop_time


async def test_nothing_secret_is_kept(sender: Service, office: PostOffice) -> None:
    """What stands in a mail, the password and the address are in no log line, and the words of the mail not in the table."""
    with capture_logs() as logs:
        sent = await queue(sender)
        await mail_when(sender, sent, lambda row: row.send_time)
        office.answers["RCPT"] = "450 4.2.1 <{address}> " + SECRET
        failed = await queue(sender)
        await mail_when(sender, failed, lambda row: row.failure)
    shown = str(logs)
    assert "greeting" in shown
    rows = str([await mail(sender, sent), await mail(sender, failed)])
    for secret in (SECRET, PASSWORD):
        assert secret not in shown
        assert secret not in rows
    assert "ada@example.gov" not in shown


async def test_what_operators_see(sender: Service, office: PostOffice) -> None:
    """Each attempt is counted by kind and outcome; what waits is counted too."""

    def count(outcome: str) -> float:
        return REGISTRY.get_sample_value("gazette_mails_total", {"kind": "greeting", "outcome": outcome}) or 0

    before = {outcome: count(outcome) for outcome in ("sent", "failed", "given_up")}
    sent = await queue(sender)
    await mail_when(sender, sent, lambda row: row.send_time)
    office.answers["RCPT"] = "450 4.2.1 busy"
    put_off = await queue(sender)
    await mail_when(sender, put_off, lambda row: row.failure)
    office.answers["RCPT"] = "550 5.1.1 unknown"
    given_up = await queue(sender)
    await mail_when(sender, given_up, lambda row: row.failure)

    async def is_seen() -> bool:
        counted = {outcome: count(outcome) - number for outcome, number in before.items()}
        return counted == dict.fromkeys(before, 1) and REGISTRY.get_sample_value("gazette_mails_waiting") == 1

    await until(is_seen)
