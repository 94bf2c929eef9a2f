"""A file's row as the contract's message."""

from __future__ import annotations

from typing import Any

from google.protobuf.json_format import ParseDict

from gazette.files.v1.file_pb2 import DocumentFacts, File, FileState, FocalPoint, Image, Rejection, Replacement
from server.rpc.messages import message


def shown(row: Any, *, replacement: Any = None) -> File:
    """`row` has the columns of `files`, and `is_public` where that is known; `replacement` is the row of an upload."""
    facts = row.facts or {}
    return message(
        File,
        row,
        etag=str(row.edit_number),
        rejection=rejection(row),
        image=ParseDict(facts["image"], Image()) if "image" in facts else None,
        document=ParseDict(facts["document"], DocumentFacts()) if "document" in facts else None,
        focal_point=None if row.focal_x is None else FocalPoint(x=row.focal_x, y=row.focal_y),
        uploaded_sha256=row.uploaded_sha256 or row.sha256,
        replacement=None if replacement is None else replaced_by(replacement),
    )


def rejection(row: Any) -> Rejection | None:
    """Of a file or an upload; None where it was not rejected."""
    return Rejection(reason=row.rejection_reason, message=row.rejection_message) if row.rejection_reason else None


def replaced_by(row: Any) -> Replacement:
    """What is on its way to take a file's place."""
    refused = rejection(row)
    state = FileState.FILE_STATE_PENDING
    if refused is not None:
        state = FileState.FILE_STATE_REJECTED
    elif row.holder is not None and row.stage > 1:
        state = FileState.FILE_STATE_SCANNING
    return message(Replacement, row, state=state, rejection=refused)
