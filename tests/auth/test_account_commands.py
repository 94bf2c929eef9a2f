"""`gazette accounts` beyond `create`, and `gazette sessions`."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from click.testing import Result
from sqlalchemy import select

from gazette.auth.v1.account_pb2 import Role
from server.auth import models
from tests.auth.administering import give, refresh
from tests.auth.asking import get_me, is_refused_soon
from tests.auth.mailbox import mails, token
from tests.auth.stored import events, rows
from tests.command_line import run, terminal
from tests.refusals import refused
from tests.service import Service

ADA = "ada@example.gov"


async def done(service: Service, *arguments: str) -> str:
    """What the command wrote, once it has succeeded."""
    result = await run(service, *arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


async def answered(service: Service, *arguments: str) -> Any:
    return json.loads(await done(service, *arguments, "--json"))


def who(email: str) -> str:
    """An account of the tests, as a command calls it: by address and name."""
    return f"{email} ({email.partition('@')[0]})"


def told(result: Result) -> tuple[int, str]:
    return result.exit_code, result.stderr


async def test_an_invited_person_gets_a_mail(service: Service, email: str, slug: str) -> None:
    """The server sends what the command has queued, and the audit knows how the invitation came."""
    place = await service.organisation(slug)
    invite = ("accounts", "invite", "--email", email, "--name", "Ada Byron", "--role", "editor", "--organisation", slug)
    account = await answered(service, *invite)
    assert (account["state"], account["grants"]) == (
        "ACCOUNT_STATE_INVITED",
        [{"role": "ROLE_EDITOR", "organisationId": place}],
    )
    assert token((await mails(service, email))[0])
    assert await done(service, *invite) == f"{email} is invited as editor of {slug}: {account['id']}\n"
    first, again = await events(service, "account.invite")
    assert (first.target, first.actor_id, first.details["by"]) == (account["id"], None, "cli")
    assert again.target == account["id"]


async def test_accounts_are_listed(service: Service, email: str, slug: str) -> None:
    """All of them, the newest first, or those that are asked for; in words and as JSON."""
    place = await service.organisation(slug)
    ada = await service.account(email, Role.ROLE_EDITOR, place)
    bob = await service.account()
    assert (await done(service, "accounts", "list")).splitlines()[:2] == [
        f"{person.id}  active    {person.email}  {person.email.partition('@')[0]}" for person in (bob, ada)
    ]
    (found,) = await answered(service, "accounts", "list", "--organisation", slug, "--query", email.upper())
    assert (found["id"], found["grants"]) == (ada.id, [{"role": "ROLE_EDITOR", "organisationId": place}])
    for other in (("--state", "disabled"), ("--kind", "service")):
        assert await answered(service, "accounts", "list", "--organisation", slug, *other) == []


async def test_an_account_is_shown(service: Service, email: str, slug: str) -> None:
    """By its address in any case, or by its id, with its roles and their places."""
    place = await service.organisation(slug)
    ada = await service.account(email, Role.ROLE_EDITOR, place)
    await give(service, ada.id, Role.ROLE_READER)
    for name in (email.upper(), ada.id):
        assert await done(service, "accounts", "show", name) == (
            f"{email}  {email.partition('@')[0]}  active  {ada.id}\neditor of {slug}\nreader of all organisations\n"
        )
    assert (await answered(service, "accounts", "show", email))["id"] == ada.id


async def test_an_account_is_disabled_and_enabled(service: Service, email: str) -> None:
    """The running server hears of it within five seconds (T5)."""
    ada = await service.account(email)
    await get_me(service.channel, ada.access_token)
    assert await done(service, "accounts", "disable", email) == f"{who(email)} is disabled.\n"
    assert (await refused(refresh(service, ada))).reason == "INVALID_REFRESH_TOKEN"
    assert await is_refused_soon(service.channel, ada.access_token)
    assert await done(service, "accounts", "enable", email) == f"{who(email)} is active.\n"
    assert (await service.sign_in(email)).id == ada.id
    (event,) = await events(service, "account.disable")
    assert (event.target, event.actor_id, event.details["by"]) == (ada.id, None, "cli")


async def test_roles_are_granted_and_revoked(service: Service, email: str, slug: str) -> None:
    """In an organisation or in all; a lost role ends the sessions."""
    place = await service.organisation(slug)
    ada = await service.account(email, Role.ROLE_READER)
    editor = ("--role", "editor", "--organisation", slug)
    assert await done(service, "accounts", "grant", email, *editor) == f"{who(email)} is editor of {slug}.\n"
    granted = await answered(service, "accounts", "grant", email, "--role", "author", "--all-organisations")
    assert granted["grants"] == [
        {"role": "ROLE_READER"},
        {"role": "ROLE_EDITOR", "organisationId": place},
        {"role": "ROLE_AUTHOR"},
    ]
    await refresh(service, ada)
    assert await done(service, "accounts", "revoke", email, *editor) == f"{who(email)} is no longer editor of {slug}.\n"
    assert (await refused(refresh(service, ada))).reason == "INVALID_REFRESH_TOKEN"
    result = await run(service, "accounts", "revoke", email, *editor)
    assert told(result) == (1, "Error: The account does not have this role there.\n")
    assert [event.details["by"] for event in await events(service, "grant.revoke")] == ["cli"]


async def test_roles_for_languages(service: Service, email: str, slug: str) -> None:
    """A role may be held for single languages, and taken for one of them (Z9)."""
    place = await service.organisation(slug)
    await service.account(email, Role.ROLE_READER)
    author = ("--role", "author", "--organisation", slug)
    granted = await done(service, "accounts", "grant", email, *author, "--locale", "cy-gb", "--locale", "gd")
    assert granted == f"{who(email)} is author of {slug} for cy-GB, gd.\n"
    left = await answered(service, "accounts", "revoke", email, *author, "--locale", "gd")
    assert left["grants"] == [
        {"role": "ROLE_READER"},
        {"role": "ROLE_AUTHOR", "organisationId": place, "locales": ["cy-GB"]},
    ]
    assert f"author of {slug} for cy-GB\n" in await done(service, "accounts", "show", email)


async def test_an_account_is_erased_for_good(service: Service, email: str) -> None:
    """The command shows whose data it is, and has the address typed; whoever types anything else has erased nothing."""
    ada = await service.account(email)
    for answer in ("n\n", "y\n", "\n", "ada\n"):
        with terminal():
            refusal = await run(service, "accounts", "erase", email, given=answer)
        assert refusal.exit_code == 1
        shown, *_, end = refusal.stderr.splitlines()
        assert shown.split("  ")[::3] == [email, ada.id]
        assert f"Type {email} to go on: " in refusal.stderr
        assert end.endswith("Error: nothing was changed")
    assert (await service.sign_in(email)).id == ada.id
    with terminal():
        erased = await run(service, "accounts", "erase", ada.id, given=f"{email}\n")
    assert erased.exit_code == 0
    assert erased.stdout.splitlines()[-1] == f"{who(email)} is erased: only its id is left, {ada.id}."
    assert (await run(service, "accounts", "show", email)).exit_code == 1
    assert (await answered(service, "accounts", "show", ada.id))["state"] == "ACCOUNT_STATE_ERASED"
    assert (await done(service, "accounts", "list")).splitlines()[0] == f"{ada.id}  erased    -  -"
    result = await run(service, "accounts", "enable", ada.id)
    assert told(result) == (1, "Error: The account was erased, for good.\n")


async def test_a_script_erases_by_saying_so(service: Service, email: str) -> None:
    """Without a terminal nobody is asked: --yes erases, a second time too, and without it the command line is refused."""
    ada = await service.account(email)
    refusal = await run(service, "accounts", "erase", email, given=f"{email}\n")
    assert (refusal.exit_code, refusal.stderr.splitlines()[-1]) == (
        2,
        "Error: There is nobody to ask: give --yes, or a terminal.",
    )
    assert (await service.sign_in(email)).id == ada.id
    assert (await answered(service, "accounts", "erase", email, "--yes"))["state"] == "ACCOUNT_STATE_ERASED"
    assert await done(service, "accounts", "erase", ada.id, "--yes") == f"{ada.id} is erased: only its id is left, {ada.id}.\n"


async def test_sessions_are_listed_and_ended(service: Service, email: str) -> None:
    """One of them or all, with where they came from; what is ended the running server refuses."""
    first = await service.account(email)
    second = await service.sign_in(email)
    newest, oldest = await answered(service, "sessions", "list", email)
    assert set(newest) == {"id", "userAgent", "address", "createTime", "lastUseTime", "expireTime"}
    assert newest["id"] > oldest["id"]
    assert (await done(service, "sessions", "list", email)).splitlines()[1].split("  ")[0] == oldest["id"]
    revoke = ("sessions", "revoke", email)
    assert await done(service, *revoke, "--session", oldest["id"]) == f"Sessions of {who(email)} ended: 1\n"
    assert (await refused(refresh(service, first))).reason == "INVALID_REFRESH_TOKEN"
    assert await is_refused_soon(service.channel, first.access_token)
    assert await answered(service, *revoke) == {"revokedCount": 1}
    assert await is_refused_soon(service.channel, second.access_token)
    for session in (oldest["id"], str(uuid.uuid4())):
        result = await run(service, *revoke, "--session", session)
        assert told(result) == (1, "Error: There is no such session.\n")
    reasons = await rows(service, select(models.Session.revoke_reason))
    assert [reason for (reason,) in reasons] == ["revoked", "revoked"]
    assert [event.details["by"] for event in await events(service, "session.revoke")] == ["cli", "cli"]


@pytest.mark.parametrize("command", ["disable", "erase", "revoke"])
async def test_an_admin_is_left(own_service: Service, command: str, email: str) -> None:
    """The command holds to this rule, too: whoever is to go last makes another admin first."""
    admin = await own_service.account(email, Role.ROLE_ADMIN)
    more = {"erase": ("--yes",), "revoke": ("--role", "admin", "--all-organisations")}.get(command, ())
    result = await run(own_service, "accounts", command, email, *more)
    assert told(result) == (1, "Error: No other person who can sign in is an admin of all organisations.\n")
    await refresh(own_service, admin)


@pytest.mark.parametrize(
    "arguments",
    [
        ("accounts", "show"),
        ("accounts", "disable"),
        ("accounts", "enable"),
        ("accounts", "erase", "--yes"),
        ("accounts", "grant", "--role", "reader", "--all-organisations"),
        ("accounts", "revoke", "--role", "reader", "--all-organisations"),
        ("sessions", "list"),
        ("sessions", "revoke"),
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)
async def test_an_unknown_account_is_one_line(service: Service, arguments: tuple[str, ...]) -> None:
    """Whoever mistypes is told what was not found, and where to look."""
    for name in ("nobody@example.gov", str(uuid.uuid4())):
        result = await run(service, *arguments[:2], name, *arguments[2:])
        assert told(result) == (1, f"Error: There is no account {name!r}; see: gazette accounts list\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ("grant", ADA, "--role", "editor"),
        ("grant", ADA, "--role", "king", "--all-organisations"),
        ("grant", ADA, "--role", "admin", "--all-organisations", "--locale", "cy"),
        ("grant", ADA, "--role", "author", "--all-organisations", "--locale", "welsh_"),
        ("revoke", ADA, "--role", "editor", "--all-organisations", "--organisation", "transport"),
        ("invite", "--email", ADA, "--name", "Ada", "--role", "editor"),
        ("list", "--state", "sleeping"),
        ("show",),
    ],
    ids=[
        "no place",
        "no such role",
        "not for languages",
        "no language",
        "two places",
        "invited nowhere",
        "no such state",
        "nobody",
    ],
)
async def test_a_wrong_command_line_is_explained(service: Service, arguments: tuple[str, ...]) -> None:
    """What cannot be meant is refused with the exit code of wrong usage."""
    result = await run(service, "accounts", *arguments)
    assert result.exit_code == 2
    assert f"Usage: gazette accounts {arguments[0]}" in result.stderr
