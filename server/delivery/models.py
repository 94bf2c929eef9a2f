"""The table of pages: what each path serves now, serialised at publication."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, Index, false, func, text
from sqlalchemy.orm import Mapped, mapped_column

from server.stores.postgres import Model

LISTED, UNLISTED = text("summary IS NOT NULL"), text("summary IS NULL")
FIRST = (text("first_publish_time DESC"), text("document_id DESC"))


class Page(Model):
    __tablename__ = "pages"

    path: Mapped[str] = mapped_column(primary_key=True)
    locale: Mapped[str] = mapped_column(primary_key=True)
    record_number: Mapped[int] = mapped_column(BigInteger, unique=True)
    document_id: Mapped[uuid.UUID]
    translation_key: Mapped[uuid.UUID]
    organisation_id: Mapped[uuid.UUID]
    content_type: Mapped[str]
    title: Mapped[str]
    publish_time: Mapped[datetime]
    first_publish_time: Mapped[datetime] = mapped_column(server_default=func.now())
    """The document's, which never changes. The default is for processes of the release before."""
    answer: Mapped[bytes]
    """The serialised GetPageResponse."""
    summary: Mapped[bytes | None]
    """The serialised PageSummary; NULL for redirects and what is gone, which no list shows."""
    covers_prefix: Mapped[bool] = mapped_column(default=False)
    """A redirect that holds for every path below this one too."""
    preserves_suffix: Mapped[bool] = mapped_column(default=False)
    """…and appends what follows this path to its location."""

    is_block: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Shown within pages alone: the path itself serves nothing."""

    __table_args__ = (
        Index(None, "translation_key"),
        Index("ix_pages_published", "publish_time", "document_id"),
        Index("ix_pages_published_by_organisation", "organisation_id", "publish_time", "document_id", postgresql_where=LISTED),
        Index("ix_pages_published_by_content_type", "content_type", "publish_time", "document_id", postgresql_where=LISTED),
        Index("ix_pages_first", *FIRST, postgresql_where=LISTED),
        Index("ix_pages_first_by_organisation", "organisation_id", *FIRST, postgresql_where=LISTED),
        Index("ix_pages_first_by_content_type", "content_type", *FIRST, postgresql_where=LISTED),
        Index("ix_pages_listed", text("record_number DESC"), postgresql_where=LISTED),
        Index("ix_pages_listed_by_organisation", "organisation_id", text("record_number DESC"), postgresql_where=LISTED),
        Index("ix_pages_listed_by_content_type", "content_type", text("record_number DESC"), postgresql_where=LISTED),
        Index("ix_pages_unlisted", "path", postgresql_ops={"path": "text_pattern_ops"}, postgresql_where=UNLISTED),
    )
