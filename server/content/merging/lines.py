"""Three-way merging of texts by lines (diff3). Pure.

Lines that stand in all three texts hold them together; between those, what only one side has changed is taken from that side,
and what both have changed alike is taken once. All else collides. Nothing that either side wrote is left out otherwise, and
nothing is put into the text to say that something collides.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

STEPS = 1_000_000
"""Comparisons of lines, about, for which two texts are held against each other: half a second. Parts that would take more are
taken to have nothing in common, which makes more collide, and loses nothing."""

Lines = Sequence[str]


class Hunk(NamedTuple):
    """Lines that both have changed, each otherwise, and where they begin, from 1."""

    base_line: int
    theirs_line: int
    yours_line: int
    merged_line: int
    base: str
    theirs: str
    yours: str


class Text(NamedTuple):
    """A merged text, which has their lines where the two collide."""

    text: str
    hunks: list[Hunk]


class Part(NamedTuple):
    """The lines `low` to `high` of one text, and of another."""

    low: int
    high: int
    other_low: int
    other_high: int


@dataclass(slots=True)
class Steps:
    """How much may still be compared."""

    left: int = STEPS

    def spend(self, steps: int) -> bool:
        """Whether there was so much left."""
        self.left -= steps
        return self.left >= 0


def merged(base: str, theirs: str, yours: str) -> Text:
    """What both sides made of the text that they began with."""
    texts = [text.split("\n") for text in (base, theirs, yours)]
    said: list[str] = []
    hunks = []
    for old, one, other in chunks(*texts):
        (b, b_end), (t, t_end), (y, y_end) = old, one, other
        was, their, your = texts[0][b:b_end], texts[1][t:t_end], texts[2][y:y_end]
        if your in (was, their):
            said += their
        elif their == was:
            said += your
        else:
            hunks.append(Hunk(b + 1, t + 1, y + 1, len(said) + 1, ended(was), ended(their), ended(your)))
            said += their
    return Text("\n".join(said), hunks)


def ended(lines: Lines) -> str:
    """The lines, each with its line feed: no line is another thing than an empty one."""
    return "".join(f"{line}\n" for line in lines)


Span = tuple[int, int]


def chunks(base: Lines, theirs: Lines, yours: Lines) -> Iterator[tuple[Span, Span, Span]]:
    """The texts in parts, from the first line to the last: lines that all three have, and what stands between those."""
    at_theirs, at_yours = partners(base, theirs), partners(base, yours)
    b = t = y = 0
    for at in range(len(base) + 1):
        is_end = at == len(base)
        one, other = (len(theirs), len(yours)) if is_end else (at_theirs[at], at_yours[at])
        if one < 0 or other < 0:
            continue
        if (b, t, y) != (at, one, other):
            yield (b, at), (t, one), (y, other)
        if not is_end:
            yield (at, at + 1), (one, one + 1), (other, other + 1)
        b, t, y = at + 1, one + 1, other + 1


def partners(lines: Lines, others: Lines) -> list[int]:
    """For each line the place of the same one in the other text, in the same order; -1 where there is none."""
    result, steps = [-1] * len(lines), Steps()
    waiting = [Part(0, len(lines), 0, len(others))]
    while waiting:
        part = trimmed(lines, others, waiting.pop(), result)
        size, other_size = part.high - part.low, part.other_high - part.other_low
        if not size or not other_size or not steps.spend(size + other_size):
            continue
        anchors = unique(lines, others, part)
        if not anchors:
            for line, other in shortest(lines, others, part, steps):
                result[line] = other
            continue
        for line, other in anchors:
            result[line] = other
        ends = [(part.low - 1, part.other_low - 1), *anchors, (part.high, part.other_high)]
        waiting += [Part(low + 1, high, other_low + 1, other_high) for (low, other_low), (high, other_high) in pairwise(ends)]
    return result


def trimmed(lines: Lines, others: Lines, part: Part, result: list[int]) -> Part:
    """The part without the lines that both begin and end with, which are noted."""
    low, high, other_low, other_high = part
    while low < high and other_low < other_high and lines[low] == others[other_low]:
        result[low] = other_low
        low, other_low = low + 1, other_low + 1
    while low < high and other_low < other_high and lines[high - 1] == others[other_high - 1]:
        high, other_high = high - 1, other_high - 1
        result[high] = other_high
    return Part(low, high, other_low, other_high)


def unique(lines: Lines, others: Lines, part: Part) -> list[tuple[int, int]]:
    """The most lines that each text has once in this part, in the same order: what people would say is the same."""
    count = Counter(lines[part.low : part.high])
    other_count = Counter(others[part.other_low : part.other_high])
    places = {others[at]: at for at in range(part.other_low, part.other_high) if other_count[others[at]] == 1}
    pairs = [(at, places[lines[at]]) for at in range(part.low, part.high) if count[lines[at]] == 1 and lines[at] in places]
    # The longest rising sequence of places.
    tails: list[int] = []
    last: list[int] = []
    before: list[int] = []
    for number, (_, place) in enumerate(pairs):
        length = bisect_left(tails, place)
        tails[length : length + 1], last[length : length + 1] = [place], [number]
        before.append(last[length - 1] if length else -1)
    found, number = [], last[-1] if last else -1
    while number >= 0:
        found.append(pairs[number])
        number = before[number]
    return found[::-1]


def shortest(lines: Lines, others: Lines, part: Part, steps: Steps) -> list[tuple[int, int]]:
    """The lines that stay where one becomes the other with the fewest added and taken away (Myers 1986); none where finding
    them would take too long."""
    low, high, other_low, other_high = part
    size, other_size = high - low, other_high - other_low
    furthest, ways = {1: 0}, []
    for edits in range(size + other_size + 1):
        if not steps.spend(2 * edits + 1):
            return []
        ways.append(dict(furthest))
        for diagonal in range(-edits, edits + 1, 2):
            is_down = diagonal == -edits or (diagonal != edits and furthest[diagonal - 1] < furthest[diagonal + 1])
            x = furthest[diagonal + 1] if is_down else furthest[diagonal - 1] + 1
            begin = x
            while x < size and x - diagonal < other_size and lines[low + x] == others[other_low + x - diagonal]:
                x += 1
            if x > begin and not steps.spend(x - begin):
                return []
            furthest[diagonal] = x
            if x >= size and x - diagonal >= other_size:
                return [(low + one, other_low + other) for one, other in walked(ways, size, other_size)]
    return []


def walked(ways: Sequence[dict[int, int]], x: int, y: int) -> Iterator[tuple[int, int]]:
    """The pairs on the way that was found, from its end."""
    for edits in range(len(ways) - 1, -1, -1):
        furthest, diagonal = ways[edits], x - y
        is_down = diagonal == -edits or (diagonal != edits and furthest[diagonal - 1] < furthest[diagonal + 1])
        came_from = diagonal + 1 if is_down else diagonal - 1
        begin_x = furthest[came_from]
        begin_y = begin_x - came_from
        while x > begin_x and y > begin_y and x > 0 and y > 0:
            x, y = x - 1, y - 1
            yield x, y
        x, y = begin_x, begin_y
