"""Writing events, in a statement of their own or in that of the act, and erasing what is personal in them.

Either way `inserts` is what writes: the event, what is personal about it, and its entry in the list of what waits for a seal.
It takes no lock that another wants, and waits for nobody.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Mapping
from typing import Any

import uuid6
from sqlalchemy import (
    CTE,
    LargeBinary,
    Select,
    Text,
    Uuid,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal_column,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from server.audit import rules
from server.audit.models import AuditEvent, AuditPersonal, AuditUnsealed
from server.rpc import ambient

SALT_BYTES = 32
COLUMNS = {
    "id": Uuid(),
    "action": Text(),
    "actor_id": Uuid(),
    "target": Text(),
    "organisation_id": Uuid(),
    "request_id": Text(),
    "details": JSONB(),
    "personal_hash": LargeBinary(),
}
"""What of an event is given. Its time is the database's to say."""


class NoTransaction(RuntimeError):
    """The event would be stored though its act might not be."""


async def add(
    connection: AsyncConnection,
    action: str,
    target: uuid.UUID | str,
    *,
    actor_id: uuid.UUID | None = None,
    organisation_id: uuid.UUID | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    personal: Mapping[str, Any] | None = None,
    **details: Any,
) -> None:
    """Writes an event in the transaction of its act. Actor, address and request id are the current call's.

    `details`, `before` and `after` are hashed for ever: ids, states, flags and whole numbers, never a secret and nothing that
    says something about a person. That goes to `personal`, where it can be erased. Raises TypeError for a fraction, and
    NoTransaction on a connection that commits each statement."""
    given = event(
        action,
        target,
        actor_id=actor_id,
        organisation_id=organisation_id,
        before=before,
        after=after,
        personal=personal,
        **details,
    )
    if is_autocommit(connection):
        raise NoTransaction(action)
    await connection.execute(ADDITION, given)


def event(
    action: str,
    target: uuid.UUID | str,
    *,
    actor_id: uuid.UUID | None = None,
    organisation_id: uuid.UUID | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    personal: Mapping[str, Any] | None = None,
    **details: Any,
) -> dict[str, Any]:
    """The parameters of a statement with `inserts`, for an event as `add` would write it."""
    call = ambient.current() if ambient.is_answering() else None
    address = {"address": call.address} if call and call.address else {}
    changes = {name: values for name, values in (("before", before), ("after", after)) if values is not None}
    data = rules.plain({**address, **(personal or {})}) or None
    salt = secrets.token_bytes(SALT_BYTES) if data else None
    given = {
        "id": uuid6.uuid7(),
        "action": action,
        "actor_id": actor_id or (call.caller.account_id if call else None),
        "target": str(target),
        "organisation_id": organisation_id,
        "request_id": call.request_id if call else "",
        "details": rules.plain({**details, **changes}),
        "personal_hash": rules.personal_hash(salt, data) if salt and data else None,
    }
    beside = {"body": rules.body(given), "salt": salt, "data": data}
    return {f"audit_{name}": value for name, value in {**given, **beside}.items()}


def origin() -> str:
    """Which way an act came that either way can come: for the details of its event, as `by`."""
    return "api" if ambient.is_answering() else "cli"


def inserts(changed: CTE | None) -> tuple[CTE, CTE, CTE]:
    """What writes an event as a part of its act's statement: `select(changed).add_cte(*inserts(changed))`, executed with the
    parameters of `event`. It is written if `changed`, which does the act, yields a row; for None in any case."""
    time = func.clock_timestamp()
    given = select(time, *(parameter(name, type_) for name, type_ in COLUMNS.items()))
    if changed is not None:
        given = given.where(exists().select_from(changed))
    columns = AuditEvent.id, AuditEvent.event_time
    written = insert(AuditEvent).from_select(["event_time", *COLUMNS], given).returning(*columns).cte("audit_written")

    salt = parameter("salt", LargeBinary())
    personal = select(written.c.id, salt, parameter("data", JSONB())).where(salt.is_not(None))
    utc = func.timezone(literal_column("'UTC'"), written.c.event_time)
    text = func.convert_to(func.to_char(utc, literal_column(rules.TIME_FORMAT)), literal_column("'UTF8'"))
    digested = select(written.c.id, func.sha256(parameter("body", LargeBinary()).concat(text)))
    return (
        written,
        insert(AuditPersonal).from_select(["event_id", "salt", "data"], personal).cte("audit_personal_written"),
        insert(AuditUnsealed).from_select(["event_id", "digest"], digested).cte("audit_listed"),
    )


def parameter(name: str, type_: Any) -> Any:
    return bindparam(f"audit_{name}", type_=type_)


ADDITION: Select[*tuple[Any, ...]] = select(literal_column("1")).add_cte(*inserts(None))


def is_autocommit(connection: AsyncConnection) -> bool:
    plain: Any = connection.sync_connection
    return bool(plain.dialect.detect_autocommit_setting(plain.connection.dbapi_connection))


async def erase(connection: AsyncConnection, account_id: uuid.UUID) -> None:
    """Erases what is personal in the events that concern the account: as actor, as target, or named by `account_id` in the
    details. The event of the erasure itself keeps from where it was asked for."""
    named = or_(
        AuditEvent.actor_id == account_id,
        AuditEvent.target == str(account_id),
        AuditEvent.details.has_key("account_id") & (AuditEvent.details["account_id"].astext == str(account_id)),  # as its index
    )
    is_its_erasure = (AuditEvent.action == rules.ERASURE) & (AuditEvent.target == str(account_id))
    events = select(AuditEvent.id).where(named, ~is_its_erasure)
    await connection.execute(delete(AuditPersonal).where(AuditPersonal.event_id.in_(events)))
