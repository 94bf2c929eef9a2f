"""Why there is no preview, or no link to one."""

from __future__ import annotations

from server.rpc.failures import FailedPrecondition, InvalidArgument, NotFound, ResourceExhausted, Violation


class PreviewEnded(NotFound):
    """The link was one of ours. Nobody else is told more than of an absent page."""

    reason = "PREVIEW_ENDED"
    message = "This preview has ended: it expired or was revoked, or its draft was published or given up. Ask for another link."


class NothingToPreview(FailedPrecondition):
    """What was public needs no preview, and what came before it will not be."""

    reason = "NOTHING_TO_PREVIEW"
    message = "That revision, or a later one, was published already."


class InvalidExpireTime(InvalidArgument):
    """A link that never ends is a page that nobody approved."""

    reason = "INVALID_EXPIRE_TIME"

    def __init__(self, days: int) -> None:
        super().__init__(Violation("expire_time", f"is not between now and {days} days from now"))


class PreviewLinkNotFound(NotFound):
    """The document has none of that id."""

    reason = "PREVIEW_LINK_NOT_FOUND"
    message = "The document has no such preview link."


class TooManyPreviewLinks(ResourceExhausted):
    """Nobody keeps track of so many."""

    reason = "TOO_MANY_PREVIEW_LINKS"

    def __init__(self, most: int) -> None:
        super().__init__(f"The document has {most} open preview links. Revoke those that nobody needs any more.")
