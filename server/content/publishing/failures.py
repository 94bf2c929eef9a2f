"""What keeps a document from becoming public with its files."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence

from google.protobuf.message import Message
from google.rpc import error_details_pb2

from server import files
from server.rpc.failures import MAX_DESCRIPTION, FailedPrecondition, cut
from server.stores.statements import Row

MOST_TOLD = 20
"""Files that a refusal names."""
MOST_NAMED = 3
"""Those that its message names."""
NOT_FOUND = "NOT_FOUND"


class FilesNotReady(FailedPrecondition):
    """Files that a document has attached, or names in its body, have not arrived, are being examined, or came to nothing."""

    reason = "FILES_NOT_READY"

    def __init__(self, missing: Sequence[uuid.UUID], standing: Iterable[Row]) -> None:
        """`missing` are all that are not ready; `standing` says of those that the organisation has how they stand."""
        known = {row.id: row for row in standing}
        self.waits = all(id in known and files.is_on_its_way(known[id].standing) for id in missing)
        """Whether nothing but time is wanted."""
        self.told_of = [told(id, known.get(id)) for id in missing[:MOST_TOLD]]
        listed = "; ".join(description for _, _, description in self.told_of[:MOST_NAMED])
        more = f"; and {len(missing) - MOST_NAMED} more" if len(missing) > MOST_NAMED else ""
        until = " Publish it when they are ready." if self.waits else " Publish it without them, or with others."
        super().__init__(
            f"Not all files are ready: {listed}{more}.{until}",
            files=",".join(str(id) for id in missing[:MOST_TOLD]),
            states=",".join(state for state, _, _ in self.told_of),
        )

    def details(self) -> Iterable[Message]:
        told = error_details_pb2.PreconditionFailure()
        for state, subject, description in self.told_of:
            told.violations.add(type=state, subject=subject, description=cut(description, MAX_DESCRIPTION))
        return (told,)


def told(id: uuid.UUID, row: Row | None) -> tuple[str, str, str]:
    """How a file stands, its id, and the same in words."""
    if row is None:
        return NOT_FOUND, str(id), f"there is no file {id} of the organisation"
    return files.state_name(row.standing), str(id), f"{row.name} ({id}) {files.told(row.standing, row.rejection_reason)}"
