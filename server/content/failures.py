"""What may be done to a document, and what it is called when it may not."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence

from google.protobuf.message import Message
from google.rpc import code_pb2

from gazette.content.v1.document_pb2 import DraftState, LiveState
from gazette.content.v1.merging_pb2 import EditConflict
from server.rpc.failures import (
    CONTENT_TOO_LARGE,
    Aborted,
    AlreadyExists,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    PermissionDenied,
    Unavailable,
    Violation,
)

MAX_TOLD = 8
"""Places of a circle that a refusal names."""


class DocumentNotFound(NotFound):
    """There is none, or none that the caller may read."""

    reason = "DOCUMENT_NOT_FOUND"
    message = "There is no such document."


class OrganisationNotFound(NotFound):
    """There is none, or none in which the caller may read."""

    reason = "ORGANISATION_NOT_FOUND"
    message = "There is no such organisation."


class ContentTypeNotFound(NotFound):
    """There is none of that name."""

    reason = "CONTENT_TYPE_NOT_FOUND"
    message = "There is no such content type."


class ContentTypeMissing(FailedPrecondition):
    """A document names a content type that there is not."""

    reason = "CONTENT_TYPE_NOT_FOUND"

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no content type {name!r}; make it first.", content_type=name)


class ContentTypeExists(AlreadyExists):
    """Another has the name."""

    reason = "CONTENT_TYPE_EXISTS"
    message = "There is a content type of that name already."


class StaleEtag(Aborted):
    """Somebody else changed it since the caller read it."""

    reason = "STALE_ETAG"
    message = "It has changed since you read it. Read it again, and decide again."

    def __init__(self, given: str, current: str, document_id: uuid.UUID | None = None) -> None:
        """Of a document it can be said who has changed it, and what (`merging.explaining`)."""
        super().__init__(given=given, current=current)
        self.document_id = document_id
        self.conflict = EditConflict(given_etag=given, current_etag=current)

    def details(self) -> Iterable[Message]:
        return (self.conflict,) if self.conflict.document_id else ()


class WrongState(FailedPrecondition):
    """The draft stands where this cannot be done to it."""

    reason = "WRONG_STATE"

    def __init__(self, state: int, needed: Iterable[DraftState.ValueType]) -> None:
        wanted = " or ".join(state_name(each) for each in needed)
        super().__init__(f"The draft is {state_name(state)}; this needs one that is {wanted}.", state=state_name(state))


class NotApproved(FailedPrecondition):
    """Nothing becomes public that has not been read by those who must."""

    reason = "NOT_APPROVED"

    def __init__(self, state: int, given: int, required: int) -> None:
        numbers = {"required": str(required), "given": str(given)} if given < required else {}
        how = (
            f"it needs {required} approval{'s' * (required != 1)} and has {given}"
            if numbers
            else f"this one is {state_name(state)}"
        )
        super().__init__(f"Only an approved draft can be published; {how}.", state=state_name(state), **numbers)


class SelfApproval(PermissionDenied):
    """The second person is one of the first."""

    reason = "SELF_APPROVAL"
    message = "You wrote a revision of this draft; somebody else must approve it."


class PathTaken(AlreadyExists):
    """Another document of this locale is, or is to be, read there."""

    reason = "PATH_TAKEN"

    def __init__(self, path: str = "", locale: str = "") -> None:
        at = f" {path} in {locale}" if path else ""
        super().__init__(f"`document.path`{at} is another document's.", field="document.path")


class PathReserved(PermissionDenied):
    """It is another organisation's, or outside of what is reserved for the document's own."""

    reason = "PATH_RESERVED"

    def __init__(self, path: str) -> None:
        super().__init__(
            f"`document.path` {path} is reserved for another organisation, or outside of this one's own path prefixes.",
            field="document.path",
        )


class TranslationExists(AlreadyExists):
    """A document has one translation for each locale."""

    reason = "TRANSLATION_EXISTS"

    message = "`document.translation_key` has a document in this locale already."

    def __init__(self) -> None:
        super().__init__(field="document.translation_key")


class KeyOfAnother(TranslationExists):
    """Translations of one document are one organisation's: links to them would lead to whoever joined in."""

    message = "`document.translation_key` is another organisation's."


class Contended(Unavailable):
    """What the change was decided by has changed each time before it could be written."""

    message = "Its content type or the reservations of paths keep changing. Try again later."


