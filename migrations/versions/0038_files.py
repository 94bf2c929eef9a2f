"""Files that are examined before they are served: uploads, versions, renditions, quotas, and blobs that several files share.

Processes of the release before go on: a file of theirs has a blob of its own, and is version 1 with nothing known of it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

SERVES = "0027"

TIME = sa.TIMESTAMP(timezone=True)
EMPTY, NONE = sa.text("''"), sa.text("'{}'")
NEW_COLUMNS = (
    "update_time", "version", "edit_number", "version_time", "uploaded_sha256", "facts", "focal_x", "focal_y",
    "rejection_reason", "rejection_message", "delete_time",
)  # fmt: skip
USED = """
INSERT INTO file_usage (organisation_id, used_bytes)
SELECT organisation_id, sum(size_bytes) FROM files WHERE state = 2 GROUP BY organisation_id
"""
OF_THE_RELEASE_BEFORE = "DELETE FROM files WHERE state <> 2 OR blob_key = '' OR delete_time IS NOT NULL"
"""What it knows no place for, on the way back."""
SHARED = """
UPDATE files SET blob_key = blob_key || '-' || id WHERE blob_key IN (SELECT blob_key FROM files GROUP BY 1 HAVING count(*) > 1)
"""


def upgrade() -> None:
    op.add_column("files", sa.Column("update_time", TIME, server_default=sa.text("now()"), nullable=False))
    op.add_column("files", sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False))
    op.add_column("files", sa.Column("edit_number", sa.Integer(), server_default=sa.text("1"), nullable=False))
    op.add_column("files", sa.Column("version_time", TIME, nullable=True))
    op.add_column("files", sa.Column("uploaded_sha256", sa.Text(), server_default=EMPTY, nullable=False))
    op.add_column("files", sa.Column("facts", postgresql.JSONB(), server_default=NONE, nullable=False))
    op.add_column("files", sa.Column("focal_x", sa.SmallInteger(), nullable=True))
    op.add_column("files", sa.Column("focal_y", sa.SmallInteger(), nullable=True))
    op.add_column("files", sa.Column("rejection_reason", sa.Text(), server_default=EMPTY, nullable=False))
    op.add_column("files", sa.Column("rejection_message", sa.Text(), server_default=EMPTY, nullable=False))
    op.add_column("files", sa.Column("delete_time", TIME, nullable=True))
    op.drop_constraint("uq_files_blob_key", "files", type_="unique")
    op.create_index(op.f("ix_files_blob_key"), "files", ["blob_key"])
    op.create_index("ix_files_deleted", "files", ["delete_time"], postgresql_where=sa.text("delete_time IS NOT NULL"))
    op.create_index("ix_files_rejected", "files", ["update_time"], postgresql_where=sa.text("state = 4"))
    op.create_index("ix_files_listed", "files", ["organisation_id", sa.text("create_time DESC"), sa.text("id DESC")])
    create_versions()
    create_uploads()
    op.create_table(
        "renditions",
        sa.Column("blob_key", sa.Text(), nullable=False),
        sa.Column("specification", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("create_time", TIME, server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("blob_key", "specification", name=op.f("pk_renditions")),
    )
    op.create_table(
        "file_texts",
        sa.Column("blob_key", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("is_truncated", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("blob_key", name=op.f("pk_file_texts")),
    )
    op.create_table(
        "file_usage",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("used_bytes", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("quota_bytes", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_file_usage_organisation_id")),
        sa.PrimaryKeyConstraint("organisation_id", name=op.f("pk_file_usage")),
    )
    op.execute(USED)
    op.create_table(
        "file_sweeps",
        sa.Column("is_only", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("holder", sa.Uuid(), nullable=True),
        sa.Column("held_until", TIME, nullable=True),
        sa.Column("finish_time", TIME, server_default=sa.text("now()"), nullable=False),
        sa.Column("found", postgresql.JSONB(), server_default=NONE, nullable=False),
        sa.PrimaryKeyConstraint("is_only", name=op.f("pk_file_sweeps")),
    )
    op.execute("INSERT INTO file_sweeps DEFAULT VALUES")
    op.create_table(
        "cache_purges",
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_attempt_time", TIME, server_default=sa.text("now()"), nullable=False),
        sa.Column("create_time", TIME, server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_cache_purges")),
    )
    op.create_index(op.f("ix_cache_purges_next_attempt_time"), "cache_purges", ["next_attempt_time"])


def create_versions() -> None:
    op.create_table(
        "file_versions",
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("blob_key", sa.Text(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("facts", postgresql.JSONB(), nullable=False),
        sa.Column("was_public", sa.Boolean(), nullable=False),
        sa.Column("create_time", TIME, nullable=False),
        sa.Column("replace_time", TIME, nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["accounts.id"], name=op.f("fk_file_versions_author_id")),
        sa.ForeignKeyConstraint(["file_id"], ["files.id"], name=op.f("fk_file_versions_file_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("file_id", "version", name=op.f("pk_file_versions")),
    )
    op.create_index(op.f("ix_file_versions_blob_key"), "file_versions", ["blob_key"])


def create_uploads() -> None:
    op.create_table(
        "uploads",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("is_replacement", sa.Boolean(), nullable=False),
        sa.Column("way", sa.SmallInteger(), nullable=False),
        sa.Column("stage", sa.SmallInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("received_bytes", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("storage_upload", sa.Text(), server_default=EMPTY, nullable=False),
        sa.Column("parts", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("holder", sa.Uuid(), nullable=True),
        sa.Column("held_until", TIME, nullable=True),
        sa.Column("blob_key", sa.Text(), server_default=EMPTY, nullable=False),
        sa.Column("found", postgresql.JSONB(), server_default=NONE, nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_attempt_time", TIME, nullable=True),
        sa.Column("rejection_reason", sa.Text(), server_default=EMPTY, nullable=False),
        sa.Column("rejection_message", sa.Text(), server_default=EMPTY, nullable=False),
        sa.Column("create_time", TIME, server_default=sa.text("now()"), nullable=False),
        sa.Column("expire_time", TIME, nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["accounts.id"], name=op.f("fk_uploads_author_id")),
        sa.ForeignKeyConstraint(["file_id"], ["files.id"], name=op.f("fk_uploads_file_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_uploads")),
    )
    for column in ("file_id", "blob_key"):
        op.create_index(op.f(f"ix_uploads_{column}"), "uploads", [column])
    op.create_index("ix_uploads_expire_time", "uploads", ["expire_time"])
    op.create_index(
        "ix_uploads_waiting", "uploads", ["next_attempt_time"], postgresql_where=sa.text("next_attempt_time IS NOT NULL")
    )


def downgrade() -> None:
    for table in ("cache_purges", "file_sweeps", "file_usage", "file_texts", "renditions", "uploads", "file_versions"):
        op.drop_table(table)
    op.execute(OF_THE_RELEASE_BEFORE)
    op.execute(SHARED)
    for name in ("ix_files_listed", "ix_files_rejected", "ix_files_deleted", op.f("ix_files_blob_key")):
        op.drop_index(name, "files")
    op.create_unique_constraint("uq_files_blob_key", "files", ["blob_key"])
    for name in NEW_COLUMNS:
        op.drop_column("files", name)
