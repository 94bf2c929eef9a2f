"""SQL: many documents by their ids."""

from __future__ import annotations

from sqlalchemy import ARRAY, Uuid, any_, bindparam, case, func, or_, select

from server.content.documents import approvals, planned
from server.content.documents.queries import IS_THERE, LONG, NEWEST, WHOLE, above
from server.content.models import Document, Revision
from server.rpc.answers import MOST_OF_A_LIST
from server.stores.statements import Statement

IDS = bindparam("ids", type_=ARRAY(Uuid()))
ORGANISATIONS = bindparam("organisations", type_=ARRAY(Uuid()))
IS_READABLE = or_(ORGANISATIONS.is_(None), Document.organisation_id == any_(ORGANISATIONS))

READ = planned.joined(
    select(
        *WHOLE, *planned.COLUMNS, *approvals.columns(Document), Revision.notices, above(func.array_position(IDS, Document.id))
    )
    .select_from(Document)
    .join(Revision, NEWEST),
    Document.id,
)
FOUND = READ.where(Document.id == any_(IDS), IS_READABLE, IS_THERE).subquery()
HAS_ROOM = FOUND.c.above < MOST_OF_A_LIST
LONG_NAMES = {each.key for each in LONG}
DOCUMENTS = Statement(
    select(
        HAS_ROOM.label("has_room"),
        *(case((HAS_ROOM, each)).label(each.key) if each.key in LONG_NAMES else each for each in FOUND.c),
    )
)
"""Those of the documents that may be read, in the `organisations` or, with None, in all. What is long of those that an answer
has no room for is not read."""
