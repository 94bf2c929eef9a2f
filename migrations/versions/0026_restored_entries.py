"""Which entries of the record were restored from an export."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    column: sa.Column[bool] = sa.Column("is_restored", sa.Boolean(), server_default=sa.false(), nullable=False)
    op.add_column("record_entries", column)


def downgrade() -> None:
    op.drop_column("record_entries", "is_restored")
