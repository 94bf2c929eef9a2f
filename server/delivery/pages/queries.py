"""Putting pages, and reading them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from sqlalchemy import ARRAY, Text, any_, delete, func, literal, or_, select
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from server.delivery.models import Page
from server.delivery.pages.rules import DEFAULT_LOCALE, prefixes
from server.stores.postgres import AnyRow


async def put(connection: AsyncConnection, **page: Any) -> None:
    """Makes this what its path serves in its locale. `page` holds the columns of models.Page."""
    statement = insert(Page)
    columns = {name: statement.excluded[name] for name in page}
    await connection.execute(statement.on_conflict_do_update(index_elements=[Page.path, Page.locale], set_=columns), page)


async def remove(connection: AsyncConnection, path: str, locale: str) -> None:
    await connection.execute(delete(Page).where(Page.path == path, Page.locale == locale))


async def page(connection: AsyncConnection, path: str, locale: str) -> AnyRow | None:
    """What stands at exactly this path and locale."""
    return (await connection.execute(select(Page.__table__).where(Page.path == path, Page.locale == locale))).one_or_none()


async def served(connection: AsyncConnection, path: str, locale: str) -> AnyRow | None:
    """What the path serves: its own page, or the nearest redirect above it that covers it. No locale means the default one,
    or else the one that was there first."""
    # One array, since a list of any length would be a statement of its own for each, parsed and planned anew.
    statement = (
        select(Page.path, Page.locale, Page.record_number, Page.answer, Page.preserves_suffix)
        .where(Page.path == any_(literal(prefixes(path), ARRAY(Text))), or_(Page.path == path, Page.covers_prefix))
        .order_by(func.length(Page.path).desc(), (Page.locale == DEFAULT_LOCALE).desc(), Page.record_number)
        .limit(1)
    )
    return (await connection.execute(statement.where(Page.locale == locale) if locale else statement)).one_or_none()


async def links(connection: AsyncConnection, translation_keys: Iterable[uuid.UUID], locale: str) -> dict[uuid.UUID, AnyRow]:
    """For each key that has a page: the one in this locale, or else in the default one, or else any."""
    statement = (
        select(Page.translation_key, Page.locale, Page.path, Page.title, Page.content_type)
        .ext(distinct_on(Page.translation_key))
        .where(Page.translation_key.in_(list(translation_keys)), Page.summary.is_not(None))
        .order_by(
            Page.translation_key, (Page.locale == locale).desc(), (Page.locale == DEFAULT_LOCALE).desc(), Page.record_number
        )
    )
    return {row.translation_key: row for row in (await connection.execute(statement)).all()}
