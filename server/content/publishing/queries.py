"""SQL: the statements that publish. Each does all that a publication is: the document, the record, the page and the audit."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ARRAY, CTE, Uuid, any_, bindparam, case, literal_column, select, true

from server import audit, delivery, files, organisations, record
from server.content.change_notes import queries as change_notes
from server.content.documents import planned
from server.content.documents.approvals import COMMENTS_ARE_UNCHANGED
from server.content.documents.queries import asked_for
from server.content.documents.writing import SAVED, changed, created, revised
from server.content.models import Document, Revision
from server.content.publishing import queued
from server.content.review.rules import FORCE_COLUMNS
from server.content.types import held as types
from server.stores.statements import Statement

LIVE = (
    "draft_state", "live_state", "live_revision_number", "live_path", "record_number", "publish_time", "first_publish_time",
    "public_update_time", "claimed_first_publish_time", "claimed_public_update_time", "explanation", "withdraw_time",
    "location", "covers_prefix", "preserves_suffix", "publish_duration", "overridden_checks",
)  # fmt: skip
"""The columns that say what the public sees."""

THERE, FORMER = delivery.standing("path"), delivery.standing("former_path")
IS_ANOTHERS = THERE.c.document_id != bindparam("document_id", type_=Uuid())
PLACE = Statement(
    select(
        record.NEWEST,
        case((IS_ANOTHERS, THERE.c.answer)).label("answer_of_another"),
        THERE.c.document_id.label("standing_document_id"),
        FORMER.c.document_id.label("former_document_id"),
    ).select_from(record.NEWEST.outerjoin(THERE, true()).outerjoin(FORMER, true()))
)
"""The next place in the record, with what another document serves at the path, and whose the former path is now."""
VERSION = Statement(select(Document.version).where(Document.id == bindparam("document_id", type_=Uuid())))
APPROVED = Statement(asked_for(Revision.html, Revision.html_details, Revision.renderer, change_notes.HISTORY))
"""A document with what its newest revision says, and what the public would get of it and was told of it."""


def publication(document: CTE, *others: CTE) -> Statement:
    parts: tuple[Any, ...] = (*others, delivery.puts(document), *audit.inserts(document))
    return Statement(record.appends(document).add_cte(*parts))


def with_schedule(document: CTE) -> Statement:
    return with_files(document, planned.ended(document), change_notes.noted(document))


def with_files(document: CTE, *others: CTE) -> Statement:
    return publication(document, *others, *files.shows(document), queued.queues(document))


def with_revision(document: CTE, *others: CTE) -> Statement:
    return with_files(document, revised(document), *others, change_notes.noted(document))


PUBLICATION = with_schedule(changed(*LIVE, *FORCE_COLUMNS, conditions=(types.IS_UNCHANGED, COMMENTS_ARE_UNCHANGED)))
"""Of the newest revision, which is not scheduled any more."""
IMPORT = with_revision(created(*LIVE))
"""Of a new document."""
AGAIN = changed(*dict.fromkeys((*SAVED, *LIVE, *FORCE_COLUMNS)), conditions=(types.IS_UNCHANGED, organisations.ARE_UNCHANGED))
IMPORT_AGAIN = with_revision(AGAIN, change_notes.claims_removed(AGAIN))
"""Of one more revision."""
MENDING = publication(select(literal_column("1").label("mended")).cte("document"))
"""Of redirects alone: the document stays as it is."""

STANDING = Statement(
    select(Document.id, Document.locale, Document.live_state, Document.live_path, Document.live_revision_number).where(
        Document.id == any_(bindparam("ids", type_=ARRAY(Uuid())))
    )
)
"""Where documents are read."""
