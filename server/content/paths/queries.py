"""SQL: two documents that change places, one after the other, in one transaction."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ARRAY, Text, Uuid, any_, bindparam, cast, select, update

from server import audit, organisations
from server.content.documents import planned
from server.content.documents.writing import changed, copied
from server.content.models import Document
from server.content.publishing.queries import LIVE, with_files
from server.content.types import held as types
from server.stores.statements import Statement

MOVED = ("path", "revision_number")

LOCKED = Statement(
    select(Document.id, Document.version)
    .where(Document.id == any_(bindparam("ids", type_=ARRAY(Uuid()))))
    .order_by(Document.id)
    .with_for_update()
)
"""Both, which nobody else changes until the transaction ends; in the order of their ids, so that of two swaps one waits."""

PARKED = Statement(
    update(Document).where(Document.id == bindparam("parked_id", type_=Uuid())).values(path=cast(Document.id, Text))
)
"""Takes a document from its path: what it has instead begins with no slash, and nobody ever reads it."""


def swap_of_page() -> Statement:
    document = changed(*LIVE, *MOVED, conditions=(types.IS_UNCHANGED, organisations.ARE_UNCHANGED))
    return with_files(document, copied(document))


def swap_of_draft() -> Statement:
    document = changed(*MOVED, "draft_state", conditions=(organisations.ARE_UNCHANGED,))
    voided = planned.voided(document)
    told: Any = select(document, planned.told_of(voided).label("told"))
    return Statement(told.add_cte(voided, copied(document), *audit.inserts(document)))


PAGE, DRAFT = swap_of_page(), swap_of_draft()
"""What becomes of each of the two, at the path of the other one, which is free by then."""
