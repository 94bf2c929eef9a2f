"""What is to happen to documents by itself, and when."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

SERVES = "0027"

DOCUMENTS = sa.table("documents", sa.column("draft_state", sa.Integer()))
APPROVED, SCHEDULED, SCHEDULE_FAILED = 4, 5, 6
"""gazette.content.v1.DraftState."""


def upgrade() -> None:
    time = sa.TIMESTAMP(timezone=True)
    op.create_table(
        "schedules",
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("action", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("revision_number", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("minor", sa.Boolean(), nullable=False),
        sa.Column("take_down", sa.LargeBinary(), nullable=True),
        sa.Column("due_time", time, nullable=False),
        sa.Column("create_time", time, server_default=sa.text("now()"), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_attempt_time", time, nullable=True),
        sa.Column("failure_reason", sa.Text(), nullable=True),
        sa.Column("failure_message", sa.Text(), nullable=True),
        sa.Column("fail_time", time, nullable=True),
        sa.ForeignKeyConstraint(["document_id"], ["documents.id"], name=op.f("fk_schedules_document_id")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_schedules_account_id")),
        sa.PrimaryKeyConstraint("document_id", "action", name=op.f("pk_schedules")),
    )
    op.create_index(
        "ix_schedules_next_attempt_time",
        "schedules",
        ["next_attempt_time"],
        postgresql_where=sa.text("next_attempt_time IS NOT NULL"),
    )


def downgrade() -> None:
    """What was scheduled stays approved, and is published by somebody."""
    op.drop_table("schedules")
    is_scheduled = DOCUMENTS.c.draft_state.in_([SCHEDULED, SCHEDULE_FAILED])
    op.execute(sa.update(DOCUMENTS).where(is_scheduled).values(draft_state=APPROVED))
