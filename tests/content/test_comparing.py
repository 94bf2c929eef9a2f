"""What DiffRevisions tells of two revisions: fields, words, members, elements, and the body as marked-up HTML."""

from __future__ import annotations

import random
import re
import uuid
from typing import Any

import grpc
import pytest

from gazette.content.v1.comparing_pb2 import ChangeKind, FieldDiff, TextDiff
from gazette.content.v1.document_pb2 import BodyFormat, Document, LinkTargets
from server.content.comparing.sequences import Budget, runs, short_way
from server.content.comparing.texts import WORD, Room, text_diff
from server.content.comparing.work import NOTHING, Said, compared
from server.content.rendering.work import rendered
from server.rpc.answers import MOST
from server.rpc.objects import plain
from tests.content.desk import Desk
from tests.content.referring import mark, published_block
from tests.content.revising import diff, discard
from tests.refusals import refused
from tests.soak import some_of

SAME, ADDED, REMOVED, CHANGED, MOVED = ChangeKind.values()
MARKDOWN, HTML = BodyFormat.BODY_FORMAT_MARKDOWN, BodyFormat.BODY_FORMAT_HTML
KINDS = {SAME: "", ADDED: "+", REMOVED: "-"}


def shown(text: TextDiff) -> list[str]:
    return [KINDS[each.kind] + each.text for each in text.segments]


def by_name(fields: Any) -> dict[str, FieldDiff]:
    return {each.field: each for each in fields}


def sides(text: TextDiff) -> tuple[str, str]:
    """The texts that it is of."""
    assert not any(each.omitted_characters for each in text.segments)
    return (
        "".join(each.text for each in text.segments if each.kind != ADDED),
        "".join(each.text for each in text.segments if each.kind != REMOVED),
    )


def compare(before: str, after: str) -> TextDiff:
    return text_diff(before, after, Budget(), Room())


async def test_each_field_that_changed(desk: Desk) -> None:
    """A difference names the fields that differ and no others: texts by words, details by members, lists by elements (C32)."""
    keys = [str(uuid.uuid4()) for _ in range(3)]
    said: dict[str, Any] = {
        "title": "High tide",
        "body": "The sea comes in.",
        "details": {"times": [1, 2], "place": "north pier", "open": True, "a/b": 1},
        "links": {"related": LinkTargets(translation_keys=keys[:2])},
        "tags": ["one", "two", "three"],
    }
    document = await desk.create(summary="S", **said)
    changed = await desk.update(
        document,
        title="Low tide",
        body="The sea goes out.",
        details={"times": [1, 3, 2], "place": "south pier", "open": 1, "new": None},
        links={"related": LinkTargets(translation_keys=[keys[0], keys[2]])},
        tags=["three", "one", "four"],
    )
    answer = await diff(desk, document, 1, 2)
    assert (answer.from_revision_number, answer.to_revision_number) == (1, 2)
    assert [each.field for each in answer.fields] == ["title", "body", "details", "links", "tags"]
    fields = by_name(answer.fields)
    assert shown(fields["title"].text) == ["-High", "+Low", " tide"]
    assert shown(fields["body"].text) == ["The sea ", "-comes in", "+goes out", "."]
    members = {each.pointer: each for each in fields["details"].members}
    assert {pointer: each.kind for pointer, each in members.items()} == {
        "/a~1b": REMOVED,
        "/new": ADDED,
        "/open": CHANGED,
        "/place": CHANGED,
        "/times/1": ADDED,
    }
    assert shown(members["/place"].text) == ["-north", "+south", " pier"]
    assert (members["/open"].before.bool_value, members["/open"].after.number_value) == (True, 1)
    links = [(each.kind, each.link_kind, each.element) for each in fields["links"].elements]
    assert links == [(REMOVED, "related", keys[1]), (ADDED, "related", keys[2])]
    tags = {each.element: (each.kind, each.from_index, each.to_index) for each in fields["tags"].elements}
    assert tags["two"][0] == REMOVED
    assert tags["four"] == (ADDED, 0, 2)
    assert [name for name, (kind, *_) in tags.items() if kind == MOVED] in (["one"], ["three"])
    assert answer.html == "<p>The sea <del>comes in</del><ins>goes out</ins>.</p>"
    assert changed.revision_number == 2


