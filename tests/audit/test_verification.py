"""What whoever has the database, even as its owner, cannot do to the audit unnoticed (I2)."""

from __future__ import annotations

import itertools
import uuid

import grpc
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from gazette.audit.v1.audit_service_pb2 import VerifyAuditRequest
from server import audit
from server.audit import verification
from tests.audit.auditing import Auditor, numbered
from tests.refusals import refused

INTACT = (0, "UNSPECIFIED")
COPIED = "event_time, action, target, request_id, details"
COPY = f"INSERT INTO audit_events (id, {COPIED}) SELECT '{{id}}', {COPIED} FROM audit_events WHERE {numbered(4)}"


async def test_what_nobody_touched_is_intact(auditor: Auditor) -> None:
    """A chain that nobody touched is intact from any of its events on, and against any hash that was noted."""
    await auditor.add(6)
    rows = await auditor.stored()
    for row in rows:
        answer = await auditor.verify(first_number=row.number, known_number=row.number, known_sha256=row.hash.hex())
        assert (answer.is_intact, answer.last_number) == (True, 7)


async def test_an_empty_audit_is_intact(auditor: Auditor) -> None:
    """Before anything has happened nothing is wrong, but what was noted must be there."""
    await auditor.tamper("DELETE FROM audit_personal", "DELETE FROM audit_events", "DELETE FROM audit_seals")
    answer = await auditor.verify()
    assert (answer.is_intact, answer.last_number, answer.last_sha256) == (True, 0, "")
    assert await auditor.problem(known_number=1, known_sha256="0" * 64) == (1, "MISSING")


@pytest.mark.parametrize(
    "change",
    [
        "action = 'test.other'",
        "actor_id = gen_random_uuid()",
        "target = '7'",
        "organisation_id = gen_random_uuid()",
        "request_id = 'another'",
        "event_time = event_time + interval '1 microsecond'",
        "details = '{\"a\": 2}'",
        "details = details || '{\"b\": 0.5}'",
        "personal_hash = sha256('')",
        "personal_hash = NULL",
    ],
)
async def test_an_edited_event_is_named(auditor: Auditor, change: str) -> None:
    """An event of which any column was edited is named; the events before it are not in doubt."""
    await auditor.add(6, personal={"name": "Ada"}, a=1)
    await auditor.tamper(f"UPDATE audit_events SET {change} WHERE {numbered(4)}")
    assert await auditor.problem() == (4, "ALTERED")
    answer = await auditor.verify()
    assert (answer.is_intact, answer.last_number, answer.next_number) == (False, 3, 0)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("hash = sha256('')", (4, "ALTERED")),
        ("event_id = gen_random_uuid()", (4, "MISSING")),
        ("event_id = (SELECT id FROM copied)", (0, "UNLISTED")),
    ],
    ids=["hash", "no event", "a copy"],
)
async def test_an_edited_seal_is_named(auditor: Auditor, change: str, named: tuple[int, str]) -> None:
    """A seal with another hash is named like the event itself; of one for another event, what is left over."""
    await auditor.add(6)
    copied = f"WITH copied AS ({COPY.format(id=uuid.UUID(int=4))} RETURNING id)"
    await auditor.tamper(f"{copied} UPDATE audit_seals SET {change} WHERE number = 4")
    assert await auditor.problem() == named


async def test_a_deleted_event_is_named(auditor: Auditor) -> None:
    """An event that was deleted is missing, with its seal or without; also the first."""
    await auditor.add(6)
    await auditor.tamper(f"DELETE FROM audit_events WHERE {numbered(5)}")
    assert await auditor.problem() == (5, "MISSING")
    await auditor.tamper(f"DELETE FROM audit_events WHERE {numbered(4)}", "DELETE FROM audit_seals WHERE number = 4")
    assert await auditor.problem() == (4, "MISSING")
    await auditor.tamper("DELETE FROM audit_personal", f"DELETE FROM audit_events WHERE {numbered(1)}")
    assert await auditor.problem() == (1, "MISSING")


async def test_a_deleted_seal_is_named(auditor: Auditor) -> None:
    """An event without its seal is missing where it was; and where it was the last it is known by its id."""
    await auditor.add(6)
    last = await auditor.newest_id()
    await auditor.tamper("DELETE FROM audit_seals WHERE number = 7")
    assert await auditor.unsealed_problem() == (last, "UNLISTED")
    await auditor.tamper("DELETE FROM audit_seals WHERE number = 4")
    assert await auditor.problem() == (4, "MISSING")


