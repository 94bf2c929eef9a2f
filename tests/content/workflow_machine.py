"""The desk on which a state machine tries the editorial workflow, and how it compares what comes of that with the model."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import grpc
from hypothesis.stateful import RuleBasedStateMachine, invariant

from gazette.auth.v1.account_pb2 import Role
from gazette.content.v1.document_pb2 import Document, DraftState, LiveState
from gazette.delivery.v1.delivery_service_pb2 import GetPageRequest
from gazette.delivery.v1.delivery_service_pb2_grpc import DeliveryServiceStub
from tests.content import reviewing, revising
from tests.content.desk import Desk, last_number
from tests.content.test_taking_down_model import recorded, served_bytes
from tests.content.workflow_model import (
    ADMIN,
    AUTHOR,
    EDITOR,
    GONE,
    PUBLISHED,
    PUBLISHER,
    SCHEDULED,
    WITHDRAWN,
    Modelled,
    Saved,
)  # fmt: skip
from tests.content.workflow_office import Act, Office
from tests.refusals import refused
from tests.service import Person

ROLES = {"ann": AUTHOR, "ben": AUTHOR, "eve": EDITOR, "eli": EDITOR, "pia": PUBLISHER, "ada": ADMIN}
Result = TypeVar("Result")


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


class Compared(RuleBasedStateMachine):
    """A machine that does whatever its rules do to some documents, and compares what comes of it with the model."""

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
