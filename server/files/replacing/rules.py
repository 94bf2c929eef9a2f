"""Decisions: who may replace a file, and what is refused before the new bytes come. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gazette.access.v1.access_pb2 import Permission
from gazette.files.v1.file_pb2 import FileState, FileUpload
from gazette.files.v1.managing_pb2 import FileReplacement
from server.files import failures
from server.files.fields import Fields
from server.files.uploads.rules import BODY_FIELDS, check_name
from server.rpc.caller import Caller

READ, WRITE = Permission.PERMISSION_FILES_READ, Permission.PERMISSION_FILES_WRITE
PUBLISH = Permission.PERMISSION_DOCUMENTS_PUBLISH
STREAM_FIELDS = Fields("replacement.name", "replacement.size_bytes", "replacement.sha256", "chunk")
__all__ = ["BODY_FIELDS", "STREAM_FIELDS"]


def writable(file: Any, caller: Caller) -> Any:
    """The file that was found, for a change. Raises FileNotFound, PermissionDenied."""
    if file is None or file.delete_time is not None:
        raise failures.FileNotFound
    if not (caller.may(READ, file.organisation_id) or caller.may(WRITE, file.organisation_id)):
        raise failures.FileNotFound
    caller.require(WRITE, file.organisation_id)
    return file


def needed(file: Any) -> Iterator[Permission.ValueType]:
    """What its caller must be permitted all along. What is public now, the public sees changed at once."""
    yield WRITE
    if file.is_public:
        yield PUBLISH


def check_replaceable(file: Any, caller: Caller, etag: str) -> None:
    """Raises PermissionDenied, FileRejected, FileNotReady, StaleEtag."""
    for permission in needed(file):
        caller.require(permission, file.organisation_id)
    if file.state == FileState.FILE_STATE_REJECTED:
        raise failures.FileRejected(file.rejection_reason, file.rejection_message)
    if file.state != FileState.FILE_STATE_READY:
        raise failures.FileNotReady
    if etag:
        check_etag(etag, file.edit_number)


def check_etag(etag: str, number: int) -> None:
    """Raises StaleEtag."""
    if etag != str(number):
        raise failures.StaleEtag(etag, str(number))


def upload(file: Any, wanted: FileReplacement) -> FileUpload:
    """What is known of the new bytes before they come; the name stays where no other is given."""
    return FileUpload(
        organisation_id=str(file.organisation_id),
        name=wanted.name or file.name,
        size_bytes=wanted.size_bytes,
        sha256=wanted.sha256,
    )


def check_upload(upload: FileUpload, max_bytes: int, fields: Fields) -> None:
    """Raises InvalidArgument, FileTooLarge."""
    check_name(upload.name, fields)
    if upload.size_bytes > max_bytes:
        raise failures.FileTooLarge(fields.size, max_bytes)
