"""Rows as messages."""

from __future__ import annotations

from gazette.audit.v1.audit_event_pb2 import AuditEvent
from server.rpc.messages import message
from server.stores.postgres import AnyRow


def audit_event(row: AnyRow) -> AuditEvent:
    """A row of `queries.stored`."""
    is_erased = row.personal_hash is not None and row.data is None
    return message(AuditEvent, row, personal=row.data, is_erased=is_erased, sha256=row.hash.hex() if row.hash else None)