async def test_what_is_compared(desk: Desk) -> None:
    """Without numbers it is what the public sees with the newest revision; before anything was public, nothing with it; either
    way round, and with itself nothing differs (C32)."""
    document = await desk.create(title="One", body="a")
    first = await diff(desk, document)
    assert (first.from_revision_number, first.to_revision_number) == (0, 1)
    assert {"path", "title", "body", "body_format"} <= {each.field for each in first.fields}
    assert first.html == "<ins><p>a</p></ins>"
    document = await desk.update(await desk.through_review(document), title="Two")
    document = await desk.update(document, title="Three")
    live = await diff(desk, document)
    assert (live.from_revision_number, live.to_revision_number) == (1, 3)
    assert shown(by_name(live.fields)["title"].text) == ["-One", "+Three"]
    back = await diff(desk, document, "newest", "live")
    assert shown(by_name(back.fields)["title"].text) == ["-Three", "+One"]
    same = await diff(desk, document, 2, 2)
    assert (list(same.fields), same.html.strip()) == ([], "<p>a</p>")
    assert list((await diff(desk, await discard(desk, document))).fields) == []


async def test_blocks_and_links_by_id(desk: Desk) -> None:
    """In a compared body blocks stand as they are named, also where it did not change, and nothing says by which id a link is
    written."""
    block, other = await published_block(desk, "One."), await published_block(desk, "Two.")
    body = f"See [the other page](document:{other.id}).\n\n{mark(block)}\n\nWithin {mark(block)} a line.\n"
    document = await desk.update(await desk.create(body=body), title="Another")
    shown = (await diff(desk, document, 1, 2)).html
    assert f"<p>{mark(block)}</p>" in shown
    assert f"Within {mark(block)} a line." in shown
    document = await desk.update(document, body=body.replace(f"\n{mark(block)}\n", f"\n{mark(other)}\n"))
    changed = (await diff(desk, document, 2, 3)).html
    assert f"<p>{mark(block)}</p>" in re.sub(r"<ins>.*?</ins>|</?del>", "", changed)
    assert f"<p>{mark(other)}</p>" in re.sub(r"<del>.*?</del>|</?ins>", "", changed)
    assert f"Within {mark(block)} a line." in changed
    for html in (shown, changed):
        assert "gazette-" not in html
        assert "document:" not in html


async def test_who_may_compare(desk: Desk) -> None:
    """Whoever may read the document may compare its revisions; others find none (Z2), nor is there a revision of any number."""
    document = await desk.create()
    other = await Desk.opened(desk.service)
    assert (await refused(diff(desk, document, by=other.author))).reason == "DOCUMENT_NOT_FOUND"
    for numbers in ((1, 2), (2, 1), (9, "")):
        refusal = await refused(diff(desk, document, *numbers))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "REVISION_NOT_FOUND")
    for wrong in ("0", "-1", "first", "1 ", "9999999999"):
        assert (await refused(diff(desk, document, wrong))).code == grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("don't stop", ["don't", " ", "stop"]),
        ("हिन्दी भाषा", ["हिन्दी", " ", "भाषा"]),
        ("日本語", ["日", "本", "語"]),
        ("สวัสดี", ["ส", "วั", "ส", "ดี"]),
        ("می‌روم!", ["می‌روم", "!"]),
        ("שלום עולם", ["שלום", " ", "עולם"]),
        ("👩‍👩‍👧🇳🇿e\u0301", ["👩‍👩‍👧", "🇳🇿", "e\u0301"]),
        ("1,5\n\n— x", ["1", ",", "5", "\n\n", "—", " ", "x"]),
    ],
)
def test_words_of_any_script(text: str, words: list[str]) -> None:
    """Words are whole in every script; where there are no spaces between them, each character stands for itself, with its marks
    (C32)."""
    assert WORD.findall(text) == words
    assert sides(compare(text, text[::-1])) == (text, text[::-1])


