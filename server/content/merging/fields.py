"""Three-way merging of what a document says, field by field. Pure; in a process of its own where it may take long."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from gazette.content.v1.merging_pb2 import MergeOrigin
from server.content.documents.words import WORDS, Words
from server.content.merging import values
from server.content.merging.values import Collision, same
from server.rpc.objects import LargeObject, decoded, from_json, loaded
from server.rpc.requests.sizes import MAX_ELEMENTS
from server.rpc.requests.validation import MAX_VALUES
from server.rpc.texts.forms import folded

THEIRS, YOURS, BOTH = MergeOrigin.MERGE_ORIGIN_THEIRS, MergeOrigin.MERGE_ORIGIN_YOURS, MergeOrigin.MERGE_ORIGIN_BOTH
MOST = {"summary": 10_000, "body": 1_000_000, "tags": 100, "attachments": 500}
"""Characters and elements that the contract lets each have."""
MOST_COLLISIONS, MOST_HUNKS = 500, 1_000
"""That are told of one merge."""
MOST_KINDS, MOST_OF_A_KIND = 100, 1_000
"""Kinds of links, and links of one kind."""


class Merge(NamedTuple):
    """What a merge comes to."""

    words: Words
    """What both say; where they collide, what the others say."""
    origins: dict[str, MergeOrigin.ValueType]
    """Who has changed which field."""
    collisions: list[Collision]
    """As many as are told."""
    collision_count: int
    """How many there are."""
    is_theirs: bool
    """Whether the others say all of it already."""


def merge(base: Words, theirs: Words, yours: Words) -> Merge:
    """What both sides made of what they began with. Each is what a revision says; a large object among it stays one."""
    was, their, your = (
        {**each, "details": loaded(each["details"]), "links": loaded(each["links"])} for each in (base, theirs, yours)
    )
    collisions: list[Collision] = []
    words: Words = {}
    for name in ("path", "title"):
        words[name] = values.atom(name, was[name], their[name], your[name], collisions.append)
    words["summary"] = values.text("summary", was["summary"], their["summary"], your["summary"], collisions.append)
    words |= body(was, their, your, collisions)
    words["details"] = values.members("details", was["details"], their["details"], your["details"], collisions.append)
    words["links"] = links(was["links"], their["links"], your["links"], collisions)
    words["tags"] = tags(was["tags"], their["tags"], your["tags"], collisions)
    words["attachments"] = listed("attachments", was["attachments"], their["attachments"], your["attachments"], collisions)
    for name in overflowing(words):
        if same(words[name], their[name]):
            continue
        collisions[:] = [each for each in collisions if field_of(each) != name]
        collisions.append(Collision(name, was[name], their[name], your[name]))
        words[name] = their[name]
    origins = {name: origin for name in WORDS if (origin := origin_of(was[name], their[name], your[name]))}
    is_theirs = all(same(words[name], their[name]) for name in WORDS)
    words |= {"details": kept(words["details"], theirs["details"]), "links": kept(words["links"], theirs["links"])}
    return Merge({name: words[name] for name in WORDS}, origins, told(collisions), len(collisions), is_theirs)


def told(collisions: list[Collision]) -> list[Collision]:
    """As many of them, and of their hunks, as anybody looks at: there may be as many as there are members and lines."""
    result, left = [], MOST_HUNKS
    for each in collisions[:MOST_COLLISIONS]:
        hunks = each.hunks[:left]
        left -= len(hunks)
        result.append(each._replace(hunks=hunks, is_cut=len(hunks) < len(each.hunks)))
    return result


def body(was: Words, their: Words, your: Words, collisions: list[Collision]) -> Words:
    """A body and how it is written belong together: lines of HTML are none of Markdown."""
    sides = was, their, your
    if len({each["body_format"] for each in sides}) == 1:
        text = values.text("body", was["body"], their["body"], your["body"], collisions.append)
        return {"body": text, "body_format": their["body_format"]}
    before, theirs, yours = ({name: each[name] for name in ("body", "body_format")} for each in sides)
    if theirs in (before, yours):
        return yours
    if yours != before:
        collisions.extend(
            Collision(name, before[name], theirs[name], yours[name]) for name in before if theirs[name] != yours[name]
        )
    return theirs


def links(
    was: dict[str, list[str]], their: dict[str, list[str]], your: dict[str, list[str]], collisions: list[Collision]
) -> dict[str, list[str]]:
    result = {}
    for kind in dict.fromkeys((*their, *your)):
        before, theirs, yours = (each.get(kind, []) for each in (was, their, your))
        keys = listed(f"links.{kind}", before, theirs, yours, collisions)
        if keys or (kind in their and (kind in your or kind not in was)) or (kind in your and kind not in was):
            result[kind] = keys
    return result


def tags(was: list[str], their: list[str], your: list[str], collisions: list[Collision]) -> list[str]:
    """Two that differ in capitals alone, say, are one word: as they write it who have changed how it is written."""
    began, theirs, yours = ({folded(each): each for each in side} for side in (was, their, your))
    spelling = {**began, **yours, **{word: each for word, each in theirs.items() if each != began.get(word)}}
    order = values.ordered([*began], [*theirs], [*yours])
    if order is None:
        collisions.append(Collision("tags", was, their, your))
        return their
    return [spelling[word] for word in order]


def listed(field: str, was: list[Any], their: list[Any], your: list[Any], collisions: list[Collision]) -> list[Any]:
    result = values.ordered(was, their, your)
    if result is None:
        collisions.append(Collision(field, was, their, your))
        return their
    return result


def overflowing(words: Words) -> Iterator[str]:
    """The fields that would have more than the contract lets them: what both say does not fit."""
    yield from [name for name, most in MOST.items() if len(words[name]) > most]
    sizes = [*map(len, words["links"].values())]
    elements = sum(sizes) + len(words["tags"]) + len(words["attachments"])
    if len(sizes) > MOST_KINDS or max(sizes, default=0) > MOST_OF_A_KIND or elements > MAX_ELEMENTS:
        yield "links"
    if values.count(words["details"], MAX_VALUES) > MAX_VALUES:
        yield "details"


def field_of(collision: Collision) -> str:
    """The field in which something collides."""
    return collision.field.partition(".")[0].partition("[")[0]


def origin_of(was: Any, their: Any, your: Any) -> MergeOrigin.ValueType | None:
    if same(their, was):
        return None if same(your, was) else YOURS
    return THEIRS if same(your, was) else BOTH


def kept(value: dict[str, Any], theirs: Any) -> Any:
    """As it is stored: an object that holds much stays text and bytes."""
    if isinstance(theirs, LargeObject) and same(value, loaded(theirs)) and theirs.struct:
        return theirs
    text = json.dumps(value)
    return from_json(value, text) if isinstance(decoded(text), LargeObject) else value
