"""Tables: content types, documents, their revisions, reviews, comments and schedules."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from server.stores.postgres import Model


class ContentType(Model):
    __tablename__ = "content_types"

    name: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    details_schema: Mapped[dict[str, Any]]
    body_member: Mapped[str]
    html_members: Mapped[list[str]]
    required_approvals: Mapped[int] = mapped_column(server_default=text("1"))
    approver: Mapped[int] = mapped_column(server_default=text("1"))
    """gazette.content.v1.Approver."""
    version: Mapped[int]
    """The etag."""
    create_time: Mapped[datetime] = mapped_column(server_default=func.now())
    update_time: Mapped[datetime] = mapped_column(server_default=func.now())


class Document(Model):
    """The row that every change locks. What the document says is in its revisions."""

    __tablename__ = "documents"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    content_type: Mapped[str] = mapped_column(ForeignKey("content_types.name"))
    locale: Mapped[str]
    translation_key: Mapped[uuid.UUID]
    path: Mapped[str]
    """The newest revision's. No two documents of a locale share one."""
    version: Mapped[int]
    """The etag: one more with each change of any kind."""
    revision_number: Mapped[int]
    """The newest revision."""
    draft_state: Mapped[int]
    """gazette.content.v1.DraftState of the newest revision; 0 when it is what the public sees."""
    create_time: Mapped[datetime] = mapped_column(server_default=func.now())
    update_time: Mapped[datetime] = mapped_column(server_default=func.now())

    live_state: Mapped[int]
    """gazette.content.v1.LiveState; 0 when nothing is public, and all that follows is empty."""
    live_revision_number: Mapped[int | None]
    live_path: Mapped[str | None]
    publish_time: Mapped[datetime | None]
    first_publish_time: Mapped[datetime | None]
    public_update_time: Mapped[datetime | None]
    record_number: Mapped[int | None] = mapped_column(BigInteger)
    publish_duration: Mapped[timedelta | None]
    """How long the last publication took until it was written. NULL where that was before it was measured."""
    claimed_first_publish_time: Mapped[datetime | None]
    claimed_public_update_time: Mapped[datetime | None]
    explanation: Mapped[str | None]
    """WITHDRAWN, GONE: why, as HTML, as it was given."""
    withdraw_time: Mapped[datetime | None]
    location: Mapped[str | None]
    """REDIRECTED: where to. GONE: where to look instead."""
    covers_prefix: Mapped[bool] = mapped_column(default=False)
    preserves_suffix: Mapped[bool] = mapped_column(default=False)

    blocking_comments: Mapped[int] = mapped_column(server_default=text("0"))
    """How many of its comments block and are open: here, so that whoever acts on it meets those who comment on this row."""
    force_account_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("accounts.id"))
    """Who published it by force. This and all that follows is NULL once somebody has approved it."""
    force_time: Mapped[datetime | None]
    force_reason: Mapped[str | None]
    force_revision_number: Mapped[int | None]
    force_base_number: Mapped[int | None]
    """The last revision before that was published with approvals; 0 if none was."""
    force_mail_time: Mapped[datetime | None]
    """When others were told of it."""

    __table_args__ = (
        UniqueConstraint("path", "locale"),
        UniqueConstraint("translation_key", "locale"),
        Index("ix_documents_created", text("create_time DESC"), text("id DESC")),
        Index("ix_documents_created_by_organisation", "organisation_id", text("create_time DESC"), text("id DESC")),
        Index("ix_documents_listed", text("update_time DESC"), text("id DESC")),
        Index("ix_documents_listed_by_organisation", "organisation_id", text("update_time DESC"), text("id DESC")),
        Index("ix_documents_force_time", "force_time", postgresql_where=text("force_time IS NOT NULL")),
    )