async def test_a_closed_gap_is_named(auditor: Auditor) -> None:
    """Who deletes an event and renumbers those behind it has altered the one that comes in its place."""
    await auditor.add(6)
    await auditor.tamper(
        f"DELETE FROM audit_events WHERE {numbered(4)}",
        "DELETE FROM audit_seals WHERE number = 4",
        "UPDATE audit_seals SET number = number - 1 WHERE number = 5",
        "UPDATE audit_seals SET number = number - 1 WHERE number = 6",
        "UPDATE audit_seals SET number = number - 1 WHERE number = 7",
    )
    assert await auditor.problem() == (4, "ALTERED")


async def test_exchanged_events_are_named(auditor: Auditor) -> None:
    """Two events that changed places are altered, from the first of them on."""
    await auditor.add(6)
    await auditor.tamper(
        "UPDATE audit_seals SET number = 100 WHERE number = 3",
        "UPDATE audit_seals SET number = 3 WHERE number = 5",
        "UPDATE audit_seals SET number = 5 WHERE number = 100",
    )
    assert await auditor.problem() == (3, "ALTERED")


@pytest.mark.parametrize(
    ("number", "named"), [(0, (0, "ALTERED")), (-5, (-5, "ALTERED")), (8, (8, "ALTERED")), (100, (8, "MISSING"))]
)
async def test_an_inserted_event_is_named(auditor: Auditor, number: int, named: tuple[int, str]) -> None:
    """An event that did not come through the chain is named, or the gap before it; even the server's role can insert one."""
    await auditor.add(6)
    new = uuid.UUID(int=7)
    async with auditor.service.database.transaction() as connection:
        await connection.execute(text(COPY.format(id=new)))
        await connection.execute(
            text(f"INSERT INTO audit_seals SELECT {number}, '{new}', hash FROM audit_seals WHERE number = 4")
        )
    assert await auditor.problem() == named


@pytest.mark.parametrize("id_", [uuid.UUID(int=7), uuid.UUID(int=2**128 - 1)], ids=["first", "last"])
async def test_an_event_that_never_waited_for_a_seal_is_named(auditor: Auditor, id_: uuid.UUID) -> None:
    """An event that was inserted without an entry on the list is never sealed, and is named by its id, wherever that lies."""
    await auditor.add(6)
    async with auditor.service.database.transaction() as connection:
        await connection.execute(text(COPY.format(id=id_)))
    assert await auditor.unsealed_problem() == (str(id_), "UNLISTED")
    assert (await auditor.verify()).last_number == 7


async def test_an_event_put_between_is_named(auditor: Auditor) -> None:
    """Who makes room for an event in the middle alters what follows."""
    await auditor.add(3)
    await auditor.tamper(
        COPY.format(id=uuid.UUID(int=7)),
        "UPDATE audit_seals SET number = 5 WHERE number = 4",
        "UPDATE audit_seals SET number = 4 WHERE number = 3",
        f"INSERT INTO audit_seals SELECT 3, '{uuid.UUID(int=7)}', hash FROM audit_seals WHERE number = 2",
    )
    assert await auditor.problem() == (3, "ALTERED")


async def test_a_cut_end_is_found_by_who_noted_it(auditor: Auditor) -> None:
    """A chain without its end is a chain: only a number and hash that were noted tell, and then what is missing is named."""
    await auditor.add(6)
    noted = await auditor.verify()
    await auditor.tamper(f"DELETE FROM audit_events WHERE {numbered(5, 6, 7)}", "DELETE FROM audit_seals WHERE number > 4")
    assert await auditor.problem() == INTACT
    assert await auditor.problem(known_number=noted.last_number, known_sha256=noted.last_sha256) == (5, "MISSING")


async def test_a_cut_end_that_grew_again_is_found(auditor: Auditor) -> None:
    """Where other events took the place of those that were cut off, the noted one has another hash."""
    await auditor.add(6)
    noted = await auditor.verify()
    await auditor.tamper(f"DELETE FROM audit_events WHERE {numbered(5, 6, 7)}", "DELETE FROM audit_seals WHERE number > 4")
    await auditor.add(6)
    assert await auditor.problem() == INTACT
    assert await auditor.problem(known_number=noted.last_number, known_sha256=noted.last_sha256) == (7, "REWRITTEN")


