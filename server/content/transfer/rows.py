"""The rows of what is restored: columns of documents and pages, from what an export says of them. Pure."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from gazette.content.v1.document_import_pb2 import ImportedDocument, ImportedEntry
from gazette.delivery.v1.delivery_service_pb2 import GetPageResponse
from gazette.delivery.v1.page_pb2 import PageSummary
from gazette.record.v1.record_entry_pb2 import RecordEntryBody
from server import record
from server.content import fields
from server.content.publishing.publication import PAGE_STATES
from server.content.transitions import NOTHING, REDIRECTED
from server.rpc.messages import message, moment


def document(imported: ImportedDocument, body: RecordEntryBody, answer: GetPageResponse) -> dict[str, Any]:
    """All columns of the document but its version and when it changed here."""
    said, live = imported.document, imported.document.live
    first, update = claims(imported, answer)
    return {
        "id": uuid.UUID(said.id),
        "organisation_id": uuid.UUID(said.organisation_id),
        "content_type": said.content_type,
        "locale": said.locale or fields.DEFAULT_LOCALE,
        "translation_key": uuid.UUID(said.translation_key),
        "path": said.path,
        "version": 1,
        "revision_number": live.revision_number,
        "draft_state": NOTHING,
        "create_time": given(said.create_time) or datetime.now(UTC),
        "live_state": imported.live_state,
        "live_revision_number": live.revision_number,
        "live_path": said.path,
        "publish_time": moment(live.publish_time),
        "first_publish_time": moment(live.first_publish_time),
        "public_update_time": moment(live.public_update_time),
        "record_number": body.number,
        "claimed_first_publish_time": first,
        "claimed_public_update_time": update,
        "explanation": imported.explanation or None,
        "withdraw_time": given(imported.withdraw_time),
        "location": imported.location or None,
        "covers_prefix": imported.covers_prefix,
        "preserves_suffix": imported.preserves_suffix,
        "publish_duration": None,
        "overridden_checks": [*live.overridden_checks] or None,
    }


def claims(imported: ImportedDocument, answer: GetPageResponse) -> tuple[datetime | None, datetime | None]:
    """What the source claimed. An export claims our own times where nobody has; a page says which those are, and of what is no
    page only they can be equal to our own."""
    if answer.HasField("page"):
        claimed = answer.page.claimed_times
        return given(claimed.first_publish_time), given(claimed.public_update_time)
    live, first, update = imported.document.live, imported.claimed_first_publish_time, imported.claimed_public_update_time
    return (
        None if first == live.first_publish_time else given(first),
        None if update == live.public_update_time else given(update),
    )


def page(
    imported: ImportedDocument, body: RecordEntryBody, stored: bytes, answer: GetPageResponse, *, is_block: bool
) -> dict[str, Any]:
    """All columns of the page at the document's path."""
    said = imported.document
    covers_prefix = imported.live_state == REDIRECTED and imported.covers_prefix
    is_listed = imported.live_state in PAGE_STATES and not is_block
    summary = message(PageSummary, answer.page, locale=said.locale) if is_listed else None
    return place(body, stored, said.translation_key) | {
        "content_type": said.content_type,
        "title": said.title,
        "publish_time": moment(said.live.publish_time),
        "first_publish_time": moment(said.live.first_publish_time),
        "summary": None if summary is None else summary.SerializeToString(),
        "covers_prefix": covers_prefix,
        "preserves_suffix": covers_prefix and imported.preserves_suffix,
        "is_block": is_block,
    }


def former_page(body: RecordEntryBody, stored: bytes, entry: ImportedEntry) -> dict[str, Any]:
    """All columns of what leads from a former path to where its document is."""
    return place(body, stored, entry.translation_key) | {
        "content_type": "",
        "title": "",
        "first_publish_time": moment(body.record_time),
        "summary": None,
        "covers_prefix": entry.covers_prefix,
        "preserves_suffix": entry.covers_prefix and entry.preserves_suffix,
    }


def place(body: RecordEntryBody, stored: bytes, translation_key: str) -> dict[str, Any]:
    return {
        "path": body.path,
        "locale": record.locale_of(body),
        "record_number": body.number,
        "document_id": uuid.UUID(body.document_id),
        "organisation_id": uuid.UUID(body.organisation_id),
        "translation_key": uuid.UUID(translation_key or body.document_id),
        "publish_time": moment(body.record_time),
        "answer": stored,
        "is_block": False,
    }


def given(time: Timestamp) -> datetime | None:
    return moment(time) if time.seconds or time.nanos else None
