"""What checks find in a text, before anybody asks at which level each is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from server.content.rendering.notices import MAX_FIELD, shown
from server.rpc.failures import cut

MOST_OF_A_CHECK = 10
"""Problems of one check that are named: nobody reads more at once. All are counted."""
BODY = "document.body"
DETAILS = "document.details"


class Place(NamedTuple):
    """A text of a document."""

    field: str
    """`document.body`, `document.details.parts[0].body`."""
    pointer: str = ""
    """Of a member of `details`, as a JSON Pointer."""


class Finding(NamedTuple):
    """A problem, and where it is."""

    check: int
    message: str
    place: Place
    element: str = ""
    """An XPath in the rendered text."""
    excerpt: str = ""
    line: int = 0


class Findings:
    """What is found, in the order of the texts and within them: all is counted, and of each check the first are kept."""

    def __init__(self) -> None:
        self.counts: Counter[int] = Counter()
        self.kept: list[Finding] = []

    def add(self, check: int, message: str, place: Place, element: str = "", excerpt: str = "", line: int = 0) -> None:
        self.counts[check] += 1
        if self.has_room(check, before=1):
            where = Place(cut(place.field, MAX_FIELD), cut(place.pointer, MAX_FIELD))
            self.kept.append(Finding(check, message, where, element, shown(excerpt), line))

    def has_room(self, check: int, before: int = 0) -> bool:
        """Whether one more of this check would be kept: what only says where it is need not be found out otherwise."""
        return self.counts[check] - before < MOST_OF_A_CHECK

    def extend(self, others: Findings) -> None:
        for each in others.kept:
            if self.has_room(each.check):
                self.kept.append(each)
            self.counts[each.check] += 1
        for check, count in others.counts.items():
            self.counts[check] += count - sum(each.check == check for each in others.kept)

    def ordered(self, checks: Iterable[int]) -> list[Finding]:
        """Those of these checks, in the order of the checks, and as they were found."""
        of: dict[int, list[Finding]] = {}
        for each in self.kept:
            of.setdefault(each.check, []).append(each)
        return [each for check in checks for each in of.get(check, ())]
