"""Tables: documents and their revisions."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Computed, ForeignKey, Index, Text, UniqueConstraint, func, text
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
    """What a document said at one save. Never changed."""

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
