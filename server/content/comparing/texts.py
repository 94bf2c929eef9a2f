"""How one text became another: line by line first, and word by word in lines that changed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import regex

from gazette.content.v1.comparing_pb2 import ChangeKind, TextDiff, TextSegment
from server.content.comparing.sequences import Budget, runs

SAME, ADDED, REMOVED = (
    ChangeKind.CHANGE_KIND_UNSPECIFIED,
    ChangeKind.CHANGE_KIND_ADDED,
    ChangeKind.CHANGE_KIND_REMOVED,
)
UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}"
"""Scripts that put no spaces between words."""
OF_WORDS = rf"[[\p{{L}}\p{{N}}\p{{M}}_\u200c\u200d]--[{UNSPACED}]]"
WORD = regex.compile(rf"(?V1)[{UNSPACED}]\p{{M}}*|{OF_WORDS}+(?:['’]{OF_WORDS}+)*|\s+|\X")
"""A character of those scripts with its marks, a word of any other, what is between them, or what is seen as one character."""
MOST_SEGMENTS = 4_000
MOST_CHARACTERS = 256 << 10
"""Of one text, as it is told: at most a mebibyte."""
SHORTEST = 64

Segment = tuple[ChangeKind.ValueType, str]


@dataclass(slots=True)
class Room:
    """How many characters may still be told."""

    left: int = MOST_CHARACTERS


def text_diff(before: str, after: str, budget: Budget, room: Room) -> TextDiff:
    """Whatever the texts are: where it would take too long, or have too many parts, what is between the first and the last
    difference is told as replaced."""
    own = Budget(budget.left)
    segments = tidied(compared(before, after, own))
    budget.left = own.left
    if len(segments) > MOST_SEGMENTS:
        segments, own.is_coarse = tidied(replaced(before, after)), True
    return TextDiff(segments=told(segments, room), is_coarse=own.is_coarse)


def compared(before: str, after: str, budget: Budget) -> Iterable[Segment]:
    lines, new_lines = before.splitlines(keepends=True), after.splitlines(keepends=True)
    for is_equal, a, b in runs(lines, new_lines, budget):
        if is_equal:
            yield SAME, "".join(lines[a])
        else:
            yield from words_compared("".join(lines[a]), "".join(new_lines[b]), budget)


def words_compared(before: str, after: str, budget: Budget) -> Iterable[Segment]:
    if not before or not after or not budget.takes(len(before) + len(after)):
        yield from replaced(before, after)
        return
    words, new_words = WORD.findall(before), WORD.findall(after)
    pending: list[tuple[str, str]] = []
    for is_equal, a, b in runs(words, new_words, budget):
        old, new = "".join(words[a]), "".join(new_words[b])
        if is_equal and not (pending and new.isspace() and "\n" not in new):
            yield from flushed(pending)
            yield SAME, new
        else:  # a space between two words that changed changes with them
            pending.append((old, new))
    yield from flushed(pending)


def flushed(pending: list[tuple[str, str]]) -> Iterable[Segment]:
    yield REMOVED, "".join(old for old, _ in pending)
    yield ADDED, "".join(new for _, new in pending)
    pending.clear()


def replaced(before: str, after: str) -> Iterable[Segment]:
    """What is between the common beginning and the common end, as a whole."""
    most = min(len(before), len(after))
    begin = next((at for at in range(most) if before[at] != after[at]), most)
    most -= begin
    end = next((at for at in range(most) if before[-1 - at] != after[-1 - at]), most)
    yield SAME, before[:begin]
    yield REMOVED, before[begin : len(before) - end]
    yield ADDED, after[begin : len(after) - end]
    yield SAME, before[len(before) - end :]


def tidied(segments: Iterable[Segment]) -> list[Segment]:
    """Without what is empty; neighbours of a kind are one."""
    found: list[tuple[ChangeKind.ValueType, list[str]]] = []
    for kind, text in segments:
        if not text:
            continue
        if found and found[-1][0] == kind:
            found[-1][1].append(text)
        else:
            found.append((kind, [text]))
    return [(kind, "".join(texts)) for kind, texts in found]


def told(segments: list[Segment], room: Room) -> list[TextSegment]:
    """All of it, if there is room; or else of long ones how they begin and end."""
    total = sum(len(text) for _, text in segments)
    longest = total if total <= room.left else max(SHORTEST, room.left // max(1, len(segments)))
    found = []
    for kind, text in segments:
        if len(text) <= longest:
            found.append(TextSegment(kind=kind, text=text))
        else:
            half = longest // 2
            omitted = len(text) - 2 * half
            found.append(TextSegment(kind=kind, text=text[:half], omitted_characters=omitted, rest=text[-half:]))
    room.left -= sum(len(each.text) + len(each.rest) for each in found)
    return found
