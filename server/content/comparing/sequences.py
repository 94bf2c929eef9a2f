"""What two sequences share, in order: lines, words, blocks, elements.

First by what is in each of them once (patience diff), and between that by the shortest way from one to the other (Myers, "An
O(ND) Difference Algorithm", 1986), if it is short. So it takes time by the length of the sequences, and a budget beyond that:
what has no such anchors, and differs in very much, is told as replaced as a whole.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

LONGEST_WAY = 200
"""Changes between two anchors that are looked for, where nobody asks for more."""
WORK = 4_000_000
"""Steps of about a quarter of a microsecond each."""


class Run(NamedTuple):
    """A stretch of both sequences, which either is the same in both or was replaced."""

    is_equal: bool
    a: slice
    b: slice


@dataclass(slots=True)
class Budget:
    """How much may still be done, and whether something was left undone."""

    left: int = WORK
    longest_way: int = LONGEST_WAY
    is_coarse: bool = False

    def takes(self, steps: int) -> bool:
        """Whether there is room for so many steps more."""
        if steps > self.left:
            self.is_coarse = True
            return False
        self.left -= steps
        return True


def runs(a: Sequence[Hashable], b: Sequence[Hashable], budget: Budget) -> list[Run]:
    """In order, covering both; no two of a kind in a row."""
    found: list[Run] = []
    at_a = at_b = 0
    for begin_a, begin_b, length in [*matches(a, b, budget), (len(a), len(b), 0)]:
        if at_a < begin_a or at_b < begin_b:
            found.append(Run(False, slice(at_a, begin_a), slice(at_b, begin_b)))
        if length:
            found.append(Run(True, slice(begin_a, begin_a + length), slice(begin_b, begin_b + length)))
        at_a, at_b = begin_a + length, begin_b + length
    return found


def matches(a: Sequence[Hashable], b: Sequence[Hashable], budget: Budget) -> list[tuple[int, int, int]]:
    """Where stretches that are the same begin in each, and how long they are; in order, as long as they can be."""
    pairs: list[tuple[int, int]] = []
    gaps = [(0, len(a), 0, len(b))]
    while gaps:
        begin_a, end_a, begin_b, end_b = gaps.pop()
        while begin_a < end_a and begin_b < end_b and a[begin_a] == b[begin_b]:
            pairs.append((begin_a, begin_b))
            begin_a, begin_b = begin_a + 1, begin_b + 1
        while begin_a < end_a and begin_b < end_b and a[end_a - 1] == b[end_b - 1]:
            end_a, end_b = end_a - 1, end_b - 1
            pairs.append((end_a, end_b))
        if begin_a == end_a or begin_b == end_b or not budget.takes(end_a - begin_a + end_b - begin_b):
            continue
        anchors = unique(a, begin_a, end_a, b, begin_b, end_b)
        if not anchors:
            pairs += short_way(a, begin_a, end_a, b, begin_b, end_b, budget)
            continue
        for at_a, at_b in [*anchors, (end_a, end_b)]:
            gaps.append((begin_a, at_a, begin_b, at_b))
            begin_a, begin_b = at_a + 1, at_b + 1
        pairs += anchors
    return joined(sorted(pairs))


def joined(pairs: list[tuple[int, int]]) -> list[tuple[int, int, int]]:
    found: list[tuple[int, int, int]] = []
    for at_a, at_b in pairs:
        if found and (found[-1][0] + found[-1][2], found[-1][1] + found[-1][2]) == (at_a, at_b):
            found[-1] = (*found[-1][:2], found[-1][2] + 1)
        else:
            found.append((at_a, at_b, 1))
    return found


def unique(
    a: Sequence[Hashable], begin_a: int, end_a: int, b: Sequence[Hashable], begin_b: int, end_b: int
) -> list[tuple[int, int]]:
    """The longest way through what is once in each of these stretches."""
    count_a, count_b = Counter(a[begin_a:end_a]), Counter(b[begin_b:end_b])
    place = {b[at]: at for at in range(begin_b, end_b) if count_b[b[at]] == 1}
    pairs = [(at, place[a[at]]) for at in range(begin_a, end_a) if count_a[a[at]] == 1 and a[at] in place]
    tails: list[int] = []
    ends: list[int] = []
    before: list[int] = []
    for index, (_, at_b) in enumerate(pairs):
        length = bisect_left(tails, at_b)
        before.append(ends[length - 1] if length else -1)
        tails[length : length + 1] = [at_b]
        ends[length : length + 1] = [index]
    way: list[tuple[int, int]] = []
    index = ends[-1] if ends else -1
    while index >= 0:
        way.append(pairs[index])
        index = before[index]
    return way[::-1]


def short_way(
    a: Sequence[Hashable], begin_a: int, end_a: int, b: Sequence[Hashable], begin_b: int, end_b: int, budget: Budget
) -> list[tuple[int, int]]:
    """What the two stretches share on the shortest way from one to the other; nothing if that is too long."""
    length_a, length_b = end_a - begin_a, end_b - begin_b
    furthest = {1: 0}
    trace: list[dict[int, int]] = []
    for d in range(budget.longest_way + 1):
        if not budget.takes(4 * (d + 1)):
            return []
        trace.append(furthest.copy())
        for k in range(-d, d + 1, 2):
            is_down = k == -d or (k != d and furthest.get(k - 1, -1) < furthest.get(k + 1, -1))
            x = furthest.get(k + 1, 0) if is_down else furthest.get(k - 1, 0) + 1
            y = x - k
            if x > length_a or y > length_b:
                furthest[k] = x
                continue
            start = x
            while x < length_a and y < length_b and a[begin_a + x] == b[begin_b + y]:
                x, y = x + 1, y + 1
            furthest[k] = x
            if x > start and not budget.takes(x - start):
                return []
            if x == length_a and y == length_b:
                return walked_back(trace, length_a, length_b, begin_a, begin_b)
    budget.is_coarse = True
    return []


def walked_back(trace: list[dict[int, int]], x: int, y: int, begin_a: int, begin_b: int) -> list[tuple[int, int]]:
    pairs: list[tuple[int, int]] = []
    for d in range(len(trace) - 1, -1, -1):
        furthest, k = trace[d], x - y
        is_down = k == -d or (k != d and furthest.get(k - 1, -1) < furthest.get(k + 1, -1))
        k_before = k + 1 if is_down else k - 1
        x_before = furthest.get(k_before, 0)
        y_before = x_before - k_before
        while x > max(x_before, 0) and y > max(y_before, 0) and (x, y) != (x_before + (not is_down), y_before + is_down):
            x, y = x - 1, y - 1
            pairs.append((begin_a + x, begin_b + y))
        if d:
            x, y = x_before, y_before
    return pairs
