"""The body's HTML with what came and went marked: blocks are aligned first, and then compared within (lxml.html.diff).

What is marked is held against both texts: without what went it reads as the later one, without what came as the earlier one.
Where it does not, or would take too long, all of it is marked as replaced.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Sequence
from html import escape, unescape

from lxml.html.diff import htmldiff

from server.content.comparing.sequences import Budget, runs
from server.content.comparing.texts import ADDED, REMOVED, WORD, words_compared
from server.content.comparing.trees import VOID, Block, Item, Line, Tree, inside, parsed, words_of
from server.content.rendering.bounds import MAX_DEPTH, depth_of
from server.content.rendering.markup import sanitised

SECONDS = 1.0
"""Of CPU time, after which the rest is marked as replaced."""
LONG = 10_000
"""Characters of a line that lxml still compares: it may take time by their square."""
PAIRS = 2_500
"""Pairs of blocks, between two that stayed, of which the most similar are looked for."""
CELLS, LINE = {"td", "th"}, ""
NAMES = {ADDED: "ins", REMOVED: "del"}
SIMILAR = 0.3
"""Of their words that blocks share of which one became the other."""
TAG = re.compile(r'<[^>"]*(?:"[^"]*"[^>"]*)*>')


class Comparison:
    """One comparison of two bodies."""

    def __init__(self, before: str, after: str, budget: Budget) -> None:
        self.old, self.new = Tree(before, keeps_ids=False), Tree(after, keeps_ids=True)
        self.budget = budget
        self.deadline = time.process_time() + SECONDS
        self.is_coarse = False

    def html(self) -> str:
        return "".join(self.compared(self.old.items(self.old.root), self.new.items(self.new.root)))

    def compared(self, old: Sequence[Item], new: Sequence[Item]) -> list[str]:
        parts: list[str] = []
        for is_equal, a, b in runs([key(each) for each in old], [key(each) for each in new], self.budget):
            if is_equal:
                parts += [self.new.written(each.element) if isinstance(each, Block) else each.html for each in new[b]]
            else:
                parts += self.replaced(old[a], new[b])
        return parts

    def replaced(self, old: Sequence[Item], new: Sequence[Item]) -> list[str]:
        parts: list[str] = []
        at_old = at_new = 0
        for in_old, in_new in [*self.pairs(old, new), (len(old), len(new))]:
            parts += [self.old.marked(each, "del") for each in old[at_old:in_old]]
            parts += [self.new.marked(each, "ins") for each in new[at_new:in_new]]
            if in_old < len(old):
                parts.append(self.changed(old[in_old], new[in_new]))
            at_old, at_new = in_old + 1, in_new + 1
        return parts

    def pairs(self, old: Sequence[Item], new: Sequence[Item]) -> list[tuple[int, int]]:
        """Of which block which has become, in order, so that they have most in common."""
        if not old or not new:
            return []
        if len(old) * len(new) > PAIRS or time.process_time() > self.deadline:
            self.is_coarse = True
            return []
        kinds = [*map(kind, old)]
        if kinds == [*map(kind, new)] and ({*kinds} <= CELLS or kinds == [LINE]):
            return [(at, at) for at in range(len(old))]  # whoever paired the rows, or the paragraphs, has looked
        words, new_words = [bag(each.text) for each in old], [bag(each.text) for each in new]
        best = [[0.0] * (len(new) + 1) for _ in range(len(old) + 1)]
        likeness = [
            [similarity(words[i], new_words[j]) if kind(old[i]) == kind(new[j]) else 0.0 for j in range(len(new))]
            for i in range(len(old))
        ]
        for i in range(len(old) - 1, -1, -1):
            for j in range(len(new) - 1, -1, -1):
                best[i][j] = max(best[i + 1][j], best[i][j + 1], likeness[i][j] + best[i + 1][j + 1] if likeness[i][j] else 0.0)
        found, i, j = [], 0, 0
        while i < len(old) and j < len(new):
            if likeness[i][j] and best[i][j] == likeness[i][j] + best[i + 1][j + 1]:
                found.append((i, j))
                i, j = i + 1, j + 1
            elif best[i][j] == best[i + 1][j]:
                i += 1
            else:
                j += 1
        return found

    def changed(self, old: Item, new: Item) -> str:
        if isinstance(old, Block) and isinstance(new, Block):
            if new.tag in VOID:
                return self.old.marked(old, "del") + self.new.marked(new, "ins")
            parts = self.compared(self.old.items(old.element), self.new.items(new.element))
            return f"{self.new.opened(new.element)}{''.join(parts)}</{new.tag}>"
        assert isinstance(old, Line)
        assert isinstance(new, Line)
        if (texts := self.same_tags(old, new)) is not None:
            return texts
        if len(old.html) + len(new.html) <= LONG and time.process_time() < self.deadline:
            marked = htmldiff(old.html, new.html)
            if words_of(marked, "del") == words_of(new.html) and words_of(marked, "ins") == words_of(old.html):
                return str(marked)
        else:
            self.is_coarse = True
        return self.old.marked(old, "del") + self.new.marked(new, "ins")

    def same_tags(self, old: Line, new: Line) -> str | None:
        """Of a line of which only the words changed, those; None of any other. It may be preformatted: no space is lost."""
        if TAG.findall(old.key) != TAG.findall(new.key):
            return None
        parts = [""]
        texts = zip(TAG.split(old.key), TAG.split(new.key), [*TAG.findall(new.html), ""], strict=True)
        for before, after, tag in texts:
            for what, text in words_compared(unescape(before), unescape(after), self.budget):
                written = escape(text, quote=False)
                parts.append(f"<{NAMES[what]}>{written}</{NAMES[what]}>" if written and what in NAMES else written)
            parts.append(tag)
        return "".join(parts)


def key(item: Item) -> tuple[bool, str]:
    return isinstance(item, Block), item.key


def kind(item: Item) -> str:
    return item.tag if isinstance(item, Block) else LINE


def bag(text: str) -> Counter[str]:
    return Counter(each for each in WORD.findall(text) if not each.isspace())


def similarity(a: Counter[str], b: Counter[str]) -> float:
    """How much of the longer one's words the other one has, if that is enough. What has no words is like nothing."""
    most = max(a.total(), b.total())
    share = (a & b).total() / most if most else 0.0
    return share if share >= SIMILAR else 0.0


