"""Documents that are deleted keep no path and no translation's place; links to previews; what a revision says once more."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

SERVES = "0027"

UNIQUE = {"uq_documents_path_locale": ["path", "locale"], "uq_documents_translation_key_locale": ["translation_key", "locale"]}
IS_THERE = sa.text("delete_version IS DISTINCT FROM version")
DOCUMENTS = sa.table(
    "documents",
    sa.column("id", sa.Uuid()),
    sa.column("path", sa.Text()),
    sa.column("translation_key", sa.Uuid()),
    sa.column("version", sa.Integer()),
    sa.column("delete_version", sa.Integer()),
)


def upgrade() -> None:
    time = sa.TIMESTAMP(timezone=True)
    op.add_column("documents", sa.Column("delete_time", time, nullable=True))
    op.add_column("documents", sa.Column("delete_version", sa.Integer(), nullable=True))
    for name, columns in UNIQUE.items():
        op.drop_constraint(name, "documents", type_="unique")
        # It judges less than the constraint before it, under whose name processes of the release before know it.
        op.execute(f"CREATE UNIQUE INDEX {name} ON documents ({', '.join(columns)}) WHERE {IS_THERE}")
    op.create_index(
        "ix_documents_deleted",
        "documents",
        [sa.text("create_time DESC"), sa.text("id DESC")],
        postgresql_where=sa.text("delete_time IS NOT NULL"),
    )
    op.add_column("revisions", sa.Column("restored_from_revision_number", sa.Integer(), nullable=True))
    op.create_table(
        "preview_links",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("revision_number", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("create_time", time, server_default=sa.text("now()"), nullable=False),
        sa.Column("expire_time", time, nullable=False),
        sa.Column("end_time", time, nullable=True),
        sa.ForeignKeyConstraint(["document_id"], ["documents.id"], name=op.f("fk_preview_links_document_id")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_preview_links_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_preview_links")),
    )
    op.create_index("ix_preview_links_document_id", "preview_links", ["document_id", sa.text("id DESC")])


def downgrade() -> None:
    """What was deleted is there again, at a path and in a translation of its own, since others may have come to those that it
    had."""
    op.drop_table("preview_links")
    op.drop_column("revisions", "restored_from_revision_number")
    own = sa.literal("/deleted-", sa.Text()) + sa.cast(DOCUMENTS.c.id, sa.Text())
    back = sa.update(DOCUMENTS).where(DOCUMENTS.c.delete_version == DOCUMENTS.c.version)
    op.execute(back.values(path=own, translation_key=DOCUMENTS.c.id))
    op.drop_index("ix_documents_deleted", "documents")
    for name, columns in UNIQUE.items():
        op.drop_index(name, "documents")
        op.create_unique_constraint(name, "documents", columns)
    op.drop_column("documents", "delete_version")
    op.drop_column("documents", "delete_time")
