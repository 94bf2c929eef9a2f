"""Tables: what revisions refer to, and what is to be looked at again since that has changed."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from server.stores.postgres import Model


class Reference(Model):
    """That a revision refers to something. Kept of each document's newest and live revisions alone."""

    __tablename__ = "revision_references"

    document_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("documents.id"), primary_key=True)
    revision_number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """Its place among those of the revision."""
    field: Mapped[str]
    """Where: `links.related`, `body`, `details` or `attachments`."""
    kind: Mapped[int]
    """gazette.content.v1.ReferenceKind."""
    target_id: Mapped[uuid.UUID | None]
    """A document's translation key or id, or a file's id."""
    target_path: Mapped[str | None]
    """A path of this site that was written by hand."""

    __table_args__ = (
        Index(
            "ix_revision_references_target_id",
            *("target_id", "document_id", "revision_number", "number"),
            postgresql_where=text("target_id IS NOT NULL"),
        ),
        Index(
            "ix_revision_references_target_path",
            *("target_path", "document_id", "revision_number", "number"),
            postgresql_where=text("target_path IS NOT NULL"),
        ),
    )


class Refresh(Model):
    """Something that is to be looked at again, since what it shows of others may have changed. Rows are only ever added by
    publications, which so wait for nobody, and taken and removed by the job."""

    __tablename__ = "refreshes"

    number: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    kind: Mapped[int]
    """`refreshing.queries`: TARGET, PAGE or BACKLOG."""
    subject_id: Mapped[uuid.UUID] = mapped_column(index=True)
    """Of a TARGET its translation key, otherwise the document's id."""
    urgency: Mapped[int] = mapped_column(server_default=text("0"))
    """What is more urgent comes first: 1 what has vanished, 0 a page, -1 the backlog."""
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    next_attempt_time: Mapped[datetime | None] = mapped_column(server_default=func.clock_timestamp())
    """NULL: it has failed."""
    create_time: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    failure_reason: Mapped[str | None]
    failure_message: Mapped[str | None]

    __table_args__ = (
        Index(
            "ix_refreshes_waiting",
            "kind",
            text("urgency DESC"),
            "number",
            postgresql_where=text("next_attempt_time IS NOT NULL"),
        ),
    )
