"""SQL: finding what revisions refer to that an earlier release has saved."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ARRAY,
    Integer,
    Text,
    Uuid,
    any_,
    bindparam,
    column,
    delete,
    exists,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)

from server.content.models import Document, Reference, Refresh, Revision
from server.content.publishing.queued import BACKLOG, PAGE
from server.content.refreshing.queries import IDS, NUMBERS
from server.stores.statements import Statement

UNKNOWN = Statement(
    select(
        Document.id,
        Document.live_revision_number,
        Document.live_state,
        Revision.number,
        Revision.body,
        Revision.links,
        Revision.attachments,
        Revision.reference_count,
    )
    .join(Revision, (Revision.document_id == Document.id))
    .where(
        Document.id == any_(IDS),
        or_(Revision.number == Document.revision_number, Revision.number == Document.live_revision_number),
    )
)
"""What the newest and live revisions of documents say."""
FOUND = (
    func.unnest(
        bindparam("found_document_id", type_=ARRAY(Uuid())),
        bindparam("found_revision_number", type_=ARRAY(Integer())),
        bindparam("found_number", type_=ARRAY(Integer())),
        bindparam("found_field", type_=ARRAY(Text())),
        bindparam("found_kind", type_=ARRAY(Integer())),
        bindparam("found_target_id", type_=ARRAY(Uuid())),
        bindparam("found_target_path", type_=ARRAY(Text())),
    )
    .table_valued(
        column("document_id", Uuid()),
        column("revision_number", Integer()),
        column("number", Integer()),
        column("field", Text()),
        column("kind", Integer()),
        column("target_id", Uuid()),
        column("target_path", Text()),
    )
    .render_derived(name="found")
)
COUNTED = (
    func.unnest(
        bindparam("counted_document_id", type_=ARRAY(Uuid())),
        bindparam("counted_number", type_=ARRAY(Integer())),
        bindparam("counted", type_=ARRAY(Integer())),
    )
    .table_valued(column("document_id", Uuid()), column("number", Integer()), column("counted", Integer()))
    .render_derived(name="counted")
)


def storing() -> Statement:
    """Stores what revisions of earlier releases refer to, unless that was done meanwhile; has their pages looked at; and ends
    what was taken."""
    of_it = (Revision.document_id == COUNTED.c.document_id) & (Revision.number == COUNTED.c.number)
    counted = update(Revision).where(of_it, Revision.reference_count.is_(None)).values(reference_count=COUNTED.c.counted)
    done = counted.returning(Revision.document_id, Revision.number).cte("counted_now")
    its = (done.c.document_id == FOUND.c.document_id) & (done.c.number == FOUND.c.revision_number)
    columns = ["document_id", "revision_number", "number", "field", "kind", "target_id", "target_path"]
    rows = select(*(FOUND.c[name] for name in columns)).join_from(FOUND, done, its)
    made = insert(Reference).from_select(columns, rows, include_defaults=False).cte("references_made")
    pages = select(literal_column(str(PAGE)), func.unnest(IDS), literal_column("-1")).where(exists().select_from(done))
    queued = insert(Refresh).from_select(["kind", "subject_id", "urgency"], pages, include_defaults=False).cte("pages_queued")
    ended = delete(Refresh).where(Refresh.number == any_(NUMBERS)).cte("ended")
    return Statement(select(func.count()).select_from(done).add_cte(made, queued, ended))


STORING = storing()

LATELY: Any = literal_column("interval '2 hours'")
MISSED = Statement(
    insert(Refresh).from_select(
        ["kind", "subject_id", "urgency"],
        select(literal_column(str(BACKLOG)), Document.id, literal_column("-1"))
        .join(Revision, Revision.document_id == Document.id)
        .where(
            Document.update_time > func.now() - LATELY,
            or_(Revision.number == Document.revision_number, Revision.number == Document.live_revision_number),
            Revision.reference_count.is_(None),
        )
        .distinct(),
        include_defaults=False,
    )
)
"""Queues what a process of the release before this one has saved since the migration."""
