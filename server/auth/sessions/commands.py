"""`gazette sessions`: where somebody is signed in, and the end of it. The commands work on the database; every running server
hears of what they end."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import click
from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.auth.v1.account_administration_pb2 import RevokeAccountSessionsResponse
from gazette.auth.v1.session_pb2 import Session
from server.auth.accounts import finding
from server.auth.accounts.options import called
from server.auth.clock import utc_now
from server.auth.sessions import changes, queries, views
from server.process.commands import run
from server.process.showing import as_json, show, show_all

account_argument = click.argument("account")


@click.group()
def sessions() -> None:
    """Sign-ins that go on. An ACCOUNT is named by its address or its id."""


@sessions.command("list")
@account_argument
@as_json
def list_sessions(account: str, is_json: bool) -> None:
    """List an account's sessions, the newest first."""

    async def read(connection: AsyncConnection) -> Sequence[Session]:
        principal = await finding.named(connection, account)
        rows = await queries.living(connection, principal.account.id, utc_now(), None)
        return [views.shown(row, None) for row in rows]

    def line(session: Session) -> str:
        return f"{session.id}  {session.last_use_time.ToJsonString()}  {session.address or '-'}  {session.user_agent or '-'}"

    show_all(run(read), line, is_json=is_json)


@sessions.command("revoke")
@account_argument
@click.option("--session", "session_id", type=click.UUID, help="Only this one: its id.  [default: all]")
@as_json
def revoke_sessions(account: str, session_id: uuid.UUID | None, is_json: bool) -> None:
    """End an account's sessions."""

    async def revoke(connection: AsyncConnection) -> tuple[str, int]:
        principal = await finding.named(connection, account)
        who = called(principal.account)
        if session_id is not None:
            await changes.end_session(connection, principal, session_id, utc_now())
            return who, 1
        return who, len(await changes.end_sessions(connection, principal, utc_now()))

    who, count = run(revoke)
    show(RevokeAccountSessionsResponse(revoked_count=count), f"Sessions of {who} ended: {count}", is_json=is_json)
