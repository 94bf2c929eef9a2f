"""Whether a part of the site serves anything, for those who ask before it changes hands."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, any_, case, exists, not_, or_, select

from server.delivery.models import Page
from server.delivery.pages.rules import prefixes
from server.stores.parameters import is_one_of


def others_serve(prefix: str, organisation_id: uuid.UUID, *, but: Collection[str]) -> ColumnElement[bool]:
    """Whether any organisation but this one serves something, be it a page, a redirect or a tombstone, at `/prefix` or below,
    leaving out what is at the longer prefixes in `but` and below them; or by a redirect above that covers the prefix."""
    is_covered = and_(Page.covers_prefix, is_one_of(Page.path, prefixes(f"/{prefix}")))
    return exists().where(Page.organisation_id != organisation_id, or_(is_within(Page.path, prefix, but), is_covered))


def is_within(column: Any, prefix: str, but: Collection[str]) -> ColumnElement[bool]:
    """Whether a column's path is at the prefix or below, and not at one of the longer prefixes in `but` or below."""
    return and_(is_under(column, prefix), *(not_(is_under(column, each)) for each in but))


def is_under(column: Any, prefix: str) -> ColumnElement[bool]:
    return or_(column == f"/{prefix}", column.startswith(f"/{prefix}/", autoescape=True))


def serving(places: Any) -> Select[Any]:
    """What stands at exactly these paths (a parameter, an array): the path, whether it covers all below it, and the answer of
    what is no page, but leads elsewhere or is gone; NULL for a page."""
    answer = case((Page.summary.is_(None), Page.answer)).label("answer")
    return select(Page.path, Page.covers_prefix, answer).where(Page.path == any_(places))
