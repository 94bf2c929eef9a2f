"""Decisions: whose files a list shows, who may change one, and which of it. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from typing import Any

from gazette.access.v1.access_pb2 import Permission
from gazette.files.v1 import managing_pb2 as rpc
from gazette.files.v1.file_pb2 import File, FileState
from server.files import failures
from server.files.managing.failures import FileInUse
from server.process.domains import FileUse
from server.rpc.caller import Caller
from server.rpc.failures import InvalidArgument, Violation

READ, WRITE = Permission.PERMISSION_FILES_READ, Permission.PERMISSION_FILES_WRITE
PUBLISH = Permission.PERMISSION_DOCUMENTS_PUBLISH
KEPT = timedelta(days=30)
"""For so long a deleted file can be restored, and one that was rejected says why."""
WRITABLE = ("name", "alternative_text", "focal_point")
NAME, FOCAL = "file.name", ("focal_x", "focal_y")


def told(file: Any) -> dict[str, Any]:
    """What the audit says of a file that comes or goes."""
    return {"content_type": file.content_type, "size_bytes": file.size_bytes, "sha256": file.sha256}


def listed(caller: Caller, organisation_id: str) -> list[uuid.UUID] | None:
    """The organisations whose files a list shows: this one, or all, as far as the caller may read them. None for all that there
    are."""
    readable = caller.organisations(READ)
    if not organisation_id:
        return None if readable is None else sorted(readable)
    wanted = uuid.UUID(organisation_id)
    return [wanted] if readable is None or wanted in readable else []


def readable(file: Any, caller: Caller) -> Any:
    """The file that was found. Raises FileNotFound if it is None, and if the caller may not read its organisation's."""
    if file is None or not caller.may(READ, file.organisation_id):
        raise failures.FileNotFound
    return file


def writable(file: Any, caller: Caller) -> Any:
    """The same, for a change. Raises PermissionDenied, too."""
    if file is None or not (caller.may(READ, file.organisation_id) or caller.may(WRITE, file.organisation_id)):
        raise failures.FileNotFound
    caller.require(WRITE, file.organisation_id)
    return file


def changeable(file: Any, caller: Caller, etag: str) -> Any:
    """The same, of one that is there, as it was read. Raises StaleEtag, too."""
    writable(file, caller)
    if file.delete_time is not None:
        raise failures.FileNotFound
    check_etag(etag, file)
    return file


def check_etag(etag: str, file: Any) -> None:
    """Raises StaleEtag."""
    if etag != str(file.edit_number):
        raise failures.StaleEtag(etag, str(file.edit_number))


def check_publisher(caller: Caller, file: Any, pages: Sequence[uuid.UUID]) -> None:
    """What the public sees of a file, the public sees at once: so it is for those who publish. Raises PermissionDenied."""
    if pages:
        caller.require(PUBLISH, file.organisation_id)


def changes(file: Any, wanted: File, paths: frozenset[str]) -> dict[str, Any]:
    """The columns that become another thing. Raises InvalidArgument for a focal point of what is no image, and for a name that
    does not end as it did."""
    said: dict[str, Any] = {name: getattr(wanted, name) for name in ("name", "alternative_text") if name in paths}
    if "focal_point" in paths:
        has_one = wanted.HasField("focal_point")
        if has_one and file.content_type and not file.content_type.startswith("image/"):
            raise InvalidArgument(Violation("file.focal_point", f"is of images alone, and this is {file.content_type}"))
        point = (wanted.focal_point.x, wanted.focal_point.y) if has_one else (None, None)
        said |= dict(zip(FOCAL, point, strict=True))
    if "name" in said and extension(said["name"]) != extension(file.name):
        told = f"is to end in {extension(file.name)} as before, since the file's type does not change"
        raise InvalidArgument(Violation(NAME, told))
    return {name: value for name, value in said.items() if value != getattr(file, name)}


def extension(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


def check_explained(request: rpc.DeleteFileRequest) -> None:
    """Raises InvalidArgument."""
    if request.now and not request.explanation.strip():
        told = "is missing; what is deleted at once is gone for good, and the audit says why"
        raise InvalidArgument(Violation("explanation", told))


def check_unused(uses: Sequence[FileUse], most: int) -> None:
    """Raises FileInUse."""
    if uses:
        raise FileInUse(uses, most)


def is_kept(file: Any) -> bool:
    """Whether a file that is deleted waits to be restored. What never was ready has nothing that would come back."""
    return bool(file.state == FileState.FILE_STATE_READY)


def is_restorable(file: Any, now: datetime) -> bool:
    """Whether a deleted file comes back: for a while, and what was once public for as long as it is on record."""
    if file.delete_time is None:
        return False
    return file.publish_time is not None or file.delete_time > now - KEPT
