"""What a way in wants of an upload of its own, beside that it becomes a file."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from server.files.fields import Fields
from server.stores.postgres import AnyRow

Confirm = Callable[[], Awaitable[object]]
"""Raises what keeps the caller from it by now."""
Finish = Callable[[AsyncConnection, AnyRow], Awaitable[object]]
"""Does in the transaction that makes the file ready what its way in wants done with it, given the file's row. What it raises
leaves nothing of the upload."""
UPLOAD_FIELDS = Fields("upload.name", "upload.size_bytes", "upload.sha256", "upload")


async def nothing(*_: object) -> None:
    """Has nothing against it, or nothing more to do."""


@dataclass(frozen=True)
class Wanted:
    """By those who brought an upload; what a job goes on with wants nothing."""

    confirm: Confirm = nothing
    finish: Finish = nothing
    fields: Fields = UPLOAD_FIELDS
    """How its request calls what may be wrong."""
    action: str = "file.upload"
    """How the audit calls it."""
    columns: Mapping[str, Any] = field(default_factory=dict)
    """What the file gets beside what was found in it."""
    is_restored: bool = False
    """It is taken as it is, if no virus is known in it."""
