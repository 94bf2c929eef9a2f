"""From bytes in the quarantine to a file: examined, promoted, made ready; or rejected."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from server.stores.blobs import ObjectStorage
from server.stores.postgres import AnyRow, Database

Confirm = Callable[[], Awaitable[None]]
"""Raises what keeps the caller from it by now."""
Finish = Callable[[AsyncConnection, AnyRow], Awaitable[None]]
"""Does in the transaction that makes the file ready what its way in wants done with it, given the file's row."""


@dataclass(frozen=True)
class Pipeline:
    """Takes uploads whose bytes are all in the quarantine to their end, in the call that brought them or in the background."""

    database: Database
    storage: ObjectStorage

    async def settle(
        self, upload_id: uuid.UUID, *, seconds: float, confirm: Confirm | None = None, finish: Finish | None = None
    ) -> AnyRow:
        """Examines an upload that is RECEIVED, and makes its file READY. Returns the file's row as it stands after so many
        seconds at most: SCANNING where that was not enough, PENDING where the scanner is away; then a job goes on.

        Raises what the file is rejected for (`failures.Rejected`), once that is recorded.
        """
        raise NotImplementedError
