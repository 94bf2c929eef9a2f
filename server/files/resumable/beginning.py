"""Begins an upload: whether the caller may, whether there is room, and which way its bytes come, is decided before any does."""

from __future__ import annotations

import uuid
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import uuid6
from sqlalchemy import exc, func
from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.files.v1.upload_pb2 import CreateUploadRequest, CreateUploadResponse, Upload
from server.background import tasks
from server.files import failures
from server.files.examining import sniffing
from server.files.quotas import reserving
from server.files.replacing import rules as replacing
from server.files.resumable import queries, rules
from server.files.resumable.failures import UploadNotFound
from server.files.resumable.pieces import FIELDS
from server.files.stages import Way
from server.files.succession import queries as succession
from server.files.succession.rules import check_kind
from server.files.uploads.rules import check_upload
from server.rpc.call import Call
from server.rpc.caller import Caller
from server.rpc.failures import Unavailable
from server.settings import Settings
from server.stores import idempotency
from server.stores.blobs import ObjectStorage
from server.stores.postgres import AnyRow, Database, violated


@dataclass(frozen=True)
class Beginning:
    """What it takes to begin one."""

    database: Database
    storage: ObjectStorage
    max_bytes: int
    quota: int
    lifetime: timedelta
    allowed_types: frozenset[str]

    @classmethod
    def from_settings(cls, settings: Settings, database: Database, storage: ObjectStorage) -> Beginning:
        return cls(
            database,
            storage,
            settings.max_file_size,
            settings.file_quota,
            settings.upload_expiration_time,
            frozenset(settings.allowed_file_types),
        )

    async def begin(self, call: Call, request: CreateUploadRequest) -> tuple[AnyRow, AnyRow]:
        """The rows of the upload and of its file. The same under the same idempotency key is begun once."""
        given = request.upload
        check_upload(given, call.caller, self.max_bytes, FIELDS)
        content_type = sniffing.named_type(given.name, self.allowed_types, FIELDS)
        way = rules.chosen_way(
            request.way, given.size_bytes, presigns=self.storage.presigns, part_bytes=self.storage.part_bytes
        )
        async with self.database.read() as connection:
            if (earlier := await idempotency.answered(connection, call, request, CreateUploadResponse)) is not None:
                return await self.known(connection, uuid.UUID(earlier.upload.id), call)
        id = uuid6.uuid7()
        assembly = ""
        if way is Way.PARTS:
            assembly = await self.storage.begin(f"incoming/{id}", content_type=content_type)
        is_begun = False
        try:
            begun = await self.announce(call, request, id, way, storage_upload=assembly, found={"content_type": content_type})
            is_begun = begun[0].id == id
            return begun
        finally:
            if assembly and not is_begun:
                await tasks.finish(self.abandon(f"incoming/{id}", assembly))

    async def announce(
        self, call: Call, request: CreateUploadRequest, id: uuid.UUID, way: Way, **columns: Any
    ) -> tuple[AnyRow, AnyRow]:
        """Another upload's rows, if the same was begun at once under the same key and this is the later of the two."""
        given, organisation_id = request.upload, uuid.UUID(request.upload.organisation_id)
        try:
            async with self.database.transaction() as connection:
                earlier = await idempotency.earlier(connection, call, request, CreateUploadResponse)
                if earlier is not None:
                    return await self.known(connection, uuid.UUID(earlier.upload.id), call)
                file_id = await self.file(connection, call, request, columns["found"]["content_type"])
                upload = await queries.add(
                    connection,
                    id=id,
                    file_id=file_id,
                    is_replacement=bool(request.replaces_file_id),
                    way=way,
                    name=given.name,
                    size_bytes=given.size_bytes,
                    sha256=given.sha256,
                    author_id=call.caller.known_id,
                    key=f"quarantine/{id}",
                    expire_time=func.now() + self.lifetime,
                    **columns,
                )
                file = await queries.file(connection, file_id)
                assert file is not None
                await idempotency.remember(connection, call, CreateUploadResponse(upload=Upload(id=str(id))))
                await reserving.reserve(connection, organisation_id, given.size_bytes, self.quota)
        except exc.IntegrityError as error:
            if violated(error) == "fk_files_organisation_id":
                raise failures.OrganisationNotFound from error
            raise
        return upload, file

    async def file(self, connection: AsyncConnection, call: Call, request: CreateUploadRequest, content_type: str) -> uuid.UUID:
        """What becomes of the upload: a new file, or one that is there."""
        if request.replaces_file_id:
            return await replaced(connection, call.caller, request, content_type)
        id, given = uuid6.uuid7(), request.upload
        await queries.add_file(
            connection,
            id=id,
            organisation_id=uuid.UUID(given.organisation_id),
            name=given.name,
            alternative_text=given.alternative_text,
            size_bytes=given.size_bytes,
            author_id=call.caller.known_id,
        )
        return id

    async def known(self, connection: AsyncConnection, id: uuid.UUID, call: Call) -> tuple[AnyRow, AnyRow]:
        """What was begun before. Raises UploadNotFound where that has ended by now."""
        upload = await queries.upload(connection, id, call.caller.known_id)
        file = None if upload is None else await queries.file(connection, upload.file_id)
        if upload is None or file is None:
            raise UploadNotFound
        return upload, file

    async def abandon(self, key: str, assembly: str) -> None:
        with suppress(Unavailable):
            await self.storage.abandon(key, assembly)


async def replaced(connection: AsyncConnection, caller: Caller, request: CreateUploadRequest, content_type: str) -> uuid.UUID:
    """The file, if the caller may replace it by one of this type. Raises FileNotFound, FileNotReady, FileRejected,
    PermissionDenied, FileTypeNotAllowed."""
    file = replacing.writable(await queries.file(connection, uuid.UUID(request.replaces_file_id)), caller)
    if str(file.organisation_id) != request.upload.organisation_id:
        raise failures.FileNotFound
    replacing.check_replaceable(file, caller, "")
    check_kind(file, content_type, FIELDS)
    await succession.forget_rejected(connection, file.id)
    return uuid.UUID(str(file.id))
