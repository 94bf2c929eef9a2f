"""The tables of files. Their bytes are blobs in the object storage.

A blob is named by what is in it, so one blob may serve several files. Who refers to it is not counted but looked up: `files`,
`file_versions` and `uploads` have an index by `blob_key`, and a blob goes when none of them has its key any more.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, SmallInteger, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from server.stores.postgres import Model


class File(Model):
    """What a file is now. What it was before it was replaced stands in `file_versions`, and what is on its way to become it in
    `uploads`."""

    __tablename__ = "files"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    name: Mapped[str]
    content_type: Mapped[str]
    """Empty before it is known."""
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str]
    """64 hexadecimal digits; empty before they are known."""
    state: Mapped[int]
    """gazette.files.v1.FileState."""
    alternative_text: Mapped[str]
    blob_key: Mapped[str] = mapped_column(index=True)
    """Where the bytes are in the object storage; the server's choice, never the user's. Empty before they are."""
    author_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("accounts.id"))
    publish_time: Mapped[datetime | None]
    """When it first became public. Whether it still is, `page_files` says."""
    create_time: Mapped[datetime] = mapped_column(server_default=func.now())
    update_time: Mapped[datetime] = mapped_column(server_default=func.now())
    version: Mapped[int] = mapped_column(server_default=text("1"))
    edit_number: Mapped[int] = mapped_column(server_default=text("1"))
    """One more with each change of what is known of it: its etag."""
    version_time: Mapped[datetime | None]
    """When this version came; not set of the first."""
    uploaded_sha256: Mapped[str] = mapped_column(server_default="")
    """Of the bytes as they came, where metadata was taken from them; else empty."""
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    """What was found in it: `image` and `document`, as the contract's messages say it in JSON."""
    focal_x: Mapped[int | None] = mapped_column(SmallInteger)
    """Percent."""
    focal_y: Mapped[int | None] = mapped_column(SmallInteger)
    rejection_reason: Mapped[str] = mapped_column(server_default="")
    rejection_message: Mapped[str] = mapped_column(server_default="")
    delete_time: Mapped[datetime | None]

    # The few that are on their way, deleted, rejected or were never public, for the sweeps; and lists by organisation.
    __table_args__ = (
        Index("ix_files_pending", "create_time", postgresql_where=text("state = 1")),
        Index("ix_files_never_public", "create_time", postgresql_where=text("state = 2 AND publish_time IS NULL")),
        Index("ix_files_deleted", "delete_time", postgresql_where=text("delete_time IS NOT NULL")),
        Index("ix_files_rejected", "update_time", postgresql_where=text("state = 4")),
        Index("ix_files_listed", "organisation_id", text("create_time DESC"), text("id DESC")),
    )


class FileVersion(Model):
    """What a file was before it was replaced."""

    __tablename__ = "file_versions"

    file_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("files.id", ondelete="CASCADE"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str]
    content_type: Mapped[str]
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str]
    blob_key: Mapped[str] = mapped_column(index=True)
    author_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("accounts.id"))
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    was_public: Mapped[bool]
    """Whether it was ever served to anyone: then it stays, as the record stays."""
    create_time: Mapped[datetime]
    replace_time: Mapped[datetime]


class Upload(Model):
    """Bytes on their way to become a file, or its next version; it goes when they have. One that was rejected stays for a while
    with its file."""

    __tablename__ = "uploads"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    file_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("files.id", ondelete="CASCADE"), index=True)
    is_replacement: Mapped[bool]
    way: Mapped[int] = mapped_column(SmallInteger)
    """`server.files.uploads.ways`."""
    stage: Mapped[int] = mapped_column(SmallInteger)
    """`server.files.stages`: how far it has come."""
    name: Mapped[str]
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    """As it was announced."""
    sha256: Mapped[str]
    """As it was announced; empty where it was not."""
    author_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("accounts.id"))
    key: Mapped[str]
    """Where its bytes are while they are on their way: `quarantine/<id>`, which nobody but the server writes."""
    received_bytes: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    """How many of a resumable upload are there for good."""
    storage_upload: Mapped[str] = mapped_column(server_default="")
    """The object storage's name of a multipart upload."""
    parts: Mapped[list[Any]] = mapped_column(JSONB, server_default=text("'[]'"))
    """Those that the storage has, in their order: number, size and tag of each."""
    holder: Mapped[uuid.UUID | None]
    """Who is at it: a stream that appends, or who examines it. A later one takes it over."""
    held_until: Mapped[datetime | None]
    blob_key: Mapped[str] = mapped_column(server_default="", index=True)
    """What it is to become, from before that is written: so nobody takes the blob away meanwhile."""
    found: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    """What the examination found."""
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    next_attempt_time: Mapped[datetime | None]
    rejection_reason: Mapped[str] = mapped_column(server_default="")
    rejection_message: Mapped[str] = mapped_column(server_default="")
    create_time: Mapped[datetime] = mapped_column(server_default=func.now())
    expire_time: Mapped[datetime]

    __table_args__ = (
        Index("ix_uploads_expire_time", "expire_time"),
        Index("ix_uploads_waiting", "next_attempt_time", postgresql_where=text("next_attempt_time IS NOT NULL")),
    )


class PageFile(Model):
    """A page that anyone can read has the file attached: so anyone can have it, as long as there is such a row."""

    __tablename__ = "page_files"

    file_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("files.id"), primary_key=True)
    document_id: Mapped[uuid.UUID] = mapped_column(primary_key=True, index=True)
    """Whose page it is."""


class Rendition(Model):
    """An image made from a blob, and kept beside it."""

    __tablename__ = "renditions"

    blob_key: Mapped[str] = mapped_column(primary_key=True)
    """What it was made from."""
    specification: Mapped[str] = mapped_column(primary_key=True)
    """As GetRendition takes it, with the focal point that it was made for."""
    key: Mapped[str]
    """Where its bytes are."""
    content_type: Mapped[str]
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str]
    width: Mapped[int]
    height: Mapped[int]
    create_time: Mapped[datetime] = mapped_column(server_default=func.now())


class FileText(Model):
    """What a blob says."""

    __tablename__ = "file_texts"

    blob_key: Mapped[str] = mapped_column(primary_key=True)
    text: Mapped[str]
    is_truncated: Mapped[bool]


class FileUsage(Model):
    """How many bytes of files an organisation has, and may have. A job holds it against the files."""

    __tablename__ = "file_usage"

    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"), primary_key=True)
    used_bytes: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    quota_bytes: Mapped[int | None] = mapped_column(BigInteger)
    """Not set: as FILE_QUOTA says."""


class FileSweep(Model):
    """The last sweep of the object storage, and who is at the next: the one row."""

    __tablename__ = "file_sweeps"

    is_only: Mapped[bool] = mapped_column(primary_key=True, server_default=text("true"))
    holder: Mapped[uuid.UUID | None]
    held_until: Mapped[datetime | None]
    finish_time: Mapped[datetime] = mapped_column(server_default=func.now())
    found: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    """How much of what, by the names of `sweeping.reports`."""


class CachePurge(Model):
    """What caches before Gazette are to forget, by the name that they keep it under (`Surrogate-Key`)."""

    __tablename__ = "cache_purges"

    number: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    name: Mapped[str]
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    next_attempt_time: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)
    create_time: Mapped[datetime] = mapped_column(server_default=func.now())
