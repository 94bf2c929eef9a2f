"""The sources that the importer is tested with: our own, and GOV.UK's where it is there."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from gazette.content.v1.document_import_pb2 import ImportedDocument
from server.importer.govuk import conversion as importer_conversion
from server.importer.govuk import schemas
from server.importer.govuk.conversion import Conversion
from server.importer.sources import Source

OWN = Path(__file__).parent / "data"
GOVUK = Path(os.environ.get("GAZETTE_GOVUK_CONTENT", Path(__file__).parents[3] / "shared" / "govuk-content"))

needs_govuk = pytest.mark.skipif(not (GOVUK / "examples").is_dir(), reason="GOV.UK's content is not there")
both = pytest.mark.parametrize("folder", [OWN, pytest.param(GOVUK, marks=needs_govuk)], ids=["own", "govuk"])


class Read(NamedTuple):
    """A converted folder."""

    conversion: Conversion

    def of(self, source: str) -> ImportedDocument:
        """The document that was made of a file, or of the part of it after `#`."""
        return next(each for each in self.conversion.documents if each.source == source)

    def at(self, path: str) -> list[ImportedDocument]:
        return [each for each in self.conversion.documents if each.document.path == path]


def read(folder: Path) -> Read:
    return Read(importer_conversion.read(folder / "examples", schemas.load(folder / "schemas")))


def item(**changed: Any) -> dict[str, Any]:
    """A content item with all that it must have."""
    return {
        "content_id": "6f1d2c3b-0000-4000-8000-0000000000aa",
        "locale": "en",
        "base_path": "/tides",
        "document_type": "guide",
        "title": "Tides",
    } | changed


def converted(*contents: Mapping[str, Any]) -> Conversion:
    """What is made of items, in files 0.json, 1.json and so on."""
    return importer_conversion.convert([Source(f"{at}.json", dict(content)) for at, content in enumerate(contents)], {})


def details(document: ImportedDocument) -> dict[str, Any]:
    return as_dict(document.document.details)


def as_dict(message: Message) -> dict[str, Any]:
    return MessageToDict(message, preserving_proto_field_name=True)
