"""Writing the audit."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from server import calls
from server.audit.models import AuditEvent


async def add(
    connection: AsyncConnection,
    action: str,
    target: uuid.UUID | str,
    *,
    actor_id: uuid.UUID | None = None,
    organisation_id: uuid.UUID | None = None,
    **details: Any,
) -> None:
    """Adds an event to the transaction. Actor, address and request id are the current call's; `details` holds no secret."""
    call = calls.current() if calls.is_answering() else None
    event = {
        "action": action,
        "actor_id": actor_id or (call.caller.account_id if call else None),
        "target": str(target),
        "organisation_id": organisation_id,
        "address": call.address if call else "",
        "request_id": call.request_id if call else "",
        "details": details,
    }
    await connection.execute(insert(AuditEvent), event)
