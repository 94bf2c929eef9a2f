"""What of a revision does not reach its readers as it was written, kept with it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("revisions", sa.Column("notices", postgresql.JSONB(), nullable=True))


def downgrade() -> None:
    op.drop_column("revisions", "notices")
