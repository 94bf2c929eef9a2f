"""Which version of its document each revision was saved as, so that an etag names what somebody read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

SERVES = "0027"

DOCUMENTS = sa.table(
    "documents", sa.column("id", sa.Uuid()), sa.column("version", sa.Integer()), sa.column("revision_number", sa.Integer())
)
REVISIONS = sa.table(
    "revisions", sa.column("document_id", sa.Uuid()), sa.column("version", sa.Integer()), sa.column("number", sa.Integer())
)


def upgrade() -> None:
    op.add_column("revisions", sa.Column("version", sa.Integer(), nullable=True))
    # The newest ones are what the document's etag stands for now: so what somebody has open can be merged. Of older ones, and
    # of what a process of the release before saves meanwhile, it stays unknown.
    is_newest = (REVISIONS.c.document_id == DOCUMENTS.c.id) & (REVISIONS.c.number == DOCUMENTS.c.revision_number)
    op.execute(sa.update(REVISIONS).where(is_newest).values(version=DOCUMENTS.c.version))


def downgrade() -> None:
    op.drop_column("revisions", "version")
