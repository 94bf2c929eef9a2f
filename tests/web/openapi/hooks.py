"""What Schemathesis is not to ask. The document says how to write; the server reads what protobuf's own writers write, too.

An enum's number is taken for its name, and `null` for a member that is not there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import schemathesis

DOCUMENT = json.loads(Path(__file__).resolve().parents[3].joinpath("docs/openapi.json").read_text())


OPERATIONS = {f"{verb.upper()} {path}": each for path, verbs in DOCUMENT["paths"].items() for verb, each in verbs.items()}
"""As Schemathesis calls them."""


@schemathesis.hook
def filter_case(_context: schemathesis.HookContext, case: schemathesis.Case) -> bool:
    return not (has_null(case.body) or has_number_of_an_enum(case))


def has_null(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(has_null, value.values()))
    return any(map(has_null, value)) if isinstance(value, list) else value is None


def has_number_of_an_enum(case: schemathesis.Case) -> bool:
    operation = OPERATIONS[case.operation.label]
    asked = {each["name"]: each["schema"] for each in operation["parameters"] if each.get("in") == "query"}
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    return is_numbered(case.query, {"properties": asked}) or is_numbered(case.body, body)


def is_numbered(value: Any, schema: Mapping[str, Any]) -> bool:
    """Whether a number stands for a value of an enum, wherever in what the schema describes."""
    if "$ref" in schema:
        return is_numbered(value, DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    if isinstance(value, list):
        return any(is_numbered(each, schema.get("items", schema)) for each in value)
    if isinstance(value, Mapping):
        return any(is_numbered(each, schema.get("properties", {}).get(name, {})) for name, each in value.items())
    return "enum" in schema and str(value).lstrip("-").isdigit()
