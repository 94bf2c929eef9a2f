"""SQL: lists of references."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Integer,
    Text,
    Uuid,
    and_,
    any_,
    bindparam,
    case,
    literal_column,
    or_,
    select,
    tuple_,
    union_all,
)

from gazette.content.v1.reference_pb2 import ReferenceSide
from server.content.documents.queries import IS_ASKED_FOR, IS_THERE
from server.content.models import Document, Reference, Revision
from server.content.references.queries import COLUMNS, IS_LIVE
from server.stores.statements import Statement

LIVE, DRAFT = ReferenceSide.REFERENCE_SIDE_LIVE, ReferenceSide.REFERENCE_SIDE_DRAFT
AFTER = tuple_(
    bindparam("after_id", type_=Uuid()),
    bindparam("after_revision", type_=Integer()),
    bindparam("after_number", type_=Integer()),
)
PLACE = (Reference.document_id, Reference.revision_number, Reference.number)
LIMITS = (51, 201)

IS_DRAFT = and_(Reference.revision_number == Document.revision_number, Document.draft_state != 0)
SIDES: dict[int, ColumnElement[bool]] = {0: or_(IS_LIVE, IS_DRAFT), LIVE: IS_LIVE, DRAFT: IS_DRAFT}
IDS, PATHS = ("id_0", "id_1"), ("path_0", "path_1")
"""The parameters that say what is referred to."""

IDENTITY = Statement(
    select(Document.id, Document.organisation_id, Document.translation_key, Document.path, Document.live_path).where(
        IS_ASKED_FOR
    )
)
"""Whose a document is, and by what others refer to it."""


def conditions(ids: int, paths: int) -> list[ColumnElement[bool]]:
    """One for each target, so that each is a range of an index in the order of the list."""
    of_ids: list[ColumnElement[bool]] = [Reference.target_id == bindparam(name, type_=Uuid()) for name in IDS[:ids]]
    of_paths = [Reference.target_path == bindparam(name, type_=Text()) for name in PATHS[:paths]]
    return [*of_ids, *of_paths]


@cache
def listing(ids: int, paths: int, side: int, limit: int, *, goes_on: bool, is_narrow: bool) -> Statement:
    """References to so many ids and paths, or, where there are none of either, those of the document `document_id`; from behind
    a place, and of `organisations` alone, if that is so."""
    sources = conditions(ids, paths) or [Reference.document_id == bindparam("document_id", type_=Uuid())]
    parts = [part(source, side, limit, goes_on=goes_on, is_narrow=is_narrow) for source in sources]
    every = union_all(*parts).subquery("every") if len(parts) > 1 else parts[0].subquery("every")
    order = [every.c[name] for name in ("document_id", "revision_number", "number")]
    return Statement(select(every).order_by(*order).limit(literal_column(str(limit))))


def part(source: ColumnElement[bool], side: int, limit: int, *, goes_on: bool, is_narrow: bool) -> Any:
    its_revision = and_(Revision.document_id == Reference.document_id, Revision.number == Reference.revision_number)
    statement = (
        select(
            *(getattr(Reference, name) for name in COLUMNS),
            Document.organisation_id,
            Document.content_type,
            Document.locale,
            Revision.path,
            Revision.title,
            case((IS_LIVE, LIVE), else_=DRAFT).label("side"),
        )
        .join(Document, Document.id == Reference.document_id)
        .join(Revision, its_revision)
        .where(source, SIDES[side], IS_THERE)
    )
    if goes_on:
        statement = statement.where(tuple_(*PLACE) > AFTER)
    if is_narrow:
        statement = statement.where(Document.organisation_id == any_(bindparam("organisations", type_=ARRAY(Uuid()))))
    return statement.order_by(*PLACE).limit(literal_column(str(limit)))
