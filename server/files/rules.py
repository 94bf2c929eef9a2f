"""Decisions: what may be uploaded, who may have a file, what an answer says of it over HTTP. And what is refused."""

from __future__ import annotations

import unicodedata
import uuid
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import quote

from gazette.access.v1.access_pb2 import Permission
from gazette.files.v1.file_pb2 import FileState, FileUpload
from server import errors
from server.access import Caller
from server.errors import Violation

SHOWN_INLINE = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
"""What a browser may show by itself. Nothing that can hold a script is among them."""
SEPARATORS = frozenset("/\\")
BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
ASCII_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 !#$&'()+,-.;=@[]^_`{}~")
"""What a quoted file name may hold as it is: all of ASCII that no browser takes for something else."""


class Fields(NamedTuple):
    """What a request calls the parts of an upload."""

    name: str
    size: str
    sha256: str
    content: str


STREAM_FIELDS = Fields("upload.name", "upload.size_bytes", "upload.sha256", "chunk")
BODY_FIELDS = Fields("name", "content-length", "sha256", "content")


class FileNotFound(errors.NotFound):
    """None, or none for this caller: nobody can tell the two apart."""

    reason = "FILE_NOT_FOUND"
    message = "There is no such file."


class OrganisationNotFound(errors.NotFound):
    """None, or none that the caller has anything to do with."""

    reason = "ORGANISATION_NOT_FOUND"
    message = "There is no such organisation."


class FileTooLarge(errors.ResourceExhausted):
    """Longer than MAX_FILE_SIZE, or declared to be."""

    reason = "FILE_TOO_LARGE"

    def __init__(self, max_bytes: int) -> None:
        super().__init__(f"A file may have {max_bytes} bytes at most.", max_bytes=str(max_bytes))


class UploadFirst(errors.InvalidArgument):
    """Bytes of nobody knows what."""

    reason = "UPLOAD_FIRST"


class LengthRequired(errors.InvalidArgument):
    """Without its length, a body that was cut off looks like a whole one."""

    reason = "LENGTH_REQUIRED"


class SizeMismatch(errors.InvalidArgument):
    """More bytes than declared, or fewer."""

    reason = "SIZE_MISMATCH"


class Sha256Mismatch(errors.InvalidArgument):
    """Other bytes than declared."""

    reason = "SHA256_MISMATCH"


class FileTypeNotAllowed(errors.InvalidArgument):
    """Not of an allowed type, by its bytes or by its name."""

    reason = "FILE_TYPE_NOT_ALLOWED"


def check_upload(upload: FileUpload, caller: Caller, max_bytes: int, fields: Fields) -> None:
    """Raises what is wrong with an upload before its bytes come."""
    check_organisation(caller, uuid.UUID(upload.organisation_id))
    check_name(upload.name, fields)
    if upload.size_bytes > max_bytes:
        raise FileTooLarge(max_bytes)


def check_organisation(caller: Caller, organisation_id: uuid.UUID) -> None:
    """Who may read the organisation's files is told that writing is not allowed; for others there is no such organisation."""
    if caller.may(Permission.PERMISSION_FILES_WRITE, organisation_id):
        return
    if not caller.may(Permission.PERMISSION_FILES_READ, organisation_id):
        raise OrganisationNotFound
    caller.require(Permission.PERMISSION_FILES_WRITE, organisation_id)


def check_name(name: str, fields: Fields) -> None:
    """A name comes back to the character or is refused. Refused is what could pass for a path or for another name."""
    if name != name.strip() or name.strip(".") == "":
        raise errors.InvalidArgument(Violation(fields.name, "begins or ends with a space, or is of dots alone"))
    for character in name:
        if character in SEPARATORS:
            raise errors.InvalidArgument(Violation(fields.name, f"contains {character}; give the name without a path"))
        if unicodedata.category(character) in {"Cc", "Zl", "Zp"} or character in BIDI_CONTROLS:
            raise errors.InvalidArgument(Violation(fields.name, f"contains the control character U+{ord(character):04X}"))


def declared_length(given: str) -> int:
    """Content-Length, as Envoy hands it on. Raises LengthRequired."""
    if not (given.isascii() and given.isdecimal() and len(given) <= 18):
        raise LengthRequired(Violation(BODY_FIELDS.size, "is missing; a body of unknown length is not taken"))
    return int(given)


def blob_key(moment: datetime) -> str:
    """A new key. A folder, or a listing of the bucket, for each month stays of a size that people can look at."""
    return f"blobs/{moment:%Y/%m}/{uuid.uuid4()}"


def is_visible(file: Any, caller: Caller) -> bool:
    """`file` is the row, or None if there is none."""
    if file is None or file.state != FileState.FILE_STATE_READY:
        return False
    return file.publish_time is not None or caller.may(Permission.PERMISSION_FILES_READ, file.organisation_id)


def etag(file: Any) -> str:
    """Weak, as all ETags here are: compression on the way changes bytes."""
    return f'W/"{file.sha256}"'


def cache_headers(file: Any, max_age: int) -> tuple[tuple[str, str], ...]:
    """Whether anybody on the way may keep the bytes, and how to ask whether they still hold."""
    age = f"public, max-age={max_age}" if file.publish_time is not None else "private, no-store"
    return (("etag", etag(file)), ("cache-control", age))


def body_headers(file: Any) -> tuple[tuple[str, str], ...]:
    return (
        ("x-body-length", str(file.size_bytes)),
        ("content-disposition", content_disposition(file.name, file.content_type)),
        ("x-content-type-options", "nosniff"),
    )


def content_disposition(name: str, content_type: str) -> str:
    """Shown or saved, and under which name (RFC 6266): in ASCII, and to the character as RFC 8187 encodes it."""
    kind = "inline" if content_type in SHOWN_INLINE else "attachment"
    plain = "".join(character if character in ASCII_NAME else "_" for character in name)
    extended = "" if plain == name else f"; filename*=UTF-8''{quote(name, safe='')}"
    return f'{kind}; filename="{plain}"{extended}'
