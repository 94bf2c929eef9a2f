"""Making content types, for the service and for imports."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.content.v1.content_type_pb2 import ContentType
from server import audit
from server.content import failures
from server.content.checks.details import Schemas
from server.content.types import policies, queries, views
from server.content.types.permitting import permission_columns
from server.rpc.answers import MOST_OF_ONE
from server.stores.postgres import AnyRow


async def create(connection: AsyncConnection, name: str, columns: dict[str, Any], author_id: uuid.UUID) -> AnyRow | None:
    """Makes a content type with these `columns_of` it; None when there is one of its name."""
    made = await queries.insert_content_type(connection, author_id, name=name, **columns)
    if made is not None:
        await audit.add(connection, "content_type.create", name)
    return made


async def existing(connection: AsyncConnection, name: str, *, lock: bool = False) -> AnyRow:
    """Raises ContentTypeNotFound."""
    row = await queries.content_type(connection, name, lock=lock)
    if row is None:
        raise failures.ContentTypeNotFound
    return row


def shown(row: AnyRow) -> ContentType:
    """What an answer says of it, for the transaction that stores it. Raises ContentTypeTooLarge."""
    return fitting(views.content_type(row))


def fitting(content_type: ContentType) -> ContentType:
    """The same. Raises ContentTypeTooLarge."""
    if (size := content_type.ByteSize()) > MOST_OF_ONE:
        raise failures.ContentTypeTooLarge(size, MOST_OF_ONE)
    return content_type


async def columns_of(content_type: ContentType, schemas: Schemas) -> dict[str, Any]:
    """What may be changed about a content type. Raises InvalidSchema and ContentTypeTooLarge."""
    fitting(content_type)
    return {
        "title": content_type.title,
        "details_schema": await schemas.taken(content_type.details_schema),
        "body_member": content_type.body_member,
        "html_members": [*content_type.html_members],
        **policies.columns(content_type.review_policy),
        "member_permissions": permission_columns(content_type.member_permissions),
        "publish_checks": settings_of(content_type),
        "is_block": content_type.is_block,
    }


def settings_of(content_type: ContentType) -> list[dict[str, int]]:
    """What it wants of publish checks, as it is kept: by the number of the check."""
    chosen = [{"check": each.check, "level": each.level, "threshold": each.threshold} for each in content_type.publish_checks]
    return sorted(chosen, key=lambda each: each["check"])
