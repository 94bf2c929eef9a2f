"""What is said of each part of an import."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from gazette.content.v1 import notice_pb2
from gazette.content.v1.document_import_pb2 import ImportDocumentsRequest, ImportOutcome, ImportResult
from server import record
from server.content.documents import views
from server.content.rendering import MORE_NOTICES, Notice, bounded
from server.rpc.call import Call
from server.rpc.failures import (
    MAX_MESSAGE,
    AlreadyExists,
    FailedPrecondition,
    Failure,
    InvalidArgument,
    NotFound,
    PermissionDenied,
    cut,
)

CREATED = ImportOutcome.IMPORT_OUTCOME_CREATED
UPDATED = ImportOutcome.IMPORT_OUTCOME_UPDATED
UNCHANGED = ImportOutcome.IMPORT_OUTCOME_UNCHANGED
REFUSED = ImportOutcome.IMPORT_OUTCOME_REFUSED

REFUSALS = (InvalidArgument, AlreadyExists, FailedPrecondition, NotFound, PermissionDenied)
"""What is wrong with one part. All else, an absent database say, ends the import."""
END = (record.InstallationInUse, record.RecordDiffers, record.RecordGap)
"""What no part that follows could mend."""
MAX_SOURCE = 1000
"""Characters of a source that a refusal repeats: the contract's bound may be what it breaks."""

MAX_NOTICES = 20
"""Of a part."""
MAX_NOTICES_BYTES = 1 << 20
"""Of the notices of all parts together; what a later part has is counted."""


class Outcome(NamedTuple):
    """What became of a part."""

    outcome: ImportOutcome.ValueType
    document_id: str = ""
    record_number: int = 0
    """The last entry of the record that it made, if any."""
    notices: Sequence[Notice] = ()
    """What of it is not as it was written."""


def source_of(request: ImportDocumentsRequest) -> str:
    """What the part is called."""
    match request.WhichOneof("part"):
        case "document":
            return request.document.source
        case "redirect":
            return request.redirect.source
        case "file":
            return f"file/{request.file.name}"
        case "organisation":
            return f"organisation/{request.organisation.slug}"
        case "record_entry":
            return f"record_entry/{record.number_of(request.record_entry.body)}"
        case _:
            return f"content_type/{request.content_type.name}"


async def result_of(call: Call, request: ImportDocumentsRequest, take: Callable[[], Awaitable[Outcome]]) -> ImportResult:
    """What comes of taking a part. Raises what ends the import."""
    source = source_of(request)
    try:
        done = await take()
        notices = views.notices(bounded(done.notices, limit=MAX_NOTICES))
        return ImportResult(**{**done._asdict(), "notices": notices}, source=source)
    except END:
        raise
    except REFUSALS as refusal:
        await call.confirm()  # who may do nothing at all any more is not told so part by part
        return refused(source, refusal)


def refused(source: str, refusal: Failure) -> ImportResult:
    message = cut(refusal.message, MAX_MESSAGE)
    return ImportResult(source=cut(source, MAX_SOURCE), outcome=REFUSED, reason=refusal.reason, message=message)


def listed_within(result: ImportResult, listed: int) -> int:
    """How many bytes of notices are listed with this result, of which there were so many before it."""
    if not result.notices:
        return listed
    if (size := listed + sum(each.ByteSize() for each in result.notices)) <= MAX_NOTICES_BYTES:
        return size
    number, field = sum(each.count for each in result.notices), result.notices[0].field
    more = notice_pb2.Notice(field=field, reason=MORE_NOTICES, message=f"{number} are not listed", count=number)
    del result.notices[:]
    result.notices.append(more)
    return listed
