"""Moves of members, as pure functions."""

from __future__ import annotations

from typing import Any

import pytest

from gazette.content.v1.content_type_member_pb2 import MemberMove
from server.content.types import judging
from server.content.types.judging import Saved, Terms, verdict
from server.content.types.moving import moved, pointers_moved, since, steps
from server.rpc.requests import validation


def move(source: str, target: str, version: int = 2) -> dict[str, Any]:
    return {"version": version, "source": source, "target": target}


@pytest.mark.parametrize(
    ("source", "target", "before", "after"),
    [
        ("/a", "/b", {"a": 1, "c": 2}, {"b": 1, "c": 2}),
        ("/a", "/b", {"c": 2}, {"c": 2}),
        ("/a", "/b", {"a": None}, {"b": None}),
        ("/a", "/b/c", {"a": 1}, {"b": {"c": 1}}),
        ("/a", "/b/c", {"a": 1, "b": {"d": 2}}, {"b": {"c": 1, "d": 2}}),
        ("/b/c", "/a", {"b": {"c": 1}}, {"a": 1}),
        ("/b/c", "/a", {"b": {"c": 1, "d": 2}}, {"a": 1, "b": {"d": 2}}),
        ("/a", "/a/b", {"a": 1}, {"a": {"b": 1}}),
        ("/a/b", "/a", {"a": {"b": 1}}, {"a": 1}),
        ("/a", "/b", {"a": [1], "b": [1]}, {"b": [1]}),
        ("/p/*/a", "/p/*/b", {"p": [{"a": 1}, {}, {"a": 2}, 3]}, {"p": [{"b": 1}, {}, {"b": 2}, 3]}),
        ("/p/*/a", "/p/*/b", {"p": {"x": {"a": 1}}}, {"p": {"x": {"b": 1}}}),
        ("/p/*/q/*/a", "/p/*/q/*/b/c", {"p": [{"q": [{"a": 1}]}]}, {"p": [{"q": [{"b": {"c": 1}}]}]}),
        ("/p", "/q", {"p": [{"a": 1}]}, {"q": [{"a": 1}]}),
        ("/a~1b", "/a~0b", {"a/b": 1}, {"a~b": 1}),
        ("/0", "/1", {"0": 1}, {"1": 1}),
        ("/p/0", "/p/1", {"p": ["x"]}, {"p": ["x"]}),
    ],
)
def test_a_member_is_elsewhere(source: str, target: str, before: dict[str, Any], after: dict[str, Any]) -> None:
    """A move takes a member to where it is to be, makes and clears the objects on the way, and changes nothing else."""
    given = repr(before)
    assert moved(before, [move(source, target)]) == (after, [])
    assert repr(before) == given


@pytest.mark.parametrize(
    ("source", "target", "details"),
    [
        ("/a", "/b", {"a": 1, "b": 2}),
        ("/a", "/b", {"a": 1, "b": True}),
        ("/a", "/b", {"a": 1, "b": None}),
        ("/a", "/b/c", {"a": 1, "b": "text"}),
        ("/a/b", "/a", {"a": {"b": 1, "c": 2}}),
    ],
)
def test_what_is_in_the_way_stays(source: str, target: str, details: dict[str, Any]) -> None:
    """Where something else is already, nothing is moved, and that is told."""
    assert moved(details, [move(source, target)]) == (details, [target])


def test_moving_back_finds_all() -> None:
    """A move and its way back leave all as it was, whatever else is there."""
    details = {"a": {"b": [1, {"c": None}]}, "d": 2}
    there = [move("/a/b", "/x/y"), move("/d", "/a")]
    back = [move("/a", "/d"), move("/x/y", "/a/b")]
    assert moved(details, [*there, *back]) == (details, [])
    assert moved(details, there).details == {"x": {"y": [1, {"c": None}]}, "a": 2}


def test_only_moves_that_came_later() -> None:
    """What was saved by a version has the names of that; what was saved before versions were kept is behind all."""
    moves = [move("/a", "/b", 2), move("/b", "/c", 5)]
    assert [[each["version"] for each in since(moves, version)] for version in (None, 1, 2, 4, 5, 9)] == [
        [2, 5], [2, 5], [5], [5], [], [],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("/a", "/a"),
        ("/p/*/a", "/p/b"),
        ("/p/a", "/p/*/b"),
        ("/p/*/a", "/q/*/a"),
        ("/p/*", "/p/*/a"),
        ("/p/*/q/*/a", "/p/*/q/a"),
    ],
)
def test_nothing_moves_between_elements(source: str, target: str) -> None:
    """A move from one element to another, or of elements themselves, is none."""
    with pytest.raises(ValueError, match=r"source|member"):
        steps(source, target)


@pytest.mark.parametrize(
    ("pointers", "source", "target", "html", "all_below"),
    [
        (["/a"], "/a", "/b", ["/b"], ["/b"]),
        (["/a/x", "/ab"], "/a", "/b", ["/b/x", "/ab"], ["/b/x", "/ab"]),
        (["/*"], "/a", "/b/c", ["/*", "/b/c"], ["/*", "/b/c"]),
        (["/p/*/a"], "/p/*/a", "/p/*/b", ["/p/*/b"], ["/p/*/b"]),
        (["/p/*/a/x"], "/p", "/q", ["/q/*/a/x"], ["/q/*/a/x"]),
        (["/a"], "/a/x", "/b", ["/a"], ["/a", "/b"]),
    ],
)
def test_pointers_move_along(pointers: list[str], source: str, target: str, html: list[str], all_below: list[str]) -> None:
    """What leads to a member leads to where it has moved; a permission for an object holds for what moves out of it."""
    moves = [MemberMove(source=source, target=target)]
    assert pointers_moved(pointers, moves) == html
    assert pointers_moved(pointers, moves, with_what_is_below=True) == all_below


def test_what_cannot_be_moved() -> None:
    """What would nest too deep after a move is as unmovable as what collides; what breaks a schema alone is not."""
    assert judging.MAX_NESTING == validation.MAX_NESTING
    deep: Any = 1
    for _ in range(judging.MAX_NESTING - 1):
        deep = {"x": deep}
    moves = [move("/a", "/b/c/d")]
    before = Terms("", "", [])
    nested = verdict(Terms("", "", moves), before, saved({"a": deep}))
    assert nested
    assert (nested.is_unmovable, [each.description for each in nested.flaws]) == (True, [judging.TOO_DEEP])
    collides = verdict(Terms("", "", moves), before, saved({"a": 1, "b": 2}))
    assert collides
    assert (collides.is_unmovable, collides.is_already, collides.flaws[0].place) == (True, False, ("b", "c", "d"))
    forbids = verdict(Terms('{"additionalProperties": false}', "", moves), before, saved({"a": 1}))
    assert forbids
    assert (forbids.is_unmovable, forbids.is_already) == (False, False)
    assert verdict(Terms("", "", moves), before, saved({"a": 1})) is None


def saved(details: dict[str, Any]) -> Saved:
    import json

    return Saved(json.dumps(details), 1, "", is_draft=False, size_bytes=1_000)
