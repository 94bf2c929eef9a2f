"""SQL: references as a part of the statement that stores a revision, and the lists of them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ARRAY,
    CTE,
    Uuid,
    and_,
    bindparam,
    delete,
    func,
    insert,
    literal_column,
    or_,
    select,
)

from gazette.content.v1.document_pb2 import LiveState
from server.content.models import ContentType, Document, Reference, is_there
from server.content.references.finding import Found
from server.stores.parameters import given_rows
from server.stores.statements import Row, Statement

SAID = ("number", "field", "kind", "target_id", "target_path")
COLUMNS = ("document_id", "revision_number", *SAID)
PAGES = (LiveState.LIVE_STATE_PUBLISHED, LiveState.LIVE_STATE_WITHDRAWN)
IS_PAGE = or_(*(Document.live_state == each for each in PAGES))
IS_LIVE = and_(Reference.revision_number == Document.live_revision_number, IS_PAGE)


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


GIVEN = func.unnest(bindparam("ids", type_=ARRAY(Uuid()))).table_valued("id", name="given").render_derived()


def named_by(column: Any) -> Any:
    statement = select(GIVEN.c.id.cast(Uuid()).label("id"), Document.translation_key, ContentType.is_block)
    statement = statement.join_from(GIVEN, Document, column == GIVEN.c.id.cast(Uuid()))
    return statement.join(ContentType, ContentType.name == Document.content_type).where(is_there(Document))


TARGETS = Statement(select(named_by(Document.translation_key).union(named_by(Document.id)).subquery("targets")))
"""Of ids that bodies name, each a translation key or a document's own, those that there are, with their translation keys."""


async def targets(connection: Any, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Row]:
    return {row.id: row for row in await TARGETS.all(connection, ids=[*ids])}