async def test_a_rewritten_chain_is_found_by_who_noted_its_end(auditor: Auditor) -> None:
    """Who edits an event and computes all hashes behind it again is found out by any hash noted since."""
    await auditor.add(6)
    noted = await auditor.verify()
    await auditor.tamper(f"UPDATE audit_events SET action = 'test.other' WHERE {numbered(4)}")
    await auditor.rewrite(4)
    assert await auditor.problem() == INTACT
    assert await auditor.problem(known_number=noted.last_number, known_sha256=noted.last_sha256) == (7, "REWRITTEN")


async def test_personal_data_cannot_be_changed(auditor: Auditor) -> None:
    """An address that was changed, or added later, is named; the chain itself need not have been touched."""
    await auditor.add(2, personal={"email": "ada@example.gov"})
    await auditor.add(1)
    third, fourth = numbered(3, key="event_id"), numbered(4)
    await auditor.tamper(f'UPDATE audit_personal SET data = \'{{"email": "eve@example.gov"}}\' WHERE {third}')
    assert await auditor.problem() == (3, "PERSONAL_DATA_ALTERED")
    await auditor.tamper('UPDATE audit_personal SET data = \'{"email": "ada@example.gov"}\' WHERE ' + third)
    assert await auditor.problem() == INTACT
    salt = f"(SELECT salt FROM audit_personal WHERE {numbered(2, key='event_id')})"
    await auditor.tamper(
        f"INSERT INTO audit_personal (event_id, salt, data) SELECT id, {salt}, '{{}}' FROM audit_events WHERE {fourth}"
    )
    assert await auditor.problem() == (4, "PERSONAL_DATA_ALTERED")


async def test_a_salt_cannot_be_changed(auditor: Auditor) -> None:
    """Data under another salt is not what was written."""
    await auditor.tamper("UPDATE audit_personal SET salt = sha256(salt)")
    assert await auditor.problem() == (1, "PERSONAL_DATA_ALTERED")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_events SET action = ''",
        "DELETE FROM audit_events",
        "TRUNCATE audit_events CASCADE",
        "UPDATE audit_personal SET data = '{}'",
        "TRUNCATE audit_personal",
        "UPDATE audit_seals SET hash = ''",
        "DELETE FROM audit_seals",
        "TRUNCATE audit_seals",
        "UPDATE audit_unsealed SET digest = ''",
        "TRUNCATE audit_unsealed",
    ],
)
async def test_the_server_cannot_rewrite(auditor: Auditor, statement: str) -> None:
    """The server's database role can change or remove no event and no seal, and change no personal data and no digest (I2)."""
    with pytest.raises(DBAPIError, match="permission denied"):
        async with auditor.service.database.transaction() as connection:
            await connection.execute(text(statement))
    assert (await auditor.verify()).last_number == 1


async def test_it_goes_on_where_it_left_off(auditor: Auditor, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that has taken its two seconds says where the next goes on, which finds what is wrong behind."""
    async with auditor.service.database.transaction() as connection:
        for _ in range(1200):
            await audit.add(connection, "test.act", "")
    await auditor.seal()
    seconds = itertools.count()
    monkeypatch.setattr(verification, "monotonic", lambda: float(next(seconds)))  # each batch takes a second
    answer = await auditor.verify()
    assert (answer.is_intact, answer.last_number, answer.next_number) == (True, 500, 501)
    await auditor.tamper(f"UPDATE audit_events SET target = '7' WHERE {numbered(777)}")
    assert (await auditor.verify(first_number=answer.next_number)).problem.number == 777
    last = await auditor.verify(first_number=1001)
    assert (last.is_intact, last.last_number, last.next_number) == (True, 1201, 0)


async def test_beginning_behind_the_end_names_what_is_missing(auditor: Auditor) -> None:
    """A verification continues an event that is there."""
    assert await auditor.problem(first_number=2) == INTACT
    assert await auditor.problem(first_number=3) == (2, "MISSING")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"first_number": -1}, "first_number"),
        ({"known_number": 1, "known_sha256": "A" * 64}, "known_sha256"),
        ({"known_number": 1}, "known_sha256"),
        ({"known_sha256": "0" * 64}, "known_number"),
    ],
    ids=["negative", "not hexadecimal", "no hash", "no number"],
)
async def test_what_is_wrong_in_a_request_is_named(auditor: Auditor, wrong: dict[str, object], field: str) -> None:
    """A number without its hash, or what is none, is refused."""
    refusal = await refused(
        auditor.stub.VerifyAudit(VerifyAuditRequest(**wrong), metadata=auditor.admin.metadata)  # type: ignore[arg-type]
    )
    assert (refusal.code, list(refusal.fields)) == (grpc.StatusCode.INVALID_ARGUMENT, [field])
