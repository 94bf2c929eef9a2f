"""Three-way merging of texts by lines (diff3). Pure.

Lines that stand in all three texts hold them together; between those, what only one side has changed is taken from that side,
and what both have changed alike is taken once. All else collides. Nothing that either side wrote is left out otherwise, and
nothing is put into the text to say that something collides.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from server.content.comparing.sequences import Budget, matches

STEPS = 2_000_000
"""Steps for which two texts are held against each other: half a second, about. Parts that would take more are taken to have
nothing in common, which makes more collide, and loses nothing."""
LONGEST_WAY = 1_000
"""Lines between two anchors that were added or taken away: about as many as the steps are for."""

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
    result = [-1] * len(lines)
    for at, other, length in matches(lines, others, Budget(STEPS, LONGEST_WAY)):
        result[at : at + length] = range(other, other + length)
    return result
