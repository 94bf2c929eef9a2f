"""SQL: API keys."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import uuid6
from sqlalchemy import exists, insert, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.auth.v1.account_pb2 import AccountKind, AccountState, Role
from server.auth import families
from server.auth.models import Account, ApiKey, Grant
from server.auth.sessions.queries import announce
from server.stores.postgres import AnyRow

USE_RESOLUTION = timedelta(minutes=1)
"""How exactly it is stored when a key was last used."""
BOOTSTRAP_LOCK = 0x67617A6B657973  # "gazkeys"


async def add_service(connection: AsyncConnection, name: str) -> AnyRow:
    """Returns the new account of a service."""
    kind, state = AccountKind.ACCOUNT_KIND_SERVICE, AccountState.ACCOUNT_STATE_ACTIVE
    statement = insert(Account).values(id=uuid6.uuid7(), name=name, kind=kind, state=state)
    made: AnyRow = (await connection.execute(statement.returning(Account.__table__))).one()
    return made


async def add(connection: AsyncConnection, **values: Any) -> AnyRow | None:
    """Returns the new key, or None if it is there already, revoked or not."""
    statement = upsert(ApiKey).values(**values).on_conflict_do_nothing().returning(ApiKey.__table__)
    made: AnyRow | None = (await connection.execute(statement)).one_or_none()
    return made


async def use(connection: AsyncConnection, sha256: bytes, now: datetime) -> AnyRow | None:
    """The key, if it holds, all that it was made with, and the account may do anything. That it was used is stored, to the
    minute."""
    found = ApiKey.sha256 == sha256
    statement = select(ApiKey.__table__).where(found, ApiKey.expire_time > now, families.holds(found))
    key = (await connection.execute(statement)).one_or_none()
    if key is not None:
        is_older = or_(ApiKey.last_use_time.is_(None), ApiKey.last_use_time < now - USE_RESOLUTION)
        minute = now.replace(second=0, microsecond=0)
        await connection.execute(update(ApiKey).where(ApiKey.id == key.id, is_older).values(last_use_time=minute))
    return key


async def of_account(
    connection: AsyncConnection, account_id: uuid.UUID, before: uuid.UUID | None = None, limit: int | None = None
) -> Sequence[AnyRow]:
    """The account's keys, the newest first, beginning with the one before `before`."""
    statement = select(ApiKey.__table__).where(ApiKey.account_id == account_id)
    if before is not None:
        statement = statement.where(ApiKey.id < before)
    return (await connection.execute(statement.order_by(ApiKey.id.desc()).limit(limit))).all()


async def lock(connection: AsyncConnection, account_id: uuid.UUID, key_id: uuid.UUID) -> AnyRow | None:
    statement = select(ApiKey.__table__).where(ApiKey.id == key_id, ApiKey.account_id == account_id)
    return (await connection.execute(statement.with_for_update())).one_or_none()


async def revoke(connection: AsyncConnection, key_id: uuid.UUID, now: datetime) -> Sequence[AnyRow]:
    """Ends the key and what was made with it, of which every process hears at commit. The keys that had not ended before."""
    revoked = await families.revoke(connection, ApiKey.id == key_id, now)
    await announce(connection, [each.id for each in revoked])
    return revoked


async def end_by(connection: AsyncConnection, key_id: uuid.UUID, moment: datetime) -> None:
    """Lets the key hold until then at most, and what was made with it, of which every process hears at commit."""
    await announce(connection, await families.end_by(connection, key_id, moment))


async def is_known(connection: AsyncConnection, sha256: bytes) -> bool:
    """Whether there is this key, revoked or not. Of many processes that ask at once, one at a time goes on, until its
    transaction ends."""
    await connection.execute(text("SELECT pg_advisory_xact_lock(:key)").bindparams(key=BOOTSTRAP_LOCK))
    return (await connection.execute(select(ApiKey.id).where(ApiKey.sha256 == sha256))).first() is not None


async def admin_named(connection: AsyncConnection, name: str) -> AnyRow | None:
    """The oldest service account of this name that is an admin of all organisations: anybody's may be called the same."""
    is_admin = exists().where(Grant.account_id == Account.id, Grant.role == Role.ROLE_ADMIN, Grant.organisation_id.is_(None))
    is_service = Account.kind == AccountKind.ACCOUNT_KIND_SERVICE
    statement = select(Account.__table__).where(is_service, Account.name == name, is_admin)
    return (await connection.execute(statement.order_by(Account.id).limit(1))).one_or_none()
