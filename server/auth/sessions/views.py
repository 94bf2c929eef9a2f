"""Sessions as the contract's messages."""

from __future__ import annotations

import uuid

from gazette.auth.v1 import session_pb2
from server.rpc.messages import message
from server.stores.postgres import AnyRow


def shown(session: AnyRow, current_id: uuid.UUID | None) -> session_pb2.Session:
    return message(
        session_pb2.Session,
        session,
        last_use_time=session.rotate_time,
        expire_time=session.idle_expire_time,
        is_current=session.id == current_id,
    )
