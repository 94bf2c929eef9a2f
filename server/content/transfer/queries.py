"""SQL: what an import has brought in before, and what an export takes out."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ARRAY,
    CTE,
    LargeBinary,
    Text,
    Uuid,
    any_,
    bindparam,
    exists,
    func,
    insert,
    null,
    select,
    update,
)

from server import audit, delivery, files, organisations, record
from server.content.change_notes.queries import HISTORY, all_removed, noted
from server.content.documents.queries import DOCUMENT, IS_THERE, OWN, WHOLE, above
from server.content.documents.writing import CHANGE_TIME, FIRST, revised
from server.content.models import ContentType, Document, Revision
from server.content.publishing.queries import LIVE as LIVE_COLUMNS
from server.rpc.answers import MOST_OF_A_LIST
from server.stores.parameters import given
from server.stores.statements import Statement

ORGANISATION = bindparam("organisation_id", type_=Uuid())

WAS_IMPORTED = exists().where(
    Revision.document_id == Document.id, Revision.source_sha256 == bindparam("source_sha256", type_=LargeBinary())
)
UNREAD = [name for name in DOCUMENT.row._fields if name not in {each.key for each in OWN}]
IMPORTED = Statement(
    select(*OWN, *(null().label(name) for name in UNREAD), WAS_IMPORTED.label("was_imported"), HISTORY).where(
        Document.translation_key == bindparam("translation_key", type_=Uuid()),
        Document.locale == bindparam("locale", type_=Text()),
        IS_THERE,
    )
)
"""The document that an import means, without what its newest revision says, and whether this very version was imported."""

LIVE = (Revision.document_id == Document.id) & (Revision.number == Document.live_revision_number)
IDS = bindparam("ids", type_=ARRAY(Uuid()))
LIVE_WHOLE = (
    select(*WHOLE, above(func.array_position(IDS, Document.id)), HISTORY)
    .join(Revision, LIVE)
    .where(Document.id == any_(IDS), Document.live_state != 0)
    .subquery()
)
LIVE_DOCUMENTS = Statement(select(LIVE_WHOLE).where(LIVE_WHOLE.c.above < MOST_OF_A_LIST))
"""These documents, as far as the public sees something of them, with what their live revisions say: the first one, and of
the others, in the order of the ids, as many as have no more bytes than a list."""
LIVE_DOCUMENT = Statement(
    select(
        Document.id,
        Document.organisation_id,
        Document.content_type,
        Document.translation_key,
        Document.live_path,
        Document.live_state,
        Document.live_revision_number,
    ).where(
        Document.translation_key == bindparam("translation_key", type_=Uuid()),
        Document.locale == bindparam("locale", type_=Text()),
        IS_THERE,
    )
)
"""The document that a former path leads to."""
USED = select(Document.content_type).where(Document.live_state != 0)
LIVE_CONTENT_TYPES = Statement(select(ContentType.__table__).where(ContentType.name.in_(USED)).order_by(ContentType.name))
"""Those of the documents that the public sees something of, by name."""
LIVE_CONTENT_TYPES_OF_ONE = Statement(
    select(ContentType.__table__)
    .where(ContentType.name.in_(USED.where(Document.organisation_id == ORGANISATION)))
    .order_by(ContentType.name)
)

STANDING = Statement(
    select(Document.id, Document.organisation_id, Document.record_number, Document.draft_state).where(
        Document.id == bindparam("id", type_=Uuid())
    )
)
"""A document that may have been restored already."""
RESTORED = tuple(dict.fromkeys((*FIRST, *LIVE_COLUMNS, "create_time")))
"""The columns of a document that is restored."""


def restored(document: CTE) -> Statement:
    parts = (revised(document), all_removed(document), noted(document), *files.shows(document), *audit.inserts(document))
    return Statement(select(document).add_cte(*parts))


def put_anew() -> CTE:
    statement = insert(Document).from_select(RESTORED, select(*given("document", Document, RESTORED)), include_defaults=False)
    return statement.returning(Document.id, Document.version).cte("document")


def put_again() -> CTE:
    columns = [name for name in RESTORED if name not in {"id", "organisation_id", "version", "create_time"}]
    values: dict[str, Any] = dict(zip(columns, given("document", Document, columns), strict=True))
    statement = update(Document).where(Document.id == bindparam("document_id", type_=Uuid()))
    statement = statement.values(**values, version=Document.version + 1, update_time=CHANGE_TIME)
    return statement.returning(Document.id, Document.version).cte("document")


RESTORATION = restored(put_anew())
"""Stores a document that is restored, its revision, which files its page has, and the audit's event."""
RESTORATION_AGAIN = restored(put_again())
"""The same for a later state of a document that was restored before."""


def taken_away() -> CTE:
    values = {name: given("document", Document, [name])[0] for name in ("live_state", "record_number", "publish_time")}
    empty = {"explanation": None, "withdraw_time": None, "location": None, "covers_prefix": False, "preserves_suffix": False}
    statement = update(Document).where(
        Document.id == bindparam("document_id", type_=Uuid()),
        Document.live_path == bindparam("live_path", type_=Text()),
        Document.record_number < values["record_number"],
    )
    statement = statement.values(**values, **empty, version=Document.version + 1, update_time=CHANGE_TIME)
    return statement.returning(Document.id).cte("document")


def vanishing() -> Statement:
    document = taken_away()
    return Statement(select(document).add_cte(*files.shows(document), *audit.inserts(document)))


VANISHING = vanishing()
"""Says of a document that was restored before that it has vanished since."""

LEADING = select(Document.id).where(
    Document.id == bindparam("document_id", type_=Uuid()),
    Document.live_path == bindparam("live_path", type_=Text()),
    organisations.ARE_UNCHANGED,
)
"""The document, if it is still where a former path is to lead."""


def leading() -> Statement:
    document = LEADING.cte("document")
    return Statement(record.appends(document).add_cte(delivery.puts(document), *audit.inserts(document)))


REDIRECTION = leading()
"""Lets a former path lead to a document."""
