"""Three-way merging of what JSON holds, and of lists that are sets with an order. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from typing import Any, NamedTuple

from server.content.merging import lines
from server.content.merging.lines import Hunk

NAME = re.compile(r"[A-Za-z0-9_-]+")
KEY = "id"
"""The member by which the elements of an array are told apart, where each has one."""


class Absent(Enum):
    """What a member that is not there has for a value."""

    ABSENT = "absent"


ABSENT = Absent.ABSENT


class Collision(NamedTuple):
    """What two changes of one thing cannot both be."""

    field: str
    base: Any
    theirs: Any
    yours: Any
    hunks: Sequence[Hunk] = ()
    is_cut: bool = False
    """Whether there were more hunks."""


Collide = Callable[[Collision], None]


def same(one: Any, other: Any) -> bool:
    """Whether they are one JSON value. Python would say that true is 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def atom(field: str, base: Any, theirs: Any, yours: Any, collide: Collide) -> Any:
    """What is one thing, and is changed as a whole: theirs where both changed it, each otherwise."""
    if same(theirs, yours) or same(yours, base):
        return theirs
    if not same(theirs, base):
        collide(Collision(field, base, theirs, yours))
        return theirs
    return yours


def text(field: str, base: str, theirs: str, yours: str, collide: Collide) -> str:
    """A text, by its lines."""
    if yours in (theirs, base):
        return theirs
    if theirs == base:
        return yours
    result = lines.merged(base, theirs, yours)
    if result.hunks:
        collide(Collision(field, base, theirs, yours, result.hunks))
    return result.text


def value(field: str, base: Any, theirs: Any, yours: Any, collide: Collide) -> Any:
    """Anything: an object by its members, a text of several lines by these, an array of objects that have ids by these; all
    else is an atom."""
    if same(theirs, yours) or same(yours, base):
        return theirs
    if same(theirs, base):
        return yours
    began = base
    if base is ABSENT and type(theirs) is type(yours):
        began = type(theirs)() if isinstance(theirs, dict | list | str) else base
    sides = (began, theirs, yours)
    if all(isinstance(each, dict) for each in sides):
        return members(field, *sides, collide)
    if all(isinstance(each, str) for each in sides) and any("\n" in each for each in sides):
        return text(field, *sides, collide)
    if all(isinstance(each, list) for each in sides):
        return array(field, base, *sides, collide)
    return atom(field, base, theirs, yours, collide)


def members(
    field: str, base: Mapping[str, Any], theirs: Mapping[str, Any], yours: Mapping[str, Any], collide: Collide
) -> dict[str, Any]:
    """An object, member by member."""
    result = {}
    for name in dict.fromkeys((*theirs, *yours)):
        was, their, your = (each.get(name, ABSENT) for each in (base, theirs, yours))
        if (merged := value(within(field, name), was, their, your, collide)) is not ABSENT:
            result[name] = merged
    return result


def array(field: str, whole: Any, base: list[Any], theirs: list[Any], yours: list[Any], collide: Collide) -> list[Any]:
    """An array whose elements all have ids of their own, by those; any other one as an atom. So is one in which a side has
    taken away what the other has changed, or each has put it into another order."""
    by_id = [keyed(each) for each in (base, theirs, yours)]
    if any(each is None for each in by_id):
        return [*atom(field, whole, theirs, yours, collide)]
    was, their, your = ({} if each is None else each for each in by_id)
    is_lost = any(
        not same(value, was[key])
        for one, other in ((their, your), (your, their))
        for key, value in one.items()
        if key in was and key not in other
    )
    order = None if is_lost else ordered([*was], [*their], [*your])
    if order is None:
        return [*atom(field, whole, theirs, yours, collide)]
    return [
        value(within(field, key), was.get(key, ABSENT), their.get(key, ABSENT), your.get(key, ABSENT), collide) for key in order
    ]


def keyed(elements: Sequence[Any]) -> dict[str, Any] | None:
    """The elements by their ids; None unless each has one of its own."""
    if not all(isinstance(each, dict) and isinstance(each.get(KEY), str) for each in elements):
        return None
    result = {each[KEY]: each for each in elements}
    return result if len(result) == len(elements) else None


def ordered(base: Sequence[Any], theirs: Sequence[Any], yours: Sequence[Any]) -> list[Any] | None:
    """A set that has an order: with what either has added, behind that which stood before it there, and without what either has
    taken away. None where each has put what is left into another order."""
    old, left = {*base}, {*base} & {*theirs} & {*yours}
    orders = [[each for each in side if each in left] for side in (base, theirs, yours)]
    if orders[1] == orders[0]:
        lead, other = yours, theirs
    elif orders[2] in (orders[0], orders[1]):
        lead, other = theirs, yours
    else:
        return None
    result = [each for each in lead if each in left or each not in old]
    before, there = -1, {*result}
    for each in other:
        if each in there:
            before = result.index(each)
        elif each not in old:
            before += 1
            result.insert(before, each)
    return result


def within(field: str, name: str) -> str:
    """The path of a member."""
    return f"{field}.{name}" if NAME.fullmatch(name) else f"{field}[{json.dumps(name, ensure_ascii=False)}]"


def count(value: Any, enough: int) -> int:
    """How many values there are in a JSON value, itself among them; at most a little more than is enough."""
    inner: Iterable[Any] = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    total = 1
    for each in inner:
        total += count(each, enough)
        if total > enough:
            break
    return total
