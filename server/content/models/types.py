"""Tables: content types and their versions."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, false, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from server.stores.postgres import Model


class ContentType(Model):
    """A kind of document, as it is now."""

    __tablename__ = "content_types"

    name: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    details_schema: Mapped[dict[str, Any]]
    body_member: Mapped[str]
    html_members: Mapped[list[str]]
    required_approvals: Mapped[int] = mapped_column(server_default=text("1"))
    approver: Mapped[int] = mapped_column(server_default=text("1"))
    """gazette.content.v1.Approver."""
    publish_checks: Mapped[list[dict[str, int]]] = mapped_column(JSONB, server_default=text("'[]'"))
    """What it wants of checks otherwise than by default: `check`, `level`, `threshold` by number; 0 means the default."""
    is_block: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Whether its documents are shown within pages alone."""
    version: Mapped[int]
    """The etag, and the number of the version."""
    create_time: Mapped[datetime] = mapped_column(server_default=func.now())
    update_time: Mapped[datetime] = mapped_column(server_default=func.now())
    member_permissions: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))
    """What is needed to write parts of documents: `member`, `permission`."""
    moves: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))
    """All that its versions have moved so far, in order: `version`, `source`, `target`."""


class ContentTypeVersion(Model):
    """What a content type was, kept for ever, also of one that is deleted."""

    __tablename__ = "content_type_versions"

    name: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    settings: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """All columns of `content_types`, as they were."""
    author_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("accounts.id"))
    """Who made it so. NULL where that was before it was kept."""
    create_time: Mapped[datetime] = mapped_column(server_default=func.now())
