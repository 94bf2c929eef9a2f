"""Content types for document types, with the JSON Schemas of GOV.UK's details where there are any.

The schemas are those that publishing applications must satisfy. What the content API answers differs from them in two ways, and
they are relaxed by just that: of several renditions of a text it gives the HTML alone, and it calls any reference a `uri`. What
documents of the source break nevertheless is not asked of others either: that content type goes without a schema.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jsonschema_rs
from google.protobuf.json_format import MessageToDict

from gazette.content.v1.content_type_pb2 import ContentType
from gazette.content.v1.document_import_pb2 import ImportedDocument
from server.importer.govuk import markup
from server.importer.govuk.documents import EMBEDDED, REMAINDER
from server.importer.govuk.items import Item
from server.importer.sources import JSON, Refused, read

BODY = "body"
DIALECT = "http://json-schema.org/draft-07/schema#"
"""Has `if`, which the schemas' own draft 4 lacks; all that they use it reads as draft 4 does."""
PATTERNS = jsonschema_rs.RegexOptions()
"""The engine that the server uses too."""


@dataclass
class Kind:
    """What is known of a content type to be."""

    name: str
    complete: list[tuple[str, JSON]] = field(default_factory=list)
    """The sources of its documents that are more than embedded, with the details that a schema is to speak of."""
    schema_names: dict[str, None] = field(default_factory=dict)
    embedded_schema_names: dict[str, None] = field(default_factory=dict)
    html_members: set[str] = field(default_factory=set)

    def add(self, item: Item, document: ImportedDocument) -> None:
        details = MessageToDict(document.document.details)
        self.html_members.update(markup.observed(details))
        if item.is_embedded:
            self.embedded_schema_names[item.schema_name] = None
        else:
            self.schema_names[item.schema_name] = None
            body = document.document.body
            self.complete.append((item.source, {**details, BODY: body} if body else details))


def load(directory: Path | None) -> dict[str, JSON]:
    """Schemas by name, from `<name>.json`. Raises Refused."""
    if directory is None:
        return {}
    result = {}
    for file in sorted(directory.glob("*.json")):
        try:
            result[file.stem] = read(file)
        except Refused as refused:
            raise Refused(f"{file.name} {refused}") from None
    return result


def content_types(
    documents: Iterable[tuple[Item, ImportedDocument]], schemas: Mapping[str, JSON]
) -> tuple[list[ContentType], list[str]]:
    """A content type for each that the documents name, by name; and notes on what went without its schema, for people."""
    kinds: dict[str, Kind] = {}
    for item, document in documents:
        kinds.setdefault(item.content_type, Kind(item.content_type)).add(item, document)
    notes: list[str] = []
    return [content_type(kinds[name], schemas, notes) for name in sorted(kinds)], notes


def content_type(kind: Kind, schemas: Mapping[str, JSON], notes: list[str]) -> ContentType:
    names = kind.schema_names or kind.embedded_schema_names
    own = [schemas[name] for name in names if name in schemas]
    result = ContentType(name=kind.name, title=kind.name.replace("_", " ").capitalize())
    members = kind.html_members.union(*map(markup.declared, own))
    result.html_members.extend(sorted(each for each in members if each != f"/{BODY}" and not each.startswith(f"/{BODY}/")))
    if own and len(own) == len(names):
        schema = adapted(own)
        broken = first_error(schema, kind.complete)
        if broken:
            notes.append(f"content type {kind.name} is made without a schema: {broken}")
        else:
            result.details_schema.update(schema)
            result.body_member = BODY if any(BODY in each.get("properties", {}) for each in own) else ""
    return result


def adapted(schemas: Sequence[JSON]) -> JSON:
    """One schema that asks for any of these, of documents that are more than embedded."""
    if len(schemas) == 1:
        wanted = relaxed(schemas[0], "#/else/")
    else:
        wanted = {"anyOf": [relaxed(schema, f"#/else/anyOf/{at}/") for at, schema in enumerate(schemas)]}
    marked = {"type": "object", "required": [EMBEDDED], "properties": {EMBEDDED: {"const": True}}}
    is_embedded = {"required": [REMAINDER], "properties": {REMAINDER: marked}}
    return {"$schema": DIALECT, "type": "object", "if": is_embedded, "else": wanted}


def relaxed(schema: JSON, place: str) -> JSON:
    """The schema as a part of another, where `place` is the beginning of its references; it lets the remainder in."""
    result: JSON = rewritten({name: value for name, value in schema.items() if name != "$schema"}, place)
    result.setdefault("properties", {})[REMAINDER] = {"type": "object"}
    return result


def rewritten(node: Any, place: str) -> Any:
    if isinstance(node, list):
        return [rewritten(each, place) for each in node]
    if not isinstance(node, dict):
        return node
    result = {name: rewritten(each, place) for name, each in node.items()}
    reference = node.get("$ref")
    if isinstance(reference, str) and reference.startswith("#/"):
        result["$ref"] = place + reference.removeprefix("#/")
    if node.get("format") == "uri":
        result["format"] = "uri-reference"
    return {"anyOf": [{"type": "string"}, result]} if markup.is_renditions(node) else result


def first_error(schema: JSON, details: Iterable[tuple[str, JSON]]) -> str:
    """Why the schema cannot be used for these; empty if it can."""
    try:
        validator = jsonschema_rs.validator_for(schema, pattern_options=PATTERNS, offline=True, validate_formats=True)
    except (ValueError, jsonschema_rs.ReferencingError) as error:
        return f"it is none that can be used here: {error}".splitlines()[0]
    for source, each in details:
        for broken in validator.iter_errors(each):
            place = "".join(f"/{part}" for part in broken.instance_path)
            return f"{source} does not satisfy it{f' at {place}' if place else ''}: {broken.message[:200]}"
    return ""
