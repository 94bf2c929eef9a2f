"""`gazette keys`: service accounts and their API keys. The commands write to the database."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta

import click
import uuid6
from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.access.v1.access_pb2 import Permission
from gazette.auth.v1.account_pb2 import Account
from gazette.auth.v1.api_key_pb2 import ApiKey
from gazette.auth.v1.service_account_pb2 import CreateApiKeyResponse
from server.auth.accounts import finding, views
from server.auth.accounts.options import number, organisation_named, role_option, somewhere
from server.auth.api_keys import keys as making
from server.auth.api_keys import queries, rules
from server.auth.clock import utc_now
from server.process.commands import LINE, run
from server.process.showing import as_json, show, show_all
from server.rpc.messages import message

PERMISSION_PREFIX = "PERMISSION_"
SCOPES = [name.removeprefix(PERMISSION_PREFIX).lower() for name, number in Permission.items() if number]

account_option = click.option("--account", "account_id", required=True, type=click.UUID, help="The service account's id.")


@click.group()
def keys() -> None:
    """Service accounts and their API keys."""


@keys.command("generate")
@as_json
def generate_key(is_json: bool) -> None:
    """Print a new key that is stored nowhere: for the variable API_KEY."""
    made = CreateApiKeyResponse(key=rules.make(uuid6.uuid7()))
    show(made, made.key, is_json=is_json)


@keys.command("create-account")
@click.option("--name", required=True, type=LINE, help="What the service is called.")
@role_option
@somewhere
@as_json
def create_account(name: str, role: str, slug: str | None, is_json: bool) -> None:
    """Make a service account with one role."""

    async def create(connection: AsyncConnection) -> Account:
        organisation_id = await organisation_named(connection, slug)
        return views.shown(*await making.create_service(connection, name, number(role), organisation_id))

    made = run(create)
    show(made, f"{made.name} is {role} of {slug or 'all organisations'}: {made.id}", is_json=is_json)


@keys.command("create")
@account_option
@click.option("--name", required=True, type=LINE, help="What it is for, or where it is kept.")
@click.option("--scope", "scopes", multiple=True, required=True, type=click.Choice(SCOPES), help="What it may do; repeatable.")
@click.option("--days", type=click.IntRange(1, rules.LONGEST.days), default=rules.LIFETIME.days, help="How long.")
@click.option("--replaces", type=click.UUID, help="The id of the key that it replaces, which holds for another day.")
@as_json
def create_key(
    account_id: uuid.UUID, name: str, scopes: Sequence[str], days: int, replaces: uuid.UUID | None, is_json: bool
) -> None:
    """Make a key. It is shown once and stored nowhere."""

    async def create(connection: AsyncConnection) -> CreateApiKeyResponse:
        principal, now = await finding.locked(connection, account_id), utc_now()
        numbers = [Permission.Value(PERMISSION_PREFIX + scope.upper()) for scope in set(scopes)]
        end = now + timedelta(days=days)
        row, key = await making.create(connection, principal, name, numbers, now, expire_time=end, replaces=replaces)
        return CreateApiKeyResponse(api_key=message(ApiKey, row), key=key)

    made = run(create)
    show(made, made.key, is_json=is_json)


@keys.command("list")
@account_option
@as_json
def list_keys(account_id: uuid.UUID, is_json: bool) -> None:
    """List an account's keys, the newest first."""

    async def read(connection: AsyncConnection) -> list[ApiKey]:
        principal = await finding.found(connection, account_id)
        return [message(ApiKey, row) for row in await queries.of_account(connection, principal.account.id)]

    def line(key: ApiKey) -> str:
        state = "revoked" if key.HasField("revoke_time") else f"until {key.expire_time.ToJsonString()}"
        return f"{key.id}  {key.name}  {state}"

    show_all(run(read), line, is_json=is_json)


@keys.command("revoke")
@account_option
@click.argument("key_id", type=click.UUID)
@as_json
def revoke_key(account_id: uuid.UUID, key_id: uuid.UUID, is_json: bool) -> None:
    """End a key before its time, in every running process within a second."""

    async def revoke(connection: AsyncConnection) -> ApiKey:
        principal = await finding.locked(connection, account_id)
        row, _ = await making.revoke(connection, principal, key_id, utc_now())
        return message(ApiKey, row)

    ended = run(revoke)
    show(ended, f"{ended.name} ended: {ended.id}", is_json=is_json)
