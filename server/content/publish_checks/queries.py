"""SQL: revisions to be checked, and what the site has of what they name."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ARRAY,
    Integer,
    LargeBinary,
    Text,
    Uuid,
    any_,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    null,
    select,
    union_all,
)
from sqlalchemy.orm import aliased

from server import delivery, files
from server.content.documents import queries as documents
from server.content.models import Document, Revision, is_there
from server.stores.statements import Statement

RENDERED = (Revision.html, Revision.html_details, Revision.renderer)
"""What the public would get of a revision."""
NEWEST = Statement(documents.asked_for(*RENDERED))
"""A document with what its newest revision says, and what the public would get of it."""

NUMBER = bindparam("number", type_=Integer())
IS_MEANT = (Revision.document_id == Document.id) & (Revision.number == func.coalesce(NUMBER, Document.revision_number))
ASKED_FOR = Statement(
    select(
        Document.id,
        Document.organisation_id,
        Document.content_type,
        Document.locale,
        Document.live_path,
        Document.version,
        Revision.number,
        Revision.path,
        Revision.body_format,
        Revision.content_type_version,
        *documents.LONG,
        *RENDERED,
    )
    .select_from(Document)
    .outerjoin(Revision, IS_MEANT)
    .where(documents.IS_ASKED_FOR)
)
"""One revision of the document `id`: that of the `number`, or None for the newest. Its number is None if there is no such."""

PATH, DRAFT, TARGET, FILE = 1, 2, 3, 4
"""What a row is about: what a path serves, a document of the organisation that is to be read at a path, the documents behind a
translation key or one's own id, a file."""
OTHER = aliased(Document)
PATHS, KEYS = bindparam("paths", type_=ARRAY(Text())), bindparam("keys", type_=ARRAY(Uuid()))
WHOSE = bindparam("whose", type_=Uuid())


def rows(kind: int, name: Any, state: Any = None, answer: Any = None, text: Any = None) -> Any:
    return select(
        literal_column(str(kind), Integer()).label("kind"),
        cast(name, Text()).label("name"),
        cast(null() if state is None else state, Integer()).label("state"),
        cast(null() if answer is None else answer, LargeBinary()).label("answer"),
        cast(null() if text is None else text, Text()).label("text"),
    )


PAGES = delivery.serving(bindparam("places", type_=ARRAY(Text()))).subquery()
FILES = files.known(bindparam("files", type_=ARRAY(Uuid())), WHOSE).subquery()
IS_DESCRIBED = FILES.c.content_type.not_like("image/%") | (func.btrim(FILES.c.alternative_text) != "")
OF_A_PDF = case((FILES.c.content_type == "application/pdf", FILES.c.facts["document"]))
SAID = func.jsonb_build_object(
    "name", FILES.c.name, "rejection", FILES.c.rejection_reason, "isDescribed", IS_DESCRIBED, "pdf", OF_A_PDF
)
SITE = Statement(
    union_all(
        rows(PATH, PAGES.c.path, cast(PAGES.c.covers_prefix, Integer()), PAGES.c.answer),
        rows(DRAFT, Document.path, Document.draft_state).where(
            Document.path == any_(PATHS), Document.organisation_id == WHOSE, Document.live_state == 0, documents.IS_THERE
        ),
        rows(TARGET, Document.translation_key, Document.live_state, text=Document.organisation_id).where(
            Document.translation_key == any_(KEYS), documents.IS_THERE
        ),
        rows(TARGET, OTHER.id, Document.live_state, text=Document.organisation_id)
        .join(OTHER, OTHER.translation_key == Document.translation_key)
        .where(OTHER.id == any_(KEYS), documents.IS_THERE, is_there(OTHER)),
        rows(FILE, FILES.c.id, FILES.c.standing, text=SAID),
    )
)
"""What the site has of the `paths`, of the `places` (these and all above them), of the `keys`, and of the `files`
of the organisation `whose`."""
