"""Short ways to merge, and what refusals say of it."""

from __future__ import annotations

from typing import Any

from google.protobuf.field_mask_pb2 import FieldMask

from gazette.content.v1 import content_service_pb2 as rpc
from gazette.content.v1.document_pb2 import Document
from gazette.content.v1.merging_pb2 import EditConflict, FieldConflict, MergeDocumentRequest, MergeDocumentResponse, MergeOrigin
from tests.content.desk import Desk
from tests.refusals import Refusal
from tests.service import Person

THEIRS, YOURS, BOTH = MergeOrigin.MERGE_ORIGIN_THEIRS, MergeOrigin.MERGE_ORIGIN_YOURS, MergeOrigin.MERGE_ORIGIN_BOTH


async def merge(desk: Desk, began: Document, by: Person | None = None, **changed: Any) -> rpc.UpdateDocumentResponse:
    """Saves what was changed of this version, merged with what others have saved since."""
    wanted = Document(id=began.id, etag=began.etag, **changed)
    request = rpc.UpdateDocumentRequest(document=wanted, update_mask=FieldMask(paths=[*changed]), merge=True)
    answer: rpc.UpdateDocumentResponse = await desk.documents.UpdateDocument(request, metadata=(by or desk.author).metadata)
    return answer


async def preview(desk: Desk, began: Document, by: Person | None = None, **changed: Any) -> MergeDocumentResponse:
    """What that would give."""
    wanted = Document(id=began.id, etag=began.etag, **changed)
    request = MergeDocumentRequest(document=wanted, update_mask=FieldMask(paths=[*changed]))
    answer: MergeDocumentResponse = await desk.documents.MergeDocument(request, metadata=(by or desk.author).metadata)
    return answer


def origins(answer: rpc.UpdateDocumentResponse | MergeDocumentResponse) -> dict[str, int]:
    return {each.field: each.origin for each in answer.merged.fields}


def conflict_of(refusal: Refusal) -> EditConflict:
    """The detail that says what has happened since."""
    found = EditConflict()
    assert any(each.Unpack(found) for each in refusal.status.details if each.Is(EditConflict.DESCRIPTOR)), refusal.status
    return found


def versions(conflict: FieldConflict) -> tuple[str, str, str]:
    """The three texts that collide."""
    return conflict.base.string_value, conflict.theirs.string_value, conflict.yours.string_value
