"""What may be done to a document, and what it is called when it may not."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable
from typing import NamedTuple

from google.protobuf.field_mask_pb2 import FieldMask
from google.rpc import code_pb2

from gazette.access.v1.access_pb2 import Permission
from gazette.content.v1.content_type_pb2 import ContentType
from gazette.content.v1.document_pb2 import Document, DraftState, LiveState
from server import errors, masks
from server.access import Caller
from server.errors import Violation

DEFAULT_LOCALE = "en"

NOTHING = DraftState.DRAFT_STATE_UNSPECIFIED
DRAFT = DraftState.DRAFT_STATE_DRAFT
IN_REVIEW = DraftState.DRAFT_STATE_IN_REVIEW
CHANGES_REQUESTED = DraftState.DRAFT_STATE_CHANGES_REQUESTED
APPROVED = DraftState.DRAFT_STATE_APPROVED

DOCUMENT_WRITABLE = {"path", "title", "summary", "body", "body_format", "details", "links", "tags", "attachments"}
CONTENT_TYPE_WRITABLE = {"title", "details_schema", "body_member", "html_members"}


class DocumentNotFound(errors.NotFound):
    """There is none, or none that the caller may read."""

    reason = "DOCUMENT_NOT_FOUND"
    message = "There is no such document."


class OrganisationNotFound(errors.NotFound):
    """There is none, or none in which the caller may read."""

    reason = "ORGANISATION_NOT_FOUND"
    message = "There is no such organisation."


class ContentTypeNotFound(errors.NotFound):
    """There is none of that name."""

    reason = "CONTENT_TYPE_NOT_FOUND"
    message = "There is no such content type."


class ContentTypeMissing(errors.FailedPrecondition):
    """A document names a content type that there is not."""

    reason = "CONTENT_TYPE_NOT_FOUND"

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no content type {name!r}; make it first.", content_type=name)


class ContentTypeExists(errors.AlreadyExists):
    """Another has the name."""

    reason = "CONTENT_TYPE_EXISTS"
    message = "There is a content type of that name already."


class StaleEtag(errors.Aborted):
    """Somebody else changed it since the caller read it."""

    reason = "STALE_ETAG"
    message = "It has changed since you read it. Read it again, and decide again."

    def __init__(self, given: str, current: str) -> None:
        super().__init__(given=given, current=current)


class WrongState(errors.FailedPrecondition):
    """The draft stands where this cannot be done to it."""

    reason = "WRONG_STATE"

    def __init__(self, state: int, needed: Iterable[DraftState.ValueType]) -> None:
        wanted = " or ".join(state_name(each) for each in needed)
        super().__init__(f"The draft is {state_name(state)}; this needs one that is {wanted}.", state=state_name(state))


class NotApproved(errors.FailedPrecondition):
    """Nothing becomes public that a second person has not read."""

    reason = "NOT_APPROVED"
    message = "Only an approved draft can be published."


class SelfApproval(errors.PermissionDenied):
    """The second person is one of the first."""

    reason = "SELF_APPROVAL"
    message = "You wrote a revision of this draft; somebody else must approve it."


class PathTaken(errors.AlreadyExists):
    """Another document of this locale is, or is to be, read there."""

    reason = "PATH_TAKEN"

    def __init__(self, path: str = "", locale: str = "") -> None:
        at = f" {path} in {locale}" if path else ""
        super().__init__(f"document.path{at} is another document's.", field="document.path")


class PathReserved(errors.PermissionDenied):
    """It is another organisation's, or outside of what is reserved for the document's own."""

    reason = "PATH_RESERVED"

    def __init__(self, path: str) -> None:
        super().__init__(
            f"document.path {path} is reserved for another organisation, or outside of this one's own path prefixes.",
            field="document.path",
        )


class TranslationExists(errors.AlreadyExists):
    """A document has one translation for each locale."""

    reason = "TRANSLATION_EXISTS"

    message = "document.translation_key has a document in this locale already."

    def __init__(self) -> None:
        super().__init__(field="document.translation_key")


class KeyOfAnother(TranslationExists):
    """Translations of one document are one organisation's: links to them would lead to whoever joined in."""

    message = "document.translation_key is another organisation's."


class DraftInProgress(errors.FailedPrecondition):
    """An import would publish past somebody's work."""

    reason = "DRAFT_IN_PROGRESS"
    message = "The document has a draft that is not published; an import would overtake it."


class RedirectLoop(errors.InvalidArgument):
    """Following the redirect would lead back to it."""

    reason = "REDIRECT_LOOP"

    def __init__(self) -> None:
        super().__init__(Violation("document.location", "leads back to the document's own path"))


