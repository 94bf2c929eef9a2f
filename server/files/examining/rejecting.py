"""What is refused: it is told why, and the bytes go at once."""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from prometheus_client import Counter

from server import audit
from server.files import blob_references, failures
from server.files.examining import queries
from server.files.fields import Fields
from server.files.quotas import reserving
from server.rpc.failures import Unavailable
from server.stores.blobs import ObjectStorage
from server.stores.postgres import AnyRow, Database

log = structlog.get_logger(__name__)

REJECTED = Counter("gazette_files_rejected_total", "Files that were rejected when they were examined, by reason.", ["reason"])
LONGEST_MESSAGE = 1000


@dataclass(frozen=True)
class Rejecting:
    """Records it, then removes the bytes: what is rejected twice is rejected for the same."""

    database: Database
    storage: ObjectStorage

    async def reject(self, upload: AnyRow, rejected: failures.Rejected, fields: Fields) -> None:
        """Nothing happens if somebody else is at the upload by now."""
        async with self.database.transaction() as connection:
            row = await queries.reject(connection, upload, reason=rejected.reason, message=said(rejected, fields))
            if row is None:
                return
            await audit.add(
                connection,
                "file.reject",
                row.id,
                actor_id=upload.author_id,
                organisation_id=row.organisation_id,
                personal={"name": upload.name},
                reason=rejected.reason,
            )
            await reserving.give_back(connection, row.organisation_id, upload.size_bytes)
        REJECTED.labels(rejected.reason).inc()
        log.info("file rejected", file=str(upload.file_id), reason=rejected.reason)
        try:
            await self.remove_bytes(upload)
        except Unavailable:
            log.warning("the bytes of a rejected file could not be removed yet", file=str(upload.file_id))

    async def remove_bytes(self, upload: AnyRow) -> None:
        await self.storage.delete(upload.key)
        async with self.database.transaction() as connection:
            if upload.blob_key:
                await blob_references.release(connection, self.storage, upload.blob_key)
            await queries.note_gone(connection, upload.id)

    async def remove_left(self) -> None:
        """Removes what could not be removed before."""
        while True:
            async with self.database.transaction() as connection:
                upload = await queries.rejected_with_bytes(connection)
                if upload is None:
                    return
                if upload.key:
                    await self.storage.delete(upload.key)
                await queries.note_gone(connection, upload.id)


def said(rejected: failures.Rejected, fields: Fields) -> str:
    """Why, in a sentence or several."""
    subjects = {fields.name: "The name", fields.size: "The declared size", fields.sha256: "The declared SHA-256"}
    told = [f"{subjects.get(each.field, 'The file')} {each.description}." for each in rejected.violations]
    return " ".join(told)[:LONGEST_MESSAGE]
