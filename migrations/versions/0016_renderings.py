"""What the public gets of a revision, kept with it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("revisions", sa.Column("html", sa.Text(), nullable=True))
    op.add_column("revisions", sa.Column("html_details", postgresql.JSONB(), nullable=True))
    op.add_column("revisions", sa.Column("renderer", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.drop_column("revisions", "renderer")
    op.drop_column("revisions", "html_details")
    op.drop_column("revisions", "html")