def html_diff(before: str, after: str, budget: Budget, *, is_coarse: bool = False) -> tuple[str, bool]:
    """Sanitised, and whether something is marked as replaced that was too much to compare."""
    if before == after:
        return sanitised(after), False
    if not before or not after:
        return whole(before, after), False
    if is_coarse or depth_of(before) > MAX_DEPTH or depth_of(after) > MAX_DEPTH:
        return whole(before, after), True
    comparison = Comparison(before, after, budget)
    marked = sanitised(with_each_id_once(comparison.html()))
    if words_of(marked, "del") != words_of(marked_own(after)) or words_of(marked, "ins") != words_of(marked_own(before)):
        return whole(before, after), True
    return marked, comparison.is_coarse or budget.is_coarse


def marked_own(html: str) -> str:
    """As it is compared: with marks of its own that are no marks of ours."""
    return inside(Tree(html, keeps_ids=False).root)


def whole(before: str, after: str) -> str:
    old, new = Tree(before, keeps_ids=False), Tree(after, keeps_ids=True)
    parts = [old.marked(each, "del") for each in old.items(old.root)]
    parts += [new.marked(each, "ins") for each in new.items(new.root)]
    return sanitised(with_each_id_once("".join(parts)))


def with_each_id_once(html: str) -> str:
    """Tags that are split in two have their id in the first part alone."""
    if " id=" not in html:
        return html
    root, seen = parsed(html), set()
    for element in root.iter():
        id = element.get("id")
        if id is not None and id in seen:
            del element.attrib["id"]
        seen.add(id)
    return inside(root)
