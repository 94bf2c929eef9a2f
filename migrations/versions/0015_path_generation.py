"""How often the reservations of paths have changed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    table = op.create_table(
        "path_generation",
        sa.Column("is_only", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("is_only", name=op.f("ck_path_generation_is_only")),
        sa.PrimaryKeyConstraint("is_only", name=op.f("pk_path_generation")),
    )
    op.bulk_insert(table, [{"number": 0}])


def downgrade() -> None:
    op.drop_table("path_generation")
