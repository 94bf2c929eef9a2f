"""What readers are told of changes, by when pages are looked at again, what translations were made from, and roles that are
held for single languages.

Those roles have a table of their own, which processes of the release before do not read: to them they are no roles at all.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

SERVES = "0027"

IS_PUBLISHED = sa.text("live_state = 1")
TIME = sa.TIMESTAMP(timezone=True)
DOCUMENT: tuple[tuple[str, Any], ...] = (
    ("source_document_id", sa.Uuid()),
    ("source_revision_number", sa.Integer()),
    ("review_by_time", TIME),
    ("reviewed_time", TIME),
    ("reviewer_id", sa.Uuid()),
    ("review_interval", sa.Interval()),
    ("review_mail_time", TIME),
)


def upgrade() -> None:
    op.create_table(
        "change_notes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("time", TIME, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("claimed", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["documents.id"], name=op.f("fk_change_notes_document_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change_notes")),
    )
    newest: list[str | sa.ColumnElement[Any]] = ["document_id", sa.literal_column("time DESC"), sa.literal_column("id DESC")]
    op.create_index("ix_change_notes_newest", "change_notes", newest)
    op.add_column("schedules", sa.Column("change_note", sa.Text(), server_default=sa.text("''"), nullable=False))
    for name, kind in DOCUMENT:
        of = [sa.ForeignKey("accounts.id", name=op.f("fk_documents_reviewer_id"))] if name == "reviewer_id" else []
        op.add_column("documents", sa.Column(name, kind, *of, nullable=True))
    is_set = sa.text("review_by_time IS NOT NULL")
    op.create_index("ix_documents_review_by_time", "documents", ["review_by_time"], postgresql_where=is_set)
    op.create_index("ix_documents_by_locale", "documents", ["locale", "id"], postgresql_where=IS_PUBLISHED)
    whose = ["organisation_id", "locale", "id"]
    op.create_index("ix_documents_by_locale_of_organisation", "documents", whose, postgresql_where=IS_PUBLISHED)
    op.create_table(
        "locale_grants",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("locales", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("create_time", TIME, server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_locale_grants_account_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_locale_grants_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_locale_grants")),
        sa.UniqueConstraint(
            "account_id",
            "role",
            "organisation_id",
            name=op.f("uq_locale_grants_account_id_role_organisation_id"),
            postgresql_nulls_not_distinct=True,
        ),
    )


def downgrade() -> None:
    """Roles for single languages are gone with their table, and what pages say of their changes stays on the pages alone."""
    op.drop_table("locale_grants")
    for name in ("ix_documents_by_locale_of_organisation", "ix_documents_by_locale", "ix_documents_review_by_time"):
        op.drop_index(name, "documents")
    op.drop_constraint(op.f("fk_documents_reviewer_id"), "documents", type_="foreignkey")
    for name, _ in reversed(DOCUMENT):
        op.drop_column("documents", name)
    op.drop_column("schedules", "change_note")
    op.drop_table("change_notes")
