"""Which releases' processes may go on beside the schema, so that a release is rolled out, and back, without a pause."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

SERVES = "0027"


def upgrade() -> None:
    op.create_table("schema_support", sa.Column("oldest_revision", sa.Text(), primary_key=True))


def downgrade() -> None:
    op.drop_table("schema_support")
