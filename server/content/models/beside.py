"""Tables: what stands beside a document: reviews, comments, notes for readers, schedules and links to previews."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from server.stores.postgres import Model


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


class ChangeNote(Model):
    """What readers are told of a change of a page."""

    __tablename__ = "change_notes"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    document_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("documents.id"))
    time: Mapped[datetime]
    """When the change became public."""
    note: Mapped[str]
    claimed: Mapped[bool]
    """Whether an import says so of what was elsewhere."""

    __table_args__ = (Index("ix_change_notes_newest", "document_id", text("time DESC"), text("id DESC")),)


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
    change_note: Mapped[str] = mapped_column(server_default=text("''"))
    """What readers are to be told; empty where nothing was said, which a release before this one did not ask for."""
    take_down: Mapped[bytes | None]
    """What becomes of a page that is taken down: a serialised gazette.content.v1.ScheduledTakingDown."""
    override_checks: Mapped[list[int] | None]
    """gazette.content.v1.PublishCheck: those in spite of which it is published; NULL for none."""
    override_reason: Mapped[str | None]
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
        Index("ix_schedules_due_time", "due_time"),
        Index("ix_schedules_next_attempt_time", "next_attempt_time", postgresql_where=text("next_attempt_time IS NOT NULL")),
    )


class PreviewLink(Model):
    """A way to read one revision as the page that it would be. Its token is not stored: it is the id and a signature."""

    __tablename__ = "preview_links"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    document_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("documents.id"))
    revision_number: Mapped[int]
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("accounts.id"))
    """Who made it, and must be able to read drafts for as long as it shows something."""
    note: Mapped[str]
    create_time: Mapped[datetime] = mapped_column(server_default=func.now())
    expire_time: Mapped[datetime]
    end_time: Mapped[datetime | None]
    """When it was ended before it expired."""

    __table_args__ = (Index("ix_preview_links_document_id", "document_id", text("id DESC")),)