class AttachmentNotFound(errors.FailedPrecondition):
    """A document cannot become public with files that are not there."""

    reason = "ATTACHMENT_NOT_FOUND"

    def __init__(self, ids: Iterable[uuid.UUID]) -> None:
        listed = ", ".join(map(str, ids))
        super().__init__(f"document.attachments: the organisation has no such files ready: {listed}.", attachments=listed)


class InvalidSchema(errors.InvalidArgument):
    """What a content type was given is no JSON Schema, or one that reaches outside of itself."""

    reason = "INVALID_SCHEMA"

    def __init__(self, description: str) -> None:
        super().__init__(Violation("content_type.details_schema", description))


class InvalidDetails(errors.InvalidArgument):
    """The details break their content type's schema."""

    reason = "INVALID_DETAILS"


class UnfinishedDetails(InvalidDetails):
    """The same of a stored draft: the request is right, the draft is not ready for it."""

    code = code_pb2.FAILED_PRECONDITION


class OptionsFirst(errors.InvalidArgument):
    """An import's options come once, before all else."""

    reason = "OPTIONS_FIRST"

    def __init__(self) -> None:
        super().__init__(Violation("options", "is the first message of an import, and of no other"))


def organisation(caller: Caller, id: str, permission: Permission.ValueType) -> uuid.UUID:
    """The id of the organisation that a request concerns.

    Raises OrganisationNotFound where the caller may not even read, as for one that there is not, and PermissionDenied.
    """
    organisation_id = uuid.UUID(id)
    if not caller.may(Permission.PERMISSION_DOCUMENTS_READ, organisation_id):
        raise OrganisationNotFound
    caller.require(permission, organisation_id)
    return organisation_id


def state_name(state: int) -> str:
    return DraftState.Name(DraftState.ValueType(state)).removeprefix("DRAFT_STATE_") if state else "PUBLISHED"


def etag(version: int) -> str:
    return str(version)


def check_etag(given: str, version: int) -> None:
    if given != etag(version):
        raise StaleEtag(given, etag(version))


class Transition(NamedTuple):
    """A step of a draft through its review."""

    needs: tuple[DraftState.ValueType, ...]
    leads_to: DraftState.ValueType


SUBMIT = Transition((DRAFT, CHANGES_REQUESTED), IN_REVIEW)
APPROVE = Transition((IN_REVIEW,), APPROVED)
REQUEST_CHANGES = Transition((IN_REVIEW,), CHANGES_REQUESTED)


def step(state: int, transition: Transition) -> DraftState.ValueType:
    """Where the draft stands after it. Raises WrongState."""
    if state not in transition.needs:
        raise WrongState(state, transition.needs)
    return transition.leads_to


def approve(state: int, reviewer: uuid.UUID, authors: Collection[uuid.UUID]) -> DraftState.ValueType:
    """As `step`; `authors` wrote the revisions since the last publication. Raises SelfApproval too."""
    approved = step(state, APPROVE)
    if reviewer in authors:
        raise SelfApproval
    return approved


def publish(state: int) -> DraftState.ValueType:
    """What is left on the draft side when the newest revision becomes what the public sees: nothing."""
    if state != APPROVED:
        raise NotApproved
    return NOTHING


def overtake(state: int) -> None:
    """An import becomes public at once, and must not leave a draft behind that knows nothing of it."""
    if state != NOTHING:
        raise DraftInProgress


def document_fields(document: Document, mask: FieldMask) -> frozenset[str]:
    """The fields that an update of a document is to change. Raises InvalidUpdateMask, and InvalidArgument for what may not
    become empty."""
    return masks.fields("document", document, mask, DOCUMENT_WRITABLE, required={"path", "title"})


def content_type_fields(content_type: ContentType, mask: FieldMask) -> frozenset[str]:
    """The same for a content type."""
    return masks.fields("content_type", content_type, mask, CONTENT_TYPE_WRITABLE, required={"title"})


def check_redirect(state: int, path: str, former_path: str | None, location: str, *, preserves_suffix: bool = False) -> None:
    """Raises RedirectLoop for what would redirect to itself, to the former path that is about to redirect to it, or ever deeper
    below itself."""
    target = location.partition("#")[0].partition("?")[0].rstrip("/") or "/"
    is_deeper = preserves_suffix and target.startswith(path.rstrip("/") + "/")
    if state == LiveState.LIVE_STATE_REDIRECTED and (is_deeper or target in {path, former_path}):
        raise RedirectLoop
