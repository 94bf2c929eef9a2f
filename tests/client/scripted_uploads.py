"""Uploads in pieces as the scripted server takes them: it keeps what has come of a piece that breaks off, as the real one."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

import grpc

from gazette.files.v1.file_pb2 import File, FileState
from gazette.files.v1.managing_pb2 import ListFileVersionsResponse, ReplaceFileResponse
from gazette.files.v1.upload_pb2 import (
    AppendUploadResponse,
    CancelUploadResponse,
    CompleteUploadResponse,
    CreateUploadResponse,
    GetUploadResponse,
    Upload,
    UploadForm,
    UploadPart,
    UploadWay,
)
from gazette_client.errors import GazetteError, failure

if TYPE_CHECKING:
    from tests.client.scripted import Server

ABSENT = failure(grpc.StatusCode.NOT_FOUND, "UPLOAD_NOT_FOUND", "None.")
MOVED = failure(grpc.StatusCode.ABORTED, "OFFSET_MISMATCH", "Elsewhere.")


class Uploads:
    """What has come, and where it is to break off."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.content = b""
        self.upload = Upload()
        self.cuts: deque[tuple[int, GazetteError]] = deque()
        """Offsets at which pieces break off, and with what."""
        self.loses_last_answer: GazetteError | None = None
        self.is_over = False
        self.form: UploadForm | None = None
        self.parts: list[UploadPart] = []
        self.completed: list[Any] = []
        self.created: list[Any] = []
        self.replaced: list[Any] = []
        self.outcome = FileState.FILE_STATE_READY
        self.versions: list[Any] = []

    async def create(self, request: Any, context: Any) -> CreateUploadResponse:
        await self.server.enter("CreateUpload", context)
        self.created.append(request)
        self.content, self.is_over = b"", False
        given = request.upload
        file = File(id="9", name=given.name, state=FileState.FILE_STATE_PENDING)
        self.upload = Upload(id=f"upload-{len(self.created)}", file=file, size_bytes=given.size_bytes)
        is_direct = request.way != UploadWay.UPLOAD_WAY_RESUMABLE
        if is_direct and self.form is not None:
            self.upload.way = UploadWay.UPLOAD_WAY_FORM
            self.upload.form.CopyFrom(self.form)
        elif is_direct and self.parts:
            self.upload.way = UploadWay.UPLOAD_WAY_PARTS
            self.upload.parts.extend(self.parts)
        else:
            self.upload.way = UploadWay.UPLOAD_WAY_RESUMABLE
        return CreateUploadResponse(upload=self.upload)

    async def get(self, request: Any, context: Any) -> GetUploadResponse:
        await self.server.enter("GetUpload", context)
        if self.is_over or request.id != self.upload.id:
            await fail(context, ABSENT)
        return GetUploadResponse(upload=self.upload)

    async def append(self, requests: Any, context: Any) -> AppendUploadResponse:
        await self.server.enter("AppendUpload", context)
        is_first = True
        async for request in requests:
            if is_first and (request.id != self.upload.id or request.offset != len(self.content)):
                await fail(context, MOVED if request.id == self.upload.id else ABSENT)
            is_first = False
            self.content += request.content.data
            self.upload.offset = len(self.content)
            if self.cuts and len(self.content) > self.cuts[0][0]:
                at, error = self.cuts.popleft()
                self.content = self.content[:at]
                self.upload.offset = at
                await fail(context, error)
        if len(self.content) == self.upload.size_bytes:
            self.upload.file.state = self.server.file.state = self.outcome
            self.is_over = True
            if self.loses_last_answer is not None:
                await fail(context, self.loses_last_answer)
        return AppendUploadResponse(upload=self.upload)

    async def complete(self, request: Any, context: Any) -> CompleteUploadResponse:
        await self.server.enter("CompleteUpload", context)
        self.completed.append(request)
        return CompleteUploadResponse(file=File(id="9", state=FileState.FILE_STATE_READY))

    async def cancel(self, request: Any, context: Any) -> CancelUploadResponse:
        await self.server.enter("CancelUpload", context)
        return CancelUploadResponse()

    async def replace(self, requests: Any, context: Any) -> ReplaceFileResponse:
        await self.server.enter("ReplaceFile", context)
        self.replaced = [each async for each in requests]
        return ReplaceFileResponse(file=self.server.file)

    async def list_versions(self, request: Any, context: Any) -> ListFileVersionsResponse:
        await self.server.enter("ListFileVersions", context)
        return ListFileVersionsResponse(versions=self.versions)

    def answered(self) -> dict[str, Any]:
        return {
            "CreateUpload": self.create,
            "GetUpload": self.get,
            "AppendUpload": self.append,
            "CompleteUpload": self.complete,
            "CancelUpload": self.cancel,
            "ReplaceFile": self.replace,
            "ListFileVersions": self.list_versions,
        }


async def fail(context: Any, error: GazetteError) -> None:
    await context.abort(error.code(), error.message, tuple(error.trailing_metadata() or ()))
