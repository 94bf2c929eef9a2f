"""Creates that are safe to repeat: the answer to an `idempotency-key` is stored in the transaction of the write itself."""

from __future__ import annotations

import hashlib
import uuid
from datetime import datetime, timedelta
from typing import Any, Generic, NamedTuple, TypeVar

import asyncpg
from google.protobuf.message import Message
from sqlalchemy import CTE, ColumnElement, LargeBinary, bindparam, exists, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from server.rpc import failures
from server.rpc.call import Call
from server.stores.parameters import given
from server.stores.postgres import Model
from server.stores.retention import Expired
from server.stores.statements import Statement

MAX_KEY_LENGTH = 128
LIFETIME = timedelta(days=7)
"""For how long an answer is kept."""
Answer = TypeVar("Answer", bound=Message)


class IdempotencyKey(Model):
    """A key that an account has used for a method, and what it was answered."""

    __tablename__ = "idempotency_keys"

    account_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    method: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request_sha256: Mapped[bytes]
    answer: Mapped[bytes]
    create_time: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)


KEY_COLUMNS = ("account_id", "method", "key")
IS_KEY = [
    IdempotencyKey.__table__.c[each.key.removeprefix("key_")] == each for each in given("key", IdempotencyKey, KEY_COLUMNS)
]
TAKEN = (*KEY_COLUMNS, "request_sha256")
CLAIM = Statement(
    upsert(IdempotencyKey)
    .from_select([*TAKEN, "answer"], select(*given("key", IdempotencyKey, TAKEN), literal(b"")))
    .on_conflict_do_nothing()
    .returning(func.now().label("time"))
)
CLAIMED = Statement(select(IdempotencyKey.request_sha256, IdempotencyKey.answer, func.now().label("time")).where(*IS_KEY))


def expired() -> Expired:
    """Keys that nobody repeats any more."""
    return Expired(IdempotencyKey, IdempotencyKey.create_time < func.now() - LIFETIME)


class KeyReused(failures.InvalidArgument):
    """The key stands for another request."""

    reason = "IDEMPOTENCY_KEY_REUSED"

    def __init__(self) -> None:
        super().__init__(
            failures.Violation("idempotency-key", "was used for a different request; make a new one for each request")
        )


async def earlier(connection: AsyncConnection, call: Call, request: Message, kind: type[Answer]) -> Answer | None:
    """The answer that this call's key got before, or None: then the key is now this transaction's, and `remember` ends it.

    A second call with the same key waits here until the first has ended. Raises KeyReused, or InvalidArgument for a bad key.
    """
    key = given_key(call)
    if not key:
        return None
    taken = upsert(IdempotencyKey).values(
        account_id=call.caller.known_id, method=call.method.path, key=key, request_sha256=request_digest(request), answer=b""
    )
    if (await connection.execute(taken.on_conflict_do_nothing())).rowcount:
        return None
    return await answered(connection, call, request, kind)


async def answered(connection: AsyncConnection, call: Call, request: Message, kind: type[Answer]) -> Answer | None:
    """The answer that this call's key got before, without taking the key: for a look before long work. Raises as `earlier`."""
    key = given_key(call)
    if not key:
        return None
    stored = (
        await connection.execute(select(IdempotencyKey.request_sha256, IdempotencyKey.answer).where(*is_key_of(call, key)))
    ).one_or_none()
    if stored is None:
        return None
    if stored.request_sha256 != request_digest(request):
        raise KeyReused
    return kind.FromString(stored.answer)


async def remember(connection: AsyncConnection, call: Call, answer: Answer) -> Answer:
    """Stores the answer under this call's key, if it has one, and hands it back."""
    key = given_key(call)
    if key:
        await connection.execute(update(IdempotencyKey).where(*is_key_of(call, key)).values(answer=answer.SerializeToString()))
    return answer


class Claim(NamedTuple, Generic[Answer]):
    """What became of a call's key: what it was answered before, or since when it is this transaction's."""

    answer: Answer | None
    time: datetime
    """When the transaction began: its `now()`. So an answer can be made before what it tells of is stored."""


async def claim(connection: asyncpg.Connection, call: Call, request: Message, kind: type[Answer]) -> Claim[Answer]:
    """As `earlier`, for a call that has a key, on a connection of the driver's. `remembers` ends it, in the act's statement."""
    taken = await CLAIM.first(connection, **parameters(call), key_request_sha256=request_digest(request))
    if taken is not None:
        return Claim(None, taken.time)
    stored = await CLAIMED.first(connection, **parameters(call))
    if stored is None:  # it has just been cleared away
        raise failures.Aborted("The answer to this idempotency-key has just been forgotten; use a new one.")
    if stored.request_sha256 != request_digest(request):
        raise KeyReused
    return Claim(kind.FromString(stored.answer), stored.time)


def remembers(changed: CTE) -> CTE:
    """What stores the answer as a part of the act's statement, if `changed`, which does the act, yields a row. The statement is
    executed with `remembered`."""
    answer: dict[str, Any] = {"answer": bindparam("key_answer", type_=LargeBinary())}
    return update(IdempotencyKey).where(*IS_KEY, exists().select_from(changed)).values(answer).cte("idempotency_key")


def remembered(call: Call, answer: Message) -> dict[str, Any]:
    return {**parameters(call), "key_answer": answer.SerializeToString()}


def parameters(call: Call) -> dict[str, Any]:
    return {"key_account_id": call.caller.known_id, "key_method": call.method.path, "key_key": given_key(call)}


def given_key(call: Call) -> str:
    key = call.metadata.get("idempotency-key", "")
    if len(key) > MAX_KEY_LENGTH or not (key.isascii() and key.isprintable()):
        raise failures.InvalidArgument(
            failures.Violation("idempotency-key", f"must be at most {MAX_KEY_LENGTH} printable characters of ASCII")
        )
    return key


def is_key_of(call: Call, key: str) -> tuple[ColumnElement[bool], ...]:
    return (
        IdempotencyKey.account_id == call.caller.known_id,
        IdempotencyKey.method == call.method.path,
        IdempotencyKey.key == key,
    )


def request_digest(request: Message) -> bytes:
    return hashlib.sha256(request.SerializeToString(deterministic=True)).digest()