class Unfit(FailedPrecondition):
    """A stored draft is not as its content type wants it. That may have changed, and is asked anew before anybody is told."""


class DraftInProgress(FailedPrecondition):
    """What the public sees would change past somebody's work."""

    reason = "DRAFT_IN_PROGRESS"
    message = "The document has a draft that is not published; an import would overtake it."


class TooLarge(InvalidArgument):
    """More would come of what is saved than a page can hold."""

    reason = "PAGE_TOO_LARGE"
    http_status = CONTENT_TOO_LARGE

    def __init__(self, field: str, description: str) -> None:
        super().__init__(Violation(field, description))


class DocumentTooLarge(InvalidArgument):
    """No answer could show what is to be saved."""

    reason = "DOCUMENT_TOO_LARGE"
    http_status = CONTENT_TOO_LARGE

    def __init__(self, field: str, size: int, limit: int) -> None:
        how = f"is the largest part of a document that would have {size} bytes in all, and may have {limit}"
        super().__init__(Violation(field, how))


class ContentTypeTooLarge(InvalidArgument):
    """No answer could show the content type."""

    reason = "CONTENT_TYPE_TOO_LARGE"
    http_status = CONTENT_TOO_LARGE

    def __init__(self, size: int, limit: int) -> None:
        how = f"makes a content type of {size} bytes, which may have {limit}"
        super().__init__(Violation("content_type.details_schema", how))


class TooCostlyToRender(InvalidArgument):
    """Rendering it was ended."""

    reason = "TOO_COSTLY_TO_RENDER"

    def __init__(self, field: str, seconds: float) -> None:
        how = f"takes more than {seconds:g} s of computing time or 1 GiB of memory to render, and may not; simplify its markup"
        super().__init__(Violation(field, how))


class Unpublishable(FailedPrecondition):
    """A draft that was saved by other rules would be more than a page can hold: the request is right."""

    def __init__(self, failure: InvalidArgument) -> None:
        super().__init__(f"{failure.message}. Change the draft.", reason=failure.reason)
        self.http_status = failure.http_status


class InvalidLocation(InvalidArgument):
    """No answer could say that something is there."""

    reason = "INVALID_LOCATION"

    def __init__(self, field: str = "location") -> None:
        super().__init__(Violation(field, "is neither a path of this site nor an https URL of a host and no more"))


class RedirectLoop(InvalidArgument):
    """Following the redirect would lead back to it, or never end."""

    reason = "REDIRECT_LOOP"

    def __init__(self, places: Sequence[str], field: str = "document.location") -> None:
        """`places` are those that the redirect leads through, its own first. Of a circle the last one stands there twice."""
        told, is_circle = [*places], places[-1] in places[:-1]
        if len(told) > MAX_TOLD + 2:
            told[MAX_TOLD:] = ["…", *(told[-2:] if is_circle else ())]
        how = "leads back to where it comes from" if is_circle else "leads on without an end"
        super().__init__(Violation(field, f"{how}: {' → '.join(told)}"))


class AttachmentNotFound(FailedPrecondition):
    """A document cannot become public with files that are not there."""

    reason = "ATTACHMENT_NOT_FOUND"

    def __init__(self, ids: Iterable[uuid.UUID]) -> None:
        listed = ", ".join(map(str, ids))
        super().__init__(f"`document.attachments`: the organisation has no such files ready: {listed}.", attachments=listed)


class InvalidSchema(InvalidArgument):
    """What a content type was given is no JSON Schema, or one that reaches outside of itself."""

    reason = "INVALID_SCHEMA"

    def __init__(self, description: str) -> None:
        super().__init__(Violation("content_type.details_schema", description))


class InvalidDetails(InvalidArgument):
    """The details break their content type's schema."""

    reason = "INVALID_DETAILS"


class UnfinishedDetails(InvalidDetails):
    """The same of a stored draft: the request is right, the draft is not ready for it."""

    code = code_pb2.FAILED_PRECONDITION


def state_name(state: int) -> str:
    return DraftState.Name(DraftState.ValueType(state)).removeprefix("DRAFT_STATE_") if state else "PUBLISHED"


def live_state_name(state: int) -> str:
    return LiveState.Name(LiveState.ValueType(state)).removeprefix("LIVE_STATE_") if state else "not public yet"
