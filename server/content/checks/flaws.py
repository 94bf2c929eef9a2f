"""What is wrong with details, in the words of JSON Schema, and whether more work would mend it.

How long this takes depends on the schema and the details, and both are somebody's: all but what is cheap for certain runs in
other processes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple

from jsonschema_rs import ValidationError, ValidationErrorKind, Validator

from server.content import failures
from server.content.checks.compiling import MAX_DESCRIPTION, compiled
from server.rpc.objects import Object, loaded

MAX_FLAWS = 20
KEPT = 16
"""How many compiled schemas a process keeps."""

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


class Flaw(NamedTuple):
    """One thing that is wrong."""

    place: tuple[str | int, ...]
    description: str
    is_mended_by_writing_on: bool


class Subject(NamedTuple):
    """What is held against a schema, and whether its author may go on with it."""

    details: Object
    body_member: str = ""
    body: str = ""
    is_draft: bool = False

    @property
    def instance(self) -> dict[str, Any]:
        details = loaded(self.details)
        return {**details, self.body_member: self.body} if self.body_member and self.body else details


@lru_cache(KEPT)
def validator(schema: str) -> Validator:
    """Of a schema as JSON. Raises InvalidSchema."""
    return compiled(json.loads(schema))


def is_fit(schema: str, subject: Subject) -> bool:
    """Whether it satisfies the schema."""
    return validator(schema).is_valid(subject.instance)


def flaws(schema: str, subject: Subject) -> list[Flaw]:
    """The first twenty. Of a draft, what no addition can mend."""
    return found(validator(schema), subject)


def found(validator: Validator, subject: Subject) -> list[Flaw]:
    return told(map(flaw, validator.iter_errors(subject.instance)), is_draft=subject.is_draft)


def told(flaws: Iterable[Flaw], *, is_draft: bool) -> list[Flaw]:
    return [*islice((each for each in flaws if not (is_draft and each.is_mended_by_writing_on)), MAX_FLAWS)]


def flaw(error: ValidationError) -> Flaw:
    return Flaw(tuple(error.instance_path), error.message[:MAX_DESCRIPTION], is_mended_by_writing_on(error))


def is_mended_by_writing_on(error: ValidationError) -> bool:
    """Whether the details could be right if only more were written."""
    kind = error.kind
    if isinstance(kind, MENDED_BY_ADDING) or (isinstance(kind, MENDED_BY_FILLING) and error.instance == ""):
        return True
    if isinstance(kind, ValidationErrorKind.AnyOf | ValidationErrorKind.OneOfNotValid):
        return any(all(is_mended_by_writing_on(each) for each in alternative) for alternative in kind.context)
    return False


def why_not(schema: str) -> str | None:
    """Why something is no schema that a content type can be given; None if it is one. Empty details are held against it, since
    a schema of a few lines can be work for years, whatever it is about."""
    try:
        compiled(json.loads(schema), is_new=True).is_valid({})
    except failures.InvalidSchema as failure:
        return failure.violations[0].description
    return None
