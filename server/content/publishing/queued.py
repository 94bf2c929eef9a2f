"""What a publication leaves to be done: as a part of its own statement, so that it is there if the publication is.

Rows are only added, and no row is looked at: so a publication waits for nobody who works on what is queued.
"""

from __future__ import annotations

import uuid
from typing import Any, NamedTuple

from sqlalchemy import ARRAY, CTE, Integer, Text, Uuid, bindparam, exists, func, insert, select

from server import delivery
from server.content.models import Refresh
from server.content.publishing.publication import Publication
from server.content.transitions import VANISHED

CHANNEL = "gazette_refreshes"
"""Where PostgreSQL tells that something was queued."""
TARGET, PAGE, BACKLOG = 1, 2, 3
"""What others may show, by its translation key; a document whose page is to be looked at; and one of which it is not known what
it refers to."""
URGENT, ORDINARY, LAST = 1, 0, -1


class Queued(NamedTuple):
    """Something that is to be looked at."""

    kind: int
    subject_id: uuid.UUID
    urgency: int = ORDINARY


GIVEN = (
    func.unnest(
        *(
            bindparam(f"refresh_{name}", type_=ARRAY(type_))
            for name, type_ in (("kind", Integer()), ("subject_id", Uuid()), ("urgency", Integer()))
        )
    )
    .table_valued("kind", "subject_id", "urgency")
    .render_derived(name="refresh_given")
)
SAME = {name: bindparam(f"refresh_{name}", type_=Text()) for name in ("path", "locale", "title", "content_type")}


def queues(document: CTE) -> CTE:
    """Queues what `parameters` say, if `document` yields a row; but a target only if what others show of it is another thing
    than before."""
    is_news = (GIVEN.c.kind != TARGET) | ~delivery.says_the_same(bindparam("refresh_document_id", type_=Uuid()), SAME)
    rows = select(GIVEN.c.kind, GIVEN.c.subject_id, GIVEN.c.urgency).where(exists().select_from(document), is_news)
    columns = ["kind", "subject_id", "urgency"]
    statement = insert(Refresh).from_select(columns, rows, include_defaults=False)
    return statement.returning(func.pg_notify(CHANNEL, "")).cte("refreshes_queued")


def parameters(publication: Publication, *, is_overtaken: bool) -> dict[str, Any]:
    """What `queues` is given of a publication: that others may show of it, and that what it shows of others may have changed
    while it was being published."""
    document = publication.document
    urgency = URGENT if publication.state == VANISHED else ORDINARY
    queued = [Queued(TARGET, document.translation_key, urgency)]
    if is_overtaken:
        queued.append(Queued(PAGE, document.id))
    shows_the_same = publication.is_page and not publication.is_block
    return given(queued) | {
        "refresh_document_id": document.id if shows_the_same else None,
        **{f"refresh_{name}": getattr(document, name) for name in SAME},
    }


def given(queued: list[Queued]) -> dict[str, Any]:
    return {f"refresh_{name}": [getattr(each, name) for each in queued] for name in Queued._fields}
