"""The table of mails that wait, were sent, or could not be."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from server.stores.postgres import Model


class Mail(Model):
    __tablename__ = "mails"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    recipient: Mapped[str]
    """An address; empty when the recipient was erased."""
    account_id: Mapped[uuid.UUID | None]
    """Whose mail it is."""
    parameters: Mapped[dict[str, Any]]
    """What its text is made of. Never a secret."""
    create_time: Mapped[datetime] = mapped_column(server_default=func.now())
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    next_attempt_time: Mapped[datetime | None] = mapped_column(server_default=func.now())
    """NULL: it was sent, dropped or given up."""
    send_time: Mapped[datetime | None]
    drop_time: Mapped[datetime | None]
    """When it was found to be no longer worth sending."""
    failure: Mapped[str | None]
    """Why the last attempt failed; NULL once it was sent."""

    __table_args__ = (
        Index("ix_mails_next_attempt_time", "next_attempt_time", postgresql_where=text("next_attempt_time IS NOT NULL")),
        Index("ix_mails_account_id", "account_id"),
    )
