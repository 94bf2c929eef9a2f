"""SQL: what was said to a revision."""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from server.content.models import Review


async def insert_review(connection: AsyncConnection, **review: Any) -> None:
    await connection.execute(insert(Review), review)
