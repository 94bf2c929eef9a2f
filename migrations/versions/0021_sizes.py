"""How large a revision is, so that lists end in time, and how long a document's last publication took."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Left empty for what is there: it is judged by what PostgreSQL stores of it until it is saved again.
    op.add_column("revisions", sa.Column("size_bytes", sa.Integer(), nullable=True))
    op.add_column("documents", sa.Column("publish_duration", sa.Interval(), nullable=True))


def downgrade() -> None:
    op.drop_column("documents", "publish_duration")
    op.drop_column("revisions", "size_bytes")
