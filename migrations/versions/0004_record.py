"""The record."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "record_entries",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("record_time", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("body_bytes", sa.LargeBinary(), nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary(), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_record_entries")),
    )
    op.create_index(op.f("ix_record_entries_document_id_number"), "record_entries", ["document_id", "number"], unique=False)
    op.create_index(op.f("ix_record_entries_path_locale_number"), "record_entries", ["path", "locale", "number"], unique=False)


def downgrade() -> None:
    op.drop_table("record_entries")
