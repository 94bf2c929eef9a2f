"""What a document says: the columns of a revision that its author writes."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import Any

from gazette.content.v1.document_pb2 import BodyFormat, Document
from server.rpc.objects import Object
from server.stores.statements import Row

Words = dict[str, Any]


def words_of(document: Document, details: Object) -> Words:
    """The details are the document's own, as they are stored."""
    return {
        "path": document.path,
        "title": document.title,
        "summary": document.summary,
        "body": document.body,
        "body_format": document.body_format or BodyFormat.BODY_FORMAT_MARKDOWN,
        "details": details,
        "links": {kind: [str(uuid.UUID(key)) for key in targets.translation_keys] for kind, targets in document.links.items()},
        "tags": [*document.tags],
        "attachments": [uuid.UUID(id) for id in document.attachments],
    }


def rewritten(document: Row, wanted: Document, details: Object, fields: Collection[str]) -> Words:
    """What the newest revision says, with these fields as they are wanted."""
    new = words_of(wanted, details)
    return {name: new[name] if name in fields else getattr(document, name) for name in WORDS}


WORDS = tuple(words_of(Document(), {}))
