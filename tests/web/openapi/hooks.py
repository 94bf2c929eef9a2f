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


def enums(operation: Mapping[str, Any]) -> set[str]:
    """The query's parameters that are enums, or lists of them: no other schema of a parameter has a name."""
    known = {each["name"]: each["schema"] for each in operation["parameters"] if each.get("in") == "query"}
    return {name for name, schema in known.items() if "$ref" in schema.get("items", schema)}


ENUMS = {f"{verb.upper()} {path}": enums(each) for path, verbs in DOCUMENT["paths"].items() for verb, each in verbs.items()}
"""By operation, as Schemathesis calls it."""


@schemathesis.hook
def filter_case(_context: schemathesis.HookContext, case: schemathesis.Case) -> bool:
    return not (has_null(case.body) or has_number_of_an_enum(case))


def has_null(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(has_null, value.values()))
    return any(map(has_null, value)) if isinstance(value, list) else value is None


def has_number_of_an_enum(case: schemathesis.Case) -> bool:
    return any(is_number(given) for name, given in (case.query or {}).items() if name in ENUMS[case.operation.label])


def is_number(given: Any) -> bool:
    return any(map(is_number, given)) if isinstance(given, list) else str(given).lstrip("-").isdigit()
