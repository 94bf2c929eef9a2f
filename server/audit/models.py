"""The tables of who did what. The server's database role can only INSERT and SELECT events and seals; what is personal, and the
list of what waits for a seal, it can also DELETE, but not change."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from server.stores.postgres import Model


class AuditEvent(Model):
    __tablename__ = "audit_events"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    """A UUIDv7: events are listed by it, and sealed in its order."""
    event_time: Mapped[datetime]
    """When it was written, by the database's clock."""
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

    __table_args__ = (
        Index(None, "actor_id", "id"),
        Index(None, "target", "id"),
        Index(None, "action", "id"),
        Index(None, "organisation_id", "id"),
        Index(None, "event_time"),
        Index(
            "ix_audit_events_account_id", text("(details ->> 'account_id')"), postgresql_where=text("details ? 'account_id'")
        ),
    )


class AuditSeal(Model):
    """An event's place in the chain."""

    __tablename__ = "audit_seals"

    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    event_id: Mapped[uuid.UUID] = mapped_column(unique=True)
    """No foreign key: an event that was deleted before it could be sealed has its place all the same, and is missing there."""
    hash: Mapped[bytes]
    """SHA-256 of the hash before, the number and all the event's columns but its id."""


class AuditUnsealed(Model):
    """The list of the events that wait for a seal."""

    __tablename__ = "audit_unsealed"

    event_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    digest: Mapped[bytes]
    """Of the event as it was written: `rules.digest`."""


class AuditPersonal(Model):
    __tablename__ = "audit_personal"

    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey(AuditEvent.id), primary_key=True)
    salt: Mapped[bytes]
    """Random. Without it the hash that the event keeps says nothing, not even to who guesses the data."""
    data: Mapped[dict[str, Any]]
