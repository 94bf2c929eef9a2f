"""Which revisions name which files, as files has to know it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, SQLColumnExpression, and_, exists, func, or_, select, text
from sqlalchemy.dialects.postgresql import array

from server import files, record
from server.background.jobs import Job
from server.content.models import Document, Reference, Revision
from server.content.references.finding import FILE
from server.content.transitions import PUBLISHED, WITHDRAWN
from server.stores.postgres import Database
from server.stores.statements import Statement

SECONDS = 3600.0
IS_INDEXED = text("revisions.attachments <> '{}'")
"""As the index says it."""
LATELY = timedelta(hours=2)
IS_LIVE = (Revision.document_id == Document.id) & (Revision.number == Document.live_revision_number)
IS_PAGE = or_(Document.live_state == PUBLISHED, Document.live_state == WITHDRAWN)
IS_CHANGED_LATELY = Document.update_time > func.now() - LATELY
CHANGED_LATELY = select(Document.id).where(IS_CHANGED_LATELY)
ATTACHED = (
    select(func.unnest(Revision.attachments).label("file_id"), Document.id.label("document_id"), Document.organisation_id)
    .join(Revision, IS_LIVE)
    .where(IS_PAGE, IS_CHANGED_LATELY)
)
IS_FILE_BY_ID = and_(Reference.kind == FILE, Reference.target_path.is_(None))
IN_BODIES = (
    select(Reference.target_id.label("file_id"), Document.id.label("document_id"), Document.organisation_id)
    .join(Reference, (Reference.document_id == Document.id) & (Reference.revision_number == Document.live_revision_number))
    .where(IS_PAGE, IS_CHANGED_LATELY, IS_FILE_BY_ID)
)
OF_PAGES = select(ATTACHED.union_all(IN_BODIES).subquery("of_pages"))
SHOWN_LATELY = Statement(files.shows_also(OF_PAGES))
LEFT_LATELY = Statement(files.shows_no_more(CHANGED_LATELY, OF_PAGES))


def is_named(file_id: SQLColumnExpression[Any]) -> ColumnElement[bool]:
    """Whether any revision, of whatever document and however old, has the file attached; or a newest or live one names it in
    its body."""
    is_attached = exists().where(IS_INDEXED, Revision.attachments.op("@>")(array([file_id])))
    return or_(is_attached, exists().where(Reference.target_id == file_id))


def agreement(database: Database) -> Job:
    """The job that puts right what a process of the release before this one has published after the migration: it does not
    know that it is to say which page has which file, and which has it no more."""

    async def work() -> None:
        async with database.direct() as connection, record.locked(connection):
            await SHOWN_LATELY.run(connection)
            await LEFT_LATELY.run(connection)

    return Job("files of pages", work, seconds=SECONDS)
