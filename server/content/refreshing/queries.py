"""SQL: taking what is queued, finding who refers to what, and putting pages that were rendered again."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ARRAY,
    CTE,
    BigInteger,
    Double,
    Integer,
    Text,
    Uuid,
    and_,
    any_,
    bindparam,
    cast,
    column,
    delete,
    exists,
    func,
    insert,
    literal_column,
    or_,
    select,
    union_all,
    update,
)
from sqlalchemy.orm import aliased

from server import delivery, record
from server.content.documents.queries import IS_THERE
from server.content.models import ContentType, Document, Reference, Refresh, Revision
from server.content.publishing.queued import BACKLOG, CHANNEL, PAGE, TARGET, queues
from server.content.references.finding import BLOCK, DOCUMENT, FILE
from server.content.references.queries import IS_LIVE, IS_PAGE
from server.content.refreshing import rules
from server.stores.statements import Statement

NOW = func.clock_timestamp()
NUMBERS = bindparam("numbers", type_=ARRAY(BigInteger()))
IDS = bindparam("ids", type_=ARRAY(Uuid()))


def taking(kind: int, most: int) -> Statement:
    """What is due of a kind, the most urgent and then the oldest first, with this attempt counted; no other process is given it
    for a while."""
    due = (
        select(Refresh.number)
        .where(Refresh.kind == kind, Refresh.next_attempt_time <= NOW)
        .order_by(Refresh.urgency.desc(), Refresh.number)
        .limit(most)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    lease = func.make_interval(*[0] * 6, rules.LEASE.total_seconds() * func.power(2, Refresh.attempts))
    statement = update(Refresh).where(Refresh.number == due.c.number)
    statement = statement.values(attempts=Refresh.attempts + 1, next_attempt_time=NOW + lease)
    return Statement(statement.returning(Refresh.number, Refresh.subject_id, Refresh.urgency, Refresh.attempts))


TAKING = {TARGET: taking(TARGET, rules.TARGETS), PAGE: taking(PAGE, rules.BATCH), BACKLOG: taking(BACKLOG, rules.BACKLOG)}

SETTLED = Statement(
    delete(Refresh).where(
        or_(
            Refresh.number == any_(NUMBERS),
            and_(Refresh.kind == PAGE, Refresh.subject_id == any_(IDS), Refresh.failure_reason.is_not(None)),
        )
    )
)
"""What was taken is done, and nothing that failed before of the same documents is left."""
PUTTING_OFF = Statement(
    update(Refresh)
    .where(Refresh.number == any_(NUMBERS))
    .values(attempts=Refresh.attempts - 1, next_attempt_time=NOW + rules.PAUSE)
)
FAILING = Statement(
    update(Refresh)
    .where(Refresh.number == bindparam("of", type_=BigInteger()))
    .values(
        next_attempt_time=NOW + rules.FAILED_AGAIN,
        attempts=0,
        failure_reason=bindparam("reason", type_=Text()),
        failure_message=bindparam("message", type_=Text()),
    )
)
"""Says why a page could not be rendered again. It is tried again, and nothing is changed meanwhile."""
LATEST = aliased(Refresh)
SUPERSEDED = Statement(
    delete(Refresh).where(
        Refresh.kind == PAGE,
        Refresh.subject_id == any_(IDS),
        Refresh.failure_reason.is_not(None),
        exists().where(
            LATEST.kind == PAGE,
            LATEST.subject_id == Refresh.subject_id,
            LATEST.number > Refresh.number,
            LATEST.failure_reason.is_not(None),
        ),
    )
)
"""Of a document that has failed again, what is known from before."""

KEYS = bindparam("keys", type_=ARRAY(Uuid()))
WAITING = aliased(Refresh)


def expanding() -> Statement:
    """Queues the pages that show something of the targets `keys`, once each, but for those that nobody has begun to look at
    anyway; and ends what was taken."""
    targets = select(Document.id.label("id")).where(Document.translation_key == any_(KEYS), IS_THERE)
    every = union_all(targets, select(func.unnest(KEYS).label("id"))).subquery("every")
    referring = (
        select(Reference.document_id)
        .join(every, Reference.target_id == every.c.id)
        .join(Document, Document.id == Reference.document_id)
        .where(IS_LIVE, or_(Reference.kind == DOCUMENT, Reference.kind == BLOCK))
        .distinct()
        .subquery("referring")
    )
    urgency = bindparam("urgency", type_=Integer())
    is_queued = exists().where(
        WAITING.kind == PAGE,
        WAITING.subject_id == referring.c.document_id,
        WAITING.attempts == 0,
        WAITING.failure_reason.is_(None),
        WAITING.urgency >= urgency,
    )
    rows = select(literal_column(str(PAGE)), referring.c.document_id, urgency).where(~is_queued)
    made = insert(Refresh).from_select(["kind", "subject_id", "urgency"], rows, include_defaults=False)
    made_rows = made.returning(Refresh.number, func.pg_notify(CHANNEL, "").label("told")).cte("queued")
    ended = delete(Refresh).where(Refresh.number == any_(NUMBERS)).cte("ended")
    return Statement(select(func.count()).select_from(made_rows).add_cte(ended))


EXPANDING = expanding()

NAMES_BY_ID = exists().where(
    Reference.document_id == Document.id,
    Reference.revision_number == Document.live_revision_number,
    Reference.field == "body",
    or_(Reference.kind == DOCUMENT, Reference.kind == BLOCK, and_(Reference.kind == FILE, Reference.target_path.is_(None))),
)
ITS_LIVE_REVISION = (Revision.document_id == Document.id) & (Revision.number == Document.live_revision_number)
PAGES = Statement(
    select(
        Document.id,
        Document.organisation_id,
        Document.locale,
        Document.translation_key,
        Document.live_path,
        Document.live_revision_number,
        Document.record_number,
        Revision.links,
        Revision.attachments,
        ContentType.is_block,
        NAMES_BY_ID.label("names_by_id"),
    )
    .join(Revision, ITS_LIVE_REVISION)
    .join(ContentType, ContentType.name == Document.content_type)
    .where(Document.id == any_(IDS), IS_PAGE)
)
"""Of these documents those that are pages, or blocks, and what they show."""
BODIES = Statement(
    select(
        Document.id,
        Document.live_revision_number,
        Revision.body,
        Revision.body_format,
        Revision.html,
        Revision.renderer,
        ContentType.html_members,
    )
    .join(Revision, ITS_LIVE_REVISION)
    .join(ContentType, ContentType.name == Document.content_type)
    .where(Document.id == any_(IDS))
)

STANDING = Statement(
    select(record.NEWEST, Document.id, Document.record_number).select_from(
        record.NEWEST.outerjoin(Document, Document.id == any_(IDS))
    )
)
"""Within the record's lock: after what the next entry comes, and which entry each of these documents was last changed by."""
PUT = (
    func.unnest(bindparam("put_id", type_=ARRAY(Uuid())), bindparam("put_number", type_=ARRAY(BigInteger())))
    .table_valued(column("id", Uuid()), column("number", BigInteger()))
    .render_derived(name="put")
)


