"""Three-way merging, for any texts and any values: nothing that either side wrote is lost unless it is named."""

from __future__ import annotations

import random
import re
import uuid
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.content.comparing.sequences import Budget, short_way
from server.content.documents.words import WORDS, Words
from server.content.merging import lines, rules, values
from server.content.merging.fields import BOTH, MOST_COLLISIONS, MOST_HUNKS, THEIRS, YOURS, merge
from server.content.merging.values import ABSENT, Collision, same
from server.rpc.objects import LargeObject, from_json, loaded
from tests.soak import rounds

LINES = st.lists(st.sampled_from(["a", "b", "c", "", "x", "y"]), max_size=12).map("\n".join)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from(["", "a", "a\nb", "b\na"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abcd"), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.sampled_from("abcd"), JSON, max_size=4)
SETS = st.lists(st.integers(0, 6), unique=True, max_size=6)


@st.composite
def edited(draw: Any) -> tuple[str, str, str]:
    """A text, and what two people have made of it, each line that they add being unlike any other."""
    base = draw(st.lists(st.sampled_from(["", "p", "q", "r"]), min_size=1, max_size=10))
    sides = []
    for name in "ty":
        side: list[str] = []
        for at, line in enumerate(base):
            match draw(st.sampled_from(["keep", "keep", "keep", "drop", "change", "add"])):
                case "keep":
                    side.append(line)
                case "change":
                    side.append(f"{name}{at}-changed")
                case "add":
                    side += [line, f"{name}{at}-added"]
        sides.append("\n".join(side))
    theirs, yours = sides
    return "\n".join(base), theirs, yours


def words_in(text: str) -> Counter[str]:
    return Counter(re.findall(r"[\w-]+", text))


@given(edited())
@settings(max_examples=400, deadline=None)
def test_no_line_of_either_side_is_lost(texts: tuple[str, str, str]) -> None:
    """Each line that a side has added is in the merged text, or named as colliding (I10)."""
    base, theirs, yours = texts
    merged = lines.merged(base, theirs, yours)
    named = "\n".join(hunk.yours for hunk in merged.hunks)
    assert not {line for line in theirs.split("\n") if line.startswith("t")} - {*merged.text.split("\n")}
    assert not {line for line in yours.split("\n") if line.startswith("y")} - {*merged.text.split("\n"), *named.split("\n")}
    assert words_in(merged.text) <= words_in(base) | words_in(theirs) | words_in(yours) | words_in(theirs + "\n" + yours)
    assert all(not line.startswith(("<<<<", "====", ">>>>")) for line in merged.text.split("\n"))


@given(LINES, LINES, LINES)
@settings(max_examples=400, deadline=None)
def test_texts(base: str, theirs: str, yours: str) -> None:
    """Whoever changes nothing changes nothing; who change alike do not collide; and it is the same from both sides."""
    assert lines.merged(base, theirs, base) == (theirs, [])
    assert lines.merged(base, base, yours) == (yours, [])
    assert lines.merged(base, theirs, theirs) == (theirs, [])
    one, other = lines.merged(base, theirs, yours), lines.merged(base, yours, theirs)
    assert bool(one.hunks) == bool(other.hunks)
    if not one.hunks:
        assert one.text == other.text
    for hunk in one.hunks:
        assert len({hunk.base, hunk.theirs, hunk.yours}) == 3
        said = hunk.theirs.split("\n")[:-1]
        begin = hunk.merged_line - 1
        assert one.text.split("\n")[begin : begin + len(said)] == said


@given(st.lists(st.sampled_from("abc"), max_size=12), st.lists(st.sampled_from("abcd"), max_size=12))
@settings(max_examples=300, deadline=None)
def test_partners(one: list[str], other: list[str]) -> None:
    """Lines that are held to be the same are so, and in the same order in both texts."""
    found = lines.partners(one, other)
    pairs = [(at, place) for at, place in enumerate(found) if place >= 0]
    assert all(one[at] == other[place] for at, place in pairs)
    assert [place for _, place in pairs] == sorted({place for _, place in pairs})
    if one == other:
        assert found == [*range(len(one))]


@given(st.lists(st.sampled_from("abc"), max_size=10), st.lists(st.sampled_from("abc"), max_size=10))
@settings(max_examples=300, deadline=None)
def test_the_shortest_way(one: list[str], other: list[str]) -> None:
    """Of lines that are not unique as many are kept as can be."""
    found = short_way(one, 0, len(one), other, 0, len(other), Budget())
    assert len(found) == longest_common(one, other)


def longest_common(one: Sequence[str], other: Sequence[str]) -> int:
    lengths = [0] * (len(other) + 1)
    for each in one:
        before = 0
        for at, line in enumerate(other, 1):
            before, lengths[at] = lengths[at], before + 1 if each == line else max(lengths[at], lengths[at - 1])
    return lengths[-1]


def test_what_takes_too_long_collides() -> None:
    """Texts that could be compared for hours are not: what is left uncompared collides, and nothing is lost."""
    base = "\n".join(["a", "b"] * 20_000)
    theirs, yours = "\n".join(["b", "b", "a"] * 15_000), "\n".join(["a", "a", "b"] * 15_000)
    merged = lines.merged(base, theirs, yours)
    assert merged.text.count("\n") <= theirs.count("\n") + base.count("\n")
    assert sum(hunk.yours.count("\n") for hunk in merged.hunks) > 0


def collected(call: Any, *sides: Any) -> tuple[Any, list[Collision]]:
    found: list[Collision] = []
    return call(*sides, found.append), found


@given(OBJECTS, OBJECTS, OBJECTS)
@settings(max_examples=400, deadline=None)
def test_objects(base: dict[str, Any], theirs: dict[str, Any], yours: dict[str, Any]) -> None:
    """The same of objects: and each member that both have changed otherwise is named, with all three versions, once."""

    def merged(*sides: Any) -> tuple[Any, list[Collision]]:
        return collected(lambda *each: values.members("details", *each), *sides)

    assert same(merged(base, theirs, base)[0], theirs)
    assert same(merged(base, base, yours)[0], yours)
    assert same(merged(base, theirs, theirs)[0], theirs)
    assert not merged(base, theirs, base)[1] + merged(base, base, yours)[1] + merged(base, theirs, theirs)[1]
    one, found = merged(base, theirs, yours)
    other, found_other = merged(base, yours, theirs)
    assert {each.field for each in found} == {each.field for each in found_other}
    assert len({each.field for each in found}) == len(found)
    if not found:
        assert same(one, other)
    for each in found:
        assert not same(each.base, each.theirs)
        assert not same(each.base, each.yours)
        assert not same(each.theirs, each.yours)


@given(SETS, SETS, SETS)
@settings(max_examples=400, deadline=None)
def test_sets_with_an_order(base: list[int], theirs: list[int], yours: list[int]) -> None:
    """Of a set everything is there that either has added, and nothing that either has taken away; each side's order holds where
    the other has not changed it."""
    assert values.ordered(base, theirs, base) == theirs
    assert values.ordered(base, base, yours) == yours
    assert values.ordered(base, theirs, theirs) == theirs
    merged, other = values.ordered(base, theirs, yours), values.ordered(base, yours, theirs)
    assert (merged is None) == (other is None)
    if merged is None or other is None:
        return
    old = {*base}
    expected = ({*theirs} - old) | ({*yours} - old) | (old & {*theirs} & {*yours})
    assert ({*merged}, len(merged)) == (expected, len(expected))
    assert {*merged} == {*other}


@given(JSON, JSON)
@settings(max_examples=200, deadline=None)
def test_what_is_the_same(one: Any, other: Any) -> None:
    """True is not 1, and what is the same is so both ways."""
    assert same(one, one)
    assert same(one, other) == same(other, one)
    assert not same(True, 1)
    assert not same([0], [False])
    assert not same({"a": None}, {})


def words(**changed: Any) -> Words:
    said: Words = dict.fromkeys(WORDS, "") | {"path": "/a", "title": "A", "body_format": 1, "details": {}, "links": {}}
    return said | {"tags": [], "attachments": []} | changed


def test_whose_is_what() -> None:
    """A merge says who has changed which field, and whether there is anything to be saved."""
    base = words(title="A", summary="s", tags=["a"])
    merged = merge(
        base, words(title="B", summary="t", tags=["a", "b"]), words(title="A", summary="t", tags=["a", "c"], path="/b")
    )
    assert merged.origins == {"path": YOURS, "title": THEIRS, "summary": BOTH, "tags": BOTH}
    assert (merged.words["title"], merged.words["path"], merged.words["tags"]) == ("B", "/b", ["a", "b", "c"])
    assert (merged.is_theirs, merged.collisions) == (False, [])
    assert merge(base, words(title="B"), words(title="B")).is_theirs


def test_tags_are_words() -> None:
    """Two tags that differ in capitals alone are one, and whoever has changed the capitals is heard."""
    base = words(tags=["tax"])
    assert merge(base, words(tags=["tax", "VAT"]), words(tags=["tax", "vat"])).words["tags"] == ["tax", "VAT"]
    assert merge(base, base, words(tags=["Tax"])).words["tags"] == ["Tax"]
    assert merge(base, words(tags=["Tax"]), words(tags=["tax", "b"])).words["tags"] == ["Tax", "b"]


def test_what_does_not_fit_together() -> None:
    """Where both sides' words are more than a field may have, they collide there, once, and theirs stand."""
    theirs = words(
        tags=[f"a{n}" for n in range(60)], attachments=[uuid.uuid4() for _ in range(300)], body="x\n" * 400_000 + "z"
    )
    yours = words(tags=[f"b{n}" for n in range(60)], attachments=[uuid.uuid4() for _ in range(300)], summary="y" * 6_000)
    merged = merge(words(), theirs, yours)
    assert [each.field for each in merged.collisions] == ["tags", "attachments"]
    assert merged.words["tags"] == theirs["tags"]
    kinds = {f"k{n}": ["x"] for n in range(60)}
    merged = merge(words(), words(links=kinds), words(links={f"m{n}": ["x"] for n in range(60)}))
    assert [each.field for each in merged.collisions] == ["links"]
    many = {f"a{n}": [1] * 1000 for n in range(20)}
    merged = merge(words(), words(details=many), words(details={f"b{n}": [1] * 1000 for n in range(20)}))
    assert [each.field for each in merged.collisions] == ["details"]
    assert loaded(merged.words["details"]) == many


def test_large_objects_stay_large() -> None:
    """Details that no event loop walks through come back as text and bytes."""
    many = {f"a{n}": n for n in range(2_000)}
    large = from_json(many)
    merged = merge(words(details=large), words(details=large, title="B"), words(details=from_json({**many, "b": 1})))
    assert isinstance(merged.words["details"], LargeObject)
    assert merged.words["details"].struct
    assert loaded(merged.words["details"]) == {**many, "b": 1}


@pytest.mark.parametrize(
    ("name", "path"), [("a", "details.a"), ("a-b_9", "details.a-b_9"), ("a.b", 'details["a.b"]'), ('"', 'details["\\""]')]
)
def test_paths_of_members(name: str, path: str) -> None:
    """A member is named so that it cannot be taken for another one."""
    merged = merge(words(), words(details={name: 1}), words(details={name: 2}))
    assert [each.field for each in merged.collisions] == [path]


def test_arrays() -> None:
    """An array is merged by its elements' ids if all have some, and is one thing otherwise; so it is if a side has taken away
    what the other has changed."""

    def merged(*sides: Any) -> tuple[Any, list[str]]:
        result, found = collected(lambda *each: values.value("a", *each), *sides)
        return result, [each.field for each in found]

    one, two = {"id": "1", "n": 1}, {"id": "2", "n": 2}
    assert merged([one, two], [{**one, "n": 3}, two], [two, one]) == ([two, {**one, "n": 3}], [])
    assert merged([one, two], [{**one, "n": 3}, two], [{**one, "n": 4}, two])[1] == ["a.1.n"]
    assert merged([one, two], [{**one, "n": 3}, two], [two])[1] == ["a"]
    assert merged([1, 2], [1, 2, 3], [0, 1, 2])[1] == ["a"]
    assert merged(ABSENT, [one], [two]) == ([one, two], [])


@pytest.mark.parametrize("etag", ["0", "", "-1", "01", "1.0", "١", "9999999999", "x"])
def test_etags_that_no_version_has(etag: str) -> None:
    """What no document's etag ever was stands for nothing."""
    assert rules.version_of(etag) is None
    assert rules.version_of("12") == 12


@rounds(200, 20_000)
def test_many_edits_at_random(rounds: int) -> None:
    """However two sides edit a text of paragraphs, paragraph by paragraph, they collide exactly where both have changed what
    stands together (I10)."""
    chance = random.Random(rounds)
    for _ in range(rounds):
        count = chance.randint(1, 20)
        base = [f"Paragraph {number} as it was." for number in range(count)]
        their = {at: f"Theirs {at}." for at in range(count) if chance.random() < 0.3}
        your = {at: f"Yours {at}." for at in range(count) if chance.random() < 0.3}
        texts = ["\n\n".join(side.get(at, line) for at, line in enumerate(base)) for side in ({}, their, your)]
        merged = lines.merged(*texts)
        assert [hunk.yours for hunk in merged.hunks] == [f"{your[at]}\n" for at in sorted(their.keys() & your.keys())]
        expected = [their.get(at, your.get(at, line)) for at, line in enumerate(base)]
        assert merged.text == "\n\n".join(expected)


def test_what_is_told_has_a_bound() -> None:
    """However much collides, so much of it is told, and how much there is."""
    many = {f"a{n}": 0 for n in range(2_000)}
    merged = merge(words(details=many), words(details=dict.fromkeys(many, 1)), words(details=dict.fromkeys(many, 2)))
    assert (len(merged.collisions), merged.collision_count) == (MOST_COLLISIONS, 2_000)
    base, theirs, yours = ("\n".join(f"{side}{n}\nline {n}" for n in range(1_500)) for side in "bty")
    merged = merge(words(body=base), words(body=theirs), words(body=yours))
    (body,) = merged.collisions
    assert (len(body.hunks), body.is_cut) == (MOST_HUNKS, True)
