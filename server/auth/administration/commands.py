"""`gazette accounts`: people and services, before anybody can sign in and when nobody can any more. The commands write to the
database, by the same functions as AccountService, and hold to its rules but for who may."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import click
from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.auth.v1.account_administration_pb2 import InviteAccountResponse
from gazette.auth.v1.account_pb2 import Account, AccountKind, AccountState
from server import organisations, settings
from server.auth.accounts import addresses, finding, options, views
from server.auth.accounts import queries as account_queries
from server.auth.accounts import rules as account_rules
from server.auth.accounts.finding import Principal
from server.auth.accounts.options import called, for_languages, in_locales, number, organisation_named, role_option, somewhere
from server.auth.accounts.rules import check_account
from server.auth.administration import changes, creating, invitations
from server.auth.clock import utc_now
from server.auth.links.mailed import Links
from server.auth.passwords.hashing import Passwords
from server.process.commands import LINE, run
from server.process.confirming import confirm, is_sure
from server.process.showing import as_json, show, show_all

STATE_PREFIX, KIND_PREFIX = "ACCOUNT_STATE_", "ACCOUNT_KIND_"
STATES = [name.removeprefix(STATE_PREFIX).lower() for name, number in AccountState.items() if number]
KINDS = [name.removeprefix(KIND_PREFIX).lower() for name, number in AccountKind.items() if number]

LOST = """Lost for good: name, address, password, authenticator app, roles, sessions, and what the audit knows beyond ids.
What was written in documents stays."""

account_argument = click.argument("account")


@click.group()
def accounts() -> None:
    """People and services that sign in. An ACCOUNT is named by its address or its id."""


@accounts.command("create")
@click.option("--email", required=True, type=LINE, help="The address it signs in with.")
@click.option("--name", required=True, type=LINE, help="How it is called in reviews and histories.")
@role_option
@somewhere
@click.option("--password-stdin", "is_piped", is_flag=True, help="Read the password from the first line of standard input.")
@as_json
def create_account(email: str, name: str, role: str, slug: str | None, is_piped: bool, is_json: bool) -> None:
    """Make an account with one role. The password comes from standard input, from GAZETTE_PASSWORD or from a prompt."""
    password = sys.stdin.readline().rstrip("\r\n") if is_piped else settings.command_password() or prompted()

    async def create(connection: AsyncConnection) -> Account:
        organisation_id = await organisation_named(connection, slug)
        passwords = Passwords()
        try:
            person = creating.Person(email, name, password, number(role), organisation_id)
            account = await creating.create(connection, passwords, person)
        finally:
            await passwords.close()
        return views.shown(*await finding.found(connection, account.id))

    account = run(create)
    show(account, f"{account.email} is {role} of {slug or 'all organisations'}: {account.id}", is_json=is_json)


@accounts.command("invite")
@click.option("--email", required=True, type=LINE, help="Where the invitation goes, and what the account signs in with.")
@click.option("--name", required=True, type=LINE, help="How it is called in reviews and histories.")
@role_option
@somewhere
@as_json
def invite_account(email: str, name: str, role: str, slug: str | None, is_json: bool) -> None:
    """Make an account with one role, whose password the person chooses. A running server sends the mail; again, another one."""
    values = settings.load()
    links = Links(values.refresh_token_secret, values.public_url)

    async def invite(connection: AsyncConnection) -> InviteAccountResponse:
        check_account(email, name)
        organisation_id = await organisation_named(connection, slug)
        account_id, is_mailed = await invitations.invite(
            connection, account_rules.COMMAND_LINE, links, email, name, number(role), organisation_id
        )
        return InviteAccountResponse(account=views.shown(*await finding.found(connection, account_id)), mail_sent=is_mailed)

    invited = run(invite)
    account = invited.account
    said = f"{account.email} is invited as {role} of {slug or 'all organisations'}: {account.id}"
    if not invited.mail_sent:
        said += "\nNo mail is sent: so many went to this address lately. The link in the newest one holds."
    show(account, said, is_json=is_json)


@accounts.command("list")
@click.option("--organisation", "slug", help="Only accounts with a role in this organisation: its slug.")
@click.option("--state", type=click.Choice(STATES), help="Only accounts in this state.")
@click.option("--kind", type=click.Choice(KINDS), help="Only people, or only services.")
@click.option("--query", default="", type=LINE, help="Only accounts whose name or address contains this.")
@as_json
def list_accounts(slug: str | None, state: str | None, kind: str | None, query: str, is_json: bool) -> None:
    """List the accounts, the newest first."""
    equal: dict[str, Any] = {}
    if state:
        equal["state"] = AccountState.Value(STATE_PREFIX + state.upper())
    if kind:
        equal["kind"] = AccountKind.Value(KIND_PREFIX + kind.upper())

    async def read(connection: AsyncConnection) -> Sequence[Account]:
        organisation_id = await organisation_named(connection, slug)
        rows = await account_queries.accounts(
            connection, frozenset({organisation_id}) if organisation_id else None, query=query, **equal
        )
        grants = await account_queries.grants_of(connection, [row.id for row in rows])
        return [views.shown(row, grants[row.id]) for row in rows]

    def line(account: Account) -> str:
        return f"{account.id}  {state_name(account):<8}  {account.email or '-'}  {account.name or '-'}"

    show_all(run(read), line, is_json=is_json)


@accounts.command("unreachable")
@as_json
def list_unreachable(is_json: bool) -> None:
    """List the accounts whose address is no mailbox's own: from before there were rules, or another account has the mailbox."""

    async def read(connection: AsyncConnection) -> Sequence[Account]:
        rows = await account_queries.accounts(connection, None)
        return [views.shown(row, ()) for row in rows if row.email and not addresses.is_canonical(row.email)]

    show_all(run(read), lambda account: f"{account.id}  {account.email}  {account.name}", is_json=is_json)


