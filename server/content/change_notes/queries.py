"""SQL: a document's history, as it is read with it, and what a publication adds: parts of statements."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import CTE, BigInteger, Integer, Text, cast, delete, func, insert, select, true
from sqlalchemy.dialects.postgresql import aggregate_order_by

from server.content.change_notes.rules import COLUMNS, MOST, Note
from server.content.models import ChangeNote, Document
from server.stores.parameters import given_rows

ORDER = (ChangeNote.time.desc(), ChangeNote.id.desc())
MICROSECONDS = cast(func.extract("epoch", ChangeNote.time) * 1_000_000, BigInteger)
NEWEST = (
    select(MICROSECONDS.label("time"), ChangeNote.note, ChangeNote.claimed, func.count().over().label("count"), ChangeNote.id)
    .where(ChangeNote.document_id == Document.id)
    .order_by(*ORDER)
    .limit(MOST)
    .correlate(Document)
    .subquery("newest_notes")
)
ROW = func.json_build_array(NEWEST.c.time, NEWEST.c.note, NEWEST.c.claimed, cast(NEWEST.c.count, Integer))
HISTORY = cast(
    select(func.json_agg(aggregate_order_by(ROW, NEWEST.c.time.desc(), NEWEST.c.id.desc())))
    .correlate(Document)
    .scalar_subquery(),
    Text,
).label("change_history_so_far")
"""The newest notes of the document that a statement reads, as JSON (`rules.read`); NULL where there are none."""


def noted(document: CTE) -> CTE:
    """Adds notes to the history of the document that was created or changed."""
    rows = given_rows("change_note", ChangeNote, COLUMNS)
    added = select(document.c.id, *(rows.c[name] for name in COLUMNS)).join_from(document, rows, true())
    return insert(ChangeNote).from_select(["document_id", *COLUMNS], added, include_defaults=False).cte("noted")


def parameters(notes: Iterable[Note]) -> dict[str, Any]:
    """What `noted` is given, oldest first."""
    rows = sorted(notes, key=lambda each: each.time)
    return {f"change_note_{name}": [getattr(each, name) for each in rows] for name in COLUMNS}


def claims_removed(document: CTE) -> CTE:
    """Removes what earlier imports said of the document that was changed."""
    of_it = ChangeNote.document_id.in_(select(document.c.id))
    return delete(ChangeNote).where(of_it, ChangeNote.claimed).cte("claims_removed")


def all_removed(document: CTE) -> CTE:
    of_it = ChangeNote.document_id.in_(select(document.c.id))
    return delete(ChangeNote).where(of_it).cte("notes_removed")
