"""Which page has which file: what no page has any more is not served any more."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

LIVE = """
INSERT INTO page_files (file_id, document_id)
SELECT DISTINCT files.id, documents.id
FROM documents
JOIN revisions ON revisions.document_id = documents.id AND revisions.number = documents.live_revision_number
CROSS JOIN LATERAL unnest(revisions.attachments) AS attached(id)
JOIN files ON files.id = attached.id AND files.organisation_id = documents.organisation_id AND files.state = 2
WHERE documents.live_state IN (1, 2)
"""
"""Those of what is published or withdrawn."""


def upgrade() -> None:
    op.create_table(
        "page_files",
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["file_id"], ["files.id"], name=op.f("fk_page_files_file_id")),
        sa.PrimaryKeyConstraint("file_id", "document_id", name=op.f("pk_page_files")),
    )
    op.create_index(op.f("ix_page_files_document_id"), "page_files", ["document_id"], unique=False)
    op.execute(LIVE)
    op.create_index(
        "ix_files_never_public", "files", ["create_time"], postgresql_where=sa.text("state = 2 AND publish_time IS NULL")
    )
    op.create_index(
        "ix_revisions_attachments",
        "revisions",
        ["attachments"],
        postgresql_using="gin",
        postgresql_where=sa.text("attachments <> '{}'"),
    )


def downgrade() -> None:
    op.drop_index("ix_revisions_attachments", table_name="revisions")
    op.drop_index("ix_files_never_public", table_name="files")
    op.drop_table("page_files")
