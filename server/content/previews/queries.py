"""SQL: links to previews, and what they show."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Integer, Uuid, bindparam, exists, func, insert, literal_column, select, update

from server import audit
from server.content.change_notes.queries import HISTORY
from server.content.documents.queries import IS_ASKED_FOR, IS_THERE, WHOLE
from server.content.models import Document, PreviewLink, Revision
from server.stores.parameters import given
from server.stores.statements import Statement

LINK = tuple(PreviewLink.__table__.c)
GIVEN = ("id", "document_id", "revision_number", "account_id", "note", "expire_time")
OF = bindparam("document_id", type_=Uuid())
NOW = func.clock_timestamp()

OPEN = (
    select(func.count())
    .where(
        PreviewLink.document_id == Document.id,
        PreviewLink.end_time.is_(None),
        PreviewLink.expire_time > NOW,
        PreviewLink.revision_number > func.coalesce(Document.live_revision_number, 0),
    )
    .correlate(Document)
    .scalar_subquery()
)
NUMBER = func.coalesce(func.nullif(bindparam("number", type_=Integer()), 0), Document.revision_number)
STANDING = Statement(
    select(
        Document.id,
        Document.organisation_id,
        Document.locale,
        Document.revision_number,
        Document.draft_state,
        Document.live_revision_number,
        Revision.number,
        Revision.path,
        OPEN.label("open_links"),
    )
    .select_from(Document)
    .outerjoin(Revision, (Revision.document_id == Document.id) & (Revision.number == NUMBER))
    .where(IS_ASKED_FOR)
)
"""What is to be known of a document before a link to its revision `number` is made; 0 is the newest. Without a number there is
no such revision."""


def creation() -> Statement:
    """The document is locked: whatever discards or deletes it meanwhile comes before, or ends the link."""
    document = select(Document.id).where(IS_ASKED_FOR).with_for_update(key_share=True).cte("document")
    said = select(*given("link", PreviewLink, GIVEN)).where(exists().select_from(document))
    made = insert(PreviewLink).from_select([*GIVEN], said, include_defaults=False).returning(*LINK).cte("link")
    return Statement(select(made).add_cte(*audit.inserts(document)))


CREATION = creation()


def revocation() -> Statement:
    of_it = PreviewLink.id == bindparam("link_id", type_=Uuid()), PreviewLink.document_id == OF
    ended = update(PreviewLink).where(*of_it, PreviewLink.end_time.is_(None)).values(end_time=NOW)
    link = ended.returning(*LINK).cte("link")
    return Statement(select(link).add_cte(*audit.inserts(link)))


REVOCATION = revocation()

WHOSE = (Document.organisation_id, Document.locale, Document.live_revision_number)
ONE = Statement(
    select(*WHOSE, *LINK)
    .select_from(Document)
    .outerjoin(PreviewLink, (PreviewLink.document_id == Document.id) & (PreviewLink.id == bindparam("link_id", type_=Uuid())))
    .where(Document.id == OF, IS_THERE)
)
"""A link, and whose its document is. Without an id there is no such link."""
DOCUMENT = Statement(select(*WHOSE).where(Document.id == OF, IS_THERE))
MOST = 101
LAST = "ffffffff-ffff-ffff-ffff-ffffffffffff"
LINKS = Statement(
    select(*LINK)
    .where(PreviewLink.document_id == OF, PreviewLink.id < bindparam("before", type_=Uuid()))
    .order_by(PreviewLink.id.desc())
    .limit(literal_column(str(MOST)))
)
"""Newest first, from below the id `before`: as many as a page may have, and one more."""

SHOWN_OF_LINK: tuple[Any, ...] = (
    PreviewLink.revision_number.label("link_revision_number"),
    PreviewLink.account_id.label("link_account_id"),
    PreviewLink.end_time.label("link_end_time"),
    PreviewLink.expire_time.label("link_expire_time"),
)
SHOWN = Statement(
    select(
        *WHOLE,
        Revision.path.label("revision_path"),
        Revision.html,
        Revision.html_details,
        Revision.renderer,
        HISTORY,
        *SHOWN_OF_LINK,
    )
    .select_from(PreviewLink)
    .join(Document, Document.id == PreviewLink.document_id)
    .join(Revision, (Revision.document_id == Document.id) & (Revision.number == PreviewLink.revision_number))
    .where(PreviewLink.id == bindparam("link_id", type_=Uuid()), PreviewLink.document_id == OF, IS_THERE)
)
"""A document with what the revision of a link says, and what the public would get of it."""
