"""The tables of who did what. The server's database role can only INSERT and SELECT here, and DELETE what is personal."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from server.stores.postgres import Model


class AuditEvent(Model):
    __tablename__ = "audit_events"

    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    event_time: Mapped[datetime]
    action: Mapped[str]
    """A verb of the domain, such as `document.publish`."""
    actor_id: Mapped[uuid.UUID | None]
    """The account; NULL when nobody was signed in."""
    target: Mapped[str]
    """What it was done to, such as a document's id."""
    organisation_id: Mapped[uuid.UUID | None]
    request_id: Mapped[str]
    details: Mapped[dict[str, Any]]
    """What else a reader of the audit wants to know: ids, states, flags. Hashed, and so never a secret and nothing personal."""
    personal_hash: Mapped[bytes | None]
    """HMAC-SHA256 of the personal data under its salt; NULL when there was none."""
    hash: Mapped[bytes]
    """SHA-256 of the hash before and all the columns above."""

    __table_args__ = (
        Index(None, "actor_id", "number"),
        Index(None, "target", "number"),
        Index(None, "action", "number"),
        Index(None, "organisation_id", "number"),
        Index(None, "event_time"),
        Index(
            "ix_audit_events_account_id", text("(details ->> 'account_id')"), postgresql_where=text("details ? 'account_id'")
        ),
    )


class AuditPersonal(Model):
    __tablename__ = "audit_personal"

    number: Mapped[int] = mapped_column(ForeignKey(AuditEvent.number), primary_key=True, autoincrement=False)
    salt: Mapped[bytes]
    """Random. Without it the hash that the event keeps says nothing, not even to who guesses the data."""
    data: Mapped[dict[str, Any]]
