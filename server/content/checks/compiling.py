"""JSON Schemas (drafts 4 to 2020-12), compiled."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
from jsonschema_rs import Validator

from server.content import failures
from server.content.checks.formats import formats_beside

MAX_DESCRIPTION = 300
PATTERNS = jsonschema_rs.RegexOptions()
"""The engine whose time is linear in its input. It refuses look-around and back-references."""


OPTIONS: dict[str, Any] = {"pattern_options": PATTERNS, "offline": True, "validate_formats": True}
UNKNOWN_FORMAT = "Unknown format"
"""What the compiler's message begins with."""


def compiled(schema: dict[str, Any], *, is_new: bool = False) -> Validator:
    """Raises InvalidSchema, for a schema that refers to anything outside of itself too: nothing is ever fetched. One that
    `is_new` may name no format that nothing checks; what was stored before that was so is used as it is."""
    try:
        return jsonschema_rs.validator_for(schema, **OPTIONS, formats=formats_beside(schema), ignore_unknown_formats=not is_new)
    except (ValueError, jsonschema_rs.ReferencingError) as error:
        place = "".join(f"/{part}" for part in getattr(error, "instance_path", ()))
        text = getattr(error, "message", str(error))
        if text.startswith(UNKNOWN_FORMAT):
            text = f"names a format that nothing checks: {getattr(error, 'instance', '')!r}"
        raise failures.InvalidSchema(f"is not a JSON Schema that can be used here: {place} {text}"[:MAX_DESCRIPTION]) from None