class Revision(Model):
    __tablename__ = "revisions"

    document_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("documents.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    path: Mapped[str]
    title: Mapped[str]
    summary: Mapped[str]
    body: Mapped[str]
    body_format: Mapped[int]
    """gazette.content.v1.BodyFormat."""
    details: Mapped[dict[str, Any]]
    links: Mapped[dict[str, Any]]
    """kind -> list of translation keys."""
    tags: Mapped[list[str]]
    attachments: Mapped[list[uuid.UUID]]
    author_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("accounts.id"))
    create_time: Mapped[datetime] = mapped_column(server_default=func.now())
    size_bytes: Mapped[int | None]
    """Of all that it says, as a message (`documents.sizes`): lists end in time by it. NULL where that was not counted yet."""
    source_sha256: Mapped[bytes | None]
    """Imports: SHA-256 of the ImportedDocument, so that one version is imported once."""
    html: Mapped[str | None]
    """The body as the public gets it: rendered and sanitised when it was saved. NULL where that was before it was kept."""
    html_details: Mapped[dict[str, Any] | None]
    """The details with the members that hold HTML sanitised; NULL where none does, and they are as they were given."""
    renderer: Mapped[bytes | None]
    """What rendered it (`rendering.renderer`): the content type may name other members by now."""
    notices: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB)
    """What of it does not reach readers as it was written (gazette.content.v1.Notice); NULL where nothing was found."""

    # The few that name files, by each of them.
    __table_args__ = (
        UniqueConstraint("document_id", "source_sha256"),
        Index("ix_revisions_attachments", "attachments", postgresql_using="gin", postgresql_where=text("attachments <> '{}'")),
    )


class Review(Model):
    """What was said to a revision: handed in, approved, given back, taken back."""

    __tablename__ = "reviews"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    document_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("documents.id"))
    revision_number: Mapped[int]
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("accounts.id"))
    draft_state: Mapped[int]
    """The state that the draft came into by it."""
    verdict: Mapped[int | None]
    """gazette.content.v1.ReviewVerdict. NULL where that was before it was kept: then the state says it."""
    comment: Mapped[str]
    create_time: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        Index("ix_reviews_listed", "document_id", "id"),
        Index("ix_reviews_of_revisions", "document_id", "revision_number", "id"),
    )


class Comment(Model):
    """What somebody says to a document. Replies are in the thread of the comment that they answer."""

    __tablename__ = "comments"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    document_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("documents.id"))
    thread_id: Mapped[uuid.UUID]
    """The comment that began the thread: its own id of that one."""
    revision_number: Mapped[int]
    field: Mapped[str]
    quote: Mapped[str]
    quote_begin: Mapped[int]
    text: Mapped[str]
    """Empty once it was deleted."""
    blocks_approval: Mapped[bool]
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("accounts.id"))
    create_time: Mapped[datetime]
    update_time: Mapped[datetime | None]
    delete_time: Mapped[datetime | None]
    resolve_time: Mapped[datetime | None]
    resolver_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("accounts.id"))

    __table_args__ = (Index("ix_comments_threads", "document_id", "thread_id", "id"),)


class Schedule(Model):
    """What is to happen to a document by itself. A publication holds for as long as the draft is scheduled, and is that
    revision: whatever changes the draft voids it, whether it knows of this table or not. A taking down holds until it is taken
    back."""

    __tablename__ = "schedules"

    document_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("documents.id"), primary_key=True)
    action: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """gazette.content.v1.ScheduledAction."""
    revision_number: Mapped[int]
    """The one that is to be published; 0 of what is to be taken down."""
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("accounts.id"))
    """Who scheduled it, in whose name it happens."""
    minor: Mapped[bool]
    take_down: Mapped[bytes | None]
    """What becomes of a page that is taken down: a serialised gazette.content.v1.ScheduledTakingDown."""
    due_time: Mapped[datetime]
    create_time: Mapped[datetime] = mapped_column(server_default=func.now())
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    """How many did not end, that under way among them."""
    next_attempt_time: Mapped[datetime | None]
    """NULL: it has failed."""
    failure_reason: Mapped[str | None]
    failure_message: Mapped[str | None]
    fail_time: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_schedules_next_attempt_time", "next_attempt_time", postgresql_where=text("next_attempt_time IS NOT NULL")),
    )
