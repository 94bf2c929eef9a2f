"""Whether details satisfy their content type's JSON Schema (drafts 4 to 2020-12)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jsonschema_rs
from jsonschema_rs import ValidationError, ValidationErrorKind, Validator

from server.content import failures
from server.rpc.failures import Violation
from server.stores.postgres import AnyRow

MAX_VIOLATIONS = 20
MAX_DESCRIPTION = 300

PATTERNS = jsonschema_rs.RegexOptions()
"""The engine whose time is linear in its input. It refuses look-around and back-references."""

MENDED_BY_ADDING = (
    ValidationErrorKind.Required,
    ValidationErrorKind.MinItems,
    ValidationErrorKind.MinLength,
    ValidationErrorKind.MinProperties,
    ValidationErrorKind.Contains,
    ValidationErrorKind.OneOfMultipleValid,
    # A member is unevaluated, too, when the alternative that speaks of it lacks something else.
    ValidationErrorKind.UnevaluatedItems,
    ValidationErrorKind.UnevaluatedProperties,
)
MENDED_BY_FILLING = (
    ValidationErrorKind.Format,
    ValidationErrorKind.Pattern,
    ValidationErrorKind.Enum,
    ValidationErrorKind.Constant,
)


class Schemas:
    """The schemas of content types, compiled once a version."""

    def __init__(self) -> None:
        self.compiled: dict[str, tuple[int, Validator]] = {}

    def check_draft(self, content_type: AnyRow, details: dict[str, Any], body: str) -> None:
        """Raises InvalidDetails for what no addition can mend: work that is not finished can be saved."""
        wrong = [error for error in self.errors(content_type, details, body) if not is_mended_by_writing_on(error)]
        if wrong:
            raise failures.InvalidDetails(*violations(wrong, content_type.body_member))

    def check_complete(self, content_type: AnyRow, details: dict[str, Any], body: str) -> None:
        """Raises UnfinishedDetails."""
        if wrong := self.errors(content_type, details, body):
            raise failures.UnfinishedDetails(*violations(wrong, content_type.body_member))

    def errors(self, content_type: AnyRow, details: dict[str, Any], body: str) -> Sequence[ValidationError]:
        if not content_type.details_schema:
            return ()
        is_body_meant = bool(content_type.body_member and body)
        instance = {**details, content_type.body_member: body} if is_body_meant else details
        return [*self.validator(content_type).iter_errors(instance)]

    def validator(self, content_type: AnyRow) -> Validator:
        version, validator = self.compiled.get(content_type.name, (0, None))
        if validator is None or version != content_type.version:
            validator = compiled(content_type.details_schema)
            self.compiled[content_type.name] = (content_type.version, validator)
        return validator


def compiled(schema: dict[str, Any]) -> Validator:
    """Raises InvalidSchema, for a schema that refers to anything outside of itself too: nothing is ever fetched."""
    try:
        return jsonschema_rs.validator_for(schema, pattern_options=PATTERNS, offline=True)
    except (ValueError, jsonschema_rs.ReferencingError) as error:
        place = "".join(f"/{part}" for part in getattr(error, "instance_path", ()))
        text = getattr(error, "message", str(error))
        raise failures.InvalidSchema(f"is not a JSON Schema that can be used here: {place} {text}"[:MAX_DESCRIPTION]) from None


def is_mended_by_writing_on(error: ValidationError) -> bool:
    """Whether the details could be right if only more were written."""
    kind = error.kind
    if isinstance(kind, MENDED_BY_ADDING) or (isinstance(kind, MENDED_BY_FILLING) and error.instance == ""):
        return True
    if isinstance(kind, ValidationErrorKind.AnyOf | ValidationErrorKind.OneOfNotValid):
        return any(all(is_mended_by_writing_on(each) for each in alternative) for alternative in kind.context)
    return False


def violations(errors: Sequence[ValidationError], body_member: str) -> list[Violation]:
    first = errors[:MAX_VIOLATIONS]
    return [Violation(field_path(each.instance_path, body_member), each.message[:MAX_DESCRIPTION]) for each in first]


def field_path(place: Sequence[str | int], body_member: str) -> str:
    """`document.details.parts[0].title`; `document.body` for the member that stands for the body."""
    if body_member and place[:1] == [body_member]:
        return "document.body"
    return "document.details" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
