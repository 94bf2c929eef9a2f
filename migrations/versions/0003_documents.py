"""Content types, documents, revisions and reviews."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "content_types",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("details_schema", postgresql.JSONB(), nullable=False),
        sa.Column("body_member", sa.Text(), nullable=False),
        sa.Column("html_members", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("create_time", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("update_time", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_content_types")),
    )
    op.create_table(
        "documents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("translation_key", sa.Uuid(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("revision_number", sa.Integer(), nullable=False),
        sa.Column("draft_state", sa.Integer(), nullable=False),
        sa.Column("create_time", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("update_time", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("live_state", sa.Integer(), nullable=False),
        sa.Column("live_revision_number", sa.Integer(), nullable=True),
        sa.Column("live_path", sa.Text(), nullable=True),
        sa.Column("publish_time", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("first_publish_time", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("public_update_time", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("record_number", sa.BigInteger(), nullable=True),
        sa.Column("claimed_first_publish_time", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("claimed_public_update_time", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("explanation", sa.Text(), nullable=True),
        sa.Column("withdraw_time", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("location", sa.Text(), nullable=True),
        sa.Column("covers_prefix", sa.Boolean(), nullable=False),
        sa.Column("preserves_suffix", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["content_type"], ["content_types.name"], name=op.f("fk_documents_content_type")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_documents_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_documents")),
        sa.UniqueConstraint("path", "locale", name=op.f("uq_documents_path_locale")),
        sa.UniqueConstraint("translation_key", "locale", name=op.f("uq_documents_translation_key_locale")),
    )
    op.create_index(
        "ix_documents_listed", "documents", [sa.literal_column("update_time DESC"), sa.literal_column("id DESC")], unique=False
    )
    op.create_index(
        "ix_documents_listed_by_organisation",
        "documents",
        ["organisation_id", sa.literal_column("update_time DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_table(
        "revisions",
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("body_format", sa.Integer(), nullable=False),
        sa.Column("details", postgresql.JSONB(), nullable=False),
        sa.Column("links", postgresql.JSONB(), nullable=False),
        sa.Column("tags", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("attachments", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("create_time", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("source_sha256", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["author_id"], ["accounts.id"], name=op.f("fk_revisions_author_id")),
        sa.ForeignKeyConstraint(["document_id"], ["documents.id"], name=op.f("fk_revisions_document_id")),
        sa.PrimaryKeyConstraint("document_id", "number", name=op.f("pk_revisions")),
        sa.UniqueConstraint("document_id", "source_sha256", name=op.f("uq_revisions_document_id_source_sha256")),
    )
    op.create_table(
        "reviews",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("revision_number", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("draft_state", sa.Integer(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("create_time", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_reviews_account_id")),
        sa.ForeignKeyConstraint(["document_id"], ["documents.id"], name=op.f("fk_reviews_document_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reviews")),
    )
    op.create_index(op.f("ix_reviews_document_id"), "reviews", ["document_id"], unique=False)


def downgrade() -> None:
    op.drop_table("reviews")
    op.drop_table("revisions")
    op.drop_table("documents")
    op.drop_table("content_types")
