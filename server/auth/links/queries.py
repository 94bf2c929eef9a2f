"""SQL: links in mails."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

import uuid6
from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.auth.models import Grant, Link
from server.organisations.models import Organisation
from server.stores.postgres import AnyRow


async def add(
    connection: AsyncConnection, account_id: uuid.UUID, purpose: str, email: str, now: datetime, lifetime: timedelta
) -> uuid.UUID:
    """The new link's id. Earlier ones of the same account and purpose hold no longer."""
    earlier = update(Link).where(Link.account_id == account_id, Link.purpose == purpose, Link.use_time.is_(None))
    await connection.execute(earlier.values(use_time=now))
    link_id: uuid.UUID = uuid6.uuid7()
    link = {
        "id": link_id,
        "account_id": account_id,
        "purpose": purpose,
        "email": email,
        "create_time": now,
        "expire_time": now + lifetime,
    }
    await connection.execute(insert(Link), link)
    return link_id


async def unused(connection: AsyncConnection, link_id: uuid.UUID, purpose: str, now: datetime) -> AnyRow | None:
    """The link, if it holds."""
    statement = select(Link.__table__).where(
        Link.id == link_id, Link.purpose == purpose, Link.use_time.is_(None), Link.expire_time > now
    )
    return (await connection.execute(statement)).one_or_none()


async def use(connection: AsyncConnection, link_id: uuid.UUID, now: datetime) -> bool:
    """False if it does not hold: of many at once, one finds that it does."""
    statement = update(Link).where(Link.id == link_id, Link.use_time.is_(None), Link.expire_time > now)
    return (await connection.execute(statement.values(use_time=now))).rowcount > 0


async def end_all(connection: AsyncConnection, account_id: uuid.UUID, now: datetime) -> None:
    """None of the account's links holds any longer, whatever it was for."""
    await connection.execute(update(Link).where(Link.account_id == account_id, Link.use_time.is_(None)).values(use_time=now))


async def sent_since(connection: AsyncConnection, account_id: uuid.UUID, purpose: str, moment: datetime) -> int:
    """How many links of the purpose the account was sent."""
    sent = (Link.account_id == account_id, Link.purpose == purpose, Link.create_time > moment)
    return (await connection.execute(select(func.count()).where(*sent))).scalar_one()


async def organisations(connection: AsyncConnection, account_id: uuid.UUID) -> Sequence[str]:
    """The names of those that the account has a role in, the first one first."""
    statement = select(Organisation.name).join(Grant, Grant.organisation_id == Organisation.id)
    statement = statement.where(Grant.account_id == account_id).group_by(Organisation.id).order_by(func.min(Grant.create_time))
    return (await connection.execute(statement)).scalars().all()
