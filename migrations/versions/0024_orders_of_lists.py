"""The orders of lists: documents by creation, pages by their first publication, which summaries tell, too.

Lists went by the last change alone, and hid from whoever walked through them what was changed meanwhile.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from google.protobuf.timestamp_pb2 import Timestamp
from sqlalchemy.dialects import postgresql

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

BATCH = 1000
TAG = b"\x5a"
"""Of PageSummary.first_publish_time: field 11, length-delimited. A field may be appended to a message that is serialised."""
PAGES = sa.table(
    "pages",
    sa.column("path", sa.Text()),
    sa.column("locale", sa.Text()),
    sa.column("first_publish_time", postgresql.TIMESTAMP(timezone=True)),
    sa.column("summary", sa.LargeBinary()),
)
PLACE = sa.tuple_(PAGES.c.path, PAGES.c.locale)
FIRST: list[str | sa.ColumnElement[Any]] = [sa.literal_column("first_publish_time DESC"), sa.literal_column("document_id DESC")]
INDEXES: dict[str, list[str | sa.ColumnElement[Any]]] = {
    "ix_pages_first": FIRST,
    "ix_pages_first_by_organisation": ["organisation_id", *FIRST],
    "ix_pages_first_by_content_type": ["content_type", *FIRST],
}


def upgrade() -> None:
    newest: list[str | sa.ColumnElement[Any]] = [sa.literal_column("create_time DESC"), sa.literal_column("id DESC")]
    op.create_index("ix_documents_created", "documents", newest)
    op.create_index("ix_documents_created_by_organisation", "documents", ["organisation_id", *newest])
    # The default is for processes of the release before, which go on publishing meanwhile.
    time = postgresql.TIMESTAMP(timezone=True)
    op.add_column("pages", sa.Column("first_publish_time", time, server_default=sa.text("now()"), nullable=False))
    op.execute(
        "UPDATE pages SET first_publish_time = coalesce("
        "(SELECT documents.first_publish_time FROM documents WHERE documents.id = pages.document_id), publish_time)"
    )
    tell_first_publish_times(op.get_bind())
    for name, columns in INDEXES.items():
        op.create_index(name, "pages", columns, postgresql_where=sa.text("summary IS NOT NULL"))


def downgrade() -> None:
    """Summaries keep what was appended: who does not know the field passes over it."""
    for name in INDEXES:
        op.drop_index(name, "pages")
    op.drop_column("pages", "first_publish_time")
    op.drop_index("ix_documents_created_by_organisation", "documents")
    op.drop_index("ix_documents_created", "documents")


def tell_first_publish_times(connection: sa.Connection) -> None:
    """Appends the time to each summary: of a field that comes twice the last holds."""
    listed = sa.select(PAGES.c.path, PAGES.c.locale, PAGES.c.first_publish_time).where(PAGES.c.summary.is_not(None))
    change = (
        sa.update(PAGES)
        .where(PAGES.c.path == sa.bindparam("at_path"), PAGES.c.locale == sa.bindparam("at_locale"))
        .values(summary=PAGES.c.summary.concat(sa.bindparam("suffix", type_=sa.LargeBinary())))
    )
    rows = connection.execute(listed.order_by(PAGES.c.path, PAGES.c.locale).limit(BATCH)).all()
    while rows:
        said = [(row.path, row.locale, suffix(row.first_publish_time)) for row in rows]
        connection.execute(change, [dict(zip(("at_path", "at_locale", "suffix"), each, strict=True)) for each in said])
        after = sa.tuple_(sa.literal(rows[-1].path), sa.literal(rows[-1].locale))
        rows = connection.execute(listed.where(after < PLACE).order_by(PAGES.c.path, PAGES.c.locale).limit(BATCH)).all()


def suffix(time: object) -> bytes:
    stamp = Timestamp()
    stamp.FromDatetime(time)  # type: ignore[arg-type]
    said = stamp.SerializeToString()
    return TAG + bytes([len(said)]) + said
