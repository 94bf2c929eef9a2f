"""The table of who did what. The server's database role can only INSERT and SELECT here."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Identity, func
from sqlalchemy.orm import Mapped, mapped_column

from server.database import Model


class AuditEvent(Model):
    __tablename__ = "audit_events"

    number: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    event_time: Mapped[datetime] = mapped_column(server_default=func.now())
    action: Mapped[str]
    """A verb of the domain, such as `document.publish`."""
    actor_id: Mapped[uuid.UUID | None]
    """The account; NULL when nobody was signed in."""
    target: Mapped[str]
    """What it was done to, such as a document's id."""
    organisation_id: Mapped[uuid.UUID | None]
    address: Mapped[str]
    request_id: Mapped[str]
    details: Mapped[dict[str, Any]]
    """What else a reader of the audit wants to know. Never a secret."""
