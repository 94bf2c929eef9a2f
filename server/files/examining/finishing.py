"""The last step: what was found in an upload becomes the file, or its next version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from server.files.examining import queries
from server.files.examining.found import Found
from server.files.succession.succession import Succession
from server.stores.postgres import AnyRow


async def finished(
    connection: AsyncConnection, upload: AnyRow, found: Found, columns: Mapping[str, Any], succession: Succession | None
) -> AnyRow:
    """The file's row, within the transaction that has removed the upload's. Raises what `take_place` does."""
    if upload.is_replacement:
        if succession is None:
            raise RuntimeError("nothing is replaced by this way in")
        return await succession.take_place(connection, upload, found.columns())
    return await queries.make_ready(connection, upload.file_id, **found.columns(), **columns)
