"""SQL: the statements that publish. Each does all that a publication is: the document, the record, the page and the audit."""

from __future__ import annotations

from typing import Any

from sqlalchemy import CTE, Uuid, bindparam, case, select, true

from server import audit, delivery, organisations, record
from server.content.documents.writing import SAVED, changed, created, revised
from server.content.types import held as types
from server.stores.statements import Statement

LIVE = (
    "draft_state", "live_state", "live_revision_number", "live_path", "record_number", "publish_time", "first_publish_time",
    "public_update_time", "claimed_first_publish_time", "claimed_public_update_time", "explanation", "withdraw_time",
    "location", "covers_prefix", "preserves_suffix",
)  # fmt: skip
"""The columns that say what the public sees."""

THERE, FORMER = delivery.standing("path"), delivery.standing("former_path")
IS_ANOTHERS = THERE.c.document_id != bindparam("document_id", type_=Uuid())
PLACE = Statement(
    select(
        record.NEWEST,
        case((IS_ANOTHERS, THERE.c.answer)).label("answer_of_another"),
        FORMER.c.document_id.label("former_document_id"),
    ).select_from(record.NEWEST.outerjoin(THERE, true()).outerjoin(FORMER, true()))
)
"""The next place in the record, with what another document serves at the path, and whose the former path is now."""


def publication(document: CTE, *others: CTE) -> Statement:
    parts: tuple[Any, ...] = (*others, delivery.puts(document), *audit.inserts(document))
    return Statement(record.appends(document).add_cte(*parts))


def with_revision(document: CTE) -> Statement:
    return publication(document, revised(document))


PUBLICATION = publication(changed(*LIVE, conditions=(types.IS_UNCHANGED,)))
"""Of the newest revision."""
IMPORT = with_revision(created(*LIVE))
"""Of a new document."""
IMPORT_AGAIN = with_revision(
    changed(*dict.fromkeys((*SAVED, *LIVE)), conditions=(types.IS_UNCHANGED, organisations.ARE_UNCHANGED))
)
"""Of one more revision."""
