"""Thousands of edits of one document, by many at once and from whatever version each of them has, against a model: no word of
anybody is lost."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import grpc
import pytest

from gazette.content.v1.document_pb2 import Document
from gazette.content.v1.merging_pb2 import FieldConflict
from tests.content.desk import Desk
from tests.content.merging import conflict_of, merge, preview
from tests.refusals import refusal
from tests.service import Person

SOAK = [pytest.param(seed, 1_000, marks=pytest.mark.soak) for seed in range(1, 11)]
EDITS = [(0, 300), *SOAK]
"""Seeds, and how many edits there are: a few with every commit, ten thousand at night."""
WORD = re.compile(r"w\d+")
WRITERS = 8
MOST_PARAGRAPHS = 30


@dataclass
class Model:
    """What was acknowledged: which words were put in, and which were taken out by who had seen them."""

    added: set[str] = field(default_factory=set)
    removed: set[str] = field(default_factory=set)
    saves: int = 0
    merges: int = 0
    conflicts: int = 0

    def acknowledge(self, began: Document, wanted: dict[str, Any], *, was_merged: bool) -> None:
        """An edit was saved: what it has more than it began with is in, and what it has less is out."""
        for name, value in wanted.items():
            before, after = words_of(getattr(began, name)), words_of(value)
            self.added |= after - before
            self.removed |= before - after
        self.saves += 1
        self.merges += was_merged


def words_of(value: Any) -> set[str]:
    return {*WORD.findall(str(value))}


@dataclass
class Writer:
    """Somebody who edits from what they have seen last, or from what they have had for long."""

    desk: Desk
    person: Person
    model: Model
    names: Iterator[int]
    chance: random.Random
    seen: list[Document]

    def word(self) -> str:
        return f"w{next(self.names)}"

    def edited(self, began: Document) -> dict[str, Any]:
        """One or two fields, of which something is changed, added or taken away."""
        wanted: dict[str, Any] = {}
        for name in self.chance.sample(["body", "summary", "tags", "details", "title"], k=self.chance.choice([1, 1, 2])):
            match name:
                case "body" | "summary":
                    wanted[name] = self.text(getattr(began, name))
                case "tags":
                    tags = [*began.tags]
                    if len(tags) > 10:
                        tags.remove(self.chance.choice(tags))
                    else:
                        tags.insert(self.chance.randint(0, len(tags)), self.word())
                    wanted[name] = tags
                case "details":
                    details = dict(began.details.items())
                    details[f"member{self.chance.randint(0, 20)}"] = self.word()
                    wanted[name] = details
                case "title":
                    wanted[name] = f"Title {self.word()}"
        return wanted

    def text(self, text: str) -> str:
        paragraphs = text.split("\n\n")
        at = self.chance.randrange(len(paragraphs))
        match self.chance.choice(["change", "change", "insert", "remove", "append", "move"]):
            case "change":
                paragraphs[at] = f"{paragraphs[at]} {self.word()}"[-200:].lstrip()
            case "insert":
                paragraphs.insert(at, f"Inserted {self.word()}.")
            case "append":
                paragraphs.append(f"Appended {self.word()}.")
            case "move":
                paragraphs.insert(self.chance.randrange(len(paragraphs)), paragraphs.pop(at))
            case "remove" if len(paragraphs) > MOST_PARAGRAPHS // 2:
                del paragraphs[at]
        if len(paragraphs) > MOST_PARAGRAPHS:
            del paragraphs[at % len(paragraphs)]
        return "\n\n".join(paragraphs)

    async def edit(self) -> None:
        """Saves one edit. What collides is looked at, found to be real, and given up for the newest version."""
        began = self.seen[-1] if self.chance.random() < 0.7 else self.chance.choice(self.seen)
        wanted = self.edited(began)
        try:
            answer = await merge(self.desk, began, by=self.person, **wanted)
        except grpc.aio.AioRpcError as error:
            told = refusal(error)
            assert told.reason == "MERGE_CONFLICT", told
            conflicts = conflict_of(told)
            assert conflicts.conflict_count
            self.model.conflicts += 1
            shown = await preview(self.desk, began, by=self.person, **wanted)
            check_conflicts([*conflicts.conflicts, *shown.conflicts])
            self.see(await self.desk.get(began))
        else:
            self.model.acknowledge(began, wanted, was_merged=answer.HasField("merged"))
            self.see(answer.document)

    def see(self, document: Document) -> None:
        self.seen = [*self.seen, document][-6:]


def check_conflicts(conflicts: list[FieldConflict]) -> None:
    """Each is real: both sides have changed the same thing, each otherwise."""
    for each in conflicts:
        for hunk in each.hunks:
            assert len({hunk.base, hunk.theirs, hunk.yours}) == 3, each
        if not each.is_shortened:
            assert each.base != each.theirs, each
            assert each.base != each.yours, each
            assert each.theirs != each.yours, each


@pytest.mark.parametrize(("seed", "edits"), EDITS)
async def test_no_word_is_lost(desk: Desk, seed: int, edits: int) -> None:
    """Whatever many edit at once, from old versions and new ones, every word that was acknowledged is in the newest revision,
    or was taken out by an edit that was acknowledged; and what collides has truly been changed twice (I10)."""
    chance = random.Random(seed)
    names, model = count(1), Model()
    body = "\n\n".join(f"Paragraph {number} begins." for number in range(12))
    document = await desk.create(body=body, summary="A summary.\n\nOf two parts.\n\nOr three.")
    people = [desk.author, desk.editor, desk.publisher, desk.admin] * (WRITERS // 4)
    writers = [Writer(desk, person, model, names, random.Random(chance.random()), [document]) for person in people]
    waiting = iter(range(edits))

    async def work(writer: Writer) -> None:
        for _ in waiting:
            await writer.edit()

    await asyncio.gather(*map(work, writers))
    newest = await desk.get(document)
    found = words_of([newest.body, newest.summary, newest.title, [*newest.tags], dict(newest.details.items())])
    assert not model.added - model.removed - found
    assert not found - model.added
    assert model.saves + model.conflicts == edits
    assert model.merges > edits // 10
    print(f"{edits} edits: {model.saves} saved, {model.merges} of them merged; {model.conflicts} collided")
    assert newest.revision_number <= model.saves + 1
