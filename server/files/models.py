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
    """When it first became public. Whether it still is, `page_files` says."""
    create_time: Mapped[datetime] = mapped_column(server_default=func.now())

    # The few that are pending, and those that were never public, for the sweeps.
    __table_args__ = (
        Index("ix_files_pending", "create_time", postgresql_where=text("state = 1")),
        Index("ix_files_never_public", "create_time", postgresql_where=text("state = 2 AND publish_time IS NULL")),
    )


class PageFile(Model):
    """A page that anyone can read has the file attached: so anyone can have it, as long as there is such a row."""

    __tablename__ = "page_files"

    file_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("files.id"), primary_key=True)
    document_id: Mapped[uuid.UUID] = mapped_column(primary_key=True, index=True)
    """Whose page it is."""
