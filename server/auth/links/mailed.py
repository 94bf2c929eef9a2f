"""Links in mails: sending one, and taking it when it comes back.

A link's token is its id, signed: nothing that could be used is stored, nor stands in the queue of mails. It is written as the
link's fragment, which browsers send to no server, and so reaches no log on its way.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from server import mail
from server.auth.accounts import queries as account_queries
from server.auth.clock import utc_now
from server.auth.failures import InvalidLink
from server.auth.links import queries
from server.auth.links.purposes import PURPOSES
from server.auth.signed import opened, signed
from server.stores.postgres import AnyRow, Database, DatabaseUnavailable

ID_BYTES = 16
LEASE = timedelta(seconds=30)
"""For how long a link is claimed by a call that dies before it uses it."""


@dataclass(frozen=True)
class Links:
    """Sends links, and takes each once."""

    secret: str = field(repr=False)
    public_url: str
    now: Callable[[], datetime] = utc_now

    async def send(self, connection: AsyncConnection, account: AnyRow, purpose: str, email: str, **parameters: Any) -> None:
        """Queues a mail, of the kind that the purpose names, with a link that replaces the account's earlier ones of this
        purpose. The account is locked. `parameters` are for the mail's composer: JSON, and no secret."""
        lifetime = PURPOSES[purpose].lifetime
        link_id = await queries.add(connection, account.id, purpose, email, self.now(), lifetime)
        await mail.add(connection, purpose, email, account_id=account.id, link_id=str(link_id), **parameters)

    async def look(self, connection: AsyncConnection, purpose: str, token: str) -> tuple[AnyRow, AnyRow]:
        """The link and its account, as they are before the link is used. Raises InvalidLink."""
        link = await queries.unused(connection, self.read(purpose, token), purpose, self.now())
        account = await account_queries.account(connection, link.account_id) if link else None
        if link is None or account is None or account.state != PURPOSES[purpose].state:
            raise InvalidLink
        return link, account

    @asynccontextmanager
    async def claimed(self, database: Database, link: AnyRow) -> AsyncIterator[None]:
        """The link is this call's alone while the block prepares, at some cost, what the link is then used for; unless that
        succeeds, it holds again afterwards. Not inside of a transaction. Raises InvalidLink for all calls but one."""
        async with database.transaction() as connection:
            if not await queries.claim(connection, link.id, self.now(), LEASE):
                raise InvalidLink
        try:
            yield
        except BaseException:
            with suppress(DatabaseUnavailable):  # then the claim ends by itself
                async with database.transaction() as connection:
                    await queries.give_back(connection, link.id)
            raise

    async def use(self, connection: AsyncConnection, purpose: str, token: str) -> tuple[AnyRow, AnyRow]:
        """Uses the link up, in the transaction of what it is for. Returns the link and its account, which is locked. Raises
        InvalidLink."""
        link, account = await self.look(connection, purpose, token)
        # The account first, as whoever sends links does: two that wait for each other would both be refused.
        locked = await account_queries.lock(connection, account.id)
        if locked is None or locked.state != PURPOSES[purpose].state or not await queries.use(connection, link.id, self.now()):
            raise InvalidLink
        return link, locked

    def url(self, purpose: str, link_id: uuid.UUID) -> str:
        return f"{self.public_url}/{PURPOSES[purpose].page}#token={self.token(purpose, link_id)}"

    def token(self, purpose: str, link_id: uuid.UUID) -> str:
        return signed(link_id.bytes, self.secret.encode(), label(purpose))

    def read(self, purpose: str, token: str) -> uuid.UUID:
        """The link's id. Raises InvalidLink for a token that is not ours, or of another purpose."""
        body = opened(token, ID_BYTES, self.secret.encode(), label(purpose))
        if body is None:
            raise InvalidLink
        return uuid.UUID(bytes=body)


def label(purpose: str) -> bytes:
    return f"gazette link: {purpose}\0".encode()
