"""Tables: content types, documents, their revisions with what these refer to, reviews, schedules and refreshes."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, UniqueConstraint, false, func, text
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
    is_block: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Whether its documents are shown within pages alone."""
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

    __table_args__ = (
        UniqueConstraint("path", "locale"),
        UniqueConstraint("translation_key", "locale"),
        Index("ix_documents_created", text("create_time DESC"), text("id DESC")),
        Index("ix_documents_created_by_organisation", "organisation_id", text("create_time DESC"), text("id DESC")),
        Index("ix_documents_listed", text("update_time DESC"), text("id DESC")),
        Index("ix_documents_listed_by_organisation", "organisation_id", text("update_time DESC"), text("id DESC")),
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

    reference_count: Mapped[int | None]
    """How many references it has (`references`); NULL where they were not looked for yet."""

    # The few that name files, by each of them.
    __table_args__ = (
        UniqueConstraint("document_id", "source_sha256"),
        Index("ix_revisions_attachments", "attachments", postgresql_using="gin", postgresql_where=text("attachments <> '{}'")),
    )


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


class Review(Model):
    """What was said to a revision: handed in, approved, given back."""

    __tablename__ = "reviews"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    document_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("documents.id"), index=True)
    revision_number: Mapped[int]
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("accounts.id"))
    draft_state: Mapped[int]
    """The state that the draft came into by it."""
    comment: Mapped[str]
    create_time: Mapped[datetime] = mapped_column(server_default=func.now())


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
