"""The whole editorial workflow against a model of it, by whatever a state machine thinks of (C30, C35, Z5, Z6)."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, TypeVar

import grpc
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from gazette.auth.v1.account_pb2 import Role
from gazette.content.v1 import content_service_pb2 as content
from gazette.content.v1.document_pb2 import Document, DraftState, LiveState
from gazette.content.v1.scheduling_pb2 import ScheduleDocumentRequest
from gazette.delivery.v1.delivery_service_pb2 import GetPageRequest
from gazette.delivery.v1.delivery_service_pb2_grpc import DeliveryServiceStub
from tests.content import reviewing, revising, taking
from tests.content.desk import Desk, last_number
from tests.content.merging import merge
from tests.content.swapping import swap
from tests.content.test_due import make_due
from tests.content.test_schedules import DAY
from tests.content.test_taking_down_model import recorded, served_bytes
from tests.content.workflow_model import (
    ADMIN,
    AUTHOR,
    CHANGES_REQUESTED,
    DRAFT,
    EDITOR,
    ELSEWHERE,
    GONE,
    IN_REVIEW,
    PUBLISHED,
    PUBLISHER,
    REDIRECTED,
    SCHEDULED,
    VANISHED,
    WHY_GONE,
    WITHDRAWN,
    Modelled,
    Saved,
)  # fmt: skip
from tests.content.workflow_office import Act, Office
from tests.polling import until
from tests.refusals import refused
from tests.service import Person, Service
from tests.soak import rounds

ROLES = {"ann": AUTHOR, "ben": AUTHOR, "eve": EDITOR, "eli": EDITOR, "pia": PUBLISHER, "ada": ADMIN}
STEPS, MOST = 40, 5
"""How much is done in a life, and how many documents there are."""
Result = TypeVar("Result")

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


@dataclass
class Scene:
    """A desk, and the loop on which its server runs, while the machine has a thread of its own."""

    desk: Desk
    loop: asyncio.AbstractEventLoop
    staff: dict[str, Person]
    kinds: list[str]
    """Content types that ask for 0, 1 and 2 approvals."""
    lives: int = 0

    def wait(self, coroutine: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(60)

    @classmethod
    async def begun(cls, desk: Desk) -> Scene:
        roles = {AUTHOR: Role.ROLE_AUTHOR, EDITOR: Role.ROLE_EDITOR, PUBLISHER: Role.ROLE_PUBLISHER}
        staff = {
            name: desk.admin if role == ADMIN else await reviewing.second_editor(desk, roles[role])
            for name, role in ROLES.items()
        }
        kinds = [(await reviewing.policy(desk, required)).name for required in range(3)]
        return cls(desk, asyncio.get_running_loop(), staff, kinds)


def told(document: Document) -> dict[str, Any]:
    """What the model says, too, of a document."""
    draft, live = document.draft, document.live
    return {
        "etag": document.etag,
        "said": (document.path, document.title, document.summary, document.revision_number),
        "draft": (DraftState.Name(draft.state).removeprefix("DRAFT_STATE_"), draft.revision_number),
        "approvals": {each.account_id for each in draft.approvals},
        "needs": (draft.required_approvals, draft.blocking_comments),
        "live": (LiveState.Name(live.state).removeprefix("LIVE_STATE_"), live.revision_number, live.path),
        "forced": (live.forced.account_id, live.forced.revision_number),
        "is scheduled": draft.HasField("schedule") and not draft.schedule.HasField("failure"),
    }


def different(one: Any, other: Any, where: str = "") -> list[str]:
    """The names of the fields that two messages do not share."""
    found = []
    for each in one.DESCRIPTOR.fields:
        this, that = getattr(one, each.name), getattr(other, each.name)
        if this != that:
            is_message = each.message_type is not None and not each.is_repeated
            found += different(this, that, f"{where}{each.name}.") if is_message else [f"{where}{each.name}: {this} {that}"]
    return found


class Workflow(RuleBasedStateMachine):
    """Does anything to some documents, and compares what comes of it."""

    scene: Scene

    def __init__(self) -> None:
        super().__init__()
        self.scene.lives += 1
        self.root = f"{self.scene.desk.root}/{self.scene.lives}"
        self.office, self.numbers = Office(ROLES), itertools.count(1)
        self.scheduled_by: dict[str, str] = {}
        self.comments: dict[str, list[Any]] = {}
        self.answered: Any = None
        """The document that the last answer told of."""

    @property
    def site(self) -> Any:
        return self.office.site

    def path(self, spot: int) -> str:
        return f"{self.root}/{spot}"

    def words(self) -> str:
        return f"Words {next(self.numbers)}"

    def one(self, at: int) -> Modelled:
        found: Modelled = self.site.documents[at % len(self.site.documents)]
        return found

    def act(self, at: int, by: str, *, stale: bool = False) -> Act:
        return Act(self.one(at), by, is_fresh=not stale)

    def staff(self, act: Act) -> Person:
        return self.scene.staff[act.by]

    def seen(self, act: Act) -> Document:
        """The document as its etag says that somebody has seen it."""
        one = act.one
        return Document(id=one.id, etag=str(one.version if act.is_fresh else one.version - 1 or 99))

    def ends(self, wanted: str, call: Callable[[], Awaitable[Result]]) -> Result | None:
        """The answer of a call, which is to be refused for what is wanted, or if that is nothing, to be done."""

        async def ended() -> Result | None:
            if not wanted:
                return await call()
            assert (await refused(call())).reason == wanted
            return None

        answer = self.scene.wait(ended())
        self.answered = getattr(answer, "document", answer)
        return answer

    def create(self, path: str, required: int) -> None:
        title, by = self.words(), "ann"
        call = self.scene.desk.create(
            path, title=title, content_type=self.scene.kinds[required], metadata=self.scene.staff[by].metadata
        )
        if self.site.is_taken(path):
            assert self.scene.wait(refused(call)).reason == "PATH_TAKEN"
            return
        made = self.scene.wait(call)
        self.site.documents.append(Modelled(made.id, required, [Saved(path, title, "", by)]))

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
        doing: dict[str, Callable[[], Awaitable[Any]]] = {
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
        call = lambda: reviewing.comment(self.scene.desk, document, by=self.staff(act), blocks_approval=True)  # noqa: E731
        if (made := self.ends(wanted, call)) is not None:
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
        document, how = self.seen(act), {"by": self.staff(act), "draft": [taking.UNSAID, taking.KEEP, taking.DISCARD][handling]}
        doing: dict[str, Callable[[], Awaitable[Any]]] = {
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

    @invariant()
    def agrees(self) -> None:
        """Each document stands as the model has it, as the last answer said, and each path serves what the model says."""
        self.scene.wait(self.compared())

    async def compared(self) -> None:
        for one in self.site.documents:
            if one.is_deleted:
                assert (await refused(self.scene.desk.get(Document(id=one.id)))).reason == "DOCUMENT_NOT_FOUND"
                continue
            found = await self.scene.desk.get(Document(id=one.id))
            assert told(found) == self.expected(one)
            if isinstance(self.answered, Document) and self.answered.id == one.id:
                assert different(self.answered, found) == []
        number = await last_number(self.scene.desk.service)
        for path in self.site.all_paths():
            assert await read(self.scene.desk, path, number) == self.site.reads(path), path

    def expected(self, one: Modelled) -> dict[str, Any]:
        number, ids = len(one.revisions), {name: person.id for name, person in self.scene.staff.items()}
        return {
            "etag": str(one.version),
            "said": (one.path, one.newest.title, one.newest.summary, number),
            "draft": (one.draft or "UNSPECIFIED", number if one.draft else 0),
            "approvals": {ids[name] for name in one.approvals},
            "needs": (one.required, one.blocking) if one.draft else (0, 0),
            "live": (one.live or "UNSPECIFIED", one.live_number, one.shown.path if one.live else ""),
            "forced": (ids.get(one.forced_by, ""), one.forced_number),
            "is scheduled": one.draft == SCHEDULED,
        }

    def teardown(self) -> None:
        self.scene.wait(self.kept())

    async def kept(self) -> None:
        """Every revision says what it said, and the record's last entry of each path is the hash of what that serves."""
        desk, ids = self.scene.desk, {person.id: name for name, person in self.scene.staff.items()}
        for one in self.site.documents:
            for number, saved in enumerate([] if one.is_deleted else one.revisions, 1):
                found = await revising.revision(desk, Document(id=one.id), number)
                said = Saved(found.path, found.title, found.summary, ids[found.author_id], found.restored_from_revision_number)
                assert said == replace(saved, is_copy=False), (number, one)
        last = {path: entry for path, entry in (await recorded(desk)).items() if path.startswith(f"{self.root}/")}
        assert last == {path: await served_bytes(desk, path) for path in last}


async def read(desk: Desk, path: str, number: int) -> tuple[str, str]:
    """What the public is answered at a path, by a process that knows the record up to this number."""
    try:
        answer = await DeliveryServiceStub(desk.service.channel).GetPage(GetPageRequest(path=path, min_record_number=number))
    except grpc.aio.AioRpcError as error:
        return ("", "") if error.code() == grpc.StatusCode.NOT_FOUND else (str(error.code()), "")
    if answer.HasField("page"):
        return (WITHDRAWN if answer.page.HasField("withdrawal") else PUBLISHED), answer.page.title
    return ("redirect", answer.redirect.location) if answer.HasField("redirect") else (GONE, answer.gone.explanation)


@rounds(6, 40)
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
