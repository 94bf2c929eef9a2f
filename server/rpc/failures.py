"""Failures that a caller is told of, each with its status and reason.

Domains derive their failures from these in their `failures.py`. Whatever else is raised is a defect, and its text stays in the
house.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import ceil
from typing import ClassVar, NamedTuple

from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import Message
from google.rpc import code_pb2, error_details_pb2, status_pb2

from server.rpc.texts.naming import DECLARED, Names

DOMAIN, FIELD = "gazette", "field"
"""The second is the key of metadata that names a field of the request."""
CONTENT_TOO_LARGE = "413"
"""What is too large is no matter of coming back later, which is what 429 says."""
# A status leaves as headers, of which clients take 8 KiB: its message percent-encoded, its details in base64.
MAX_MESSAGE, MAX_FIELD, MAX_DESCRIPTION = 300, 120, 200  # characters
MAX_VIOLATIONS = 1500  # bytes of fields and descriptions


class Failure(Exception):
    """Something that did not work out, in the caller's terms.

    `reason` is stable and part of the contract (google.rpc.ErrorInfo); `message` is for people and may change.
    """

    code: ClassVar[int] = code_pb2.INTERNAL
    reason: str = "INTERNAL"
    message: str = "Something went wrong on our side."
    http_status: str = ""
    """What it is over HTTP, where the code alone would say another thing."""
    names: Names = DECLARED
    """How whoever is told writes the names of fields. What is raised has the contract's."""

    def __init__(self, message: str = "", *, reason: str = "", **metadata: str) -> None:
        self.message = message or self.message
        self.reason = reason or self.reason
        self.metadata: Mapping[str, str] = metadata
        super().__init__(self.message)

    def details(self) -> Iterable[Message]:
        """What goes into the status beside ErrorInfo."""
        return ()

    def headers(self) -> Iterable[tuple[str, str]]:
        """Trailing metadata, which Envoy makes HTTP headers."""
        return ()

    def told(self) -> str:
        """The message, with the names that the caller writes."""
        return self.names.text(self.message)

    def tell(self, words: str, metadata: Mapping[str, str]) -> None:
        """Says something more, for people and for programs."""
        self.message = f"{self.told()} {words}"
        self.metadata = {**self.metadata, **metadata}

    @property
    def is_plain(self) -> bool:
        """Whether code, reason and message say everything."""
        return not self.metadata and type(self).details is Failure.details

    @classmethod
    def plain(cls, message: str, reason: str) -> Failure:
        """One that says no more than this."""
        failure = cls.__new__(cls)
        Failure.__init__(failure, message, reason=reason)
        return failure

    def status(self) -> status_pb2.Status:
        """The google.rpc.Status, whose first detail is the ErrorInfo."""
        metadata = {key: self.names.field(said) if key == FIELD else said for key, said in self.metadata.items()}
        info = error_details_pb2.ErrorInfo(reason=self.reason, domain=DOMAIN, metadata=metadata)
        parts = [packed(part) for part in (info, *self.details())]
        return status_pb2.Status(code=self.code, message=cut(self.told(), MAX_MESSAGE), details=parts)


def cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def packed(message: Message) -> AnyMessage:
    result = AnyMessage()
    result.Pack(message)
    return result


class Violation(NamedTuple):
    """What is wrong, mostly with one field."""

    field: str
    """Its path in the request, such as `document.title`; empty where the request as a whole is wrong."""
    description: str
    """Why."""


def named(violation: Violation, names: Names) -> Violation:
    field, description = names.field(violation.field), names.text(violation.description)
    return Violation(field, description if field or not violation.field else f"The body {description}")


def joined(violations: Iterable[Violation]) -> str:
    return "; ".join(": ".join(filter(None, each)) for each in violations)


