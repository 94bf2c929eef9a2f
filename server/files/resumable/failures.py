"""What is refused to those who upload in pieces, or straight to the object storage."""

from __future__ import annotations

from collections.abc import Iterable

from server.rpc.failures import Aborted, FailedPrecondition, InvalidArgument, NotFound


class UploadNotFound(NotFound):
    """None, none of this account's, or none any more."""

    reason = "UPLOAD_NOT_FOUND"
    message = "There is no such upload."


class OffsetMismatch(Aborted):
    """The piece does not begin where the last one ended."""

    reason = "OFFSET_MISMATCH"

    def __init__(self, offset: int) -> None:
        super().__init__(f"There are {offset} bytes: the next piece begins there.", offset=str(offset))
        self.offset = offset

    def headers(self) -> Iterable[tuple[str, str]]:
        return (("upload-offset", str(self.offset)),)


class UploadTakenOver(Aborted):
    """Another call goes on with the upload."""

    reason = "UPLOAD_TAKEN_OVER"
    message = "Another call goes on with this upload, or has ended it. Ask how far it has come."


class UploadIncomplete(InvalidArgument):
    """Not all of its bytes are there."""

    reason = "UPLOAD_INCOMPLETE"


class UploadWayUnavailable(FailedPrecondition):
    """The storage, or the file's size, does not allow it."""

    reason = "UPLOAD_WAY_UNAVAILABLE"


class TusVersionUnsupported(FailedPrecondition):
    """A client of tus that speaks another version."""

    reason = "TUS_VERSION_UNSUPPORTED"
    message = "Of tus, version 1.0.0 is spoken here."
    http_status = "412"

    def headers(self) -> Iterable[tuple[str, str]]:
        return (("tus-version", "1.0.0"),)


class UnsupportedMediaType(InvalidArgument):
    """A piece of a client of tus that does not say that it is one."""

    reason = "UNSUPPORTED_MEDIA_TYPE"
    http_status = "415"


class ChecksumMismatch(InvalidArgument):
    """A piece is not what its sender sent: nothing of it was kept."""

    reason = "CHECKSUM_MISMATCH"
    http_status = "460"


class UploadComplete(FailedPrecondition):
    """All of its bytes have come: there is nothing to give up any more."""

    reason = "UPLOAD_COMPLETE"
    message = "All bytes of this upload have come. Delete its file instead."
