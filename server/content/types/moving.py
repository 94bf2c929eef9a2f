"""Members of details that a content type calls something else by now: pure functions of details as they were saved.

A revision stays as it was saved. Whoever reads it gets each member where the content type has it, by the moves that came since.
A move that would have to write over something else moves nothing: so nothing is ever erased, and whoever moves back finds all
where it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from gazette.content.v1.content_type_member_pb2 import MemberMove

EVERY = "*"
MOST_IN_ALL = 100
"""Moves of a content type, in all its life: each is made whenever something is read that was saved before it."""

Path = tuple[str, ...]
Stored = Mapping[str, Any]
"""A move as `content_types.moves` has it: `version`, `source`, `target`."""


class Collides(Exception):
    """Something else is where a member is to be."""


class Steps(NamedTuple):
    """A move, taken apart."""

    holders: Path
    """The way to the objects within which something moves: up to the last `*`."""
    source: Path
    target: Path
    """From there."""


class Moved(NamedTuple):
    """What became of details."""

    details: dict[str, Any]
    in_the_way: list[str]
    """The targets at which something else is, so that nothing was moved there."""


@lru_cache(1_000)
def parts_of(pointer: str) -> Path:
    """The reference tokens of a JSON Pointer (RFC 6901 section 4)."""
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])


@lru_cache(1_000)
def steps(source: str, target: str) -> Steps:
    """Raises ValueError if something would move from one element to another."""
    from_parts, to_parts = parts_of(source), parts_of(target)
    shared = 1 + max((at for at, part in enumerate(from_parts) if part == EVERY), default=-1)
    if from_parts[:shared] != to_parts[:shared] or EVERY in to_parts[shared:]:
        raise ValueError("has another `*` than the source, or another way to it")
    if shared in {len(from_parts), len(to_parts)}:
        raise ValueError("names no member: `*` stands last")
    if from_parts == to_parts:
        raise ValueError("is the source")
    return Steps(from_parts[:shared], from_parts[shared:], to_parts[shared:])


def since(moves: Sequence[Stored], version: int | None) -> list[Stored]:
    """Those that came after a version; all of them, for what was saved before versions were kept."""
    return [each for each in moves if each["version"] > (version or 0)]


def moved(details: dict[str, Any], moves: Iterable[Stored]) -> Moved:
    """The details with their members where the moves have them; what was given is left as it is."""
    in_the_way: list[str] = []
    for move in moves:
        way = steps(move["source"], move["target"])

        def change(holder: Any, way: Steps = way, target: str = move["target"]) -> Any:
            try:
                return shifted(holder, way.source, way.target)
            except Collides:
                in_the_way.append(target)
                return holder

        details = within(details, way.holders, change)
    return Moved(details, in_the_way)


def within(value: Any, way: Path, change: Callable[[Any], Any]) -> Any:
    """A JSON value with what the way leads to changed. `*` leads to every element and member, a name to a member."""
    if not way:
        return change(value)
    if isinstance(value, dict):
        return {key: within(each, way[1:], change) if way[0] in {EVERY, key} else each for key, each in value.items()}
    if isinstance(value, list) and way[0] == EVERY:
        return [within(each, way[1:], change) for each in value]
    return value


def shifted(holder: Any, source: Path, target: Path) -> Any:
    """An object with a member elsewhere; as it is if it has none there. Raises Collides."""
    found = [*values_at(holder, source)]
    if not found:
        return holder
    return put(without(holder, source), target, found[0])


def values_at(value: Any, way: Path) -> Iterator[Any]:
    """What is there, through objects, and through arrays where the way says `*`."""
    if not way:
        yield value
    elif isinstance(value, dict):
        for each in value.values() if way[0] == EVERY else [value[way[0]]] if way[0] in value else ():
            yield from values_at(each, way[1:])
    elif isinstance(value, list) and way[0] == EVERY:
        for each in value:
            yield from values_at(each, way[1:])


def without(holder: dict[str, Any], way: Path) -> dict[str, Any]:
    """The object without a member that it has, and without the objects that are left empty by that."""
    first, rest = way[0], way[1:]
    left = without(holder[first], rest) if rest else None
    others = {key: each for key, each in holder.items() if key != first}
    return {**others, first: left} if left else others


def put(holder: dict[str, Any], way: Path, value: Any) -> dict[str, Any]:
    """The object with one more member. Raises Collides."""
    first, rest = way[0], way[1:]
    if not rest:
        if first in holder and not is_same(holder[first], value):
            raise Collides
        return {**holder, first: value}
    inner = holder.get(first, {})
    if not isinstance(inner, dict):
        raise Collides
    return {**holder, first: put(inner, rest, value)}


def is_same(one: Any, other: Any) -> bool:
    """Whether two JSON values are: to Python, true is 1."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(is_same(each, other[key]) for key, each in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(is_same, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def pointers_moved(pointers: Iterable[str], moves: Iterable[MemberMove], *, with_what_is_below: bool = False) -> list[str]:
    """Pointers to members, once the members have moved. One that leads to others as well, by a `*`, stays, too; so does one
    that leads to what is around the source, which stands for the target, too, if it means all `with_what_is_below`."""
    found = [*pointers]
    for move in moves:
        found = [new for each in found for new in pointer_moved(each, move, with_what_is_below=with_what_is_below)]
    return [*dict.fromkeys(found)]


def pointer_moved(pointer: str, move: MemberMove, *, with_what_is_below: bool) -> list[str]:
    parts, source = pointer.split("/")[1:], move.source.split("/")[1:]
    if not all(one == other or EVERY in {one, other} for one, other in zip(parts, source, strict=False)):
        return [pointer]
    if len(parts) < len(source):
        return [pointer, move.target] if with_what_is_below and parts else [pointer]
    there = "/".join([move.target, *parts[len(source) :]])
    return [there] if parts[: len(source)] == source else [pointer, there]
