"""Review policies, which step a review was, publications by force, and comments."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

SERVES = "0027"

TIME = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.add_column("content_types", sa.Column("required_approvals", sa.Integer(), server_default=sa.text("1"), nullable=False))
    op.add_column("content_types", sa.Column("approver", sa.Integer(), server_default=sa.text("1"), nullable=False))

    op.add_column("documents", sa.Column("blocking_comments", sa.Integer(), server_default=sa.text("0"), nullable=False))
    forced_by = sa.ForeignKey("accounts.id", name=op.f("fk_documents_force_account_id"))
    op.add_column("documents", sa.Column("force_account_id", sa.Uuid(), forced_by, nullable=True))
    op.add_column("documents", sa.Column("force_time", TIME, nullable=True))
    op.add_column("documents", sa.Column("force_reason", sa.Text(), nullable=True))
    op.add_column("documents", sa.Column("force_revision_number", sa.Integer(), nullable=True))
    op.add_column("documents", sa.Column("force_base_number", sa.Integer(), nullable=True))
    op.add_column("documents", sa.Column("force_mail_time", TIME, nullable=True))
    op.create_index("ix_documents_force_time", "documents", ["force_time"], postgresql_where=sa.text("force_time IS NOT NULL"))

    op.add_column("reviews", sa.Column("verdict", sa.Integer(), nullable=True))
    op.create_index("ix_reviews_listed", "reviews", ["document_id", "id"])
    op.create_index("ix_reviews_of_revisions", "reviews", ["document_id", "revision_number", "id"])
    op.drop_index("ix_reviews_document_id", table_name="reviews")

    op.create_table(
        "comments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("thread_id", sa.Uuid(), nullable=False),
        sa.Column("revision_number", sa.Integer(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("quote", sa.Text(), nullable=False),
        sa.Column("quote_begin", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("blocks_approval", sa.Boolean(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("create_time", TIME, nullable=False),
        sa.Column("update_time", TIME, nullable=True),
        sa.Column("delete_time", TIME, nullable=True),
        sa.Column("resolve_time", TIME, nullable=True),
        sa.Column("resolver_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["document_id"], ["documents.id"], name=op.f("fk_comments_document_id")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_comments_account_id")),
        sa.ForeignKeyConstraint(["resolver_id"], ["accounts.id"], name=op.f("fk_comments_resolver_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comments")),
    )
    op.create_index("ix_comments_threads", "comments", ["document_id", "thread_id", "id"])


def downgrade() -> None:
    """What was said in comments is gone, and who published by force is on the audit alone."""
    op.drop_table("comments")
    op.create_index("ix_reviews_document_id", "reviews", ["document_id"])
    op.drop_index("ix_reviews_of_revisions", table_name="reviews")
    op.drop_index("ix_reviews_listed", table_name="reviews")
    op.drop_column("reviews", "verdict")
    op.drop_index("ix_documents_force_time", table_name="documents")
    op.drop_constraint(op.f("fk_documents_force_account_id"), "documents", type_="foreignkey")
    for name in ("mail_time", "base_number", "revision_number", "reason", "time", "account_id"):
        op.drop_column("documents", f"force_{name}")
    op.drop_column("documents", "blocking_comments")
    op.drop_column("content_types", "approver")
    op.drop_column("content_types", "required_approvals")
