"""`gazette audit`."""

from __future__ import annotations

import json
import uuid

import pytest

from gazette.audit.v1.audit_service_pb2 import AuditProblemKind
from server.audit.commands import PROBLEMS
from tests.audit.auditing import Auditor, numbered
from tests.command_line import run


async def test_events_are_listed(auditor: Auditor) -> None:
    """An event is one line: number, time, action, target, actor, and what else is known."""
    actor = uuid.uuid4()
    await auditor.add(2, "grant.add", actor_id=actor, after={"role": "ROLE_EDITOR"}, personal={"name": "Ada"})
    result = await run(auditor.service, "audit", "list", "--action", "grant.*")
    second, first = result.output.splitlines()
    number, time, *words = first.split("  ")
    assert (number, second.split("  ")[0]) == ("2", "3")
    assert time.endswith("+00:00")
    assert words == ["grant.add", "0", f"by {actor}", '{"after": {"role": "ROLE_EDITOR"}, "name": "Ada"}']


async def test_filters(auditor: Auditor) -> None:
    """Each option keeps what it names, and --limit the newest."""
    place, actor = uuid.uuid4(), uuid.uuid4()
    await auditor.add(3, organisation_id=place)
    await auditor.add(3, actor_id=actor)

    async def found(*options: str) -> list[int]:
        result = await run(auditor.service, "audit", "list", "--json", *options)
        assert result.exit_code == 0, result.output
        return [int(event["number"]) for event in json.loads(result.stdout)]

    assert await found("--organisation", str(place)) == [4, 3, 2]
    assert await found("--actor", str(actor), "--target", "1") == [6]
    assert await found("--limit", "2") == [7, 6]
    assert await found("--until", "2020-01-01") == []
    assert len(await found("--since", "2020-01-01T12:00:00+0200")) == 7


async def test_an_intact_audit_is_told_with_what_to_note(auditor: Auditor) -> None:
    """The command writes the last number and hash, and takes them back the next time."""
    await auditor.add(3)
    first = await run(auditor.service, "audit", "verify")
    noted = first.output.removeprefix("The audit is intact up to ").strip()
    assert (first.exit_code, noted) == (0, f"4:{(await auditor.stored())[-1].hash.hex()}")
    await auditor.add()
    again = await run(auditor.service, "audit", "verify", "--from", "3", "--known", noted, "--json")
    assert again.exit_code == 0
    answer = json.loads(again.stdout)
    assert (answer["isIntact"], answer["lastNumber"]) == (True, "5")


async def test_an_altered_audit_is_an_exit_code(auditor: Auditor) -> None:
    """What is wrong is named, and scripts are told by the exit code."""
    await auditor.add(3)
    await auditor.tamper(f"UPDATE audit_events SET target = 'x' WHERE {numbered(3)}")
    result = await run(auditor.service, "audit", "verify")
    assert (result.exit_code, result.output) == (1, "The audit is not intact: event 3 was altered\n")
    told = await run(auditor.service, "audit", "verify", "--known", f"9:{'0' * 64}", "--json")
    assert told.exit_code == 1
    assert json.loads(told.stdout)["problem"] == {"number": "5", "kind": "AUDIT_PROBLEM_KIND_MISSING"}


async def test_what_is_not_sealed_yet_is_told(auditor: Auditor) -> None:
    """Events that wait for their seal are listed without a number, and beside what to note it is said how many there are."""
    async with auditor.unsealed():
        await auditor.write(2)
        listed = await run(auditor.service, "audit", "list", "--limit", "3")
        verified = await run(auditor.service, "audit", "verify")
        await auditor.tamper("DELETE FROM audit_unsealed")
        tampered = await run(auditor.service, "audit", "verify")
        newest = await auditor.newest_id()
    assert [line.split("  ")[0] for line in listed.output.splitlines()] == ["-", "-", "1"]
    assert verified.exit_code == 0
    noted, beside = verified.output.splitlines()
    assert noted.startswith("The audit is intact up to 1:")
    assert beside.startswith("Not sealed yet: 2, the first of 20")
    assert tampered.exit_code == 1
    assert "is neither sealed nor does it wait to be" in tampered.output
    assert newest not in tampered.output  # the one before it was first


def test_every_problem_has_its_words() -> None:
    """Whatever the verification may find, the command can say."""
    assert set(PROBLEMS) == {number for number in AuditProblemKind.values() if number}


@pytest.mark.parametrize(
    "arguments",
    [
        ("verify", "--known", "1"),
        ("verify", "--known", f"0:{'0' * 64}"),
        ("verify", "--from", "0"),
        ("list", "--actor", "ada"),
        ("list", "--since", "yesterday"),
        ("list", "--limit", "0"),
    ],
    ids=["no hash", "number 0", "from 0", "no id", "no time", "no limit"],
)
async def test_a_wrong_command_line_is_explained(auditor: Auditor, arguments: tuple[str, ...]) -> None:
    """What cannot be meant is refused with the exit code of wrong usage."""
    result = await run(auditor.service, "audit", *arguments)
    assert result.exit_code == 2
    assert "Usage: gazette audit" in result.stderr
