"""Pages."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "pages",
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("record_number", sa.BigInteger(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("translation_key", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("publish_time", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.Column("summary", sa.LargeBinary(), nullable=True),
        sa.Column("covers_prefix", sa.Boolean(), nullable=False),
        sa.Column("preserves_suffix", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("path", "locale", name=op.f("pk_pages")),
        sa.UniqueConstraint("record_number", name=op.f("uq_pages_record_number")),
    )
    op.create_index(
        "ix_pages_listed",
        "pages",
        [sa.literal_column("record_number DESC")],
        unique=False,
        postgresql_where=sa.text("summary IS NOT NULL"),
    )
    op.create_index(
        "ix_pages_listed_by_content_type",
        "pages",
        ["content_type", sa.literal_column("record_number DESC")],
        unique=False,
        postgresql_where=sa.text("summary IS NOT NULL"),
    )
    op.create_index(
        "ix_pages_listed_by_organisation",
        "pages",
        ["organisation_id", sa.literal_column("record_number DESC")],
        unique=False,
        postgresql_where=sa.text("summary IS NOT NULL"),
    )
    op.create_index(op.f("ix_pages_translation_key"), "pages", ["translation_key"], unique=False)


def downgrade() -> None:
    op.drop_table("pages")
