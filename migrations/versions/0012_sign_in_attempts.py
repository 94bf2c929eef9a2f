"""The sign-in throttle's counters, and whether an account was signed in to from an address before."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sign_in_attempts",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("expire_time", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_sign_in_attempts")),
        prefixes=["UNLOGGED"],
    )
    op.create_index(op.f("ix_sign_in_attempts_expire_time"), "sign_in_attempts", ["expire_time"], unique=False)
    op.create_index("ix_sessions_account_id_address", "sessions", ["account_id", "address"], unique=False)
    op.drop_index("ix_sessions_account_id", table_name="sessions")


def downgrade() -> None:
    op.create_index("ix_sessions_account_id", "sessions", ["account_id"], unique=False)
    op.drop_index("ix_sessions_account_id_address", table_name="sessions")
    op.drop_table("sign_in_attempts")
