"""Gazette's own NDJSON: a part of an import a line, as protobuf JSON. `gazette export` writes it, and so does
`GET /v1/documents:export`, and `gazette import` reads it, one line at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from google.protobuf.json_format import MessageToJson, Parse, ParseError
from google.protobuf.message import Message

from gazette.content.v1.document_import_pb2 import ImportDocumentsRequest
from server.importer.sources import Refusal

REASON = 500
"""Characters of a parser's complaint that are passed on; it may quote the whole line."""


def parts(lines: Iterable[bytes], name: str, refusals: list[Refusal]) -> Iterator[ImportDocumentsRequest]:
    """What each line holds. A line that holds nothing of an import is added to the refusals; options are the caller's."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            part = Parse(line, ImportDocumentsRequest())
        except (ParseError, ValueError, RecursionError) as error:  # ValueError: not UTF-8, or a lone surrogate
            refusals.append(Refusal(f"{name}:{number}", str(error)[:REASON]))
            continue
        if not part.WhichOneof("part"):
            refusals.append(Refusal(f"{name}:{number}", "has neither a content type nor a document"))
        elif not part.HasField("options"):
            yield part


def line(part: Message) -> bytes:
    """Equal for equal parts, so that exports can be compared."""
    return MessageToJson(part, indent=None, ensure_ascii=False, sort_keys=True).encode() + b"\n"
