"""Content types as this process holds them, since every change of a document is held against one.

A statement that acts on one has the condition `IS_UNCHANGED`, and is given its name and version: it finds nothing to do if the
content type has changed since it was read.
"""

from __future__ import annotations

from typing import Any

import asyncpg
from sqlalchemy import Integer, Text, bindparam, exists, select

from server.content.models import ContentType
from server.stores.statements import Row, Statement

CHANNEL = "gazette_content_types"
"""NOTIFY says here that a content type has changed."""

CONTENT_TYPE = Statement(select(ContentType.__table__).where(ContentType.name == bindparam("name")))
NAME, VERSION = bindparam("type_name", type_=Text()), bindparam("type_version", type_=Integer())
IS_UNCHANGED = exists().where(ContentType.name == NAME, ContentType.version == VERSION)
SAVED_BY = ("content_type", "content_type_version")
"""The columns of a revision that say so."""


async def read_content_type(connection: asyncpg.Connection, name: str) -> Row | None:
    return await CONTENT_TYPE.first(connection, name=name)


def parameters(content_type: Row) -> dict[str, Any]:
    """What `IS_UNCHANGED` is given."""
    return {"type_name": content_type.name, "type_version": content_type.version}
