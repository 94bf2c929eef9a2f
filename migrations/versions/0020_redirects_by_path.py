"""An index of what is no page by its path: a prefix is followed through the redirects below it before it is published."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_pages_unlisted",
        "pages",
        ["path"],
        unique=False,
        postgresql_ops={"path": "text_pattern_ops"},
        postgresql_where=sa.text("summary IS NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_pages_unlisted", table_name="pages")
