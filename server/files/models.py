"""The table of files. Their bytes are blobs in the object storage."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from server.stores.postgres import Model


class File(Model):
    __tablename__ = "files"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    name: Mapped[str]
    content_type: Mapped[str]
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str]
    """64 hexadecimal digits."""
    state: Mapped[int]
    """gazette.files.v1.FileState."""
    alternative_text: Mapped[str]
    blob_key: Mapped[str] = mapped_column(unique=True)
    """Where the bytes are in the object storage; the server's choice, never the user's."""
    author_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("accounts.id"))
    publish_time: Mapped[datetime | None]
    create_time: Mapped[datetime] = mapped_column(server_default=func.now())

    # The few that are pending, for the sweep.
    __table_args__ = (Index("ix_files_pending", "create_time", postgresql_where=text("state = 1")),)
