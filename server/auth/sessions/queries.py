"""SQL: sessions, their counters and their ends. What every sign-in and every refresh does is built once."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import uuid6
from sqlalchemy import ARRAY, DateTime, Text, bindparam, cast, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.auth.v1.account_pb2 import AccountState
from server.auth.families import family
from server.auth.links import queries as link_queries
from server.auth.links.purposes import EMAIL_CHANGE
from server.auth.models import Account, ApiKey, Session
from server.stores.postgres import AnyRow

CHANNEL = "gazette_sessions"
"""Where PostgreSQL announces the ids of sessions that were revoked, and of API keys and accounts that changed."""

GENERATION = select(Account.password_generation).where(Account.id == bindparam("of_account")).scalar_subquery()
ADD = insert(Session).values(password_generation=GENERATION).returning(Session.__table__)
SESSION = select(Session.__table__).where(Session.id == bindparam("session_id"))
LOCKED_SESSION = SESSION.with_for_update()
LIVES = (
    Session.revoke_time.is_(None),
    Session.idle_expire_time > bindparam("now"),
    Session.absolute_expire_time > bindparam("now"),
)
ROTATE = (
    update(Session)
    .where(Session.id == bindparam("session_id"), Session.counter == bindparam("newest"), *LIVES)
    .values(
        counter=Session.counter + 1,
        rotate_time=bindparam("now"),
        idle_expire_time=func.least(bindparam("idle_end", type_=DateTime(timezone=True)), Session.absolute_expire_time),
    )
    .returning(Session.__table__)
)
ACCOUNT_OF = (
    select(Account.__table__)
    .join(Session, Session.account_id == Account.id)
    .where(Session.id == bindparam("session_id"), Account.state == AccountState.ACCOUNT_STATE_ACTIVE, *LIVES)
)
REVOKE = (
    update(Session)
    .where(Session.id == bindparam("session_id"), Session.revoke_time.is_(None))
    .values(revoke_time=bindparam("now"), revoke_reason=bindparam("reason"))
    .returning(Session.account_id)
)
SIGN_OUT = "sign-out"
"""Why a session ends that its own owner has no more use for. Every other end is one to somebody else's doings."""


async def add_session(
    connection: AsyncConnection,
    account_id: uuid.UUID,
    *,
    user_agent: str,
    address: str,
    now: datetime,
    idle: timedelta,
    longest: timedelta,
) -> AnyRow:
    """Returns the new session."""
    session = {
        "of_account": account_id,
        "id": uuid6.uuid7(),
        "account_id": account_id,
        "counter": 0,
        "user_agent": user_agent,
        "address": address,
        "create_time": now,
        "rotate_time": now,
        "idle_expire_time": now + min(idle, longest),
        "absolute_expire_time": now + longest,
    }
    made: AnyRow = (await connection.execute(ADD, session)).one()
    return made


async def rotate(
    connection: AsyncConnection, session_id: uuid.UUID, counter: int, now: datetime, idle: timedelta
) -> AnyRow | None:
    """Counts one up if `counter` is the newest of a living session, and returns the session. None, and nothing is done, if not:
    of many at once, one finds it so."""
    values = {"session_id": session_id, "newest": counter, "now": now, "idle_end": now + idle}
    rotated: AnyRow | None = (await connection.execute(ROTATE, values)).one_or_none()
    return rotated


async def lock_session(connection: AsyncConnection, session_id: uuid.UUID) -> AnyRow | None:
    """The session, which stays as it is until the transaction ends."""
    return (await connection.execute(LOCKED_SESSION, {"session_id": session_id})).one_or_none()


async def revoke(connection: AsyncConnection, session_id: uuid.UUID, reason: str, now: datetime) -> bool:
    """Ends the session, of which every process hears at commit. Unless it is signed out of, what it may have begun ends with
    it: the change of the account's address. False if it had ended before."""
    values = {"session_id": session_id, "now": now, "reason": reason}
    account_id = (await connection.execute(REVOKE, values)).scalar_one_or_none()
    if account_id is None:
        return False
    if reason != SIGN_OUT:
        await link_queries.end(connection, account_id, EMAIL_CHANGE, now)
    await announce(connection, [session_id])
    return True


async def revoked_since(connection: AsyncConnection, moment: datetime) -> Sequence[uuid.UUID]:
    """The sessions that were revoked, and the accounts whose rights changed."""
    sessions = select(Session.id).where(Session.revoke_time > moment)
    accounts = select(Account.id).where(Account.rights_change_time > moment)
    return (await connection.execute(sessions.union_all(accounts))).scalars().all()


async def account_of(connection: AsyncConnection, session_id: uuid.UUID, now: datetime) -> AnyRow | None:
    """The account that the session is of, if both go on."""
    return (await connection.execute(ACCOUNT_OF, {"session_id": session_id, "now": now})).one_or_none()


async def living(
    connection: AsyncConnection, account_id: uuid.UUID, now: datetime, before: uuid.UUID | None, limit: int | None = None
) -> Sequence[AnyRow]:
    """The sessions that have not ended, the newest first, beginning with the one before `before`."""
    statement = select(Session.__table__).where(Session.account_id == account_id, *LIVES)
    if before is not None:
        statement = statement.where(Session.id < before)
    return (await connection.execute(statement.order_by(Session.id.desc()).limit(limit), {"now": now})).all()


async def revoke_all(
    connection: AsyncConnection, account_id: uuid.UUID, reason: str, now: datetime, *, but: uuid.UUID | None = None
) -> list[uuid.UUID]:
    """Ends the account's sessions, all or all `but` one, and returns the ids of those that lived. What any of them may have
    begun ends with them: the change of the account's address. Every process hears of them at commit, and of the account's API
    keys: what it remembers of a key it forgets, and asks again.

    Whoever ends sessions for what changed in the account changes the account first: a sign-in meanwhile waits for its row."""
    living = update(Session).where(
        Session.account_id == account_id, Session.revoke_time.is_(None), Session.absolute_expire_time > now
    )
    if but is not None:
        living = living.where(Session.id != but)
    statement = living.values(revoke_time=now, revoke_reason=reason).returning(Session.id)
    ended = list((await connection.execute(statement)).scalars())
    await link_queries.end(connection, account_id, EMAIL_CHANGE, now)
    await announce(connection, [*ended, *await keys_of(connection, account_id, now)])
    return ended


async def change_rights(connection: AsyncConnection, account_id: uuid.UUID, now: datetime) -> None:
    """Lets every process hear at commit that what the account's access tokens say of its rights is not so any more, though its
    sessions go on: what it may do is read anew, and what its API keys may."""
    await connection.execute(update(Account).where(Account.id == account_id).values(rights_change_time=now))
    await announce(connection, [account_id, *await keys_of(connection, account_id, now)])


async def keys_of(connection: AsyncConnection, account_id: uuid.UUID, now: datetime) -> Sequence[uuid.UUID]:
    """The account's API keys that have not ended, and those that were made with them, whoever's they are."""
    keys = family(ApiKey.account_id == account_id)
    holds = (ApiKey.revoke_time.is_(None), ApiKey.expire_time > now)
    return (await connection.execute(select(ApiKey.id).where(ApiKey.id.in_(keys), *holds))).scalars().all()


async def announce(connection: AsyncConnection, ids: Iterable[uuid.UUID]) -> None:
    """Lets every process hear at commit that these sessions have ended, or that these keys may have changed."""
    payloads = cast([str(each) for each in ids], ARRAY(Text))
    await connection.execute(select(func.pg_notify(CHANNEL, func.unnest(payloads))))
