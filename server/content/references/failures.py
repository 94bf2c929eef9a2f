"""Why something cannot be published because of what it refers to."""

from __future__ import annotations

from collections.abc import Collection

from server.rpc.failures import FailedPrecondition

MAX_TOLD = 5


class LinkTargetNotFound(FailedPrecondition):
    """A link by id leads to nothing at all: no document has the id."""

    reason = "LINK_TARGET_NOT_FOUND"

    def __init__(self, ids: Collection[str]) -> None:
        told = listed(ids)
        super().__init__(f"`document.body` links to what there is not: {told}.", field="document.body", targets=told)


def listed(names: Collection[str]) -> str:
    """The first few, in order."""
    first = sorted(names)[:MAX_TOLD]
    more = len(names) - len(first)
    return ", ".join(first) + (f" and {more} more" if more else "")
