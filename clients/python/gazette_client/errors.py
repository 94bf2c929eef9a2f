"""What a call can fail with. Every failure is a GazetteError, and a grpc.RpcError, so that code that knows only gRPC works too.

The server says what happened as a google.rpc.Status: an ErrorInfo with a stable `reason`, and more where there is more to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import grpc
from google.protobuf.message import DecodeError, Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, PreconditionFailure, RequestInfo, RetryInfo
from google.rpc.status_pb2 import Status

from gazette.content.v1.merging_pb2 import EditConflict

DOMAIN = "gazette"
STATUS_KEY = "grpc-status-details-bin"
"""The trailing metadata that carries the google.rpc.Status."""


TOO_LARGE = "SERVER: Received message larger than max"
"""How gRPC itself refuses what is far too large, before the server hears of it."""


class FieldViolation(NamedTuple):
    """One field of the request that is wrong."""

    field: str
    """Its path, such as `document.title`."""
    description: str
    """Why."""


class Precondition(NamedTuple):
    """One thing that does not hold, and would have to."""

    reason: str
    """As `GazetteError.reason`, `BLOCKING_COMMENTS`; of a failed publish check its name, `LINK_TEXT_SAYS_NOTHING`."""
    subject: str
    """What it is about, such as `draft.approvals`, or where it is: `document.body:12`."""
    description: str
    """Why, for people."""


class GazetteError(grpc.aio.AioRpcError):
    """A call that failed. Its class stands for its status code, `reason` says more exactly what happened.

    `code()`, `details()` and the metadata methods are those of grpc.RpcError, in the synchronous client too.
    """

    reason: str = ""
    """Stable, part of the contract: `PATH_TAKEN`. Empty when the answer is not the server's, as when it cannot be reached."""
    metadata: Mapping[str, str]
    """What belongs to the reason: for `STALE_ETAG` the etags `given` and `current`."""
    field_violations: tuple[FieldViolation, ...] = ()
    """For InvalidArgument: what is wrong with which field."""
    preconditions: tuple[Precondition, ...] = ()
    """For FailedPrecondition: all that stands in the way, as far as the server tells it."""
    edit_conflict: EditConflict | None = None
    """For StaleEtag and MergeConflict: who has saved meanwhile, which fields differ, and what collides."""
    request_id: str = ""
    """What the server's log knows the request by. Empty when it was not told."""
    retry_after: float | None = None
    """How many seconds the server asks to wait before the next attempt; None when it does not say."""

    def __init__(
        self,
        code: grpc.StatusCode,
        initial_metadata: grpc.aio.Metadata | None = None,
        trailing_metadata: grpc.aio.Metadata | None = None,
        details: str | None = None,
        debug_error_string: str | None = None,
    ) -> None:
        super().__init__(code, initial_metadata, trailing_metadata, details, debug_error_string)
        self.metadata = {}
        for detail in status(trailing_metadata).details:
            self.learn(detail.TypeName(), detail.value)

    def learn(self, kind: str, value: bytes) -> None:
        """Takes over what one detail of the status says; kinds that are not known are left."""
        if kind == ErrorInfo.DESCRIPTOR.full_name:
            info = ErrorInfo.FromString(value)
            self.reason, self.metadata = info.reason, dict(info.metadata)
        elif kind == BadRequest.DESCRIPTOR.full_name:
            violations = BadRequest.FromString(value).field_violations
            self.field_violations = tuple(FieldViolation(each.field, each.description) for each in violations)
        elif kind == PreconditionFailure.DESCRIPTOR.full_name:
            unmet = PreconditionFailure.FromString(value).violations
            self.preconditions += tuple(Precondition(each.type, each.subject, each.description) for each in unmet)
        elif kind == EditConflict.DESCRIPTOR.full_name:
            self.edit_conflict = EditConflict.FromString(value)
        elif kind == RequestInfo.DESCRIPTOR.full_name:
            self.request_id = RequestInfo.FromString(value).request_id
        elif kind == RetryInfo.DESCRIPTOR.full_name:
            self.retry_after = RetryInfo.FromString(value).retry_delay.ToNanoseconds() / 1e9

    @property
    def message(self) -> str:
        """What happened, for people."""
        return self.details() or ""

    def __str__(self) -> str:
        code = self.code().name
        what = code if self.reason in {"", code} else f"{code} {self.reason}"
        said = " ".join(self.message.split())  # in one line, whatever the message has
        return f"{what}: {said}" + (f" (request {self.request_id})" if self.request_id else "")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self}>"


