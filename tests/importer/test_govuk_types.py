"""GOV.UK's own schemas (draft 4) as content types, unrelaxed, and what its documents are judged to be by them."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator  # type: ignore[import-untyped]

from server.content.checks.flaws import why_not
from server.content.types.judging import Saved, Terms, verdict
from tests.importer.sources import GOVUK, needs_govuk

NAMES = sorted(path.stem for path in (GOVUK / "schemas").glob("*.json"))


def schema_of(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((GOVUK / "schemas" / f"{name}.json").read_text())
    return found


def documents(name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The details of its examples, and what each becomes with one member gone, and with one that is of another kind."""
    for path in sorted((GOVUK / "examples" / name).glob("*.json")):
        details = json.loads(path.read_text()).get("details", {})
        yield path.name, details
        for member, value in details.items():
            yield f"{path.name} without {member}", {key: each for key, each in details.items() if key != member}
            yield f"{path.name} with another {member}", {**details, member: 5 if not isinstance(value, int) else {}}
        yield f"{path.name} with more", {**details, "nobody_knows": 1}


def without_formats(value: Any, *, is_named: bool = False) -> Any:
    """The schema without `format`, which we assert, and draft 4 leaves open."""
    if isinstance(value, dict):
        kept = {key: each for key, each in value.items() if is_named or key != "format" or not isinstance(each, str)}
        return {key: without_formats(each, is_named=not is_named and key == "properties") for key, each in kept.items()}
    return [without_formats(each) for each in value] if isinstance(value, list) else value


@needs_govuk
@pytest.mark.parametrize("name", NAMES)
def test_its_documents_are_judged_as_the_standard_has_it(name: str) -> None:
    """Each of GOV.UK's schemas is taken as it is, and its documents, as they are and spoiled in many ways, are right and wrong
    as another implementation of JSON Schema finds them (C39)."""
    schema = schema_of(name)
    assert why_not(json.dumps(schema)) is None
    plain = without_formats(copy.deepcopy(schema))
    terms, other = Terms(json.dumps(plain), "", []), Draft4Validator(plain)
    judged = 0
    for what, details in documents(name):
        saved = Saved(json.dumps(details), 1, "", is_draft=False, size_bytes=0)
        found = verdict(terms, Terms("", "", []), saved)
        assert (found is None) == other.is_valid(details), (what, found)
        judged += 1
    assert judged or not [*Path(GOVUK / "examples" / name).glob("*.json")]
