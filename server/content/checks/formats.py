"""Formats (JSON Schema 2020-12, section 7.3), which are asserted in schemas of every draft, and of none that is named.

The drafts differ in which formats they name. An author who writes `uuid` means that the value is one, in draft 4 too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from jsonschema_rs import Draft202012Validator

ADDED = (
    "duration", "idn-hostname", "iri", "iri-reference", "json-pointer", "relative-json-pointer", "uri-reference",
    "uri-template", "uuid",
)  # fmt: skip
"""Formats that one of the drafts 4 to 7 does not name."""
NAMING_ALL = ("2019-09", "2020-12")
"""Drafts that name all."""

Check = Callable[[str], bool]


def formats_beside(schema: Mapping[str, Any]) -> dict[str, Check] | None:
    """What the schema's draft is to be given beside the formats of its own."""
    draft = schema.get("$schema")
    if not isinstance(draft, str) or any(each in draft for each in NAMING_ALL):
        return None
    return added()


@cache
def added() -> dict[str, Check]:
    return {name: Draft202012Validator({"format": name}, validate_formats=True).is_valid for name in ADDED}