class InvalidArgument(GazetteError):
    """The request itself is wrong; `field_violations` says where."""


class NotFound(GazetteError):
    """There is none, or none that the caller may know of."""


class AlreadyExists(GazetteError):
    """What is to be made is there already."""


class Unauthenticated(GazetteError):
    """Nobody is signed in, or signing in was refused."""


class PermissionDenied(GazetteError):
    """The caller may not."""


class FailedPrecondition(GazetteError):
    """Right in itself, but not as things stand."""


class Aborted(GazetteError):
    """Somebody else was faster: read again, decide again."""


class StaleEtag(Aborted):
    """The document has changed since it was read."""


class MergeConflict(Aborted):
    """Others have changed the same as the caller, each otherwise; `edit_conflict` has what."""


class ResourceExhausted(GazetteError):
    """Too much, or too often."""


class Unavailable(GazetteError):
    """The service, or something that it needs, is away."""


class DeadlineExceeded(GazetteError):
    """It took longer than it may."""


class DataLoss(GazetteError):
    """What arrived is not what was sent."""


class Internal(GazetteError):
    """Something went wrong on the server's side; its log knows more, under `request_id`."""


BY_CODE: Mapping[grpc.StatusCode, type[GazetteError]] = {
    grpc.StatusCode.INVALID_ARGUMENT: InvalidArgument,
    grpc.StatusCode.NOT_FOUND: NotFound,
    grpc.StatusCode.ALREADY_EXISTS: AlreadyExists,
    grpc.StatusCode.UNAUTHENTICATED: Unauthenticated,
    grpc.StatusCode.PERMISSION_DENIED: PermissionDenied,
    grpc.StatusCode.FAILED_PRECONDITION: FailedPrecondition,
    grpc.StatusCode.ABORTED: Aborted,
    grpc.StatusCode.RESOURCE_EXHAUSTED: ResourceExhausted,
    grpc.StatusCode.UNAVAILABLE: Unavailable,
    grpc.StatusCode.DEADLINE_EXCEEDED: DeadlineExceeded,
    grpc.StatusCode.DATA_LOSS: DataLoss,
    grpc.StatusCode.INTERNAL: Internal,
}


BY_REASON: Mapping[str, type[GazetteError]] = {"STALE_ETAG": StaleEtag, "MERGE_CONFLICT": MergeConflict}


def status(trailing_metadata: Iterable[tuple[str, str | bytes]] | None) -> Status:
    """The google.rpc.Status that came with the end of a call; an empty one if none did, or none that can be read."""
    for key, value in trailing_metadata or ():
        if key == STATUS_KEY and isinstance(value, bytes):
            try:
                return Status.FromString(value)
            except DecodeError:
                break
    return Status()


def typed(error: Any) -> GazetteError:
    """The same failure as a GazetteError; takes what grpc and grpc.aio raise."""
    if isinstance(error, GazetteError):
        return error
    if error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED and TOO_LARGE in (error.details() or ""):
        return failure(grpc.StatusCode.INVALID_ARGUMENT, "REQUEST_TOO_LARGE", error.details())
    initial, trailing = (
        grpc.aio.Metadata(*((key, value) for key, value in given or ()))
        for given in (error.initial_metadata(), error.trailing_metadata())
    )
    given = (error.code(), initial, trailing, error.details(), error.debug_error_string())
    result = BY_CODE.get(error.code(), GazetteError)(*given)
    narrower = BY_REASON.get(result.reason)
    return narrower(*given) if narrower else result


def failure(code: grpc.StatusCode, reason: str, message: str, *details: Message) -> GazetteError:
    """A failure that this side finds, or a server in a test, in the form that the server would give it."""
    said = Status(code=code.value[0], message=message)
    for detail in (ErrorInfo(reason=reason, domain=DOMAIN), *details):
        said.details.add().Pack(detail)
    trailing = grpc.aio.Metadata((STATUS_KEY, said.SerializeToString()))
    return typed(grpc.aio.AioRpcError(code, grpc.aio.Metadata(), trailing, message))
