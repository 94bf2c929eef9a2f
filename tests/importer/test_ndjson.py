"""Gazette's own NDJSON."""

from __future__ import annotations

from io import BytesIO

import pytest

from gazette.content.v1.content_type_pb2 import ContentType
from gazette.content.v1.document_import_pb2 import (
    ExportDocumentsResponse,
    ImportDocumentsRequest,
    ImportedDocument,
    ImportOptions,
)
from gazette.content.v1.document_pb2 import Document, LiveState
from server.importer import ndjson
from server.importer.sources import Refusal
from tests.importer.sources import OWN, read


def parsed(*lines: bytes) -> tuple[list[ImportDocumentsRequest], list[Refusal]]:
    refusals: list[Refusal] = []
    reader = ndjson.Reader(BytesIO(b"\n".join(line.removesuffix(b"\n") for line in lines)), "harbour.ndjson", refusals)
    return [unit.part for unit in reader.units()], refusals


def test_a_part_is_a_line_and_comes_back_the_same() -> None:
    """Line breaks, other alphabets and empty links survive."""
    document = Document(path="/a", title="Line\nbreak\u2028 – Llŷn", body="<p>\r\n</p>")
    document.details.update({"n": 1.5, "none": None, "list": [True, {}]})
    document.links["related"].SetInParent()
    part = ImportDocumentsRequest(
        document=ImportedDocument(document=document, source="a", live_state=LiveState.LIVE_STATE_PUBLISHED)
    )
    line = ndjson.line(part)
    assert line.count(b"\n") == 1
    assert parsed(line) == ([part], [])


def test_all_that_an_import_sends_can_be_written_and_read() -> None:
    """Every message of a converted source comes back the same."""
    sent = [*read(OWN).conversion.parts()]
    assert parsed(*map(ndjson.line, sent)) == (sent, [])


def test_what_is_exported_can_be_imported() -> None:
    """An export's messages are an import's."""
    content_type = ContentType(name="guide", title="Guide")
    line = ndjson.line(ExportDocumentsResponse(content_type=content_type))
    assert parsed(line)[0] == [ImportDocumentsRequest(content_type=content_type)]


def test_equal_parts_are_equal_lines() -> None:
    """Members come in one order, whatever order they were set in."""
    one, other = ImportedDocument(), ImportedDocument()
    one.document.details.update({"a": 1, "b": 2})
    other.document.details.update({"b": 2, "a": 1})
    assert ndjson.line(ImportDocumentsRequest(document=one)) == ndjson.line(ImportDocumentsRequest(document=other))


def test_empty_lines_and_options_are_passed_over() -> None:
    """Whose documents they become is said by the command, not by the file."""
    options = ImportDocumentsRequest(options=ImportOptions(organisation_id="0190a5a0-0000-7000-8000-000000000000"))
    assert parsed(b"\n", ndjson.line(options), b"  \n") == ([], [])


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", "is not JSON"),
        (b'{"documents": {}}', 'has no field named "documents"'),
        (b'{"document": {"document": {"title": 3}}}', "Failed to parse title field"),
        (b"\xff", "is not UTF-8: byte 0 of the line is ff (invalid start byte)"),
        (b'{"document": {"document": {"details": {"a": 9007199254740993}}}}', "has the number 9007199254740993"),
        (b'{"document": {"document": {"details": {"a": 1, "a": 2}}}}', "has the member 'a' twice in one object"),
        (b"{}", "holds no part of an import"),
    ],
)
def test_a_line_that_is_none_is_refused_by_its_number(line: bytes, reason: str) -> None:
    """The lines around it are read."""
    good = ndjson.line(ImportDocumentsRequest(document=ImportedDocument(source="a")))
    parts, [refusal] = parsed(good, line, good)
    assert len(parts) == 2
    assert refusal.source == "harbour.ndjson:2"
    assert reason in refusal.reason
