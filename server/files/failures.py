"""What is refused to those who upload files or ask for them."""

from __future__ import annotations

from server.rpc.failures import InvalidArgument, NotFound, ResourceExhausted


class FileNotFound(NotFound):
    """None, or none for this caller: nobody can tell the two apart."""

    reason = "FILE_NOT_FOUND"
    message = "There is no such file."


class OrganisationNotFound(NotFound):
    """None, or none that the caller has anything to do with."""

    reason = "ORGANISATION_NOT_FOUND"
    message = "There is no such organisation."


class FileTooLarge(ResourceExhausted):
    """Longer than MAX_FILE_SIZE, or declared to be."""

    reason = "FILE_TOO_LARGE"

    def __init__(self, max_bytes: int) -> None:
        super().__init__(f"A file may have {max_bytes} bytes at most.", max_bytes=str(max_bytes))


class UploadFirst(InvalidArgument):
    """Bytes of nobody knows what."""

    reason = "UPLOAD_FIRST"


class LengthRequired(InvalidArgument):
    """Without its length, a body that was cut off looks like a whole one."""

    reason = "LENGTH_REQUIRED"


class SizeMismatch(InvalidArgument):
    """More bytes than declared, or fewer."""

    reason = "SIZE_MISMATCH"


class Sha256Mismatch(InvalidArgument):
    """Other bytes than declared."""

    reason = "SHA256_MISMATCH"


class FileTypeNotAllowed(InvalidArgument):
    """Not of an allowed type, by its bytes or by its name."""

    reason = "FILE_TYPE_NOT_ALLOWED"
