"""What content knows of the paths in a part of the site. Which part is whose is not its business: it asks `MayUsePath`."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import Any, Protocol

from sqlalchemy import ColumnElement, and_, exists, not_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.content.models import Document
from server.delivery.models import Page
from server.delivery.pages.rules import prefixes


class MayUsePath(Protocol):
    """Another domain's word on where an organisation publishes."""

    async def __call__(
        self, connection: AsyncConnection, organisation_id: uuid.UUID, path: str, *, with_all_below: bool = False
    ) -> bool:
        """Whether the organisation may put something at the path, or there and at all below. It stays so until the transaction
        ends."""


async def others_use(connection: AsyncConnection, prefix: str, organisation_id: uuid.UUID, *, but: Collection[str]) -> bool:
    """Whether any organisation but this one has something at `/prefix` or below, leaving out what is under the longer prefixes
    in `but`: a document by its draft's path, or what a path serves, be it a page, a redirect or a tombstone. A redirect above
    counts too if it covers the prefix."""
    path = f"/{prefix}"
    is_covered = and_(Page.covers_prefix, Page.path.in_(prefixes(path)))
    documents = exists().where(Document.organisation_id != organisation_id, within(Document.path, prefix, but))
    pages = exists().where(Page.organisation_id != organisation_id, or_(within(Page.path, prefix, but), is_covered))
    return bool((await connection.execute(select(or_(documents, pages)))).scalar())


def within(column: Any, prefix: str, but: Collection[str]) -> ColumnElement[bool]:
    return and_(is_under(column, prefix), *(not_(is_under(column, each)) for each in but))


def is_under(column: Any, prefix: str) -> ColumnElement[bool]:
    return or_(column == f"/{prefix}", column.startswith(f"/{prefix}/", autoescape=True))
