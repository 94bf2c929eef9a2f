"""Why a block cannot be shown, or taken away."""

from __future__ import annotations

from collections.abc import Collection

from server.content.references.failures import listed
from server.rpc.failures import FailedPrecondition


class BlockNotLive(FailedPrecondition):
    """A page would lack what its author has put there."""

    reason = "BLOCK_NOT_LIVE"

    def __init__(self, ids: Collection[str]) -> None:
        told = listed(ids)
        super().__init__(
            f"`document.body` shows blocks that are not published: {told}. Publish them first, or leave them out.",
            field="document.body",
            blocks=told,
        )


class BlockInBlock(FailedPrecondition):
    """Blocks hold no blocks: so none can hold itself."""

    reason = "BLOCK_IN_BLOCK"
    message = "`document.body` shows a block, and is one itself."

    def __init__(self) -> None:
        super().__init__(field="document.body")


class BlockInUse(FailedPrecondition):
    """Pages would be left with what there is no more."""

    reason = "BLOCK_IN_USE"

    def __init__(self, paths: Collection[str], count: int) -> None:
        told = ", ".join(paths) + (f" and {count - len(paths)} more" if count > len(paths) else "")
        super().__init__(f"{count} pages show this block: {told}. Take it out of them first.", pages=str(count), paths=told)
