"""SQL: reading pages."""

from __future__ import annotations

from sqlalchemy import ARRAY, Text, any_, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.delivery.models import Page
from server.delivery.pages.rules import DEFAULT_LOCALE, prefixes
from server.stores.postgres import AnyRow


async def served(connection: AsyncConnection, path: str, locale: str) -> AnyRow | None:
    """What the path serves: its own page, or the nearest redirect above it that covers it. No locale means the default one,
    or else the one that was there first."""
    # One array, since a list of any length would be a statement of its own for each, parsed and planned anew.
    statement = (
        select(
            Page.path,
            Page.locale,
            Page.record_number,
            Page.answer,
            Page.preserves_suffix,
            Page.summary.is_not(None).label("is_page"),
        )
        .where(
            Page.path == any_(literal(prefixes(path), ARRAY(Text))), or_(Page.path == path, Page.covers_prefix), ~Page.is_block
        )
        .order_by(func.length(Page.path).desc(), (Page.locale == DEFAULT_LOCALE).desc(), Page.publish_time)
        .limit(1)
    )
    return (await connection.execute(statement.where(Page.locale == locale) if locale else statement)).one_or_none()
