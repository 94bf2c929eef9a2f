"""Why an import, or a part of one, is not taken."""

from __future__ import annotations

from server.rpc.failures import CONTENT_TOO_LARGE, FailedPrecondition, InvalidArgument, NotFound, Violation


class DocumentVanished(FailedPrecondition):
    """It was removed for legal reasons, and an import must not undo that."""

    reason = "DOCUMENT_VANISHED"
    message = "The document was removed for legal reasons. Whoever may do so restores it first."


class RedirectWithoutDocument(NotFound):
    """A former path leads to its document, which must be there first."""

    reason = "DOCUMENT_NOT_FOUND"

    def __init__(self, translation_key: str) -> None:
        super().__init__(
            f"`redirect.translation_key`: nothing of {translation_key} is published here that the path could lead to."
        )


class ImportTooLarge(InvalidArgument):
    """The answer could not name more parts."""

    reason = "IMPORT_TOO_LARGE"
    http_status = CONTENT_TOO_LARGE


class InvalidAnswer(InvalidArgument):
    """What is to be restored as a page is none that this server would serve of the document."""

    reason = "INVALID_ANSWER"

    def __init__(self, description: str) -> None:
        super().__init__(Violation("document.record_entry", description))


class NotForRestoring(InvalidArgument):
    """An export that was not made for it lacks what a page's bytes are restored from."""

    reason = "NOT_FOR_RESTORING"

    def __init__(self) -> None:
        super().__init__(Violation("document.record_entry", "is missing; restore from an export that was made for restoring"))


class OptionsFirst(InvalidArgument):
    """An import's options come once, before all else."""

    reason = "OPTIONS_FIRST"

    def __init__(self) -> None:
        super().__init__(Violation("options", "is the first message of an import, and of no other"))
