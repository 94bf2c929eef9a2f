"""Making content types, for the service and for imports."""

from __future__ import annotations

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.content.v1.content_type_pb2 import ContentType
from server import audit
from server.content import failures
from server.content.checks import details
from server.content.types import queries
from server.rpc.messages import plain
from server.stores.postgres import AnyRow


async def create(connection: AsyncConnection, content_type: ContentType) -> AnyRow | None:
    """Makes the content type; None when there is one of its name. Raises InvalidSchema."""
    made = await queries.insert_content_type(connection, name=content_type.name, **columns_of(content_type))
    if made is not None:
        await audit.add(connection, "content_type.create", content_type.name)
    return made


async def existing(connection: AsyncConnection, name: str, *, lock: bool = False) -> AnyRow:
    """Raises ContentTypeNotFound."""
    row = await queries.content_type(connection, name, lock=lock)
    if row is None:
        raise failures.ContentTypeNotFound
    return row


def columns_of(content_type: ContentType) -> dict[str, Any]:
    """What may be changed about a content type. Raises InvalidSchema."""
    schema = plain(content_type.details_schema)
    details.compiled(schema)
    return {
        "title": content_type.title,
        "details_schema": schema,
        "body_member": content_type.body_member,
        "html_members": [*content_type.html_members],
    }
