"""SQL: references as a part of the statement that stores a revision, and the lists of them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    ARRAY,
    CTE,
    ColumnElement,
    Integer,
    Text,
    Uuid,
    and_,
    any_,
    bindparam,
    case,
    delete,
    func,
    insert,
    literal_column,
    or_,
    select,
    tuple_,
    union_all,
)

from gazette.content.v1.document_pb2 import LiveState
from gazette.content.v1.reference_pb2 import ReferenceSide
from server.content.models import ContentType, Document, Reference, Revision
from server.content.references.finding import Found
from server.stores.parameters import given_rows
from server.stores.statements import Row, Statement

LIVE, DRAFT = ReferenceSide.REFERENCE_SIDE_LIVE, ReferenceSide.REFERENCE_SIDE_DRAFT
SAID = ("number", "field", "kind", "target_id", "target_path")
COLUMNS = ("document_id", "revision_number", *SAID)
AFTER = tuple_(
    bindparam("after_id", type_=Uuid()),
    bindparam("after_revision", type_=Integer()),
    bindparam("after_number", type_=Integer()),
)
PLACE = (Reference.document_id, Reference.revision_number, Reference.number)
LIMITS = (51, 201)

PAGES = (LiveState.LIVE_STATE_PUBLISHED, LiveState.LIVE_STATE_WITHDRAWN)
IS_PAGE = or_(*(Document.live_state == each for each in PAGES))
IS_LIVE = and_(Reference.revision_number == Document.live_revision_number, IS_PAGE)
IS_DRAFT = and_(Reference.revision_number == Document.revision_number, Document.draft_state != 0)
SIDES: dict[int, ColumnElement[bool]] = {0: or_(IS_LIVE, IS_DRAFT), LIVE: IS_LIVE, DRAFT: IS_DRAFT}


def parameters(found: Sequence[Found]) -> dict[str, Any]:
    """What `written` is given."""
    rows = [{**each._asdict(), "number": number} for number, each in enumerate(found)]
    return {f"reference_{name}": [row[name] for row in rows] for name in SAID}


def written(document: CTE, number: Any) -> tuple[CTE, CTE]:
    """Stores what the revision of this number refers to, of the document that was created or changed, and removes what its
    others do, but for the one that is live: two parts of the statement that stores the revision."""
    live = select(Document.live_revision_number).where(Document.id == Reference.document_id).scalar_subquery()
    of_it = Reference.document_id.in_(select(document.c.id))
    left = delete(Reference).where(of_it, Reference.revision_number != func.coalesce(live, 0))
    given = given_rows("reference", Reference, SAID)
    rows = select(document.c.id, number, *(given.c[name] for name in SAID)).join_from(document, given, literal_column("true"))
    made = insert(Reference).from_select(COLUMNS, rows, include_defaults=False)
    return left.cte("references_left"), made.cte("references_written")


def copied(document: CTE, number: Any, of: Any) -> CTE:
    """Stores that one revision refers to what another one does."""
    rows = select(document.c.id, number, *(getattr(Reference, name) for name in SAID))
    rows = rows.join_from(document, Reference, Reference.document_id == document.c.id).where(Reference.revision_number == of)
    return insert(Reference).from_select(COLUMNS, rows, include_defaults=False).cte("references_copied")


IDS, PATHS = ("id_0", "id_1"), ("path_0", "path_1")
"""The parameters that say what is referred to."""


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
        .where(source, SIDES[side])
    )
    if goes_on:
        statement = statement.where(tuple_(*PLACE) > AFTER)
    if is_narrow:
        statement = statement.where(Document.organisation_id == any_(bindparam("organisations", type_=ARRAY(Uuid()))))
    return statement.order_by(*PLACE).limit(literal_column(str(limit)))


GIVEN = func.unnest(bindparam("ids", type_=ARRAY(Uuid()))).table_valued("id", name="given").render_derived()


def named_by(column: Any) -> Any:
    statement = select(GIVEN.c.id.cast(Uuid()).label("id"), Document.translation_key, ContentType.is_block)
    statement = statement.join_from(GIVEN, Document, column == GIVEN.c.id.cast(Uuid()))
    return statement.join(ContentType, ContentType.name == Document.content_type)


TARGETS = Statement(select(named_by(Document.translation_key).union(named_by(Document.id)).subquery("targets")))
"""Of ids that bodies name, each a translation key or a document's own, those that there are, with their translation keys."""


async def targets(connection: Any, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Row]:
    return {row.id: row for row in await TARGETS.all(connection, ids=[*ids])}
