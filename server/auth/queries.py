"""SQL: accounts and their grants, sessions, organisations."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

import uuid6
from sqlalchemy import func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.auth.v1.account_pb2 import AccountState
from server.auth.models import Account, Grant, Organisation, PathReservation, Session
from server.database import AnyRow

CHANNEL = "gazette_sessions"
"""Where PostgreSQL tells the ids of sessions that were revoked."""
ACTIVE = AccountState.ACCOUNT_STATE_ACTIVE

PREFIXES = select(PathReservation.prefix).where(PathReservation.organisation_id == Organisation.id)
ORGANISATIONS = select(
    Organisation.__table__,
    func.array(PREFIXES.order_by(PathReservation.prefix.collate("C")).scalar_subquery()).label("path_prefixes"),
)


async def account_by_email(connection: AsyncConnection, email: str) -> AnyRow | None:
    """Whatever its state, without regard to case."""
    statement = select(Account.__table__).where(func.lower(Account.email) == func.lower(email))
    return (await connection.execute(statement)).one_or_none()


async def active_account(connection: AsyncConnection, account_id: uuid.UUID) -> AnyRow | None:
    statement = select(Account.__table__).where(Account.id == account_id, Account.state == ACTIVE)
    return (await connection.execute(statement)).one_or_none()


async def lock_active(connection: AsyncConnection, account_id: uuid.UUID) -> AnyRow | None:
    """The account, unless it was disabled. It stays as it is until the transaction ends."""
    statement = select(Account.__table__).where(Account.id == account_id, Account.state == ACTIVE)
    return (await connection.execute(statement.with_for_update(key_share=True))).one_or_none()


async def lock_verified(connection: AsyncConnection, account_id: uuid.UUID, password_hash: str) -> AnyRow | None:
    """The account, unless it was disabled or its password changed since its hash was verified. It stays so until the
    transaction ends."""
    statement = select(Account.__table__).where(
        Account.id == account_id, Account.state == ACTIVE, Account.password_hash == password_hash
    )
    return (await connection.execute(statement.with_for_update(key_share=True))).one_or_none()


async def grants(connection: AsyncConnection, account_id: uuid.UUID) -> Sequence[AnyRow]:
    """role and organisation_id, in the order they were given."""
    statement = select(Grant.role, Grant.organisation_id).where(Grant.account_id == account_id)
    return (await connection.execute(statement.order_by(Grant.id))).all()


async def add_account(connection: AsyncConnection, email: str, name: str, password_hash: str) -> AnyRow | None:
    """The new account, or None if the address is taken."""
    account = {"id": uuid6.uuid7(), "email": email, "name": name, "password_hash": password_hash, "state": ACTIVE}
    statement = upsert(Account).values(account).on_conflict_do_nothing(index_elements=[text("lower(email)")])
    made: AnyRow | None = (await connection.execute(statement.returning(Account.__table__))).one_or_none()
    return made


async def add_grant(connection: AsyncConnection, account_id: uuid.UUID, role: int, organisation_id: uuid.UUID | None) -> None:
    grant = {"id": uuid6.uuid7(), "account_id": account_id, "role": role, "organisation_id": organisation_id}
    await connection.execute(upsert(Grant).values(grant).on_conflict_do_nothing())


async def renew_password_hash(connection: AsyncConnection, account_id: uuid.UUID, password_hash: str) -> None:
    await connection.execute(update(Account).where(Account.id == account_id).values(password_hash=password_hash))


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
    session = {
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
    made: AnyRow = (await connection.execute(insert(Session).values(session).returning(Session.__table__))).one()
    return made


async def rotate(
    connection: AsyncConnection, session_id: uuid.UUID, counter: int, now: datetime, idle: timedelta
) -> AnyRow | None:
    """Counts one up if `counter` is the newest of a living session. None, and nothing is done, if not: of many at once, one
    finds it so."""
    statement = (
        update(Session)
        .where(
            Session.id == session_id,
            Session.counter == counter,
            Session.revoke_time.is_(None),
            Session.idle_expire_time > now,
            Session.absolute_expire_time > now,
        )
        .values(
            counter=Session.counter + 1,
            rotate_time=now,
            idle_expire_time=func.least(now + idle, Session.absolute_expire_time),
        )
        .returning(Session.__table__)
    )
    rotated: AnyRow | None = (await connection.execute(statement)).one_or_none()
    return rotated


async def lock_session(connection: AsyncConnection, session_id: uuid.UUID) -> AnyRow | None:
    statement = select(Session.__table__).where(Session.id == session_id)
    return (await connection.execute(statement.with_for_update())).one_or_none()


async def revoke(connection: AsyncConnection, session_id: uuid.UUID, reason: str, now: datetime) -> bool:
    """Ends the session and tells every process at commit. False if it had ended before."""
    statement = update(Session).where(Session.id == session_id, Session.revoke_time.is_(None))
    ended = (await connection.execute(statement.values(revoke_time=now, revoke_reason=reason))).rowcount > 0
    if ended:
        await connection.execute(select(func.pg_notify(CHANNEL, str(session_id))))
    return ended


async def revoked_since(connection: AsyncConnection, moment: datetime) -> Sequence[uuid.UUID]:
    statement = select(Session.id).where(Session.revoke_time > moment)
    return (await connection.execute(statement.order_by(Session.revoke_time))).scalars().all()


async def organisation(connection: AsyncConnection, organisation_id: uuid.UUID, *, lock: bool = False) -> AnyRow | None:
    """With its path_prefixes, as all organisations that are read here."""
    statement = ORGANISATIONS.where(Organisation.id == organisation_id)
    statement = statement.with_for_update(key_share=True, of=Organisation) if lock else statement
    return (await connection.execute(statement)).one_or_none()


async def organisation_by_slug(connection: AsyncConnection, slug: str) -> AnyRow | None:
    return (await connection.execute(ORGANISATIONS.where(Organisation.slug == slug))).one_or_none()


async def organisations_after(connection: AsyncConnection, slug: str, limit: int | None = None) -> Sequence[AnyRow]:
    """By slug."""
    statement = ORGANISATIONS.where(Organisation.slug > slug)
    return (await connection.execute(statement.order_by(Organisation.slug).limit(limit))).all()


async def rename_organisation(connection: AsyncConnection, organisation_id: uuid.UUID, name: str) -> None:
    await connection.execute(update(Organisation).where(Organisation.id == organisation_id).values(name=name))


async def add_organisation(connection: AsyncConnection, slug: str, name: str) -> AnyRow | None:
    """The new organisation, or None if the slug is taken."""
    statement = upsert(Organisation).values(id=uuid6.uuid7(), slug=slug, name=name).on_conflict_do_nothing()
    made: AnyRow | None = (await connection.execute(statement.returning(Organisation.__table__))).one_or_none()
    return made
