"""What an export says of a document and of a content type: in the form that an import takes."""

from __future__ import annotations

from typing import Any

from gazette.content.v1.content_type_pb2 import ContentType
from gazette.content.v1.document_import_pb2 import ImportedDocument
from gazette.content.v1.document_pb2 import Document, Live
from server.content.change_notes import rules as change_notes
from server.content.documents.views import put_links
from server.rpc.messages import message
from server.stores.statements import Row

NAMED = ("content_type", "locale", "translation_key")
SAID = (*NAMED, "title", "summary", "body", "body_format", "details", "tags", "attachments")
NOT_OF_IT: tuple[Any, ...] = (
    "explanation", "withdraw_time", "location", "covers_prefix", "preserves_suffix",
    "review_by_time", "reviewed_time", "reviewer_id", "review_interval",
)  # fmt: skip
"""Of the live side: what the import says itself, and what is the business of those who look after the page here."""


def exported(row: Row) -> ImportedDocument:
    """From a document's row with what its live revision says. An import's claims are claimed again, or else our times are."""
    document = message(Document, **{name: getattr(row, name) for name in SAID}, path=row.live_path)
    put_links(document.links, row.links)
    notes, _ = change_notes.shown(change_notes.read(row.change_history_so_far))
    for note in notes:
        note.claimed = False  # where it is imported, all of them are claimed
    return message(
        ImportedDocument,
        row,
        document=document,
        source=row.live_path,
        change_history=notes,
        claimed_first_publish_time=row.claimed_first_publish_time or row.first_publish_time,
        claimed_public_update_time=row.claimed_public_update_time or row.public_update_time,
    )


def put_own(imported: ImportedDocument, row: Row) -> None:
    """Adds what this installation alone says of the document; but how long it took to publish is nothing of the content's."""
    live = message(Live, row, state=row.live_state, revision_number=row.live_revision_number, path=row.live_path)
    live.ClearField("publish_duration")
    for name in NOT_OF_IT:
        live.ClearField(name)
    own = message(Document, id=row.id, organisation_id=row.organisation_id, live=live, create_time=row.create_time)
    imported.document.MergeFrom(own)
    del imported.change_history[:]
    imported.change_history.extend(change_notes.shown(change_notes.read(row.change_history_so_far))[0])


def bare(content_type: ContentType) -> ContentType:
    for name in ("etag", "create_time", "update_time", "version", "moves"):
        content_type.ClearField(name)
    return content_type
