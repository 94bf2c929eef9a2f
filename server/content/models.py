"""Tables: content types and their versions, documents, their revisions with what these refer to, reviews, comments, schedules,
previews and refreshes."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Computed,
    ForeignKey,
    Identity,
    Index,
    Text,
    UniqueConstraint,
    false,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from server.stores.postgres import Model

TITLE_KEY = "\"left\"(lower(regexp_replace(normalize(\"left\"(newest_title, 100), NFKD), '[\\u0300-\\u036f]', '', 'g')), 100)"
"""Capitals and accents aside. The whole of a long one would not fit into an index."""
PUBLISH_TIME_KEY = "coalesce(publish_time, '1970-01-01 00:00:00+00'::timestamp with time zone)"
"""What was never published comes before all that was."""
WORDS = (
    "to_tsvector('simple'::regconfig, translate(newest_title || ' ' || newest_summary, '/', ' ') "
    "|| ' ' || translate(path, '/_.~-', '     '))"
)
"""As they are written, in whatever language: nothing is taken for an ending."""


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


IS_THERE = text("delete_version IS DISTINCT FROM version")
"""Of documents: as the indexes and `documents.queries` say it. Of those that are deleted none keeps a path or a translation's
place from another one."""


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
    overridden_checks: Mapped[list[int] | None]
    """gazette.content.v1.PublishCheck: those that would have blocked what is live; NULL where none would."""

    newest_title: Mapped[str] = mapped_column(server_default="")
    """The newest revision's, for lists, as all that follows. Who saves writes it; a trigger of `revisions` does for others."""
    newest_summary: Mapped[str] = mapped_column(server_default="")
    newest_tags: Mapped[list[str]] = mapped_column(server_default="{}")
    newest_author_id: Mapped[uuid.UUID | None]
    title_key: Mapped[str | None] = mapped_column(Text(collation="C"), Computed(TITLE_KEY, persisted=True))
    """What it is sorted by where that is by title."""
    words: Mapped[Any] = mapped_column(TSVECTOR, Computed(WORDS, persisted=True), nullable=True)
    """What a list searches by."""

    delete_time: Mapped[datetime | None]
    delete_version: Mapped[int | None]
    """The version that the document came to by being deleted. The deletion holds for as long as it still has that: whatever
    changes the document voids it, whether it knows of deletions or not."""

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

    source_document_id: Mapped[uuid.UUID | None]
    """Of a translation: what it was made from; NULL where that is not known. It may have been deleted since."""
    source_revision_number: Mapped[int | None]
    review_by_time: Mapped[datetime | None]
    reviewed_time: Mapped[datetime | None]
    reviewer_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("accounts.id"))
    review_interval: Mapped[timedelta | None]
    review_mail_time: Mapped[datetime | None]
    """When its people were told that it is due; NULL: not since `review_by_time` was set."""

    __table_args__ = (
        Index("uq_documents_path_locale", "path", "locale", unique=True, postgresql_where=IS_THERE),
        Index("uq_documents_translation_key_locale", "translation_key", "locale", unique=True, postgresql_where=IS_THERE),
        Index(
            "ix_documents_deleted",
            text("create_time DESC"),
            text("id DESC"),
            postgresql_where=text("delete_time IS NOT NULL"),
        ),
        Index("ix_documents_created", text("create_time DESC"), text("id DESC")),
        Index("ix_documents_created_by_organisation", "organisation_id", text("create_time DESC"), text("id DESC")),
        Index("ix_documents_listed", text("update_time DESC"), text("id DESC")),
        Index("ix_documents_listed_by_organisation", "organisation_id", text("update_time DESC"), text("id DESC")),
        Index("ix_documents_listed_by_content_type", "content_type", text("update_time DESC"), text("id DESC")),
        Index("ix_documents_title", "title_key", "id"),
        Index("ix_documents_title_by_content_type", "content_type", "title_key", "id"),
        Index(None, "path", postgresql_ops={"path": "text_pattern_ops"}),
        Index("ix_documents_published", text(f"{PUBLISH_TIME_KEY} DESC"), text("id DESC")),
        Index(None, "newest_author_id"),
        Index(None, "locale"),
        Index(None, "draft_state", postgresql_where=text("draft_state <> 0")),
        Index(None, "live_state", postgresql_where=text("live_state <> 1")),
        Index(None, "newest_tags", postgresql_using="gin"),
        Index(None, "words", postgresql_using="gin"),
        Index("ix_documents_force_time", "force_time", postgresql_where=text("force_time IS NOT NULL")),
        Index("ix_documents_content_type_id", "content_type", "id"),
        Index("ix_documents_review_by_time", "review_by_time", postgresql_where=text("review_by_time IS NOT NULL")),
        # Pages in one language, for what they lack in another.
        Index("ix_documents_by_locale", "locale", "id", postgresql_where=text("live_state = 1")),
        Index(
            "ix_documents_by_locale_of_organisation",
            "organisation_id",
            "locale",
            "id",
            postgresql_where=text("live_state = 1"),
        ),
    )


def is_there(document: Any) -> ColumnElement[bool]:
    """The same of documents, or an alias of them, in a query."""
    found: ColumnElement[bool] = document.delete_version.is_distinct_from(document.version)
    return found


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
    restored_from_revision_number: Mapped[int | None]
    """The revision that this one says once more, path aside. NULL of what somebody wrote."""
    size_bytes: Mapped[int | None]
    """Of all that it says, as a message (`documents.sizes`): lists end in time by it. NULL where that was not counted yet."""
    version: Mapped[int | None]
    """The document's, and so the etag, as it was saved. NULL where that was before it was kept."""
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
    content_type: Mapped[str | None]
    """By which it was saved, and by which version of that: members have the names that they had then. NULL where that was
    before it was kept."""
    content_type_version: Mapped[int | None]

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
