"""SQL: what translates what, and what it lacks."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Integer,
    Select,
    Text,
    Uuid,
    and_,
    any_,
    bindparam,
    case,
    false,
    func,
    literal_column,
    select,
    true,
)
from sqlalchemy.orm import aliased

from gazette.content.v1.translations_pb2 import TranslationGapKind
from server import audit
from server.content.documents.queries import IS_ASKED_FOR
from server.content.documents.sources import Basis
from server.content.documents.writing import changed
from server.content.models import Document, Revision, is_there
from server.stores.statements import Statement

MISSING = TranslationGapKind.TRANSLATION_GAP_KIND_MISSING
LOOKED_AT = 1_000
"""Pages that one part of a list of gaps looks at: few may lack something, and where they are nobody knows beforehand."""

KEY = bindparam("translation_key", type_=Uuid())
DOCUMENT = changed(*Basis._fields)
CONFIRMING = Statement(select(DOCUMENT).add_cte(*audit.inserts(DOCUMENT)))

GROUP = Statement(select(Document.organisation_id, Document.translation_key).where(IS_ASKED_FOR))
"""Whose a document is, and what it shares with its translations."""

SHOWN = (
    "locale", "path", "revision_number", "draft_state", "live_state", "live_revision_number", "publish_time",
    "source_document_id", "source_revision_number",
)  # fmt: skip
IS_PAGE: ColumnElement[int] = literal_column("1")
"""LIVE_STATE_PUBLISHED, as the indexes have it."""


def major_time(of: Any) -> ColumnElement[Any]:
    """When a page last had a major update: here, or as an import says."""
    return func.coalesce(of.claimed_public_update_time, of.public_update_time, of.create_time)


def is_newer(source: Any, translation: Any) -> ColumnElement[bool]:
    """Whether a source was published anew since the translation was made, which was made from it."""
    return and_(source.live_state == IS_PAGE, source.live_revision_number > translation.source_revision_number)


OF_IT, ITS_SOURCE = aliased(Document, name="of_it"), aliased(Document, name="its_source")
TRANSLATIONS = Statement(
    select(
        OF_IT.id.label("document_id"),
        *(getattr(OF_IT, name) for name in SHOWN),
        Revision.title,
        func.coalesce(is_newer(ITS_SOURCE, OF_IT), false()).label("outdated"),
    )
    .join(Revision, (Revision.document_id == OF_IT.id) & (Revision.number == OF_IT.revision_number))
    .outerjoin(ITS_SOURCE, (ITS_SOURCE.id == OF_IT.source_document_id) & (ITS_SOURCE.translation_key == OF_IT.translation_key))
    .where(OF_IT.translation_key == KEY, is_there(OF_IT), OF_IT.locale > bindparam("after", type_=Text()))
    .order_by(OF_IT.locale)
    .limit(bindparam("limit", type_=Integer()))
)
"""The documents that share a translation key, by language, from behind one on."""


@cache
def gaps(kind: int, whose: str, *, has_content_type: bool) -> Statement:
    """What pages in `source_locale` lack in `target_locale`, from behind one on: with the last page that was looked at, how
    many were, and of each gap the columns of both. `whose` is `organisation_id`, `organisations`, or empty for all."""
    page, other = aliased(Document, name="page"), aliased(Document, name="other")
    pages: Select[Any] = select(page).where(
        page.live_state == IS_PAGE,
        page.locale == bindparam("source_locale", type_=Text()),
        page.id > bindparam("after", type_=Uuid()),
    )
    if whose == "organisation_id":
        pages = pages.where(page.organisation_id == bindparam(whose, type_=Uuid()))
    elif whose:
        pages = pages.where(page.organisation_id == any_(bindparam(whose, type_=ARRAY(Uuid()))))
    if has_content_type:
        pages = pages.where(page.content_type == bindparam("content_type", type_=Text()))
    looked_at = pages.order_by(page.id).limit(literal_column(str(LOOKED_AT))).cte("looked_at")
    source = aliased(Document, looked_at, name="source")
    is_its = and_(
        other.translation_key == source.translation_key,
        other.locale == bindparam("target_locale", type_=Text()),
        is_there(other),
    )
    lacks = other.id.is_(None) if kind == MISSING else is_outdated(source, other)
    found = (
        select(*columns("source", source), *columns("translation", other))
        .select_from(source)
        .outerjoin(other, is_its)
        .where(lacks)
        .order_by(source.id)
        .limit(bindparam("limit", type_=Integer()))
        .subquery("found")
    )
    last = select(looked_at.c.id).order_by(looked_at.c.id.desc()).limit(1).scalar_subquery()
    count = select(func.count()).select_from(looked_at).scalar_subquery()
    bounds = select(last.label("last_id"), count.label("looked_at_count")).subquery("bounds")
    of_source, of_translation = aliased(Revision, name="of_source"), aliased(Revision, name="of_translation")
    statement = (
        select(
            bounds.c.last_id,
            bounds.c.looked_at_count,
            *found.c,
            of_source.title.label("source_title"),
            of_translation.title.label("translation_title"),
        )
        .select_from(bounds)
        .outerjoin(found, true())
        .outerjoin(of_source, newest(of_source, found, "source"))
        .outerjoin(of_translation, newest(of_translation, found, "translation"))
        .order_by(found.c.source_document_id_)
    )
    return Statement(statement)


def columns(prefix: str, of: Any) -> list[Any]:
    named = [of.id.label(f"{prefix}_document_id_")]
    return named + [getattr(of, name).label(f"{prefix}_{name}") for name in SHOWN]


def newest(revision: Any, found: Any, prefix: str) -> ColumnElement[bool]:
    of_it = revision.document_id == found.c[f"{prefix}_document_id_"]
    return and_(of_it, revision.number == found.c[f"{prefix}_revision_number"])


def is_outdated(source: Any, other: Any) -> ColumnElement[bool]:
    """Whether there is a translation, which is not the source's own source, and lacks something. Where it is not known from
    which revision it was made, major updates tell."""
    is_known = other.source_document_id == source.id
    return and_(
        other.id.is_not(None),
        source.source_document_id.is_distinct_from(other.id),
        case((is_known, is_newer(source, other)), else_=major_time(source) > major_time(other)),
    )
