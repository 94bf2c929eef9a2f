"""SQL: what the public sees of a document becomes something else, beside publication."""

from __future__ import annotations

from typing import Any

from sqlalchemy import CTE, Integer, Uuid, and_, bindparam, exists, select
from sqlalchemy.orm import aliased

from server import audit, delivery, files, organisations, record
from server.content.documents import discarding, planned
from server.content.documents.writing import changed
from server.content.models import Revision
from server.content.publishing import queued
from server.content.publishing.queries import LIVE, with_files
from server.content.types import held as types
from server.stores.statements import Statement

ONE, OTHER = aliased(Revision), aliased(Revision)
WORDS = ("title", "summary", "body", "body_format", "details", "links", "tags", "attachments")
SAY_THE_SAME = Statement(
    select(
        exists().where(
            ONE.document_id == bindparam("document_id", type_=Uuid()),
            OTHER.document_id == ONE.document_id,
            ONE.number == bindparam("one", type_=Integer()),
            OTHER.number == bindparam("other", type_=Integer()),
            and_(*(getattr(ONE, name) == getattr(OTHER, name) for name in WORDS)),
        )
    )
)
"""Whether two revisions say the same."""

CONDITIONS = (types.IS_UNCHANGED, organisations.ARE_UNCHANGED)


def change(*more: str) -> Statement:
    document = changed(*LIVE, *more, conditions=CONDITIONS)
    return with_files(document, *others(document, is_discarding=bool(more)))


def others(document: CTE, *, is_discarding: bool) -> tuple[CTE, ...]:
    """What a change makes of what is scheduled: nothing goes down by itself any more; and of a draft, if it is discarded."""
    ended = planned.ended(document, planned.TAKE_DOWN)
    return (ended, *discarding.parts(document)) if is_discarding else (ended,)


def vanishing(*more: str) -> Statement:
    document = changed(*LIVE, *more, conditions=CONDITIONS)
    parts: tuple[Any, ...] = others(document, is_discarding=bool(more))
    parts += (delivery.removes(document), *audit.inserts(document), *files.shows(document), queued.queues(document))
    return Statement(record.appends(document).add_cte(*parts))


CHANGE, CHANGE_DISCARDING = change(), change(*discarding.COLUMNS)
"""What the path serves becomes another thing. The second one makes a revision that says once more what the live one does."""
VANISHING, VANISHING_DISCARDING = vanishing(), vanishing(*discarding.COLUMNS)
"""The same where nothing is served any more."""
