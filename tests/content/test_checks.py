"""Details against their content type's schema, without a server."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
import pytest_asyncio
from google.rpc import code_pb2

from server.background.processes import Processes
from server.content import failures
from server.content.checks.compiling import compiled
from server.content.checks.details import Schemas

SCHEMA = {
    "$schema": "http://json-schema.org/draft-04/schema#",
    "type": "object",
    "required": ["body", "parts"],
    "additionalProperties": False,
    "properties": {
        "body": {"type": "string", "minLength": 1},
        "email": {"type": "string", "format": "email"},
        "kind": {"enum": ["a", "b"]},
        "count": {"type": "integer", "minimum": 1},
        "parts": {"type": "array", "minItems": 1, "items": {"$ref": "#/definitions/part"}},
        "contact": {"anyOf": [{"type": "object", "required": ["email"]}, {"type": "string"}]},
    },
    "definitions": {
        "part": {"type": "object", "required": ["title"], "properties": {"title": {"type": "string"}}},
    },
}
WHOLE = {"parts": [{"title": "A"}]}


def content_type(schema: dict[str, Any] = SCHEMA, body_member: str = "body", version: int = 1) -> Any:
    return SimpleNamespace(name="guide", version=version, details_schema=schema, body_member=body_member)


@pytest_asyncio.fixture
async def schemas() -> AsyncIterator[Schemas]:
    processes = Processes()
    yield Schemas(processes)
    await processes.close()


async def wrong_now(schemas: Schemas, details: dict[str, Any], body: str = "") -> set[str]:
    """The fields for which a draft cannot be saved."""
    with refusing() as fields:
        await schemas.check_draft(content_type(), details, body)
    return fields


async def wrong_at_last(schemas: Schemas, details: dict[str, Any], body: str = "") -> set[str]:
    """The fields for which a draft cannot be published."""
    with refusing() as fields:
        await schemas.check_complete(content_type(), details, body)
    return fields


@contextmanager
def refusing() -> Iterator[set[str]]:
    fields: set[str] = set()
    try:
        yield fields
    except failures.InvalidDetails as refusal:
        fields.update(violation.field for violation in refusal.violations)


async def test_what_a_refusal_is(schemas: Schemas) -> None:
    """The same reason is INVALID_ARGUMENT when it is the request's fault, FAILED_PRECONDITION when it is the stored draft's."""
    for check, code in (("check_draft", code_pb2.INVALID_ARGUMENT), ("check_complete", code_pb2.FAILED_PRECONDITION)):
        with pytest.raises(failures.InvalidDetails) as caught:
            await getattr(schemas, check)(content_type(), {"count": 0}, "")
        assert (caught.value.code, caught.value.reason) == (code, "INVALID_DETAILS")


async def test_whole_details(schemas: Schemas) -> None:
    """What satisfies the schema can be saved and published; the body counts under its member."""
    assert await wrong_now(schemas, WHOLE, "x") == await wrong_at_last(schemas, WHOLE, "x") == set()


@pytest.mark.parametrize(
    ("details", "body", "fields"),
    [
        ({}, "", {"document.details"}),
        (WHOLE, "", {"document.details"}),
        ({"parts": []}, "x", {"document.details.parts"}),
        ({"parts": [{}]}, "x", {"document.details.parts[0]"}),
        ({**WHOLE, "email": ""}, "x", {"document.details.email"}),
        ({**WHOLE, "kind": ""}, "x", {"document.details.kind"}),
        ({**WHOLE, "contact": {}}, "x", {"document.details.contact"}),
    ],
)
async def test_unfinished_details(schemas: Schemas, details: dict[str, Any], body: str, fields: set[str]) -> None:
    """Work that is not finished can be saved, and is refused at submission and publication, field by field."""
    assert await wrong_now(schemas, details, body) == set()
    assert await wrong_at_last(schemas, details, body) == fields


@pytest.mark.parametrize(
    ("details", "fields"),
    [
        ({"parts": "no list"}, {"document.details.parts"}),
        ({"parts": [{"title": "A"}, {"title": 5}]}, {"document.details.parts[1].title"}),
        ({"email": "not an address"}, {"document.details.email"}),
        ({"kind": "c"}, {"document.details.kind"}),
        ({"count": 0.5}, {"document.details.count"}),
        ({"count": 0}, {"document.details.count"}),
        ({"stranger": 1}, {"document.details"}),
        ({"contact": 5}, {"document.details.contact"}),
    ],
)
async def test_wrong_details(schemas: Schemas, details: dict[str, Any], fields: set[str]) -> None:
    """What no addition can mend is refused at once."""
    assert await wrong_now(schemas, details) == fields


async def test_the_body_is_named(schemas: Schemas) -> None:
    """What is wrong with the body under its member is said of the body."""
    schema = {"properties": {"text": {"maxLength": 3}}}
    with pytest.raises(failures.InvalidDetails) as caught:
        await schemas.check_draft(content_type(schema, "text"), {}, "long")
    assert [violation.field for violation in caught.value.violations] == ["document.body"]


async def test_an_empty_schema_allows_everything(schemas: Schemas) -> None:
    """Without a schema any details are whole."""
    await schemas.check_complete(content_type({}), {"any": ["thing"]}, "")


async def test_a_new_version_is_compiled_anew(schemas: Schemas) -> None:
    """A schema is kept for its version alone."""
    await schemas.check_complete(content_type({"type": "object"}), {}, "")
    with pytest.raises(failures.UnfinishedDetails):
        await schemas.check_complete(content_type({"required": ["a"]}, version=2), {}, "")


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "nonsense"},
        {"properties": []},
        {"required": "a"},
        {"$schema": "http://json-schema.org/draft-03/schema#"},
        {"$schema": "https://example.gov/own"},
        {"$ref": "https://example.gov/schema.json"},
        {"$ref": "file:///etc/passwd"},
        {"properties": {"a": {"$ref": "#/definitions/absent"}}},
        {"properties": {"a": {"pattern": "("}}},
        {"properties": {"a": {"pattern": "(?=a)b"}}},
        {"properties": {"a": {"pattern": "(a{1000}){1000}"}}},
    ],
)
def test_schemas_that_are_none(schema: dict[str, Any]) -> None:
    """What is no JSON Schema, reaches outside of itself, or needs a pattern engine without a bound, is refused."""
    with pytest.raises(failures.InvalidSchema) as caught:
        compiled(schema)
    assert caught.value.reason == "INVALID_SCHEMA"
    assert len(caught.value.message) < 500


@pytest.mark.parametrize(
    "draft",
    [
        "http://json-schema.org/draft-04/schema#",
        "http://json-schema.org/draft-06/schema#",
        "http://json-schema.org/draft-07/schema#",
        "https://json-schema.org/draft/2019-09/schema",
        "https://json-schema.org/draft/2020-12/schema",
    ],
)
def test_drafts(draft: str) -> None:
    """All drafts from 4 to 2020-12 are understood."""
    assert not compiled({"$schema": draft, "type": "object", "required": ["a"]}).is_valid({})


@pytest.mark.parametrize("pattern", ["^(a+)+$", "^(a|a)*$", "^([a-zA-Z]+)*$", "(.*a){20}", "^(\\w+\\s?)*$"])
@pytest.mark.timed
def test_patterns_are_linear(pattern: str) -> None:
    """A pattern that explodes elsewhere takes under 50 ms for 50 KB here (C7)."""
    validator = compiled({"pattern": pattern})
    hostile = "a" * 50_000 + "!"
    start = time.process_time()
    validator.is_valid(hostile)
    assert time.process_time() - start < 0.05


async def test_refusals_are_short(schemas: Schemas) -> None:
    """A refusal names the first twenty problems, and repeats no megabyte of the text that is wrong."""
    with pytest.raises(failures.InvalidDetails) as caught:
        await schemas.check_draft(content_type(), {"parts": [{"title": ["x" * 100_000]}] * 100}, "")
    assert len(caught.value.violations) == 20
    assert len(caught.value.message) < 10_000
