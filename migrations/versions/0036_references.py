"""What revisions refer to, pages that are to be rendered again, and reusable blocks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

SERVES = "0027"

BACKLOG = 3
"""server.content.refreshing: a document whose references are to be found."""
LISTED = sa.text("summary IS NOT NULL")
GIVEN_ID, GIVEN_PATH = sa.text("target_id IS NOT NULL"), sa.text("target_path IS NOT NULL")


def upgrade() -> None:
    time = sa.TIMESTAMP(timezone=True)
    op.add_column("content_types", sa.Column("is_block", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("pages", sa.Column("is_block", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_index("ix_pages_published", "pages", ["publish_time", "document_id"])
    for name in ("organisation_id", "content_type"):
        index = f"ix_pages_published_by_{name.removesuffix('_id')}"
        op.create_index(index, "pages", [name, "publish_time", "document_id"], postgresql_where=LISTED)
    op.add_column("revisions", sa.Column("reference_count", sa.Integer(), nullable=True))
    op.create_table(
        "revision_references",
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("revision_number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("kind", sa.Integer(), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=True),
        sa.Column("target_path", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["document_id"], ["documents.id"], name=op.f("fk_revision_references_document_id")),
        sa.PrimaryKeyConstraint("document_id", "revision_number", "number", name=op.f("pk_revision_references")),
    )
    for column, given in (("target_id", GIVEN_ID), ("target_path", GIVEN_PATH)):
        op.create_index(
            f"ix_revision_references_{column}",
            "revision_references",
            [column, "document_id", "revision_number", "number"],
            postgresql_where=given,
        )
    op.create_table(
        "refreshes",
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("kind", sa.Integer(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("urgency", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_attempt_time", time, server_default=sa.text("clock_timestamp()"), nullable=True),
        sa.Column("create_time", time, server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("failure_reason", sa.Text(), nullable=True),
        sa.Column("failure_message", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_refreshes")),
    )
    op.create_index(
        "ix_refreshes_waiting",
        "refreshes",
        ["kind", sa.text("urgency DESC"), "number"],
        postgresql_where=sa.text("next_attempt_time IS NOT NULL"),
    )
    op.create_index(op.f("ix_refreshes_subject_id"), "refreshes", ["subject_id"])
    # What earlier releases have stored: a job finds what it refers to (docs/links.md).
    op.execute(
        sa.text("INSERT INTO refreshes (kind, subject_id, urgency) SELECT :kind, id, -1 FROM documents").bindparams(
            kind=BACKLOG
        )
    )


def downgrade() -> None:
    op.drop_table("refreshes")
    op.drop_table("revision_references")
    op.drop_column("revisions", "reference_count")
    for name in ("ix_pages_published_by_content_type", "ix_pages_published_by_organisation", "ix_pages_published"):
        op.drop_index(name, "pages")
    op.drop_column("pages", "is_block")
    op.drop_column("content_types", "is_block")