@accounts.command("show")
@account_argument
@as_json
def show_account(account: str, is_json: bool) -> None:
    """Show an account, with what it may do and where."""

    found, lines = described(account)
    show(found, lines, is_json=is_json)


@accounts.command("disable")
@account_argument
@as_json
def disable_account(account: str, is_json: bool) -> None:
    """Keep an account from signing in, and end its sessions."""
    changed = change(account, lambda connection, principal: changes.disable(connection, principal, utc_now()))
    show(changed, f"{called(changed)} is disabled.", is_json=is_json)


@accounts.command("enable")
@account_argument
@as_json
def enable_account(account: str, is_json: bool) -> None:
    """Let a disabled account sign in again."""
    changed = change(account, changes.enable)
    show(changed, f"{called(changed)} is {state_name(changed)}.", is_json=is_json)


@accounts.command("grant")
@account_argument
@role_option
@somewhere
@in_locales
@as_json
def grant_role(account: str, role: str, locales: tuple[str, ...], slug: str | None, is_json: bool) -> None:
    """Give an account a role. Its tokens know at their next refresh."""

    async def grant(connection: AsyncConnection, principal: Principal) -> None:
        await changes.grant(connection, principal, number(role), await organisation_named(connection, slug), locales)

    changed = change(account, grant)
    show(changed, f"{called(changed)} is {role} of {slug or 'all organisations'}{for_languages(locales)}.", is_json=is_json)


@accounts.command("revoke")
@account_argument
@role_option
@somewhere
@in_locales
@as_json
def revoke_role(account: str, role: str, locales: tuple[str, ...], slug: str | None, is_json: bool) -> None:
    """Take a role from an account, and end its sessions."""

    async def revoke(connection: AsyncConnection, principal: Principal) -> None:
        place = await organisation_named(connection, slug)
        await changes.revoke(connection, principal, number(role), place, utc_now(), locales, ends_sessions=True)

    changed = change(account, revoke)
    show(
        changed,
        f"{called(changed)} is no longer {role} of {slug or 'all organisations'}{for_languages(locales)}.",
        is_json=is_json,
    )


@accounts.command("erase")
@account_argument
@is_sure
@as_json
def erase_account(account: str, is_sure: bool, is_json: bool) -> None:
    """Erase a person's data for good. Only the account's id is left, since histories name it.

    It shows whose, and asks for the address, or for what there is instead of one.
    """
    found, lines = described(account)
    if not is_sure:
        confirm(f"{lines}\n{LOST}", found.email or found.name or found.id)
    changed = change(found.id, lambda connection, principal: changes.erase(connection, principal, utc_now()))
    show(changed, f"{called(found)} is erased: only its id is left, {found.id}.", is_json=is_json)


def described(account: str) -> tuple[Account, str]:
    """The account, and lines that say who it is, and what it may do where."""

    async def read(connection: AsyncConnection) -> tuple[Account, Mapping[str, str]]:
        slugs = {str(each): slug for each, slug in (await organisations.slugs(connection)).items()}
        return views.shown(*await finding.named(connection, account)), slugs

    found, slugs = run(read)
    lines = [f"{found.email or '-'}  {found.name or '-'}  {state_name(found)}  {found.id}"]
    lines += [
        f"{options.name(each.role)} of {slugs.get(each.organisation_id, 'all organisations')}{for_languages(each.locales)}"
        for each in found.grants
    ]
    return found, "\n".join(lines)


def change(account: str, do: Callable[[AsyncConnection, Principal], Awaitable[Any]]) -> Account:
    """Changes the account, and returns how it stands then."""

    async def work(connection: AsyncConnection) -> Account:
        principal = await finding.named(connection, account)
        await do(connection, principal)
        return views.shown(*await finding.found(connection, principal.account.id))

    return run(work)


def state_name(account: Account) -> str:
    return AccountState.Name(account.state).removeprefix(STATE_PREFIX).lower()


def prompted() -> str:
    if not sys.stdin.isatty():
        raise click.UsageError("Give the password: --password-stdin, GAZETTE_PASSWORD, or a terminal to ask on.")
    password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return password
