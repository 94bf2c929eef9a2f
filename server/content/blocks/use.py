"""Whether a block is in use: then it stays."""

from __future__ import annotations

import asyncpg
from sqlalchemy import Uuid, bindparam, func, literal_column, or_, select

from server.content.blocks.failures import BlockInUse
from server.content.models import Document, Reference
from server.content.references.finding import BLOCK
from server.content.references.queries import IS_LIVE
from server.stores.statements import Row, Statement

MAX_TOLD = 5

KEY, ID = bindparam("translation_key", type_=Uuid()), bindparam("id", type_=Uuid())
USING = (
    select(Document.live_path)
    .join(Reference, Reference.document_id == Document.id)
    .where(or_(Reference.target_id == KEY, Reference.target_id == ID), Reference.kind == BLOCK, IS_LIVE)
    .distinct()
    .subquery("using")
)
IN_USE = Statement(
    select(USING.c.live_path, func.count().over().label("pages"))
    .order_by(USING.c.live_path)
    .limit(literal_column(str(MAX_TOLD)))
)
"""The first of the pages that show a block, and how many there are."""


async def check_unused(connection: asyncpg.Connection, document: Row) -> None:
    """Raises BlockInUse for a block that pages show."""
    rows = await IN_USE.all(connection, translation_key=document.translation_key, id=document.id)
    if rows:
        raise BlockInUse([row.live_path for row in rows], rows[0].pages)
