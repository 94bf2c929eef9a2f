"""Imports of files: like uploads, but for their ids, by which documents that are imported name them."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import exc

from gazette.content.v1.document_import_pb2 import ImportedFile
from gazette.files.v1.file_pb2 import FileUpload
from server.background.processes import Processes
from server.files import failures
from server.files.examining import sniffing
from server.files.examining.wanted import Wanted
from server.files.fields import Fields
from server.files.uploads import queries, rules
from server.files.uploads.receiving import Received
from server.files.uploads.uploads import Uploads
from server.rpc.call import Call
from server.rpc.failures import Violation
from server.rpc.messages import moment
from server.settings import Settings
from server.stores.blobs import ObjectStorage
from server.stores.postgres import AnyRow, Database, violated

FIELDS = Fields("file.name", "file.size_bytes", "file.sha256", "file")


def id_elsewhere(organisation_id: uuid.UUID, id: uuid.UUID) -> uuid.UUID:
    """What a file of this id becomes in an organisation, where another one has it: a UUIDv7 of the same time (RFC 9562 section
    5.7), the same in every import."""
    raw = bytearray(id.bytes[:6] + hashlib.sha256(organisation_id.bytes + id.bytes).digest()[:10])
    raw[6], raw[8] = raw[6] & 0x0F | 0x70, raw[8] & 0x3F | 0x80
    return uuid.UUID(bytes=bytes(raw))


@dataclass(frozen=True)
class Imports:
    """Takes in the files of an import."""

    uploads: Uploads

    @classmethod
    def from_settings(cls, settings: Settings, database: Database, storage: ObjectStorage, parsers: Processes) -> Imports:
        """Raises InvalidSettings."""
        return cls(Uploads.from_settings(settings, database, storage, parsers))

    async def take(
        self, call: Call, wanted: ImportedFile, chunks: AsyncIterator[bytes], organisation_id: uuid.UUID, *, restores: bool
    ) -> bool:
        """Stores a file of the organisation's. False if it is there already.

        Raises FileExists, and what an upload does.
        """
        upload = FileUpload(
            organisation_id=str(organisation_id),
            name=wanted.name,
            alternative_text=wanted.alternative_text,
            size_bytes=wanted.size_bytes,
            sha256=wanted.sha256,
        )
        rules.check_upload(upload, call.caller, self.uploads.max_bytes, FIELDS)
        id = await self.free_id(wanted, organisation_id, restores=restores)
        if id is None:
            return False
        received = self.uploads.received(upload, chunks, FIELDS)
        content_type = sniffing.content_type(await received.beginning(), upload.name, self.uploads.allowed_types, FIELDS)
        if restores and content_type != wanted.content_type:
            told = f"was {wanted.content_type}, and is {content_type} by its bytes"
            raise failures.FileTypeNotAllowed(Violation("file.content_type", told))
        await self.store(call, upload, received, content_type, id, wanted if restores else None)
        return True

    async def free_id(self, wanted: ImportedFile, organisation_id: uuid.UUID, *, restores: bool) -> uuid.UUID | None:
        """Under which id the file is to be stored; None if it is there. Raises FileExists."""
        id = uuid.UUID(wanted.id)
        standing = await self.standing(id)
        if standing is None:
            return id
        if standing.organisation_id == organisation_id:
            check_same(standing, wanted)
            return None
        if restores:
            raise failures.FileExists(wanted.name, "of another organisation")
        # What bytes the other organisation's file has is not told, nor does it keep this one out.
        other = id_elsewhere(organisation_id, id)
        standing = await self.standing(other)
        if standing is None:
            return other
        check_same(standing, wanted)
        return None

    async def standing(self, id: uuid.UUID) -> AnyRow | None:
        async with self.uploads.database.read() as connection:
            return await queries.ready(connection, id)

    async def store(
        self,
        call: Call,
        upload: FileUpload,
        received: Received,
        content_type: str,
        id: uuid.UUID,
        restored: ImportedFile | None,
    ) -> None:
        """Under an id of its own while it is on its way: what an import leaves that was cut off is in no other's way."""
        wanted = Wanted(
            confirm=call.confirm,
            fields=FIELDS,
            action="file.restore" if restored is not None else "file.import",
            columns={"id": id, **times(restored)},
            is_restored=restored is not None,  # what was public elsewhere stays public, though it would not be taken any more
        )
        arriving = await self.uploads.begun(self.uploads.announce(upload, content_type, call.caller.known_id))
        try:
            await self.uploads.bring(arriving, received, wanted, waits=False)
        except exc.IntegrityError as error:
            if violated(error) == "pk_files":
                raise failures.FileExists(upload.name, "since just now") from error
            raise


def check_same(standing: AnyRow, wanted: ImportedFile) -> None:
    """Raises FileExists."""
    if wanted.sha256 not in {standing.sha256, standing.uploaded_sha256}:
        raise failures.FileExists(wanted.name, "with other bytes")


def times(restored: ImportedFile | None) -> dict[str, Any]:
    """The columns that a restored file keeps."""
    if restored is None:
        return {}
    given = [name for name in ("publish_time", "create_time") if restored.HasField(name)]
    return {name: moment(getattr(restored, name)) for name in given}
