"""What content types want of publish checks, and which checks were overridden."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

SERVES = "0027"


def upgrade() -> None:
    settings = sa.Column("publish_checks", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False)
    op.add_column("content_types", settings)
    op.add_column("documents", sa.Column("overridden_checks", sa.ARRAY(sa.Integer()), nullable=True))
    op.add_column("schedules", sa.Column("override_checks", sa.ARRAY(sa.Integer()), nullable=True))
    op.add_column("schedules", sa.Column("override_reason", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("schedules", "override_reason")
    op.drop_column("schedules", "override_checks")
    op.drop_column("documents", "overridden_checks")
    op.drop_column("content_types", "publish_checks")
