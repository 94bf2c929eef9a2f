"""CreateUpload and what follows it."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass

import structlog

from gazette.access.v1.access_pb2 import Permission
from gazette.files.v1 import upload_pb2
from gazette.files.v1.upload_pb2 import Upload
from server.background import tasks
from server.files import bodies
from server.files import views as file_views
from server.files.examining.pipeline import Pipeline
from server.files.failures import FileTypeNotAllowed
from server.files.replacing.rules import PUBLISH, WRITE
from server.files.resumable import queries, rules, tus, views
from server.files.resumable.beginning import Beginning
from server.files.resumable.completing import Completing, incomplete
from server.files.resumable.failures import (
    OffsetMismatch,
    UploadComplete,
    UploadNotFound,
    UploadTakenOver,
    UploadWayUnavailable,
)
from server.files.resumable.pieces import Piece
from server.files.resumable.removing import Removing
from server.files.stages import Stage, Way
from server.files.uploads.rules import check_organisation
from server.rpc import http
from server.rpc.call import Call, Need
from server.rpc.failures import Unavailable
from server.rpc.messages import moment
from server.settings import Settings
from server.stores.blobs import ObjectStorage
from server.stores.postgres import AnyRow, Database

log = structlog.get_logger(__name__)

ALLOWANCE = 8.0
"""Seconds beyond the deadline of calls: what has come is examined in the call."""
SETTLE_SECONDS = 10.0
"""What it may take in all, before it goes on by itself. Envoy waits for 14 seconds."""


@dataclass(frozen=True)
class Resumable:
    """Uploads in pieces, and straight to the object storage."""

    database: Database
    storage: ObjectStorage
    beginning: Beginning
    completing: Completing
    removing: Removing

    @classmethod
    def from_settings(cls, settings: Settings, database: Database, storage: ObjectStorage, pipeline: Pipeline) -> Resumable:
        removing = Removing(database, storage)
        completing = Completing(database, storage, pipeline, removing)
        return cls(database, storage, Beginning.from_settings(settings, database, storage), completing, removing)

    async def CreateUpload(self, request: upload_pb2.CreateUploadRequest, call: Call) -> upload_pb2.CreateUploadResponse:
        return upload_pb2.CreateUploadResponse(upload=await self.begun(request, call))

    async def CreateTusUpload(
        self, request: upload_pb2.CreateTusUploadRequest, call: Call
    ) -> upload_pb2.CreateTusUploadResponse:
        return upload_pb2.CreateTusUploadResponse(upload=await self.begun(tus.described(call), call))

    async def begun(self, request: upload_pb2.CreateUploadRequest, call: Call) -> Upload:
        upload, file = await self.beginning.begin(call, request)
        http.created(call, f"/v1/uploads/{upload.id}")
        if upload.way == Way.RESUMABLE:
            tus.progress(call, offset=upload.received_bytes, size=upload.size_bytes, expire_time=upload.expire_time)
        return views.shown(upload, file, self.storage)

    async def GetUpload(self, request: upload_pb2.GetUploadRequest, call: Call) -> upload_pb2.GetUploadResponse:
        tus.check_version(call)
        row = await self.own(uuid.UUID(request.id), call)
        return upload_pb2.GetUploadResponse(upload=await self.told(row, call))

    async def AppendUpload(
        self, request_iterator: AsyncIterator[upload_pb2.AppendUploadRequest], call: Call
    ) -> upload_pb2.AppendUploadResponse:
        first = await anext(request_iterator, upload_pb2.AppendUploadRequest())
        tus.check_piece(call, first.content.content_type)
        offset, checksum = tus.offset(call, first.offset), tus.checksum(call)
        if not first.id:
            raise UploadNotFound
        found = await self.own(uuid.UUID(first.id), call)
        if isinstance(found, Upload) or found.stage != Stage.RECEIVING:
            if offset != found.size_bytes:
                raise OffsetMismatch(found.size_bytes)
            return await self.appended(found, call)
        if found.way != Way.RESUMABLE:
            raise UploadWayUnavailable("The bytes of this upload go to the object storage.")
        call.needs += needs(found)
        check_needs(call, found)
        row = await self.taken(found.id, offset)
        piece = Piece(self.database, self.storage, row, self.beginning.allowed_types, checksum)
        if await self.take(piece, bodies.content(first, request_iterator), call):
            await self.completing.settle(row.id, SETTLE_SECONDS, call.confirm)
        return await self.appended(await self.own(row.id, call), call)

    async def take(self, piece: Piece, chunks: AsyncIterator[bytes], call: Call) -> bool:
        """Takes a piece. Whether the upload is whole now, and in the quarantine."""
        try:
            await piece.begin()
            await piece.take(chunks)
            if piece.at == piece.row.size_bytes:
                await call.confirm()
                await tasks.finish(self.whole(piece))
                return True
        except FileTypeNotAllowed:
            await tasks.finish(self.removing.remove(piece.row.id))
            raise
        except BaseException:
            await tasks.finish(self.kept(piece))
            raise
        await tasks.finish(piece.keep())
        return False

    async def kept(self, piece: Piece) -> None:
        """After whatever ended the piece: that is what is told of then."""
        try:
            with suppress(UploadTakenOver):
                await piece.keep()
        except Unavailable:
            log.warning("the end of a piece could not be kept", upload=str(piece.row.id))

    async def whole(self, piece: Piece) -> None:
        await piece.complete()
        async with self.database.read() as connection:
            row = await queries.held(connection, piece.row.id, piece.holder)
        if row is None:
            raise UploadTakenOver
        await self.completing.gather(row)

    async def appended(self, row: AnyRow | Upload, call: Call) -> upload_pb2.AppendUploadResponse:
        response = upload_pb2.AppendUploadResponse(upload=await self.told(row, call))
        if tus.is_spoken(call):
            call.headers += (http.NO_CONTENT,)
        return response

    async def CompleteUpload(self, request: upload_pb2.CompleteUploadRequest, call: Call) -> upload_pb2.CompleteUploadResponse:
        call.allowance = ALLOWANCE
        row = await self.own(uuid.UUID(request.id), call)
        if not isinstance(row, Upload) and row.stage == Stage.RECEIVING:
            if row.way == Way.RESUMABLE and row.received_bytes < row.size_bytes:
                raise incomplete()
            check_needs(call, row)
            parts = rules.parts_that_came(request.parts, rules.plan(row.size_bytes)) if row.way == Way.PARTS else None
            if await self.completing.complete(row.id, parts, SETTLE_SECONDS - call.seconds):
                await self.completing.settle(row.id, max(0.0, SETTLE_SECONDS - call.seconds), call.confirm)
            row = await self.own(row.id, call)
        return upload_pb2.CompleteUploadResponse(file=(await self.told(row, call)).file)

    async def CancelUpload(self, request: upload_pb2.CancelUploadRequest, call: Call) -> upload_pb2.CancelUploadResponse:
        tus.check_version(call)
        row = await self.own(uuid.UUID(request.id), call)
        if isinstance(row, Upload) or not await self.removing.remove(row.id):
            raise UploadComplete
        if tus.is_spoken(call):
            call.headers += (http.NO_CONTENT,)
        return upload_pb2.CancelUploadResponse()

    async def own(self, id: uuid.UUID, call: Call) -> AnyRow | Upload:
        """The caller's own upload: its row, or what is remembered of it. Raises UploadNotFound, PermissionDenied."""
        caller_id = call.caller.known_id
        async with self.database.read() as connection:
            row = await queries.upload(connection, id, caller_id)
            found = row if row is not None else await queries.ended(connection, id, caller_id)
            if found is None:
                raise UploadNotFound
            if row is not None:
                self.check(call, row.organisation_id)
            return found

    def check(self, call: Call, organisation_id: uuid.UUID) -> None:
        """Who began it may have lost the right to. Raises UploadNotFound, PermissionDenied."""
        if not call.caller.may(Permission.PERMISSION_FILES_READ, organisation_id):
            raise UploadNotFound
        check_organisation(call.caller, organisation_id)

    async def told(self, row: AnyRow | Upload, call: Call) -> Upload:
        """The upload as it stands, in the headers, too. Raises UploadNotFound where its file is gone."""
        file_id = uuid.UUID(row.file.id) if isinstance(row, Upload) else row.file_id
        async with self.database.read() as connection:
            file = await queries.file(connection, file_id)
        if file is None:
            raise UploadNotFound
        self.check(call, file.organisation_id)
        if isinstance(row, Upload):
            row.file.CopyFrom(file_views.shown(file))
            upload = row
        else:
            upload = views.shown(row, file, self.storage)
        if row.way == Way.RESUMABLE:
            expire_time = moment(upload.expire_time)
            tus.progress(call, offset=upload.offset, size=upload.size_bytes, expire_time=expire_time)
        return upload

    async def taken(self, id: uuid.UUID, offset: int) -> AnyRow:
        """The upload, which goes on from here at this offset, whoever was at it. Raises OffsetMismatch, UploadNotFound."""
        async with self.database.transaction() as connection:
            row = await queries.take(connection, id, uuid.uuid4())
            if row is None:
                raise UploadNotFound
            if row.received_bytes != offset:
                raise OffsetMismatch(row.received_bytes)
        return row


def needs(row: AnyRow) -> tuple[Need, ...]:
    """What whoever sends an upload must be permitted all along. What is public now, the public sees changed at once."""
    of_public = (Need(PUBLISH, row.organisation_id),) if row.is_replacement and row.is_public else ()
    return (Need(WRITE, row.organisation_id), *of_public)


def check_needs(call: Call, row: AnyRow) -> None:
    """Raises PermissionDenied."""
    for need in needs(row):
        call.caller.require(need.permission, need.organisation_id)
