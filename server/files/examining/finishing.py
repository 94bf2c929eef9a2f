"""The last step: what was found in an upload becomes the file, or its next version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from server.files.examining import queries
from server.files.examining.found import Found
from server.stores.postgres import AnyRow


async def finished(connection: AsyncConnection, upload: AnyRow, found: Found, columns: Mapping[str, Any]) -> AnyRow:
    """The file's row, within the transaction that has removed the upload's."""
    if upload.is_replacement:
        raise NotImplementedError
    return await queries.make_ready(connection, upload.file_id, **found.columns(), **columns)
