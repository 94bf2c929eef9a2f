"""When the last backup succeeded, and up to when the WAL is archived: for the metrics by which somebody is woken."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

SERVES = "0027"


def upgrade() -> None:
    op.create_table(
        "backup_successes",
        sa.Column("kind", sa.Text(), primary_key=True),
        sa.Column("success_time", sa.TIMESTAMP(timezone=True), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("backup_successes")
