"""What a check may cost, told from its schema; and the way down to what is wrong where nothing else would come to an end."""

from __future__ import annotations

import json
from typing import Any

import pytest

from server.content.checks.costs import Cost, compiling, cost, weight
from server.content.checks.descent import nearest_flaws
from server.content.checks.flaws import Subject, flaws
from tests.content.test_bounds import RIGHT, UNFINISHED, WRONG, builder, columns

SHARED = {"$defs": {"a": {"type": "string", "pattern": "^x"}}, "properties": {"b": {"$ref": "#/$defs/a"}}}


@pytest.mark.parametrize(
    "schema",
    [
        builder(),
        {"$ref": "#"},
        {"properties": {"a": {"$ref": "#/properties/b"}, "b": {"$ref": "#/properties/a"}}},
        {"unevaluatedProperties": False},
        {"properties": {"a": {"$dynamicRef": "#node"}}},
        {"properties": {"a": {"$id": "https://example.gov/a", "$ref": "#/b"}}},
        {"$ref": "https://example.gov/"},
        {"$ref": "#anchor"},
        {"$ref": "#/absent"},
        {"pattern": "\\w{400}"},
        {"pattern": "((a{20}){20}){20}"},
        {"properties": {f"p{at}": {"pattern": "x" * 100} for at in range(50)}},
        {"$ref": "#/$defs/a0", "$defs": {f"a{at}": {"allOf": [{"$ref": f"#/$defs/a{at + 1}"}] * 2} for at in range(40)}},
    ],
)
def test_schemas_without_a_bound(schema: dict[str, Any]) -> None:
    """What refers to itself, explodes, or means something else than it names has no bound that is known."""
    assert cost(schema) is None


def test_schemas_with_a_bound() -> None:
    """Parts are counted as often as they are referred to, and a member may be called as a keyword is."""
    once, twice = cost(SHARED), cost({**SHARED, "additionalProperties": {"$ref": "#/$defs/a"}})
    assert once
    assert twice
    assert (once.patterns, twice.patterns) == (1, 2)
    assert twice.parts > once.parts
    assert cost({"properties": {"id": {"type": "string"}, "pattern": {"type": "string"}, "$ref": {"type": "string"}}})
    assert cost({}) == Cost(1, 0)


def test_patterns() -> None:
    """A pattern costs what it is with its repetitions written out, those of groups more than those of characters."""
    assert compiling("^[a-f0-9]{8}-[a-f0-9]{4}$") < 50
    assert compiling("(ab){50}") > 8 * 49
    assert compiling("\\w") > compiling("aa") * 10


def test_weights() -> None:
    """Values and characters, keys among them."""
    assert weight({"ab": ["cde", 1, {"f": None}]}) == (6, 6)


def nearest(schema: dict[str, Any], details: dict[str, Any], *, is_draft: bool = False) -> dict[str, str]:
    found = nearest_flaws(json.dumps(schema), Subject(details, is_draft=is_draft))
    return {"/".join(map(str, each.place)): each.description for each in found}


LEAF = "blocks/0" + "/children/0" * 7


@pytest.mark.parametrize("choice", ["oneOf", "anyOf"])
@pytest.mark.parametrize("children_first", [False, True])
def test_the_way_down(choice: str, children_first: bool) -> None:
    """What is wrong is named at its place, and what is merely unfinished does not count against a draft."""
    schema = builder(choice, children_first=children_first)
    assert nearest(schema, columns(WRONG, 7)) == {f"{LEAF}/text": '5 is not of type "string"'}
    assert nearest(schema, columns(UNFINISHED, 7)) == {LEAF: '"text" is a required property'}
    assert nearest(schema, columns(UNFINISHED, 7), is_draft=True) == {}


def test_what_is_right_beside_it() -> None:
    """Of many values those are named that are wrong, the first twenty."""
    details = columns(RIGHT, 2)
    details["blocks"] += [RIGHT, WRONG] * 30
    found = nearest(builder(), details)
    assert len(found) == 20
    assert set(found) == {f"blocks/{at}/text" for at in range(2, 42, 2)}


@pytest.mark.parametrize(
    ("schema", "details", "place"),
    [
        ({"allOf": [{"properties": {"a": {"minimum": 5}}}]}, {"a": 1}, "a"),
        ({"if": {"required": ["a"]}, "then": {"required": ["b"]}}, {"a": 1}, ""),
        ({"if": {"required": ["a"]}, "else": {"properties": {"c": {"type": "string"}}}}, {"c": 1}, "c"),
        ({"properties": {"a": {"prefixItems": [{"type": "string"}], "items": {"type": "number"}}}}, {"a": ["x", "y"]}, "a/1"),
        ({"additionalProperties": {"type": "string"}}, {"a/b~": 1}, "a/b~"),
        ({"properties": {"a/b~": {"type": "string"}}}, {"a/b~": 1}, "a/b~"),
        ({"properties": {"a": {}}, "additionalProperties": False}, {"a": 1, "b": 1}, ""),
        ({"patternProperties": {"^a": {"type": "string"}}}, {"ab": 1}, ""),
        ({"properties": {"a": False}}, {"a": 1}, "a"),
        ({"not": {"required": ["a"]}}, {"a": 1}, ""),
        ({"properties": {"a": {"$ref": "#/$defs/b"}}, "$defs": {"b": {"enum": [1]}}}, {"a": 2}, "a"),
        ({"$schema": "http://json-schema.org/draft-07/schema#", "items": [{}], "required": ["x"]}, {}, ""),
    ],
)
def test_all_that_leads_down(schema: dict[str, Any], details: dict[str, Any], place: str) -> None:
    """Each keyword that leads below a value is followed, and where nothing can be said of what is below, the value is named."""
    assert [*nearest(schema, details)] == [place]
    assert {each.place for each in flaws(json.dumps(schema), Subject(details))}, "a validator finds something, too"


def test_a_schema_that_leads_nowhere() -> None:
    """What refers to itself for ever is left, and something is said."""
    schema = {"allOf": [{"$ref": "#"}, {"$ref": "#/allOf/0"}], "required": ["a"]}
    assert nearest(schema, {})
