"""`gazette accounts` and `gazette organisations`."""

from __future__ import annotations

import json
import uuid

import pytest
from sqlalchemy import func, select

from gazette.auth.v1.account_pb2 import Role
from server.auth import models
from server.auth.administration import creating
from server.auth.passwords.hashing import Passwords
from server.organisations import changes
from tests.auth.stored import events, rows
from tests.command_line import run
from tests.service import Service

PASSWORD = "violet-harbour-lantern"
ADA = ("--name", "Ada Byron", "--role", "editor")


async def count_accounts(service: Service) -> int:
    ((number,),) = await rows(service, select(func.count()).select_from(models.Account))
    return int(number)


async def test_a_made_account_signs_in(service: Service, email: str, slug: str) -> None:
    """What the command makes can sign in, with its role in its organisation, and the audit knows how it came."""
    organisation_id = await service.organisation(slug)
    result = await run(
        service, "accounts", "create", "--email", email, *ADA, "--organisation", slug, "--password-stdin", given=f"{PASSWORD}\n"
    )
    assert result.exit_code == 0, result.output
    person = await service.sign_in(email, PASSWORD)
    assert result.output == f"{email} is editor of {slug}: {person.id}\n"
    (event,) = await events(service, "account.create")
    assert (event.target, event.actor_id, str(event.organisation_id)) == (person.id, None, organisation_id)
    assert event.details == {"role": "ROLE_EDITOR", "by": "cli"}


async def test_json_is_the_account_of_the_contract(service: Service, email: str) -> None:
    """With --json the answer is what GetMe would say, and without a secret."""
    result = await run(
        service, "accounts", "create", "--email", email, *ADA, "--all-organisations", "--json", GAZETTE_PASSWORD=PASSWORD
    )
    made = json.loads(result.stdout)
    assert made["grants"] == [{"role": "ROLE_EDITOR"}]
    assert set(made) == {"id", "email", "name", "kind", "state", "grants", "createTime"}
    assert (await service.sign_in(email, PASSWORD)).id == made["id"]


@pytest.mark.parametrize(
    ("arguments", "password", "message"),
    [
        (("--organisation", "nowhere"), PASSWORD, "There is no organisation 'nowhere'; see: gazette organisations list"),
        (("--all-organisations",), "short", "password: has not between 12 and 128 characters"),
        (("--all-organisations",), "ada-byron-1815", "password: contains a word of the account's or the organisation's own"),
        (
            ("--organisation", "transport"),
            "all-the-transport",
            "password: contains a word of the account's or the organisation's",
        ),
        (("--all-organisations", "--email", "nobody"), PASSWORD, "email: is not an email address"),
        (("--all-organisations", "--name", " "), PASSWORD, "name: has not between 1 and 255 printable characters"),
    ],
)
async def test_what_is_wrong_is_said_in_one_line(
    service: Service, arguments: tuple[str, ...], password: str, message: str, email: str, slug: str
) -> None:
    """A refused account is not made; one line says why, and the exit code is 1."""
    await service.organisation(slug)
    arguments = tuple(slug if each == "transport" else each for each in arguments)
    result = await run(service, "accounts", "create", "--email", email, *ADA, *arguments, GAZETTE_PASSWORD=password)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: {message}")
    assert result.stderr.count("\n") == 1
    assert await count_accounts(service) == 0


@pytest.mark.parametrize(
    "arguments",
    [
        (*ADA, "--password-stdin"),
        (*ADA, "--password-stdin", "--all-organisations", "--organisation", "transport"),
        (*ADA, "--all-organisations"),
        (*ADA, "--all-organisations", "--role", "king"),
        ("--email", "ada@example.gov", "--all-organisations"),
    ],
    ids=["no place", "two places", "no password", "no such role", "no name"],
)
async def test_a_wrong_command_line_is_explained(service: Service, arguments: tuple[str, ...], email: str) -> None:
    """What cannot be meant is refused with the exit code of wrong usage."""
    result = await run(service, "accounts", "create", "--email", email, *arguments)
    assert result.exit_code == 2
    assert "Usage: gazette accounts create" in result.stderr
    assert await count_accounts(service) == 0


async def test_an_address_is_taken_once(service: Service, email: str) -> None:
    """A second account with the address, in whatever case, is refused, and the first is as it was."""
    await run(service, "accounts", "create", "--email", email, *ADA, "--all-organisations", GAZETTE_PASSWORD=PASSWORD)
    again = ("--email", email.upper(), *ADA, "--all-organisations")
    result = await run(service, "accounts", "create", *again, GAZETTE_PASSWORD="copper kettle, nine orbits")
    assert (result.exit_code, result.stderr) == (1, "Error: There is an account with this address.\n")
    await service.sign_in(email, PASSWORD)


async def test_organisations_are_made_and_listed(service: Service, slug: str) -> None:
    """What was made is listed, by slug, in words and as JSON."""
    transport, health = slug, service.unique("health")
    for each, name in ((transport, "Department for Transport"), (health, "Ministry of Health")):
        result = await run(service, "organisations", "create", "--slug", each, "--name", name)
        assert result.exit_code == 0, result.output
    listed = [line.partition("  ")[0] for line in (await run(service, "organisations", "list")).stdout.splitlines()]
    assert listed == sorted(listed)
    assert {health, transport} <= {*listed}
    made = json.loads((await run(service, "organisations", "list", "--json")).stdout)
    assert [each["name"] for each in made if each["slug"] in {health, transport}] == [
        "Ministry of Health",
        "Department for Transport",
    ]
    assert [event.details["by"] for event in await events(service, "organisation.create")] == ["cli", "cli"]


async def test_a_wrong_or_taken_slug_is_refused(service: Service, slug: str) -> None:
    """The command holds to the contract's rules."""
    await service.organisation(slug)
    taken = await run(service, "organisations", "create", "--slug", slug, "--name", "Another")
    assert (taken.exit_code, taken.stderr) == (1, "Error: There is an organisation with this slug.\n")
    wrong = await run(service, "organisations", "create", "--slug", "Trans Port", "--name", "Another")
    assert wrong.exit_code == 1
    assert wrong.stderr.startswith("Error: organisation.slug: ")


async def test_an_absent_database_is_one_line(service: Service) -> None:
    """Without a database the command says so, without a trace of its own."""
    result = await run(service, "organisations", "list", DATABASE_URL="postgresql://gazette:x@127.0.0.1:1/gazette")
    assert (result.exit_code, result.stderr) == (2, "Error: The database cannot be reached. Try again later.\n")


async def test_ensuring_twice_makes_one(service: Service, email: str, slug: str) -> None:
    """The demo may be loaded again: what is there stays as it is."""
    async with service.database.transaction() as connection:
        place = await changes.ensure(connection, slug, "Harbours")
        assert await changes.ensure(connection, slug, "Renamed") == place
        made = [
            await creating.ensure(
                connection,
                service.app.means(Passwords),
                creating.Person(email, "Ada", password, Role.ROLE_AUTHOR, place),
            )
            for password in (PASSWORD, "another-long-password")
        ]
    assert made[0] == made[1]
    assert (await service.sign_in(email, PASSWORD)).id == str(made[0])


async def test_an_account_in_no_organisation_is_refused(service: Service, email: str) -> None:
    """A grant names an organisation that is there."""
    person = creating.Person(email, "Ada", PASSWORD, Role.ROLE_AUTHOR, uuid.uuid4())
    with pytest.raises(Exception, match="There is no such organisation"):
        async with service.database.transaction() as connection:
            await creating.create(connection, service.app.means(Passwords), person)
