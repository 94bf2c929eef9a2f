"""What bounds guesses: the generation of a password, the claim of a link, and counters that hold for days."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("accounts", "sessions"):
        op.add_column(table, sa.Column("password_generation", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.add_column("links", sa.Column("claim_expire_time", postgresql.TIMESTAMP(timezone=True), nullable=True))
    op.add_column("sign_in_attempts", sa.Column("failed", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.create_table(
        "long_run_attempts",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("counter", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("expire_time", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_long_run_attempts_account_id")),
        sa.PrimaryKeyConstraint("account_id", "counter", name=op.f("pk_long_run_attempts")),
    )
    op.create_index(op.f("ix_long_run_attempts_expire_time"), "long_run_attempts", ["expire_time"], unique=False)


def downgrade() -> None:
    op.drop_table("long_run_attempts")
    op.drop_column("sign_in_attempts", "failed")
    op.drop_column("links", "claim_expire_time")
    for table in ("sessions", "accounts"):
        op.drop_column(table, "password_generation")
