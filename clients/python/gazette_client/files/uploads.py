"""How a file goes up: in one stream if it is small, otherwise as the server would have it, and on from where it was cut off."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, TypeAlias

import grpc
from google.api.httpbody_pb2 import HttpBody

from gazette.files.v1.file_pb2 import File, FileState, FileUpload
from gazette.files.v1.file_service_pb2 import GetFileRequest, UploadFileRequest
from gazette.files.v1.managing_pb2 import FileReplacement, ReplaceFileRequest
from gazette.files.v1.upload_pb2 import (
    AppendUploadRequest,
    CancelUploadRequest,
    CompleteUploadRequest,
    CreateUploadRequest,
    GetUploadRequest,
    Upload,
    UploadPart,
    UploadWay,
)
from gazette_client.conversation import Deadline, Wait
from gazette_client.errors import GazetteError, NotFound, Unauthenticated, failure
from gazette_client.files import storage
from gazette_client.files.sources import Outgoing, Piece
from gazette_client.retries import Retry

STREAMED_BYTES = 8 * 1024 * 1024
"""What has no more goes in one call, and begins again after a break."""
PIECE_BYTES = 64 * 1024 * 1024
"""A piece is a call of its own, with a token of its own."""
FORM_BYTES = 100_000_000
"""What has more goes to the object storage in parts."""

EXAMINATION = 600.0
"""Seconds that a large file may be examined."""

Way = Literal["auto", "stream", "resumable", "direct"]
"""By size and as the server thinks best; in one call; in pieces that go on after a break; straight to the object storage."""


@dataclass(frozen=True, slots=True)
class Call:
    """Make this call, whose request is a message or a Piece, and say what it answered."""

    method: str
    request: Any
    timeout: float | None
    is_once: bool = False
    """A Piece that is sent once: behind a break goes another one, which may begin elsewhere."""


@dataclass(frozen=True, slots=True)
class Work:
    """Do this, which waits for another server, and say what it came to."""

    perform: Callable[[], Any]


Uploading: TypeAlias = Generator[Call | Work | Wait, Any, File]


@dataclass(frozen=True, slots=True)
class Plan:
    """One upload: what is sent, and how."""

    outgoing: Outgoing
    upload: FileUpload
    retry: Retry
    deadline: Deadline
    way: Way = "auto"
    resume: str = ""
    """The id of an upload that was begun earlier."""
    begun: Callable[[str], None] | None = None
    """Told the upload's id, once there is one that can be gone on with."""
    replaces: File | None = None
    etag: str = ""
    new_name: str = ""
    """Of a replacement; empty where it keeps its own."""

    def steps(self) -> Uploading:
        return self.in_one() if self.is_one else self.in_many()

    @property
    def is_one(self) -> bool:
        return self.way == "stream" or (self.way == "auto" and not self.resume and self.outgoing.size <= STREAMED_BYTES)

    def in_one(self) -> Uploading:
        """One call, which its own conversation repeats."""
        given = self.upload
        if self.replaces is None:
            piece = Piece(self.outgoing, lambda data, _: UploadFileRequest(chunk=data), first=UploadFileRequest(upload=given))
            answer = yield self.call("UploadFile", piece)
        else:
            replacement = FileReplacement(
                id=self.replaces.id,
                etag=self.etag,
                name=self.new_name,
                size_bytes=given.size_bytes,
                sha256=given.sha256,
            )
            first = ReplaceFileRequest(replacement=replacement)
            answer = yield self.call(
                "ReplaceFile", Piece(self.outgoing, lambda data, _: ReplaceFileRequest(chunk=data), first=first)
            )
        return taken(answer.file)

    def in_many(self) -> Uploading:
        upload = (yield from self.gone_on_with()) if self.resume else None
        if upload is None:
            upload = yield from self.begin(self.wanted())
        if upload.HasField("form") or upload.parts:
            try:
                return taken((yield from self.to_storage(upload)))
            except GazetteError as error:
                if self.way == "direct" or error.reason != storage.UNREACHABLE:
                    raise
            yield self.call("CancelUpload", CancelUploadRequest(id=upload.id))
            upload = yield from self.begin(UploadWay.UPLOAD_WAY_RESUMABLE)
        try:
            return taken((yield from self.in_pieces(upload)))
        except Exception:
            if self.begun is None and not self.resume:  # nobody could go on with it
                with suppress(GazetteError):
                    yield self.call("CancelUpload", CancelUploadRequest(id=upload.id))
            raise

    def wanted(self) -> UploadWay.ValueType:
        if self.way == "direct":
            return UploadWay.UPLOAD_WAY_FORM if self.outgoing.size <= FORM_BYTES else UploadWay.UPLOAD_WAY_PARTS
        return UploadWay.UPLOAD_WAY_RESUMABLE if self.way == "resumable" else UploadWay.UPLOAD_WAY_UNSPECIFIED

    def begin(self, way: UploadWay.ValueType) -> Generator[Call, Any, Upload]:
        replaced = self.replaces.id if self.replaces else ""
        request = CreateUploadRequest(upload=self.upload, way=way, replaces_file_id=replaced)
        upload: Upload = (yield self.call("CreateUpload", request)).upload
        if self.begun is not None and upload.way == UploadWay.UPLOAD_WAY_RESUMABLE:
            self.begun(upload.id)
        return upload

    def gone_on_with(self) -> Generator[Call, Any, Upload | None]:
        """The upload that was begun earlier; None if it has been given up, or is not of these bytes."""
        try:
            upload: Upload = (yield self.call("GetUpload", GetUploadRequest(id=self.resume))).upload
        except NotFound:
            return None
        is_same = upload.size_bytes == self.outgoing.size and upload.way == UploadWay.UPLOAD_WAY_RESUMABLE
        return upload if is_same else None

    def in_pieces(self, upload: Upload) -> Uploading:
        """Sends what is missing. After a break it asks how far the upload has come, and goes on there; only attempts that
        bring nothing are counted."""
        file, attempt = upload.file, 0
        self.outgoing.tell(upload.offset)
        while upload.offset < upload.size_bytes:
            offset = upload.offset
            try:
                upload = (yield self.call("AppendUpload", self.piece(upload), is_once=True)).upload
                file, attempt = upload.file, 0
                if self.outgoing.failure is not None:
                    raise self.outgoing.failure
            except GazetteError as error:
                attempt += 1
                pause = pause_after(self.retry, error, attempt)
                if self.outgoing.failure is not None or pause is None or not self.deadline.allows(pause):
                    raise
                yield Wait(pause)
                try:
                    upload = (yield self.call("GetUpload", GetUploadRequest(id=upload.id))).upload
                except NotFound:  # all had come, and the answer was lost
                    return (yield from self.finished(file, error))
                if upload.offset > offset:
                    attempt = 0
                file = upload.file
        return file

    def piece(self, upload: Upload) -> Piece:
        begin = upload.offset

        def message(data: bytes, at: int) -> AppendUploadRequest:
            content = HttpBody(data=data)
            return (
                AppendUploadRequest(id=upload.id, offset=at, content=content)
                if at == begin
                else AppendUploadRequest(content=content)
            )

        return Piece(self.outgoing, message, begin=begin, end=min(begin + PIECE_BYTES, self.outgoing.size))

    def finished(self, file: File, error: GazetteError) -> Generator[Call, Any, File]:
        """What has become of a file whose upload is over. Raises the error where that was not this one."""
        try:
            found: File = (yield self.call("GetFile", GetFileRequest(id=file.id))).file
        except NotFound:
            raise error from None
        if found.state == FileState.FILE_STATE_READY and self.upload.sha256 not in {found.sha256, found.uploaded_sha256}:
            raise error
        return found

    def to_storage(self, upload: Upload) -> Generator[Call | Work | Wait, Any, File]:
        """Sends all of it to the object storage, and says so. Raises Unavailable where that takes nothing from here."""
        parts = []
        if upload.HasField("form"):
            yield from self.at_last(partial(storage.post, upload.form, self.outgoing))
        begin = 0
        for part in upload.parts:
            etag = yield from self.at_last(partial(storage.put, part, self.outgoing, begin))
            parts.append(UploadPart(number=part.number, etag=etag))
            begin += part.size_bytes
        request = CompleteUploadRequest(id=upload.id, parts=parts)
        remaining = self.deadline.remaining()
        file: File = (yield Call("CompleteUpload", request, EXAMINATION if remaining is None else remaining)).file
        return file

    def at_last(self, perform: Callable[..., Any]) -> Generator[Work | Wait, Any, Any]:
        """Does it as often as it takes."""
        attempt = 0
        while True:
            attempt += 1
            try:
                return (yield Work(perform))
            except GazetteError as error:
                pause = self.retry.pause(error, attempt)
                if self.outgoing.failure is not None or pause is None or not self.deadline.allows(pause):
                    raise
            yield Wait(pause)

    def call(self, method: str, request: Any, *, is_once: bool = False) -> Call:
        return Call(method, request, self.deadline.remaining(), is_once)


def replacement_of(replaced: File, outgoing: Outgoing, etag: str, name: str) -> FileUpload:
    """What is said of a file's new bytes. Raises StaleEtag."""
    if etag and etag != replaced.etag:
        raise failure(grpc.StatusCode.ABORTED, "STALE_ETAG", f"File {replaced.id} has changed since it was read.")
    return FileUpload(
        organisation_id=replaced.organisation_id,
        name=name or replaced.name,
        alternative_text=replaced.alternative_text,
        size_bytes=outgoing.size,
        sha256=outgoing.sha256,
    )


def pause_after(retry: Retry, error: GazetteError, attempt: int) -> float | None:
    """Seconds until an upload goes on; None if it does not."""
    if error.reason == "OFFSET_MISMATCH" or isinstance(error, Unauthenticated):  # the next call renews the token
        return retry.pause_before(attempt + 1) if attempt < retry.attempts else None
    return retry.pause(error, attempt)


def taken(file: File) -> File:
    """The file, unless it was refused."""
    refused = file.replacement if file.HasField("replacement") else file
    if refused.state == FileState.FILE_STATE_REJECTED:
        said = refused.rejection
        raise failure(grpc.StatusCode.INVALID_ARGUMENT, said.reason, said.message)
    return file
