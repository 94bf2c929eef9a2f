"""The whole editorial workflow against a model of it, by whatever a state machine thinks of (C30, C35, Z5, Z6)."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule, run_state_machine_as_test

from gazette.content.v1 import content_service_pb2 as content
from gazette.content.v1.document_pb2 import Document, DraftState
from gazette.content.v1.scheduling_pb2 import ScheduleDocumentRequest
from tests.content import reviewing, revising, taking
from tests.content.desk import Desk
from tests.content.merging import merge
from tests.content.swapping import swap
from tests.content.test_due import make_due
from tests.content.test_schedules import DAY
from tests.content.workflow_machine import ROLES, Compared, Scene
from tests.content.workflow_model import (
    CHANGES_REQUESTED,
    DRAFT,
    ELSEWHERE,
    GONE,
    IN_REVIEW,
    PUBLISHED,
    REDIRECTED,
    SCHEDULED,
    VANISHED,
    WHY_GONE,
    WITHDRAWN,
)
from tests.content.workflow_office import Act
from tests.polling import until
from tests.service import Service
from tests.soak import rounds

STEPS, MOST = 40, 5
"""How much is done in a life, and how many documents there are."""
Doing = dict[str, Callable[[], Awaitable[Any]]]
VERBS = ["submit", "recall", "request_changes", "discard", "delete"]
LIVES = [WITHDRAWN, GONE, REDIRECTED, VANISHED, PUBLISHED]
people = st.sampled_from([*ROLES, "ann", "ben"])
reviewers = st.sampled_from(["eve", "eli", "pia", "ada", "eve", "eli", "pia", "ada", "ben"])
publishers = st.sampled_from(["pia", "ada", "pia", "ada", "eve"])
notes = st.sampled_from(["minor", "note", "minor", "note", ""])
seldom = st.integers(0, 7).map(lambda number: number == 0)
ones = st.integers(0, 2)
spots = st.integers(0, 4)
handlings = st.integers(0, 2)


class Workflow(Compared):
    """Does anything to some documents."""

    @initialize(far=st.tuples(*[st.integers(0, 9)] * 3))
    def begin(self, far: tuple[int, ...]) -> None:
        for required, times in enumerate(far):
            self.create(self.path(required), required)
            self.go_on(required, times)

    @rule(at=ones, times=st.integers(1, 5))
    def go_on(self, at: int, times: int) -> None:
        """Brings a document some steps nearer to the public, by whoever can."""
        for _ in range(times):
            one = self.one(at)
            reviewers = [name for name in ("eve", "eli", "pia", "ada") if name not in one.authors | one.approvals]
            if one.is_deleted:
                self.undelete(at, "eve", False, 0, False)
            elif one.blocking:
                self.resolve(at, "eve")
            elif not one.draft:
                self.update(at, "ben", False, 0, False)
            elif one.draft == IN_REVIEW and reviewers and len(one.approvals) < max(one.required, 1):
                self.approve(at, reviewers[0], False)
            elif one.draft == CHANGES_REQUESTED or (one.draft == DRAFT and one.required):
                self.submit(at, "ann")
            else:
                self.publish(at, "ada", False, "note", one.draft == IN_REVIEW)

    @precondition(lambda self: len(self.site.documents) < MOST)
    @rule(spot=spots, required=ones)
    def create_another(self, spot: int, required: int) -> None:
        self.create(self.path(spot), required)

    @rule(seed=st.integers(0, 2**32 - 1))
    def do_anything(self, seed: int) -> None:
        """Some steps, each of which is as likely as any other: the machine itself leaves most rules out of a life."""
        chance = random.Random(f"{seed} {next(self.numbers)}")
        for _ in range(6):
            self.do_one(chance)
            self.agrees()

    def do_one(self, chance: random.Random) -> None:
        at, stale, says = chance.randrange(3), not chance.randrange(8), chance.choice(["minor", "note", "note", ""])
        anybody, publisher = chance.choice([*ROLES]), chance.choice(["pia", "ada"])
        live, spot, moves = chance.choice(LIVES), chance.randrange(5), chance.random() < 0.3
        steps: list[Callable[[], None]] = [
            lambda: self.update(at, anybody, stale, spot, moves),
            lambda: self.merge(at, anybody, spot, chance.choice(["title", "summary"])),
            lambda: self.take_a_step(at, anybody, stale, chance.choice(VERBS)),
            lambda: self.approve(at, chance.choice(["eve", "eli", publisher]), stale),
            lambda: self.approve_publication(at, chance.choice(["eve", "eli", publisher]), stale),
            lambda: self.restore_revision(at, anybody, chance.randrange(1, 6), moves, stale),
            lambda: self.publish(at, publisher, stale, says, moves),
            lambda: self.schedule(at, publisher, stale, says),
            lambda: self.unschedule(at, publisher, stale),
            lambda: self.change(at, publisher, stale, chance.randrange(3), live),
            lambda: self.change(at, "ada", False, chance.randrange(1, 3), live),
            lambda: self.undelete(at, chance.choice(["eve", "ada"]), stale, spot, moves),
            lambda: self.swap(at, publisher, stale),
            lambda: self.go_on(at, chance.randrange(1, 4)),
        ]
        chance.choice(steps)()

    @rule(at=ones, by=people, stale=seldom, spot=spots, moves=seldom)
    def update(self, at: int, by: str, stale: bool, spot: int, moves: bool) -> None:
        act, title = self.act(at, by, stale=stale), self.words()
        document, path = self.seen(act), self.path(spot) if moves else act.one.path
        wanted = self.office.update(act, path, title)
        self.ends(wanted, lambda: self.scene.desk.update(document, self.staff(act), path=path, title=title))

    @rule(at=ones, by=people, base=st.integers(0, 3), name=st.sampled_from(["title", "summary"]))
    def merge(self, at: int, by: str, base: int, name: str) -> None:
        one, text = self.one(at), self.words()
        version = [*one.bases][-1 - base % len(one.bases)]
        act = Act(one, by, is_fresh=version == one.version)
        document = Document(id=one.id, etag=str(version))
        wanted = self.office.merge(act, one.bases[version], name, text)
        self.ends(wanted, lambda: merge(self.scene.desk, document, self.staff(act), **{name: text}))

    @rule(at=ones, by=st.sampled_from(["ann", "eve", "pia"]), stale=seldom, verb=st.sampled_from(VERBS))
    def take_a_step(self, at: int, by: str, stale: bool, verb: str) -> None:
        act, desk = self.act(at, by, stale=stale), self.scene.desk
        document, person = self.seen(act), self.staff(act)
        doing: Doing = {
            "submit": lambda: desk.submit(document, person),
            "recall": lambda: reviewing.recall(desk, document, person),
            "request_changes": lambda: desk.request_changes(document, person),
            "discard": lambda: revising.discard(desk, document, person),
            "delete": lambda: revising.delete(desk, document, person),
        }
        self.ends(getattr(self.office, verb)(act), doing[verb])

    @rule(at=ones, by=people)
    def submit(self, at: int, by: str) -> None:
        self.take_a_step(at, by, False, "submit")

    @rule(at=ones, by=reviewers, stale=seldom)
    def approve(self, at: int, by: str, stale: bool) -> None:
        act = self.act(at, by, stale=stale)
        document, authors = self.seen(act), act.one.authors
        wanted = self.office.approve(act)
        self.ends(wanted, lambda: self.scene.desk.approve(document, self.staff(act)))
        assert wanted or by not in authors

    @rule(at=ones, by=reviewers, stale=seldom)
    def approve_publication(self, at: int, by: str, stale: bool) -> None:
        act = self.act(at, by, stale=stale)
        document = self.seen(act)
        wanted = self.office.approve_publication(act)
        self.ends(wanted, lambda: reviewing.approve_publication(self.scene.desk, document, self.staff(act)))

    @rule(at=ones, by=people, number=st.integers(1, 6), keeps=st.booleans(), stale=seldom)
    def restore_revision(self, at: int, by: str, number: int, keeps: bool, stale: bool) -> None:
        act, desk = self.act(at, by, stale=stale), self.scene.desk
        document = self.seen(act)
        wanted = self.office.restore_revision(act, number, keeps_path=keeps)
        self.ends(wanted, lambda: revising.restore_revision(desk, document, number, self.staff(act), keep_path=keeps))

    @rule(at=ones, by=reviewers)
    def comment(self, at: int, by: str) -> None:
        act = self.act(at, by)
        document = self.seen(act)
        wanted = self.office.comment(act)
        about: dict[str, Any] = {"by": self.staff(act), "blocks_approval": True}
        if (made := self.ends(wanted, lambda: reviewing.comment(self.scene.desk, document, **about))) is not None:
            self.comments.setdefault(act.one.id, []).append(made)

    @rule(at=ones, by=reviewers)
    def resolve(self, at: int, by: str) -> None:
        act = self.act(at, by)
        if not act.one.blocking:
            return
        document, comment = self.seen(act), self.comments[act.one.id][-1]
        wanted = self.office.resolve(act)
        self.ends(wanted, lambda: reviewing.resolve(self.scene.desk, document, comment, self.staff(act)))
        if not wanted:
            self.comments[act.one.id].pop()

    @rule(at=ones, by=publishers, stale=seldom, says=notes, force=seldom)
    def publish(self, at: int, by: str, stale: bool, says: str, force: bool) -> None:
        act = self.act(at, by, stale=stale)
        note = "Something changed." if says == "note" else ""
        request = content.PublishDocumentRequest(
            id=act.one.id, etag=self.seen(act).etag, minor=says == "minor", change_note=note, force=force,
            force_reason="The dam has broken." if force else "",
        )  # fmt: skip
        wanted = self.office.publish(act, tells=bool(says), force=force)
        self.ends(wanted, lambda: self.scene.desk.documents.PublishDocument(request, metadata=self.staff(act).metadata))

    @rule(at=ones, by=publishers, stale=seldom, says=notes)
    def schedule(self, at: int, by: str, stale: bool, says: str) -> None:
        act = self.act(at, by, stale=stale)
        note = "Something changed." if says == "note" else ""
        request = ScheduleDocumentRequest(id=act.one.id, etag=self.seen(act).etag, minor=says == "minor", change_note=note)
        request.due_time.FromDatetime(datetime.now(UTC) + DAY)
        wanted = self.office.schedule(act, tells=bool(says))
        self.ends(wanted, lambda: self.scene.desk.documents.ScheduleDocument(request, metadata=self.staff(act).metadata))
        if not wanted:
            self.scheduled_by[act.one.id] = by

    @rule(at=ones, by=publishers, stale=seldom)
    def unschedule(self, at: int, by: str, stale: bool) -> None:
        act = self.act(at, by, stale=stale)
        document = self.seen(act)
        wanted = self.office.unschedule(act)
        self.ends(wanted, lambda: self.scene.desk.unschedule(document, self.staff(act)))

    @precondition(lambda self: any(each.draft == SCHEDULED and not each.is_deleted for each in self.site.documents))
    @rule()
    def come_due(self) -> None:
        """The first that is scheduled becomes public by itself, or says why it does not."""
        one = next(each for each in self.site.documents if each.draft == SCHEDULED and not each.is_deleted)
        failure = self.office.come_due(one, self.scheduled_by[one.id])
        document = Document(id=one.id)

        async def due() -> str:
            await make_due(self.scene.desk, document)

            async def ended() -> list[Document]:
                found = await self.scene.desk.get(document)
                return [] if found.draft.state == DraftState.DRAFT_STATE_SCHEDULED else [found]

            return (await until(ended))[0].draft.schedule.failure.reason

        assert self.scene.wait(due()) == failure

    @rule(
        at=ones, by=publishers, stale=seldom, handling=handlings,
        live=st.sampled_from(LIVES),
    )  # fmt: skip
    def change(self, at: int, by: str, stale: bool, handling: int, live: str) -> None:
        act, desk = self.act(at, by, stale=stale), self.scene.desk
        document, drafts = self.seen(act), [taking.UNSAID, taking.KEEP, taking.DISCARD]
        how: dict[str, Any] = {"by": self.staff(act), "draft": drafts[handling]}
        doing: Doing = {
            WITHDRAWN: lambda: taking.withdraw(desk, document, **how),
            GONE: lambda: taking.remove(desk, document, WHY_GONE, **how),
            REDIRECTED: lambda: taking.redirect(desk, document, ELSEWHERE, **how),
            VANISHED: lambda: taking.vanish(desk, document, **how),
            PUBLISHED: lambda: taking.restore(desk, document, **how),
        }
        self.ends(self.office.change(act, live, handling), doing[live])

    @rule(at=ones, by=reviewers, stale=seldom, spot=spots, moves=st.booleans())
    def undelete(self, at: int, by: str, stale: bool, spot: int, moves: bool) -> None:
        act, path = self.act(at, by, stale=stale), self.path(spot) if moves else ""
        document = self.seen(act)
        wanted = self.office.undelete(act, path)
        self.ends(wanted, lambda: revising.undelete(self.scene.desk, document, path, self.staff(act)))

    @rule(at=ones, by=publishers, stale=seldom)
    def swap(self, at: int, by: str, stale: bool) -> None:
        act, other = self.act(at, by, stale=stale), self.one(at + 1)
        both = self.seen(act), self.seen(Act(other, by))
        wanted = self.office.swap(act, other)
        self.ends(wanted, lambda: swap(self.scene.desk, *both, self.staff(act)))


@rounds(2, 40)
async def test_whatever_an_office_does(service: Service, rounds: int) -> None:
    """Whoever does whatever to documents, in whichever order, each call is done or refused as the model has it, the documents
    stand and the public reads as it says, nothing of a draft is read, nobody approves their own words, and no revision is lost;
    the record's last entry of each path is the hash of what is served there (C30, C35, Z5, Z6)."""
    scene = await Scene.begun(await Desk.opened(service))
    machine = type("Machine", (Workflow,), {"scene": scene})
    chosen = settings(
        max_examples=rounds,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        derandomize=rounds < 10,
        phases=[Phase.generate],
        suppress_health_check=[*HealthCheck],
    )
    await asyncio.to_thread(run_state_machine_as_test, machine, settings=chosen)