class InvalidArgument(Failure):
    """The request itself is wrong, whatever the state of things."""

    code = code_pb2.INVALID_ARGUMENT
    reason = "INVALID_ARGUMENT"

    def __init__(self, *violations: Violation, message: str = "", reason: str = "", **metadata: str) -> None:
        self.violations = violations
        self.says_violations = bool(violations) and not message
        super().__init__(message or joined(violations) or "The request is not valid.", reason=reason, **metadata)

    def told(self) -> str:
        return joined(self.named()) if self.says_violations else super().told()

    def tell(self, words: str, metadata: Mapping[str, str]) -> None:
        super().tell(words, metadata)
        self.says_violations = False

    def named(self) -> Sequence[Violation]:
        """The violations, with the names that the caller writes."""
        return [named(each, self.names) for each in self.violations]

    def details(self) -> Iterable[Message]:
        """The violations, as far as they fit."""
        bad = error_details_pb2.BadRequest()
        for each in self.named():
            told = bad.field_violations.add(
                field=cut(each.field, MAX_FIELD), description=cut(each.description, MAX_DESCRIPTION)
            )
            if bad.ByteSize() > MAX_VIOLATIONS and len(bad.field_violations) > 1:
                bad.field_violations.remove(told)
                break
        return (bad,) if self.violations else ()


class RequestTooLarge(InvalidArgument):
    """A message has more bytes than we take."""

    reason = "REQUEST_TOO_LARGE"
    http_status = CONTENT_TOO_LARGE

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(message=f"The message has {size} bytes, and may have {limit}.", size=str(size), limit=str(limit))


class OutOfRange(InvalidArgument):
    """Behind the end of what there is: a smaller number would do."""

    code = code_pb2.OUT_OF_RANGE
    reason = "OUT_OF_RANGE"


class Unauthenticated(Failure):
    """Nobody knows who the caller is."""

    code = code_pb2.UNAUTHENTICATED
    reason = "UNAUTHENTICATED"
    message = "Sign in first: send an access token as `authorization: Bearer …`."

    def headers(self) -> Iterable[tuple[str, str]]:
        return (("www-authenticate", "Bearer"),)


class PermissionDenied(Failure):
    """The caller is known, and may not."""

    code = code_pb2.PERMISSION_DENIED
    reason = "PERMISSION_DENIED"
    message = "You may not do this."


class NotFound(Failure):
    """There is none, or none that the caller may know of."""

    code = code_pb2.NOT_FOUND
    reason = "NOT_FOUND"
    message = "There is no such thing."


class AlreadyExists(Failure):
    """What is to be made is there already."""

    code = code_pb2.ALREADY_EXISTS
    reason = "ALREADY_EXISTS"
    message = "There is one already."


class FailedPrecondition(Failure):
    """Right in itself, but not as things stand."""

    code = code_pb2.FAILED_PRECONDITION
    reason = "FAILED_PRECONDITION"
    message = "This cannot be done as things stand."


class AnswerTooLarge(FailedPrecondition):
    """An answer would have more bytes than clients take."""

    reason = "ANSWER_TOO_LARGE"
    http_status = CONTENT_TOO_LARGE

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(f"The answer would have {size} bytes, and may have {limit}.", size=str(size), limit=str(limit))


class Aborted(Failure):
    """Somebody else was faster: read again, decide again."""

    code = code_pb2.ABORTED
    reason = "ABORTED"
    message = "It has changed since you read it."


class ResourceExhausted(Failure):
    """Too much, or too often."""

    code = code_pb2.RESOURCE_EXHAUSTED
    reason = "RESOURCE_EXHAUSTED"
    message = "Too much at once. Try again later."

    def __init__(self, message: str = "", *, reason: str = "", retry_after: float = 0.0, **metadata: str) -> None:
        super().__init__(message, reason=reason, **metadata)
        self.retry_after = retry_after

    def details(self) -> Iterable[Message]:
        if not self.retry_after:
            return ()
        info = error_details_pb2.RetryInfo()
        info.retry_delay.FromNanoseconds(int(self.retry_after * 1e9))
        return (info,)

    def headers(self) -> Iterable[tuple[str, str]]:
        return (("retry-after", str(ceil(self.retry_after))),) if self.retry_after else ()


class Unavailable(Failure):
    """Something that the service needs is away."""

    code = code_pb2.UNAVAILABLE
    reason = "UNAVAILABLE"
    message = "The service cannot do this now. Try again later."


class DeadlineExceeded(Failure):
    """It took longer than it may."""

    code = code_pb2.DEADLINE_EXCEEDED
    reason = "DEADLINE_EXCEEDED"
    message = "This took too long and was stopped."


class Internal(Failure):
    """Something that should not have happened. The log knows more, under the request's id."""
