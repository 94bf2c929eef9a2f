"""Random lives of documents against a model: what is done, what is refused and why, what readers get, what the record says."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from gazette.content.v1.document_pb2 import Document
from gazette.record.v1.record_entry_pb2 import RecordEntryBody
from server.content.transitions import REDIRECT, REMOVE, RESTORE, WITHDRAW, Verb
from server.content.transitions import VANISHING as VANISH
from server.delivery.models import Page
from server.record.models import RecordEntry
from tests.content.desk import Desk
from tests.content.taking import (
    DISCARD,
    GONE,
    KEEP,
    PUBLISHED,
    REDIRECTED,
    UNSAID,
    VANISHED,
    comes_to_serve,
    redirect,
    remove,
    restore,
    vanish,
    withdraw,
)
from tests.refusals import refused
from tests.service import Service
from tests.soak import rounds

Steps = dict[Verb, Callable[..., Awaitable[Any]]]
STEPS: Steps = {WITHDRAW: withdraw, REMOVE: remove, VANISH: vanish, RESTORE: restore, REDIRECT: redirect}


@dataclass
class Modelled:
    """A document as the server has it, and as it should be."""

    document: Document
    state: int
    title: str
    """What the public sees, or saw last."""
    drafted: str = ""
    """What a draft says; empty if there is none."""
    target: str = ""

    @property
    def path(self) -> str:
        return self.document.live.path


class Life:
    """Some documents of a desk, and what becomes of them."""

    def __init__(self, desk: Desk, seed: int) -> None:
        self.desk, self.chance, self.documents = desk, random.Random(seed), dict[str, Modelled]()

    async def begin(self, count: int) -> None:
        for number in range(count):
            document = await self.desk.published(f"{self.desk.root}/{number}", title=f"{number}: first")
            self.documents[document.path] = Modelled(document, PUBLISHED, document.title)

    def end_of(self, path: str, start: str = "") -> str:
        """Where a path leads in the end; empty if it comes back to the start."""
        seen = {start} if start else set()
        while self.documents[path].state == REDIRECTED and path not in seen:
            seen.add(path)
            path = self.documents[path].target
        return "" if path in seen else path

    async def step(self) -> None:
        one = self.chance.choice([*self.documents.values()])
        match self.chance.randrange(8):
            case 0 | 1:
                one.drafted = f"{one.path.rpartition('/')[2]}: {self.chance.random()}"
                one.document = await self.desk.update(one.document, title=one.drafted)
            case 2 if one.drafted:
                one.document = await self.desk.approve(await self.desk.submit(one.document))
                one.document = await self.desk.publish(one.document, by=self.desk.admin)
                one.state, one.title, one.drafted = PUBLISHED, one.drafted, ""
            case _:
                await self.change(one, self.chance.choice([*STEPS]))
        assert (one.document.live.state, bool(one.document.draft.state)) == (one.state, bool(one.drafted))
        assert one.document.title == (one.drafted or one.title)

    async def change(self, one: Modelled, change: Verb) -> None:
        handling, target = self.chance.choice([UNSAID, KEEP, DISCARD]), self.chance.choice([*self.documents])
        wanted = ""
        if one.state not in change.live_needs:
            wanted = "WRONG_LIVE_STATE"
        elif one.drafted and handling == UNSAID:
            wanted = "DRAFT_IN_PROGRESS"
        elif change == REDIRECT and not self.end_of(target, one.path):
            wanted = "REDIRECT_LOOP"
        how: dict[str, Any] = {"draft": handling, "by": self.desk.admin}
        where = (target,) if change == REDIRECT else ()
        call = STEPS[change](self.desk, one.document, *where, **how)
        if wanted:
            assert (await refused(call)).reason == wanted, (change.action, one)
            return
        done = await call
        one.document = done if isinstance(done, Document) else done.document
        one.state, one.target = change.live or one.state, target
        if handling == DISCARD:
            one.drafted = ""

    def shown(self, one: Modelled) -> str:
        if one.state == REDIRECTED:
            return self.end_of(one.path)
        others: dict[int, str] = {GONE: "No longer offered.", VANISHED: ""}
        return others.get(one.state, one.title)


@rounds(2, 40)
async def test_whatever_is_done(service: Service, rounds: int) -> None:
    """Whatever is done to documents, in whichever order, each step does what the table says or is refused for what the model
    says; in the end readers get what the model has, and the record's last entry of each path is the hash of that (C30, C31)."""
    for seed in range(rounds):
        desk = await Desk.opened(service)
        life = Life(desk, seed)
        await life.begin(4)
        for _ in range(70):
            await life.step()
        for one in life.documents.values():
            assert await desk.get(one.document) == one.document
            assert await comes_to_serve(desk, one.path, life.shown(one)), (seed, one)
        assert await recorded(desk) == {path: await served_bytes(desk, path) for path in life.documents}, seed


async def recorded(desk: Desk) -> dict[str, bytes]:
    """What the record's last entry of each of the desk's paths says of what is served there."""
    entries = select(RecordEntry.path, RecordEntry.body_bytes).where(RecordEntry.path.startswith(f"{desk.root}/"))
    async with desk.service.database.read() as connection:
        rows = await connection.execute(entries.order_by(RecordEntry.number))
        return {row.path: RecordEntryBody.FromString(row.body_bytes).answer_sha256 for row in rows}


async def served_bytes(desk: Desk, path: str) -> bytes:
    """The SHA-256 of what is stored to be served there, or of nothing."""
    async with desk.service.database.read() as connection:
        answer = (await connection.execute(select(Page.answer).where(Page.path == path))).scalar()
    return hashlib.sha256(answer or b"").digest()
