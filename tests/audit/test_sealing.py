"""How events are sealed: all of them, once, in order, whoever dies or tampers in between."""

from __future__ import annotations

import asyncio
import uuid

import pytest
from sqlalchemy import select, text

from gazette.audit.v1.audit_service_pb2 import AuditProblemKind
from server import audit
from server.audit import sealing
from server.audit.models import AuditSeal, AuditUnsealed
from server.audit.sealing import BATCH, Sealer
from tests.audit.auditing import Auditor
from tests.polling import until
from tests.service import Service

INTACT = (0, "UNSPECIFIED")


async def listed(service: Service) -> int:
    async with service.database.read() as connection:
        return len((await connection.execute(select(AuditUnsealed.event_id))).all())


def gauge() -> float:
    (metric,) = sealing.UNSEALED.collect()
    return metric.samples[0].value


async def test_the_server_seals_by_itself(auditor: Auditor) -> None:
    """What was committed is sealed without anybody asking for it."""
    await auditor.write(3)

    async def is_sealed() -> bool:
        return all(event.number for event in await auditor.events())

    await until(is_sealed)
    assert [event.number for event in await auditor.events()] == [4, 3, 2, 1]
    assert await auditor.problem() == INTACT


async def test_a_seal_takes_the_event_off_the_list(auditor: Auditor) -> None:
    """More than a batch is sealed at once, and nothing is left of the list, nor of the metric."""
    async with auditor.unsealed():
        async with auditor.service.database.transaction() as connection:
            for number in range(2 * BATCH + 1):
                await audit.add(connection, "test.act", str(number))
        assert await listed(auditor.service) == 2 * BATCH + 1
        await Sealer(auditor.service.database).seal_all()  # somebody else is about it
        assert await listed(auditor.service) == 2 * BATCH + 1
        assert gauge() == 2 * BATCH + 1
    rows = await auditor.stored()
    assert [row.target for row in rows[1:]] == [str(number) for number in range(2 * BATCH + 1)]
    assert await listed(auditor.service) == 0
    await Sealer(auditor.service.database).seal_all()
    assert gauge() == 0
    assert await auditor.problem() == INTACT


async def test_many_sealers_seal_once(auditor: Auditor) -> None:
    """However many processes look at the same moment, while others write, each event gets one number."""
    sealer = Sealer(auditor.service.database)

    async def seal() -> None:
        for _ in range(10):
            await sealer.seal_all()

    await asyncio.gather(*(auditor.write(10) for _ in range(4)), *(seal() for _ in range(4)))
    assert [row.number for row in await auditor.stored()] == list(range(1, 42))
    assert await auditor.problem() == INTACT


async def test_what_commits_late_is_sealed_late(auditor: Auditor) -> None:
    """A long transaction holds up nobody: what commits meanwhile is sealed, and its own event after it."""
    async with auditor.service.database.transaction() as connection:
        await audit.add(connection, "test.act", "long")
        await auditor.add()
        assert [event.number for event in await auditor.events()] == [2, 1]
    rows = await auditor.stored()
    assert [(row.number, row.target) for row in rows[1:]] == [(2, "0"), (3, "long")]
    assert rows[1].id > rows[2].id
    assert await auditor.problem() == INTACT


