"""What is refused to those who upload files or ask for them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from server.rpc.failures import (
    CONTENT_TOO_LARGE,
    Aborted,
    AlreadyExists,
    DeadlineExceeded,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    OutOfRange,
    Violation,
)


class FileNotFound(NotFound):
    """None, or none for this caller: nobody can tell the two apart."""

    reason = "FILE_NOT_FOUND"
    message = "There is no such file."


class OrganisationNotFound(NotFound):
    """None, or none that the caller has anything to do with."""

    reason = "ORGANISATION_NOT_FOUND"
    message = "There is no such organisation."


class RangeNotSatisfiable(OutOfRange):
    """The file ends before the part of it that is asked for."""

    reason = "RANGE_NOT_SATISFIABLE"
    http_status = "416"

    def __init__(self, field: str, size: int) -> None:
        super().__init__(Violation(field, f"asks for bytes of which there are none: there are {size}"), size_bytes=str(size))
        self.size = size

    def headers(self) -> Iterable[tuple[str, str]]:
        return (("content-range", f"bytes */{self.size}"),)


class FileTooLarge(InvalidArgument):
    """Longer than MAX_FILE_SIZE, or declared to be."""

    reason = "FILE_TOO_LARGE"
    http_status = CONTENT_TOO_LARGE

    def __init__(self, field: str, max_bytes: int) -> None:
        message = f"A file may have {max_bytes} bytes at most."
        super().__init__(Violation(field, f"is more than {max_bytes} bytes"), message=message, max_bytes=str(max_bytes))


class FileQuotaExceeded(FailedPrecondition):
    """The organisation's files would take up more than they may."""

    reason = "FILE_QUOTA_EXCEEDED"

    def __init__(self, size: int, used: int, bound: int) -> None:
        message = f"The organisation's files may have {bound} bytes, and have {used}: there is no room for {size} more."
        super().__init__(message, size_bytes=str(size), used_bytes=str(used), quota_bytes=str(bound))


class UploadTooSlow(DeadlineExceeded):
    """Bytes that come one by one would keep a stream for an hour."""

    reason = "UPLOAD_TOO_SLOW"
    message = "The file comes too slowly."


class UploadFirst(InvalidArgument):
    """Bytes of nobody knows what."""

    reason = "UPLOAD_FIRST"


class LengthRequired(InvalidArgument):
    """Without its length, a body that was cut off looks like a whole one."""

    reason = "LENGTH_REQUIRED"


class InvalidForm(InvalidArgument):
    """A form that is not built as one, or has other parts than some fields and then one file."""

    reason = "INVALID_FORM"


class Rejected(InvalidArgument):
    """What is wrong with a file whose bytes have all come: the reason and what is told of it stay with it
    (`File.rejection`)."""


class SizeMismatch(Rejected):
    """More bytes than declared, or fewer."""

    reason = "SIZE_MISMATCH"


class Sha256Mismatch(Rejected):
    """Other bytes than declared."""

    reason = "SHA256_MISMATCH"


class FileMalformed(Rejected):
    """Not built as a file of its type is, or something else as well."""

    reason = "FILE_MALFORMED"


class FileTooCostly(Rejected):
    """It takes more time or memory to look through than a file may."""

    reason = "FILE_TOO_COSTLY"


class FileInfected(Rejected):
    """The virus scanner knows what is in it."""

    reason = "FILE_INFECTED"


class FileChanged(Rejected):
    """Its bytes are no longer those that were looked at, or are gone."""

    reason = "FILE_CHANGED"


class FileTypeNotAllowed(Rejected):
    """Not of an allowed type, by its bytes or by its name."""

    reason = "FILE_TYPE_NOT_ALLOWED"


class FileNotReady(FailedPrecondition):
    """Its bytes have not come, or are being examined."""

    reason = "FILE_NOT_READY"
    message = "The file is not ready yet."


class FileRejected(FailedPrecondition):
    """It was refused when it was examined."""

    reason = "FILE_REJECTED"

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(f"The file was rejected: {message}", rejection_reason=reason)


class StaleEtag(Aborted):
    """Somebody else changed what is known of the file since the caller read it, or replaced it."""

    reason = "STALE_ETAG"
    message = "It has changed since you read it. Read it again, and decide again."

    def __init__(self, given: str, current: str) -> None:
        super().__init__(given=given, current=current)


class FileBytesMissing(FailedPrecondition):
    """The object storage has lost what a file was."""

    reason = "FILE_BYTES_MISSING"

    def __init__(self, id: uuid.UUID, name: str) -> None:
        super().__init__(
            f"The bytes of the file {name} ({id}) are not in the object storage; restore them there.", file=str(id)
        )


class FileExists(AlreadyExists):
    """An import would put other bytes under the id of a file that the organisation has; or, restoring, under another's."""

    reason = "FILE_EXISTS"

    def __init__(self, name: str, what: str) -> None:
        super().__init__(f"file.id: there is a file of this id already, {what}: {name} was not imported.", field="file.id")


def rejected(reason: str, message: str) -> Rejected:
    """What a file was rejected for, as it was recorded."""
    return Rejected(Violation("", message), message=message, reason=reason)
