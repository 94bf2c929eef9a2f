"""What is refused to those who look after files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from google.protobuf.message import Message
from google.rpc import error_details_pb2

from server.process.domains import FileUse
from server.rpc.failures import MAX_DESCRIPTION, MAX_VIOLATIONS, FailedPrecondition, cut

MOST_NAMED = 10
"""Ids of documents that a refusal names; the list of references has all."""


class FileInUse(FailedPrecondition):
    """Documents have the file attached, or name it in their bodies: it would be missing there."""

    reason = "FILE_IN_USE"

    def __init__(self, uses: Sequence[FileUse], most: int) -> None:
        self.uses = uses
        count = f"{len(uses)} documents use" if len(uses) > 1 else "A document uses"
        if len(uses) == most:
            count = f"{most} documents or more use"
        first = uses[0]
        ids = ",".join(str(each.document_id) for each in uses[:MOST_NAMED])
        super().__init__(
            f"{count} it, {first.title!r} at {first.path} ({first.locale}) first; take it out of them before.",
            documents=ids,
            count=str(len(uses)),
        )

    def details(self) -> Iterable[Message]:
        """A violation for each use, as far as they fit."""
        told = error_details_pb2.PreconditionFailure()
        for each in self.uses:
            side = "is public with it" if each.is_live else "has a draft with it"
            description = cut(f"{each.title} at {each.path} ({each.locale}) {side}", MAX_DESCRIPTION)
            violation = told.violations.add(type=self.reason, subject=f"documents/{each.document_id}", description=description)
            if told.ByteSize() > MAX_VIOLATIONS:
                told.violations.remove(violation)
                break
        yield told
