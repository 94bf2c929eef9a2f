"""What keeps changes from being merged."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from gazette.content.v1.merging_pb2 import FieldConflict
from server.content.failures import StaleEtag
from server.rpc.failures import InvalidArgument, Unavailable, cut

MAX_NAMED, MAX_FIELD = 3, 40
"""Fields that a message names, and characters of each. The details have more."""


class MergeConflict(StaleEtag):
    """Others have changed the same thing, otherwise."""

    reason = "MERGE_CONFLICT"

    def __init__(
        self, given: str, current: str, document_id: uuid.UUID, conflicts: Sequence[FieldConflict], count: int
    ) -> None:
        """`conflicts` are as many of them as could be told here."""
        super().__init__(given, current, document_id)
        self.conflicts = conflicts
        self.count = count
        named = ", ".join(cut(each.field, MAX_FIELD) for each in conflicts[:MAX_NAMED])
        more = " and more" if count > MAX_NAMED else ""
        self.message = f"Others have changed the same: {named}{more}. Nothing was saved."


class MergeOvertaken(Unavailable):
    """Each time that a merge was to be written, others had saved once more."""

    reason = "MERGE_OVERTAKEN"
    message = "Others keep saving this document. Try again: nothing was saved."


class TooCostlyToMerge(InvalidArgument):
    """Merging was ended."""

    reason = "TOO_COSTLY_TO_MERGE"

    def __init__(self, seconds: float) -> None:
        super().__init__(message=f"Merging takes more than {seconds:g} s of computing time or 1 GiB of memory, and may not.")
