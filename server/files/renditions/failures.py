"""What is refused to those who ask for renditions."""

from __future__ import annotations

from server.rpc.failures import FailedPrecondition, InvalidArgument, Violation


class NoRenditions(FailedPrecondition):
    """The file is neither an image nor a PDF, or it cannot be drawn."""

    reason = "NO_RENDITIONS"


class RenditionNotListed(InvalidArgument):
    """Not of a listed width, and without a signature that holds for this version of the file."""

    reason = "RENDITION_NOT_LISTED"

    def __init__(self, widths: tuple[int, ...]) -> None:
        listed = ", ".join(map(str, widths))
        said = f"is not of a listed width alone ({listed}), and there is no signature for it; CreateRenditionUrl makes one"
        super().__init__(Violation("specification", said))
