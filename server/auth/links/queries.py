"""SQL: links in mails."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

import uuid6
from sqlalchemy import exists, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.auth.models import Link
from server.stores.postgres import AnyRow


async def add(
    connection: AsyncConnection, account_id: uuid.UUID, purpose: str, email: str, now: datetime, lifetime: timedelta
) -> uuid.UUID:
    """Returns the new link's id. Earlier ones of the same account and purpose hold no longer."""
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


async def claim(connection: AsyncConnection, link_id: uuid.UUID, now: datetime, lease: timedelta) -> bool:
    """Claims the link for as long as `lease`, and returns whether it held and was nobody's: of many at once, one finds that it
    was."""
    is_free = or_(Link.claim_expire_time.is_(None), Link.claim_expire_time <= now)
    statement = update(Link).where(Link.id == link_id, Link.use_time.is_(None), Link.expire_time > now, is_free)
    return (await connection.execute(statement.values(claim_expire_time=now + lease))).rowcount > 0


async def give_back(connection: AsyncConnection, link_id: uuid.UUID) -> None:
    """Ends the claim of a link that was not used."""
    await connection.execute(update(Link).where(Link.id == link_id, Link.use_time.is_(None)).values(claim_expire_time=None))


async def use(connection: AsyncConnection, link_id: uuid.UUID, now: datetime) -> bool:
    """Uses the link up, and returns whether it held: of many at once, one finds that it does."""
    statement = update(Link).where(Link.id == link_id, Link.use_time.is_(None), Link.expire_time > now)
    return (await connection.execute(statement.values(use_time=now))).rowcount > 0


async def end_all(connection: AsyncConnection, account_id: uuid.UUID, now: datetime) -> None:
    """Lets none of the account's links hold any longer, whatever it was for."""
    await connection.execute(update(Link).where(Link.account_id == account_id, Link.use_time.is_(None)).values(use_time=now))


async def end(connection: AsyncConnection, account_id: uuid.UUID, purpose: str, now: datetime) -> None:
    """Lets none of the account's links of this purpose hold any longer."""
    waiting = (Link.account_id == account_id, Link.purpose == purpose, Link.use_time.is_(None))
    await connection.execute(update(Link).where(*waiting).values(use_time=now))


async def is_sent(connection: AsyncConnection, account_id: uuid.UUID, purpose: str, now: datetime) -> bool:
    """Whether a link of the purpose holds."""
    holding = (Link.account_id == account_id, Link.purpose == purpose, Link.use_time.is_(None), Link.expire_time > now)
    return bool((await connection.execute(select(exists().where(*holding)))).scalar())


async def sent_since(connection: AsyncConnection, account_id: uuid.UUID, purpose: str, moment: datetime) -> int:
    """How many links of the purpose the account was sent."""
    sent = (Link.account_id == account_id, Link.purpose == purpose, Link.create_time > moment)
    return (await connection.execute(select(func.count()).where(*sent))).scalar_one()
