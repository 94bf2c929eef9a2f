"""What lists of documents are filtered and sorted by, beside the document: what its newest revision says.

A list that sorted by the title would read every newest revision otherwise. Whoever saves writes it with the revision; the
trigger does for processes of the release before, and for whatever else adds a revision.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0037"
down_revision = "0029"
branch_labels = None
depends_on = None

SERVES = "0027"

WORDS = (
    "to_tsvector('simple'::regconfig, translate(newest_title || ' ' || newest_summary, '/', ' ') "
    "|| ' ' || translate(path, '/_.~-', '     '))"
)
TITLE_KEY = "\"left\"(lower(regexp_replace(normalize(\"left\"(newest_title, 100), NFKD), '[\\u0300-\\u036f]', '', 'g')), 100)"
INDEXES: dict[str, tuple[list[str], dict[str, Any]]] = {
    "ix_documents_title": (["title_key", "id"], {}),
    "ix_documents_path": (["path text_pattern_ops"], {}),
    "ix_documents_published": (
        ["coalesce(publish_time, '1970-01-01 00:00:00+00'::timestamp with time zone) DESC", "id DESC"],
        {},
    ),
    "ix_documents_listed_by_content_type": (["content_type", "update_time DESC", "id DESC"], {}),
    "ix_documents_title_by_content_type": (["content_type", "title_key", "id"], {}),
    "ix_documents_newest_author_id": (["newest_author_id"], {}),
    "ix_documents_locale": (["locale"], {}),
    "ix_documents_draft_state": (["draft_state"], {"postgresql_where": sa.text("draft_state <> 0")}),
    "ix_documents_live_state": (["live_state"], {"postgresql_where": sa.text("live_state <> 1")}),
    "ix_documents_newest_tags": (["newest_tags"], {"postgresql_using": "gin"}),
    "ix_documents_words": (["words"], {"postgresql_using": "gin"}),
}
LISTED = """
CREATE FUNCTION list_revision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE documents SET
        newest_title = NEW.title, newest_summary = NEW.summary, newest_tags = NEW.tags, newest_author_id = NEW.author_id
    WHERE id = NEW.document_id AND revision_number = NEW.number
      AND (newest_title, newest_summary, newest_tags, newest_author_id)
          IS DISTINCT FROM (NEW.title, NEW.summary, NEW.tags, NEW.author_id);
    RETURN NULL;
END
$$
"""
TRIGGER = """
CREATE TRIGGER list_revision AFTER INSERT ON revisions FOR EACH ROW EXECUTE FUNCTION list_revision()
"""
FILL = """
UPDATE documents SET newest_title = title, newest_summary = revisions.summary, newest_tags = tags, newest_author_id = author_id
FROM revisions WHERE revisions.document_id = documents.id AND revisions.number = documents.revision_number
"""


def upgrade() -> None:
    op.add_column("documents", sa.Column("newest_title", sa.Text(), server_default="", nullable=False))
    op.add_column("documents", sa.Column("newest_summary", sa.Text(), server_default="", nullable=False))
    op.add_column("documents", sa.Column("newest_tags", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False))
    op.add_column("documents", sa.Column("newest_author_id", sa.Uuid(), nullable=True))
    op.execute(LISTED)
    op.execute(TRIGGER)
    op.execute(FILL)
    op.add_column("documents", sa.Column("words", postgresql.TSVECTOR(), sa.Computed(WORDS, persisted=True), nullable=True))
    op.add_column(
        "documents", sa.Column("title_key", sa.Text(collation="C"), sa.Computed(TITLE_KEY, persisted=True), nullable=True)
    )
    for name, (columns, how) in INDEXES.items():
        op.create_index(name, "documents", [sa.text(each) for each in columns], **how)
    op.create_index("ix_schedules_due_time", "schedules", ["due_time"])
    op.execute("ANALYZE documents")  # until it is asked, nobody knows how rare a tag is


def downgrade() -> None:
    op.drop_index("ix_schedules_due_time", "schedules")
    op.execute("DROP TRIGGER list_revision ON revisions")
    op.execute("DROP FUNCTION list_revision()")
    for name in INDEXES:
        op.drop_index(name, "documents")
    for name in ("words", "title_key", "newest_author_id", "newest_tags", "newest_summary", "newest_title"):
        op.drop_column("documents", name)
