"""The editorial workflow as the documents describe it, written down a second time: it asks nothing of the server.

Each verb of `Office` answers with the reason for which it is refused, or with nothing, and has changed what it models then.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

AUTHOR, EDITOR, PUBLISHER, ADMIN = range(1, 5)
"""Roles: each may do what those before it may."""
DRAFT, IN_REVIEW, CHANGES_REQUESTED, APPROVED = "DRAFT", "IN_REVIEW", "CHANGES_REQUESTED", "APPROVED"
SCHEDULED, SCHEDULE_FAILED = "SCHEDULED", "SCHEDULE_FAILED"
PUBLISHED, WITHDRAWN, REDIRECTED, GONE, VANISHED = "PUBLISHED", "WITHDRAWN", "REDIRECTED", "GONE", "VANISHED"
UNSAID, KEEP, DISCARD = range(3)
"""What is said of a draft that is in the way."""
ELSEWHERE, WHY_GONE = "/elsewhere", "No longer offered."
"""Where what is redirected leads, and why something is gone."""


@dataclass(frozen=True)
class Saved:
    """A revision."""

    path: str
    title: str
    summary: str
    author: str
    restored_from: int = 0
    is_copy: bool = False
    """Whether nobody has written it: a draft was discarded, or a page has changed its place."""


@dataclass(eq=False)
class Modelled:
    """A document."""

    id: str
    required: int
    revisions: list[Saved]
    draft: str = DRAFT
    live: str = ""
    live_number: int = 0
    approvals: set[str] = field(default_factory=set)
    blocking: int = 0
    forced_by: str = ""
    forced_number: int = 0
    base_number: int = 0
    """What the public saw before something was published by force."""
    version: int = 1
    is_deleted: bool = False
    behind: set[str] = field(default_factory=set)
    """Former paths that vanished with it."""
    bases: dict[int, Saved] = field(default_factory=dict)
    """What it said at each version that was a save."""

    def __post_init__(self) -> None:
        self.bases[self.version] = self.newest

    @property
    def newest(self) -> Saved:
        return self.revisions[-1]

    @property
    def path(self) -> str:
        return self.newest.path

    @property
    def shown(self) -> Saved:
        """What the public sees, or saw last."""
        return self.revisions[self.live_number - 1]

    @property
    def is_page(self) -> bool:
        return self.live in {PUBLISHED, WITHDRAWN}

    @property
    def authors(self) -> set[str]:
        """Who cannot approve the draft, nor what was published by force."""
        base = self.base_number if self.forced_by else self.live_number
        since = [each for each in self.revisions[base:] if not self.says_what_is_public(each)]
        wrote = {each.author for each in since}
        wrote |= {self.revisions[each.restored_from - 1].author for each in since if each.restored_from}
        return wrote | ({self.forced_by} if self.forced_by else set())

    def says_what_is_public(self, one: Saved) -> bool:
        return bool(self.live_number) and one.restored_from == self.live_number

    def save(self, saved: Saved, draft: str = DRAFT) -> None:
        self.revisions.append(saved)
        self.become(draft)
        self.bases[self.version] = saved

    def become(self, draft: str) -> None:
        """The draft stands so, from now on."""
        self.draft, self.version = draft, self.version + 1
        if draft not in {IN_REVIEW, APPROVED, SCHEDULED, SCHEDULE_FAILED}:
            self.approvals = set()

    def copied(self, number: int, path: str, author: str) -> Saved:
        """A revision that says once more what one of that number does, and which nobody has written."""
        said = self.revisions[number - 1]
        return Saved(path, said.title, said.summary, author, number, is_copy=True)


@dataclass(frozen=True)
class Shown:
    """What a path serves."""

    document: Modelled
    is_left: bool = False
    """Whether a move has left it there, and it leads to the document."""

    @property
    def leads_on(self) -> bool:
        return self.is_left or self.document.live == REDIRECTED


@dataclass
class Site:
    """All documents, and what the public reads at each path."""

    documents: list[Modelled] = field(default_factory=list)
    paths: dict[str, Shown] = field(default_factory=dict)

    def is_taken(self, path: str, by: Modelled | None = None) -> bool:
        """Whether another document is there, or is to be."""
        return any(each.path == path for each in self.documents if each is not by and not each.is_deleted)

    def reads(self, path: str) -> tuple[str, str]:
        """What the public is answered: as what, and the title, location or explanation."""
        there = self.paths.get(path)
        if there is None:
            return "", ""
        if there.leads_on:
            return "redirect", self.end(path)
        one = there.document
        return (GONE, WHY_GONE) if one.live == GONE else (one.live, one.shown.title)

    def end(self, path: str) -> str:
        """Where a path leads in the end."""
        while (there := self.paths.get(path)) is not None and there.is_left:
            path = there.document.shown.path
        return ELSEWHERE if there is not None and there.leads_on else path

    def check_free(self, one: Modelled, live: str, path: str) -> str:
        there = self.paths.get(path)
        if there is None or there.document is one:
            return ""
        return "PATH_TAKEN" if live == VANISHED or not there.leads_on else ""

    def show(self, one: Modelled, live: str, number: int, path: str) -> None:
        """What the public sees of the document from now on; its state, its newest public revision and where that is."""
        former = one.shown.path if one.live not in {"", VANISHED} else path
        if live == VANISHED:
            one.behind = {each for each, what in self.paths.items() if what.document is one and each != path}
            self.paths = {each: what for each, what in self.paths.items() if what.document is not one}
        elif one.live == VANISHED:
            self.paths |= {each: Shown(one, is_left=True) for each in one.behind - {path} - self.paths.keys()}
        elif former != path and self.paths.get(former, Shown(one)).document is one:
            self.paths[former] = Shown(one, is_left=True)
        if live != VANISHED:
            self.paths[path] = Shown(one)
        one.live, one.live_number = live, number

    def all_paths(self) -> Iterator[str]:
        """Those where anything is, was, or is to be."""
        yield from sorted({each.path for one in self.documents for each in one.revisions})
