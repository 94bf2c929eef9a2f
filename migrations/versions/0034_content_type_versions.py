"""What content types were before: their versions, by which of them a revision was saved, and which members moved since.

What stands becomes the first version that is kept, by the number that it has. Of revisions that are there nobody knows by which
version they were saved: all moves that come hold for them.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

SERVES = "0027"


def upgrade() -> None:
    none = sa.text("'[]'::jsonb")
    for name in ("member_permissions", "moves"):
        op.add_column("content_types", sa.Column(name, postgresql.JSONB(), server_default=none, nullable=False))
    op.add_column("revisions", sa.Column("content_type", sa.Text(), nullable=True))
    op.add_column("revisions", sa.Column("content_type_version", sa.Integer(), nullable=True))
    op.create_table(
        "content_type_versions",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("settings", postgresql.JSONB(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=True),
        sa.Column("create_time", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["accounts.id"], name=op.f("fk_content_type_versions_author_id")),
        sa.PrimaryKeyConstraint("name", "version", name=op.f("pk_content_type_versions")),
    )
    op.execute(
        "INSERT INTO content_type_versions (name, version, settings, create_time) "
        "SELECT name, version, to_jsonb(content_types), update_time FROM content_types"
    )
    op.create_index("ix_documents_content_type_id", "documents", ["content_type", "id"])


def downgrade() -> None:
    """Members that moved are where they were saved."""
    op.drop_index("ix_documents_content_type_id", "documents")
    op.drop_table("content_type_versions")
    op.drop_column("revisions", "content_type_version")
    op.drop_column("revisions", "content_type")
    for name in ("moves", "member_permissions"):
        op.drop_column("content_types", name)
