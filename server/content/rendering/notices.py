"""Notices: what of a text does not reach its readers as it was written, for whoever saves it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypedDict

from server.content.references import written
from server.rpc.failures import cut

MAX_NOTICES = 50
"""Of a revision. More of them nobody reads at once."""
MAX_WORD = 80
"""Characters that a notice repeats of a text."""

MAX_FIELD = 200
"""Characters of a place in `details`, whose members' names are the author's."""

ELEMENT_DROPPED = "ELEMENT_DROPPED"
ATTRIBUTE_DROPPED = "ATTRIBUTE_DROPPED"
LINK_DROPPED = "LINK_DROPPED"
IMAGE_DROPPED = "IMAGE_DROPPED"
ELEMENT_MISPLACED = "ELEMENT_MISPLACED"
CELL_DROPPED = "CELL_DROPPED"
DEFINITION_UNUSED = "DEFINITION_UNUSED"
FOOTNOTE_UNDEFINED = "FOOTNOTE_UNDEFINED"
ABBREVIATION_UNUSED = "ABBREVIATION_UNUSED"
MARK_NOT_RENDERED = "MARK_NOT_RENDERED"
CHARACTER_DROPPED = "CHARACTER_DROPPED"
LINK_TARGET_NOT_LIVE = "LINK_TARGET_NOT_LIVE"
MORE_NOTICES = "MORE_NOTICES"


class Notice(TypedDict):
    """As gazette.content.v1.Notice, and as it is stored."""

    field: str
    line: int
    reason: str
    message: str
    count: int


class Notices:
    """Those of one text. What is the same is one notice, that says how often and where first."""

    def __init__(self, field: str) -> None:
        self.field = cut(field, MAX_FIELD)
        self.is_body = field == written.FIELD
        self.found: dict[tuple[str, str], Notice] = {}
        self.others = 0

    def add(self, reason: str, message: str, line: int = 0, count: int = 1) -> None:
        known = self.found.get((reason, message))
        if known is not None:
            known["count"] += count
            known["line"] = min(known["line"], line) or known["line"] or line
        elif len(self.found) < MAX_NOTICES:
            notice = Notice(field=self.field, line=line, reason=reason, message=message, count=count)
            self.found[reason, message] = notice
        else:
            self.others += 1

    def listed(self) -> list[Notice]:
        """By line. The last one says so where there were more."""
        return bounded(sorted(self.found.values(), key=lambda each: each["line"]), self.others)


def bounded(notices: Iterable[Notice], others: int = 0, limit: int = MAX_NOTICES) -> list[Notice]:
    """No more than so many, of which the last one says how many were left out, counting those that it is told of."""
    given = [*notices]
    others += sum(each["count"] for each in given if each["reason"] == MORE_NOTICES)
    given = [each for each in given if each["reason"] != MORE_NOTICES]
    if len(given) <= limit and not others:
        return given
    others += max(len(given) - (limit - 1), 0)
    kept = given[: limit - 1]
    said = f"{others} more are not listed"
    return [*kept, Notice(field=given[0]["field"], line=0, reason=MORE_NOTICES, message=said, count=others)]


def shown(text: str) -> str:
    """Text of an author, cut, on one line."""
    line = " ".join(text.split())
    return cut(line, MAX_WORD)
