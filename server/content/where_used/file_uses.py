"""What content tells files: which documents use a file, and that their pages are to follow it."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ARRAY, Uuid, case, func, insert, literal, literal_column, or_, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from server.content.documents.queries import IS_THERE
from server.content.models import Document, Reference, Refresh, Revision
from server.content.publishing.queued import CHANNEL, ORDINARY, PAGE, URGENT
from server.content.references.finding import FILE
from server.content.references.queries import IS_LIVE
from server.process.domains import FileUse

MOST = 50
IS_DRAFT = (Reference.revision_number == Document.revision_number) & (Document.draft_state != 0)


@dataclass(frozen=True)
class FileUses:
    """Answers as `FilePages` wants it."""

    async def uses(self, connection: AsyncConnection, file_id: uuid.UUID, organisation_id: uuid.UUID) -> Sequence[FileUse]:
        """The documents of the organisation whose newest or live revision has the file attached, or names it in its body, be it
        by its address. A draft counts, since its author counts on the file."""
        is_live = case((IS_LIVE, literal_column("true")), else_=literal_column("false")).label("is_live")
        columns = (Document.id.label("document_id"), Document.locale, Revision.path, Revision.title, is_live)
        its_revision = (Revision.document_id == Reference.document_id) & (Revision.number == Reference.revision_number)
        every = (
            select(*columns)
            .select_from(Reference)
            .join(Document, Document.id == Reference.document_id)
            .join(Revision, its_revision)
            .where(Reference.target_id == file_id, Reference.kind == FILE, Document.organisation_id == organisation_id)
            .where(or_(IS_LIVE, IS_DRAFT), IS_THERE)
            .ext(distinct_on(Document.id))
            .order_by(Document.id, is_live.desc())
            .subquery("every")
        )
        statement = select(every).order_by(every.c.is_live.desc(), every.c.path, every.c.locale).limit(MOST)
        return [FileUse(*row) for row in await connection.execute(statement)]

    async def follow(self, connection: AsyncConnection, document_ids: Collection[uuid.UUID], *, is_urgent: bool) -> None:
        """Queues the pages, for the job that renders them again (`refreshing`)."""
        if not document_ids:
            return
        ids = literal([*document_ids], ARRAY(Uuid()))
        given = func.unnest(ids).table_valued("id", name="given").render_derived()
        urgency = URGENT if is_urgent else ORDINARY
        rows: Any = select(literal_column(str(PAGE)), given.c.id.cast(Uuid()), literal_column(str(urgency)))
        made = insert(Refresh).from_select(["kind", "subject_id", "urgency"], rows, include_defaults=False)
        await connection.execute(made.returning(func.pg_notify(CHANNEL, "")))