def test_no_character_is_lost() -> None:
    """Whatever two texts are, what a difference tells makes both of them again, to the character, and what it says they share
    is in both; so do sequences of anything (C32)."""
    chance = random.Random(11)
    alphabet = ["a", "b", " ", "\n", "é", "日", "\u0301", "👩", "\u200d", "\r\n", "<b>", "\x85", ".", "'"]
    for _ in range(1_500):
        before = "".join(chance.choices(alphabet, k=chance.randint(0, 30)))
        middle = chance.randint(0, len(before))
        after = (
            before[:middle]
            + "".join(chance.choices(alphabet, k=chance.randint(0, 4)))
            + before[middle + chance.randint(0, 3) :]
        )
        assert sides(compare(before, after)) == (before, after)
        a, b = list(before), list(after)
        found = runs(a, b, Budget())
        assert [each for run in found for each in a[run.a]] == a
        assert [each for run in found for each in b[run.b]] == b
        assert all(a[run.a] == b[run.b] for run in found if run.is_equal)


def test_the_shortest_way() -> None:
    """Between two short sequences as much is shared as can be."""
    chance = random.Random(5)
    for _ in range(500):
        a, b = (chance.choices("abc", k=chance.randint(0, 12)) for _ in range(2))
        pairs = short_way(a, 0, len(a), b, 0, len(b), Budget())
        assert len(pairs) == longest(a, b)
        assert all(a[at] == b[there] for at, there in pairs)


def longest(a: list[str], b: list[str]) -> int:
    row = [0] * (len(b) + 1)
    for x in a:
        before = row[:]
        for at, y in enumerate(b):
            row[at + 1] = before[at] + 1 if x == y else max(before[at + 1], row[at])
    return row[-1]


def body(before: str, after: str, body_format: BodyFormat.ValueType = MARKDOWN) -> tuple[Said, Said]:
    said = []
    for text in (before, after):
        words = {**NOTHING.words, "body": text, "body_format": body_format}
        said.append(Said(words, rendered(text, body_format)))
    return said[0], said[1]


COSTLY = {
    "lines of one character": ("a\n" * 500_000, "b\n" + "a\n" * 400_000 + "c\n" * 90_000),
    "nothing in common": ("a\nb\n" * 250_000, "c\nd\ne\n" * 150_000),
    "one long line": ("ab " * 300_000, "ba " * 300_000),
    "many paragraphs": ("a\n\nb\n\n" * 50_000, "b\n\nc\n\n" * 50_000),
    "deep": ("> " * 150 + "a", "> " * 150 + "b"),
    "marks": ("**a** " * 20_000, "*a* " * 20_000),
    "no words": ("." * 900_000, "," * 900_000),
}


@pytest.mark.parametrize("name", some_of(COSTLY, "lines of one character", "deep", "marks"))
def test_what_is_costly_has_a_bound(name: str) -> None:
    """A megabyte of anything is compared, if coarsely, and makes an answer that fits; told as replaced as a whole it always is
    (C9, C32)."""
    before, after = body(*COSTLY[name])
    for is_coarse in (False, True):
        raw = compared(before, after, is_coarse=is_coarse)
        assert len(raw) <= MOST


async def test_a_costly_comparison_is_answered(desk: Desk) -> None:
    """Large revisions that share nothing are compared in another process, and answered in the call's time, not refused (C9)."""
    document = await desk.create(body="a\nb\n" * 100_000)
    document = await desk.update(document, body="c\nd\ne\n" * 60_000)
    answer = await diff(desk, document, 1, 2)
    text = by_name(answer.fields)["body"].text
    assert text.is_coarse
    assert {each.kind for each in text.segments} >= {ADDED, REMOVED}


def test_long_texts_are_cut() -> None:
    """Of what an answer has no room for, the beginning and the end are told, and how much is between."""
    before = "a " * 200_000
    found = text_diff(before, before + "b", Budget(), Room(10_000))
    (kept, added) = found.segments
    assert len(kept.text) + kept.omitted_characters + len(kept.rest) == len(before)
    assert kept.omitted_characters
    assert added.text == "b"


async def test_details_of_many_members(desk: Desk) -> None:
    """Of very many changes the first thousand are told, and how many there are beside."""
    document = await desk.create(details={"n": [*range(3_000)]})
    document = await desk.update(document, details={"n": [-each - 1 for each in range(3_000)]})
    (field,) = (await diff(desk, document, 1, 2)).fields
    assert (len(field.members), field.omitted_changes) == (1_000, 2_000)
    assert plain(document.details)["n"][0] == -1
    assert isinstance(document, Document)
