"""The table of the record. The server's database role can only INSERT and SELECT here."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, Index, false
from sqlalchemy.orm import Mapped, mapped_column

from server.stores.postgres import Model


class RecordEntry(Model):
    __tablename__ = "record_entries"

    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    kind: Mapped[int]
    """gazette.record.v1.RecordEntryKind."""
    document_id: Mapped[uuid.UUID]
    path: Mapped[str]
    locale: Mapped[str]
    record_time: Mapped[datetime]
    body_bytes: Mapped[bytes]
    """The serialised RecordEntryBody that was hashed."""
    leaf_hash: Mapped[bytes]
    answer: Mapped[bytes]
    """What the path has served since: a serialised gazette.delivery.v1.GetPageResponse. Empty for a restored entry whose place
    later ones had taken in the installation that it comes from."""
    is_restored: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Whether it was made by another installation, and came here by an import that restores."""

    __table_args__ = (Index(None, "path", "locale", "number"), Index(None, "document_id", "number"))