def putting() -> Statement:
    """Puts the pages that say something else, on the record and where they are served; the documents stay as they are but for
    the number of the entry. What was taken of them is done, and who shows these in turn is queued."""
    refreshed = update(Document).where(Document.id == PUT.c.id).values(record_number=PUT.c.number)
    documents = refreshed.returning(Document.id).cte("refreshed")
    one = select(documents.c.id).limit(1).cte("document")
    settled: CTE = delete(Refresh).where(Refresh.number == any_(NUMBERS)).cte("settled")
    former = and_(Refresh.kind == PAGE, Refresh.subject_id.in_(select(documents.c.id)), Refresh.failure_reason.is_not(None))
    no_failures = delete(Refresh).where(former, Refresh.number != func.all(NUMBERS)).cte("failures_settled")
    parts: tuple[Any, ...] = (documents, delivery.refreshes(one), queues(one), settled, no_failures)
    return Statement(record.appends(one).add_cte(*parts))


PUTTING = putting()

WAITS = and_(Refresh.next_attempt_time.is_not(None), Refresh.failure_reason.is_(None))
OLDEST = func.min(Refresh.create_time).filter(WAITS, Refresh.urgency >= 0)
STANDS = Statement(
    select(
        func.count().filter(WAITS, Refresh.kind != BACKLOG).label("waiting"),
        func.count().filter(Refresh.kind == BACKLOG).label("backlog"),
        func.count().filter(Refresh.failure_reason.is_not(None)).label("failed"),
        cast(func.extract("epoch", NOW - OLDEST), Double()).label("oldest_seconds"),
    )
)
FAILED = Statement(
    select(Document.id, Document.locale, Document.live_path, Refresh.failure_reason, Refresh.failure_message)
    .select_from(Refresh)
    .join(Document, Document.id == Refresh.subject_id)
    .where(Refresh.kind == PAGE, Refresh.failure_reason.is_not(None))
    .order_by(Document.live_path, Document.locale)
)
EVERY = (
    insert(Refresh)
    .from_select(
        ["kind", "subject_id", "urgency"],
        select(literal_column(str(PAGE)), Document.id, literal_column("-1")).where(IS_PAGE),
        include_defaults=False,
    )
    .returning(Refresh.number, func.pg_notify(CHANNEL, "").label("told"))
    .cte("queued")
)
EVERY_PAGE = Statement(select(func.count()).select_from(EVERY))
"""Has every page looked at, behind all that is more urgent."""
