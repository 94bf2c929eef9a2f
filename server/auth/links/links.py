"""Links in mails: what each is for, how long it holds, and the token that it carries.

A token is the link's id, signed: nothing that could be used is stored, nor stands in the queue of mails. It is written as the
link's fragment, which browsers send to no server, and so reaches no log on its way.
"""

from __future__ import annotations

import hmac
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.auth.v1.account_pb2 import AccountState
from server import mail
from server.auth.accounts import queries as account_queries
from server.auth.base64url import decoded, encoded, is_canonical
from server.auth.clock import utc_now
from server.auth.failures import InvalidLink
from server.auth.links import queries
from server.stores.postgres import AnyRow

INVITATION, PASSWORD_RESET, EMAIL_CHANGE = "invitation", "password-reset", "email-change"
ID_BYTES, SIGNATURE_BYTES = 16, 32


class Purpose(NamedTuple):
    """What a link is for."""

    page: str
    """Of the website, where the person goes on."""
    lifetime: timedelta
    state: AccountState.ValueType
    """That the account must be in."""


PURPOSES: Mapping[str, Purpose] = {
    INVITATION: Purpose("accept-invitation", timedelta(days=7), AccountState.ACCOUNT_STATE_INVITED),
    PASSWORD_RESET: Purpose("reset-password", timedelta(hours=1), AccountState.ACCOUNT_STATE_ACTIVE),
    EMAIL_CHANGE: Purpose("confirm-email", timedelta(days=1), AccountState.ACCOUNT_STATE_ACTIVE),
}


@dataclass(frozen=True)
class Links:
    """Sends links, and takes each once."""

    secret: str = field(repr=False)
    public_url: str
    now: Callable[[], datetime] = utc_now

    async def send(self, connection: AsyncConnection, account: AnyRow, purpose: str, email: str, **parameters: Any) -> None:
        """Queues a mail, of the kind that the purpose names, with a link that replaces the account's earlier ones of this
        purpose. The account is locked. `parameters` are for the mail's composer, in `letters.py`: JSON, and no secret."""
        lifetime = PURPOSES[purpose].lifetime
        link_id = await queries.add(connection, account.id, purpose, email, self.now(), lifetime)
        await mail.add(connection, purpose, email, account_id=account.id, link_id=str(link_id), **parameters)

    async def look(self, connection: AsyncConnection, purpose: str, token: str) -> tuple[AnyRow, AnyRow]:
        """The link and its account, as they are before it is used. Raises InvalidLink."""
        link = await queries.unused(connection, self.read(purpose, token), purpose, self.now())
        account = await account_queries.account(connection, link.account_id) if link else None
        if link is None or account is None or account.state != PURPOSES[purpose].state:
            raise InvalidLink
        return link, account

    async def use(self, connection: AsyncConnection, purpose: str, token: str) -> tuple[AnyRow, AnyRow]:
        """Uses the link up, in the transaction of what it is for. The link and its account, which is locked. Raises
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
        return encoded(link_id.bytes + self.signature(purpose, link_id.bytes))

    def read(self, purpose: str, token: str) -> uuid.UUID:
        """The link's id. Raises InvalidLink for a token that is not ours, or of another purpose."""
        raw = decoded(token) if is_canonical(token) else b""
        body, signature = raw[:-SIGNATURE_BYTES], raw[-SIGNATURE_BYTES:]
        if len(body) != ID_BYTES or not hmac.compare_digest(signature, self.signature(purpose, body)):
            raise InvalidLink
        return uuid.UUID(bytes=body)

    def signature(self, purpose: str, body: bytes) -> bytes:
        return hmac.digest(self.secret.encode(), f"gazette link: {purpose}\0".encode() + body, "sha256")
