"""Documents as an editor writes them: some 2 KB of Markdown, a summary, details, two links, three tags."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

from gazette.content.v1.content_type_pb2 import ContentType
from gazette.content.v1.document_import_pb2 import ImportDocumentsRequest, ImportedDocument, ImportOptions
from gazette.content.v1.document_pb2 import BodyFormat, Document, LiveState

IMPORTED = 700
BATCH = 100
CONTENT_TYPE = "bench_guide"
PAGE = "/bench/0"
"""Where the first of the imported documents is read."""
ABSENT = "/bench/no/such/page"

PARAGRAPH = """\
You can apply if your vessel is registered, **shorter than 24 metres** and insured for what it may do to others. Apply at
least ten days before you arrive; see [what it costs](/bench/1) and [what to bring](/bench/2). The harbour master answers
within three working days, or tells you what is missing.

"""
BODY = f"""\
## Who can apply

{PARAGRAPH * 2}## What you need

- the certificate of registration
- proof of insurance, *valid for the whole stay*
- the name and telephone number of somebody on board

| Length | A day | A month |
|---|---|---|
| up to 8 m | 12.00 | 180.00 |
| up to 16 m | 21.50 | 320.00 |
| up to 24 m | 34.00 | 510.00 |

## What happens next

{PARAGRAPH * 2}> Moorings are given in the order of application. Nobody can buy a better place.
"""
DETAILS: dict[str, Any] = {
    "reading_minutes": 4,
    "audience": ["owners", "skippers"],
    "contact": {"name": "Harbour office", "telephone": "0113 496 0000"},
}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["reading_minutes"],
    "properties": {
        "reading_minutes": {"type": "integer", "minimum": 1},
        "audience": {"type": "array", "items": {"type": "string"}},
        "contact": {"type": "object", "properties": {"name": {"type": "string"}, "telephone": {"type": "string"}}},
    },
}


def document(path: str, number: int, **said: Any) -> Document:
    """A new one, with links to two of the imported."""
    made = Document(
        content_type=CONTENT_TYPE,
        path=path,
        title=f"Apply for mooring {number}",
        summary="Who can apply, what you need, what it costs, and how long it takes until you hear from us.",
        body=BODY,
        body_format=BodyFormat.BODY_FORMAT_MARKDOWN,
        tags=["moorings", "fees", "guidance"],
        **said,
    )
    made.details.update(DETAILS)
    made.links["related"].translation_keys.extend(translation_key(each % IMPORTED) for each in (number + 1, number + 2))
    return made


def translation_key(number: int) -> str:
    return str(uuid.UUID(int=(7 << 76) | (2 << 62) | number))


def import_batches(organisation_id: str) -> Iterator[list[ImportDocumentsRequest]]:
    """The content type and the documents that are there before anything is measured, so many a call."""
    content_type = ContentType(name=CONTENT_TYPE, title="Guide")
    content_type.details_schema.update(SCHEMA)
    options = ImportDocumentsRequest(options=ImportOptions(organisation_id=organisation_id))
    yield [options, ImportDocumentsRequest(content_type=content_type)]
    for first in range(0, IMPORTED, BATCH):
        yield [options, *(ImportDocumentsRequest(document=imported(number)) for number in range(first, first + BATCH))]


def imported(number: int) -> ImportedDocument:
    wanted = document(f"/bench/{number}", number, translation_key=translation_key(number))
    return ImportedDocument(document=wanted, source=f"bench/{number}", live_state=LiveState.LIVE_STATE_PUBLISHED)