async def test_a_sealer_that_dies_leaves_all_to_the_next(auditor: Auditor, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that ends after it gave numbers and before it committed has given none."""

    class Died(Exception):
        pass

    async def die(*given: object) -> None:
        await whole(*given)  # type: ignore[arg-type]
        raise Died

    whole = sealing.seal
    async with auditor.unsealed():
        await auditor.write(3)
    with monkeypatch.context() as patched:
        patched.setattr(sealing, "seal", die)

        async def has_died() -> bool:
            try:
                await Sealer(auditor.service.database).seal_all()
            except Died:
                return True
            return False

        await until(has_died)
        assert await listed(auditor.service) == 3
    assert [row.number for row in await auditor.stored()] == [1, 2, 3, 4]
    assert await auditor.problem() == INTACT


@pytest.mark.parametrize(
    ("tampering", "kind"),
    [
        ("UPDATE audit_events SET target = '7' WHERE target = '1'", "ALTERED"),
        ("UPDATE audit_events SET event_time = event_time - interval '1 microsecond' WHERE target = '1'", "ALTERED"),
        (
            "UPDATE audit_unsealed SET digest = sha256('') WHERE event_id = (SELECT id FROM audit_events WHERE target = '1')",
            "ALTERED",
        ),
        ("DELETE FROM audit_events WHERE target = '1'", "MISSING"),
        ("DELETE FROM audit_unsealed WHERE event_id = (SELECT id FROM audit_events WHERE target = '1')", "UNLISTED"),
    ],
    ids=["edited", "time", "digest", "deleted", "taken off the list"],
)
async def test_what_was_done_before_the_seal_shows_for_ever(auditor: Auditor, tampering: str, kind: str) -> None:
    """An event that was edited or deleted before it was sealed is named at once, and after it has its place; what follows it is
    not in doubt."""
    async with auditor.unsealed():
        await auditor.write(3)
        event_id = (await auditor.events(target="1"))[0].id
        assert await auditor.problem() == INTACT
        await auditor.tamper(tampering)
        assert await auditor.unsealed_problem() == (event_id, kind)
    await auditor.add()
    answer = await auditor.verify()
    if kind == "UNLISTED":
        assert (answer.problem.number, answer.problem.event_id, answer.last_number) == (0, event_id, 4)
    else:
        assert await auditor.problem() == (3, kind)
        assert (answer.problem.event_id, answer.last_number) == (event_id, 2)
        assert (await auditor.verify(first_number=4)).problem.number == 0


async def test_an_event_that_got_another_id_is_named(auditor: Auditor) -> None:
    """Under another id the event is on no list, and what was on the list is missing."""
    other = str(uuid.UUID(int=7))
    async with auditor.unsealed():
        await auditor.write(3)
        await auditor.tamper(f"UPDATE audit_events SET id = '{other}' WHERE target = '1'")
        assert await auditor.unsealed_problem() == (other, "UNLISTED")
        await auditor.tamper(f"DELETE FROM audit_events WHERE id = '{other}'")
        assert (await auditor.verify()).problem.kind == AuditProblemKind.AUDIT_PROBLEM_KIND_MISSING
    await auditor.seal()
    assert await auditor.problem() == (3, "MISSING")


async def test_personal_data_is_looked_after_before_the_seal(auditor: Auditor) -> None:
    """Personal data of an event that waits cannot be changed or taken away unnoticed either."""
    async with auditor.unsealed():
        await auditor.write(1, personal={"name": "Ada"})
        event_id = await auditor.newest_id()
        await auditor.tamper(f"UPDATE audit_personal SET data = '{{\"name\": \"Eve\"}}' WHERE event_id = '{event_id}'")
        assert await auditor.unsealed_problem() == (event_id, "PERSONAL_DATA_ALTERED")
        await auditor.tamper(f"DELETE FROM audit_personal WHERE event_id = '{event_id}'")
        assert await auditor.unsealed_problem() == (event_id, "PERSONAL_DATA_MISSING")
    await auditor.seal()
    assert await auditor.problem() == (2, "PERSONAL_DATA_MISSING")


async def test_what_waits_is_counted(auditor: Auditor) -> None:
    """The verification says how many events wait for their seals, and since when."""
    async with auditor.unsealed():
        await auditor.write(3)
        answer = await auditor.verify()
        oldest = (await auditor.events())[2].event_time
        assert (answer.is_intact, answer.last_number, answer.unsealed_count) == (True, 1, 3)
        assert answer.oldest_unsealed_time == oldest
    await auditor.seal()
    answer = await auditor.verify()
    assert (answer.is_intact, answer.last_number, answer.unsealed_count) == (True, 4, 0)
    assert not answer.HasField("oldest_unsealed_time")


async def test_all_that_waits_is_checked(auditor: Auditor) -> None:
    """However many events wait, those behind the first batch are checked too."""
    async with auditor.unsealed():
        async with auditor.service.database.transaction() as connection:
            for number in range(1100):
                await audit.add(connection, "test.act", str(number))
        assert (await auditor.verify()).unsealed_count == 1100
        await auditor.tamper("UPDATE audit_events SET action = 'test.other' WHERE target = '1077'")
        event_id = (await auditor.events(target="1077"))[0].id
        assert await auditor.unsealed_problem() == (event_id, "ALTERED")


async def test_an_event_is_not_sealed_twice(auditor: Auditor) -> None:
    """Who puts a sealed event back on the list, as the server's role can, gives it no second number, and holds up nobody."""
    await auditor.add(2)
    event_id = await auditor.newest_id()
    async with auditor.service.database.transaction() as connection:
        await connection.execute(text(f"INSERT INTO audit_unsealed VALUES ('{event_id}', '')"))
    await auditor.add()
    async with auditor.service.database.read() as connection:
        seals = (await connection.execute(select(AuditSeal.event_id).order_by(AuditSeal.number))).scalars().all()
    assert len(seals) == len(set(seals)) == 4
    assert await auditor.problem() == INTACT


async def test_an_entry_without_an_event_is_named(auditor: Auditor) -> None:
    """Who puts on the list what never was has an event that is missing."""
    id_ = uuid.uuid4()
    async with auditor.service.database.transaction() as connection:
        await connection.execute(text(f"INSERT INTO audit_unsealed VALUES ('{id_}', sha256(''))"))
    await auditor.add()
    assert (await auditor.verify()).problem.event_id == str(id_)
