"""Where details break a schema whose alternatives are too many to be told: the way down into the likeliest of them.

A page builder's block is one of six kinds and holds further blocks; to say why a block is none of them, a validator says of
each kind why it is not that one, and so on below, six times as much at each step down. Whether it is one is quickly said. So
each step asks that alone, of each part of a value, and goes on into those that are not right; of alternatives, into the one
that the value is likeliest meant to be: the one whose `const` and `type` it has.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple

import jsonschema_rs

from server.content.checks.compiling import OPTIONS
from server.content.checks.flaws import Flaw, Subject, flaw, told
from server.content.checks.formats import formats_beside

MAX_STEPS = 5_000
ALTERNATIVES = ("oneOf", "anyOf")
BELOW = (
    "$ref", "allOf", "oneOf", "anyOf", "not", "if", "then", "else", "$defs", "definitions", "items", "additionalItems",
    "prefixItems", "contains", "propertyNames", "dependencies", "dependentSchemas", "unevaluatedItems", "unevaluatedProperties",
    "$id", "id", "$anchor", "$dynamicAnchor", "$dynamicRef", "$recursiveRef", "$recursiveAnchor",
)  # fmt: skip
"""Keywords that a value's own flaws are found without."""
UNKNOWN = "is not what the schema asks for here"
UNLIKELY = 10
"""How much less likely an alternative is whose `const`, `enum` or `type` the value has not."""


class Step(NamedTuple):
    """A value, and the place in the schema that it is held against."""

    pointer: str
    value: Any
    place: tuple[str | int, ...]


def nearest_flaws(schema: str, subject: Subject) -> list[Flaw]:
    """What is wrong with something that does not satisfy the schema, as far as this way of looking tells it."""
    found = [*islice(Descent(json.loads(schema)).flaws(Step("#", subject.instance, ())), MAX_STEPS)]
    return told(found or [Flaw((), UNKNOWN, False)], is_draft=subject.is_draft)


class Descent:
    """One way down."""

    def __init__(self, root: Any) -> None:
        self.root = root
        self.options: dict[str, Any] = {**OPTIONS, "formats": formats_beside(root)}
        self.validators = jsonschema_rs.validator_map_for(root, **self.options)
        self.steps = 0
        self.seen: set[tuple[str, tuple[str | int, ...]]] = set()

    def flaws(self, step: Step) -> Iterator[Flaw]:
        """Of a value that is not as the schema has it there."""
        if (step.pointer, step.place) in self.seen:
            return
        self.seen.add((step.pointer, step.place))
        node = self.node(step.pointer)
        own = self.own(node, step)
        yield from own
        below = [each for each in self.parts(node, step) if not self.is_right(each)]
        below += [self.likeliest(each) for each in self.alternatives(node, step)]
        for each in below:
            yield from self.flaws(each)
        if not own and not below:
            yield Flaw(step.place, UNKNOWN, False)

    def is_right(self, step: Step) -> bool:
        """Whether the value satisfies the schema there. What nobody knows how to look at is taken for right."""
        self.steps += 1
        validator = self.validators.get(step.pointer)
        return self.steps > MAX_STEPS or validator is None or validator.is_valid(step.value)

    def node(self, pointer: str) -> Any:
        found = self.root
        for part in pointer.split("/")[1:]:
            name = part.replace("~1", "/").replace("~0", "~")
            found = found[int(name)] if isinstance(found, list) else found[name]
        return found

    def own(self, node: Any, step: Step) -> list[Flaw]:
        """What is wrong with the value itself, whatever it holds."""
        if not isinstance(node, dict):
            return [Flaw(step.place, "is not allowed here", False)]
        alone = {name: each for name, each in node.items() if name not in BELOW}
        for name in ("properties", "patternProperties"):
            if name in alone:  # what they are called decides what is additional
                alone[name] = {key: {} for key in alone[name]}
        if isinstance(alone.get("additionalProperties"), dict):
            del alone["additionalProperties"]
        if "$schema" in self.root:
            alone["$schema"] = self.root["$schema"]
        shallow = jsonschema_rs.validator_for(alone, **self.options)
        found = [flaw(each) for each in shallow.iter_errors(step.value)]
        return [Flaw((*step.place, *each.place), each.description, each.is_mended_by_writing_on) for each in found]

    def parts(self, node: Any, step: Step) -> Iterator[Step]:
        """All of which have to be right, below the value or of the value itself."""
        if not isinstance(node, dict):
            return
        pointer, value, place = step
        reference = node.get("$ref")
        if isinstance(reference, str) and self.validators.get(reference) is not None:
            yield Step(reference, value, place)
        for at, _ in enumerate(node.get("allOf", ())):
            yield Step(f"{pointer}/allOf/{at}", value, place)
        for name in ("then", "else"):
            condition = Step(f"{pointer}/if", value, place)
            if "if" in node and name in node and self.is_right(condition) == (name == "then"):
                yield Step(f"{pointer}/{name}", value, place)
        if isinstance(value, dict):
            yield from members(node, step)
        elif isinstance(value, list):
            yield from elements(node, step)

    def alternatives(self, node: Any, step: Step) -> Iterator[list[Step]]:
        """Lists of which one has to be right, and none is."""
        for name in ALTERNATIVES if isinstance(node, dict) else ():
            if name in node:
                each = [Step(f"{step.pointer}/{name}/{at}", step.value, step.place) for at, _ in enumerate(node[name])]
                if each and not any(map(self.is_right, each)):
                    yield each

    def likeliest(self, alternatives: list[Step]) -> Step:
        return min(alternatives, key=self.distance)

    def distance(self, step: Step) -> int:
        """How far the value is from what the schema asks for there."""
        node = self.node(step.pointer)
        reference = node.get("$ref") if isinstance(node, dict) else None
        while isinstance(reference, str) and self.validators.get(reference) is not None and self.steps < MAX_STEPS:
            self.steps += 1
            step = step._replace(pointer=reference)
            node = self.node(reference)
            reference = node.get("$ref") if isinstance(node, dict) else None
        far = sum(1 if each.is_mended_by_writing_on else UNLIKELY for each in self.own(node, step))
        for part in self.parts(node, step):
            if not self.is_right(part):
                own = self.node(part.pointer)
                far += UNLIKELY if isinstance(own, dict) and {"const", "enum"} & set(own) else 1
        return far


def members(node: dict[str, Any], step: Step) -> Iterator[Step]:
    pointer, value, place = step
    named = node.get("properties", {})
    for name, each in value.items():
        if name in named:
            escaped = name.replace("~", "~0").replace("/", "~1")
            yield Step(f"{pointer}/properties/{escaped}", each, (*place, name))
        elif isinstance(node.get("additionalProperties"), dict) and "patternProperties" not in node:
            yield Step(f"{pointer}/additionalProperties", each, (*place, name))


def elements(node: dict[str, Any], step: Step) -> Iterator[Step]:
    pointer, value, place = step
    items = node.get("items")
    before = items if isinstance(items, list) else node.get("prefixItems", ())
    keyword = "items" if isinstance(items, list) else "prefixItems"
    for at, each in enumerate(value):
        if at < len(before):
            yield Step(f"{pointer}/{keyword}/{at}", each, (*place, at))
        elif isinstance(items, dict):
            yield Step(f"{pointer}/items", each, (*place, at))
