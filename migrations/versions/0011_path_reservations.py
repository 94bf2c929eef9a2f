"""Parts of the site that are one organisation's own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "path_reservations",
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("create_time", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_path_reservations_organisation_id")),
        sa.PrimaryKeyConstraint("prefix", name=op.f("pk_path_reservations")),
    )
    op.create_index(op.f("ix_path_reservations_organisation_id"), "path_reservations", ["organisation_id"], unique=False)


def downgrade() -> None:
    op.drop_table("path_reservations")
