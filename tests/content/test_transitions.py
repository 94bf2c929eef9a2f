"""Every verb from every state, through the server, against the table of transitions."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import pytest
from sqlalchemy import select, text

from gazette.auth.v1.account_pb2 import Role
from gazette.content.v1.document_pb2 import Document
from server.audit.models import AuditEvent
from server.auth.permissions import ROLE_PERMISSIONS
from server.content.transitions import (
    ANY,
    APPROVE,
    APPROVED,
    CHANGES_REQUESTED,
    CREATE,
    DELETE,
    DISCARD,
    DRAFT,
    FAIL,
    FORCED_PUBLICATION,
    GONE,
    HAS_APPROVALS,
    IN_REVIEW,
    NOTHING,
    NOWHERE,
    PUBLICATION,
    PUBLICATION_APPROVAL,
    PUBLISHABLE,
    PUBLISHED,
    RECALL,
    REDIRECT,
    REDIRECTED,
    REMOVE,
    REQUEST_CHANGES,
    RESTORE,
    RESTORE_REVISION,
    SAVE,
    SCHEDULE,
    SCHEDULE_FAILED,
    SCHEDULED,
    SUBMIT,
    SWAP_OF_DRAFTS,
    SWAP_OF_PAGES,
    TAKEN_DOWN,
    UNDELETE,
    UNSCHEDULE,
    VANISHED,
    VANISHING,
    VERBS,
    WITHDRAW,
    WITHDRAWN,
    Approvals,
    Verb,
    after,
)  # fmt: skip
from tests.content.desk import Desk
from tests.content.reviewing import approve_publication, force, policy, recall, second_editor
from tests.content.revising import delete, discard, restore_revision, undelete
from tests.content.swapping import swap
from tests.content.taking import KEEP, redirect, remove, restore, vanish, withdraw
from tests.content.test_schedules import DAY
from tests.refusals import refused
from tests.service import Person
from tools import transitions

Do = Callable[[Desk, Document, Person], Awaitable[Any]]


async def swapped(desk: Desk, document: Document, other: Awaitable[Document], by: Person) -> Any:
    """The answer of a swap with another document."""
    return await swap(desk, document, await other, by=by)


DOING: dict[str, Do] = {
    SAVE.name: lambda desk, document, by: desk.update(document, by=by, title="Another"),
    SUBMIT.name: lambda desk, document, by: desk.submit(document, by=by),
    RECALL.name: lambda desk, document, by: recall(desk, document, by=by),
    APPROVE.name: lambda desk, document, by: desk.approve(document, by=by),
    REQUEST_CHANGES.name: lambda desk, document, by: desk.request_changes(document, by=by),
    PUBLICATION.name: lambda desk, document, by: desk.publish(document, by=by),
    FORCED_PUBLICATION.name: lambda desk, document, by: force(desk, document, by=by),
    PUBLICATION_APPROVAL.name: lambda desk, document, by: approve_publication(desk, document, by=by),
    SCHEDULE.name: lambda desk, document, by: desk.schedule(document, DAY, by=by),
    UNSCHEDULE.name: lambda desk, document, by: desk.unschedule(document, by=by),
    RESTORE_REVISION.name: lambda desk, document, by: restore_revision(desk, document, 1, by=by),
    DISCARD.name: lambda desk, document, by: discard(desk, document, by=by),
    DELETE.name: lambda desk, document, by: delete(desk, document, by=by),
    SWAP_OF_DRAFTS.name: lambda desk, document, by: swapped(desk, document, desk.create(), by),
    SWAP_OF_PAGES.name: lambda desk, document, by: swapped(desk, document, desk.published(), by),
    WITHDRAW.name: lambda desk, document, by: withdraw(desk, document, draft=KEEP, by=by),
    REMOVE.name: lambda desk, document, by: remove(desk, document, draft=KEEP, by=by),
    REDIRECT.name: lambda desk, document, by: redirect(desk, document, "/elsewhere", draft=KEEP, by=by),
    VANISHING.name: lambda desk, document, by: vanish(desk, document, draft=KEEP, by=by),
    RESTORE.name: lambda desk, document, by: restore(desk, document, draft=KEEP, by=by),
}
CASES = [
    (required, state, given)
    for required in range(3)
    for state in ANY
    for given in (range(required + 1) if state in HAS_APPROVALS else [0])
    if not (state == IN_REVIEW and given and given >= required)  # it is approved by then
    if not (state in PUBLISHABLE and given < required)
    if not (state == APPROVED and not given)
]
"""How many approvals are asked for, where the draft stands, and how many it has."""


async def changed(call: Awaitable[Any]) -> Document:
    """The document of an answer, however it came."""
    answer = await call
    document: Document = getattr(answer, "document", answer)
    return document


async def standing(desk: Desk, kind: str, state: int, given: int, editors: list[Person]) -> Document:
    """A document whose draft stands so."""
    if state == NOTHING:
        return await force(desk, await desk.create(content_type=kind), by=desk.admin)
    document = await desk.create(content_type=kind)
    if state != DRAFT and (given or state in {IN_REVIEW, CHANGES_REQUESTED}):
        document = await desk.submit(document)
    if state == CHANGES_REQUESTED:
        document = await desk.request_changes(document)
    for editor in editors[:given]:
        document = await desk.approve(document, by=editor)
    if state in {SCHEDULED, SCHEDULE_FAILED}:
        document = await desk.schedule(document, DAY)
    if state == SCHEDULE_FAILED:
        async with desk.service.owner.begin() as connection:
            failed = f"UPDATE documents SET draft_state = {SCHEDULE_FAILED} WHERE id = :id"
            await connection.execute(text(failed), {"id": uuid.UUID(document.id)})
            said = "next_attempt_time = NULL, failure_reason = 'PATH_TAKEN', failure_message = '', fail_time = now()"
            await connection.execute(text(f"UPDATE schedules SET {said} WHERE document_id = :id"), {"id": document.id})
        document = await desk.get(document)
    assert (document.draft.state, len(document.draft.approvals)) == (state, given)
    return document


async def last_action(desk: Desk, document: Document) -> str:
    """What was done last; that a schedule is void is found afterwards, by the job."""
    of_it = AuditEvent.target == document.id, AuditEvent.action != "document.schedule_void"
    newest = select(AuditEvent.action).where(*of_it).order_by(AuditEvent.id.desc()).limit(1)
    async with desk.service.database.read() as connection:
        return str((await connection.execute(newest)).scalar_one())


def expected(verb: Verb, document: Document) -> int | None:
    """Where the table says that the draft stands afterwards; None where it says no."""
    given, required = len(document.draft.approvals), document.draft.required_approvals
    if verb.live_needs and document.live.state not in verb.live_needs:
        return None
    if verb is PUBLICATION_APPROVAL and not document.live.HasField("forced"):
        return None
    return after(document.draft.state, verb, Approvals(given + (verb is APPROVE), required))


REFUSALS = {"WRONG_STATE", "NOT_APPROVED", "WRONG_LIVE_STATE", "NOT_FORCED", "WAS_PUBLIC", "DRAFT_IN_PROGRESS"}


@pytest.mark.parametrize(("required", "state", "given"), CASES)
async def test_every_verb_from_every_draft(desk: Desk, required: int, state: int, given: int) -> None:
    """From each state of a draft, with each number of approvals, each verb leads where the table says, and is audited so, or is
    refused and changes nothing (Z5, C35)."""
    kind = (await policy(desk, required)).name
    editors = [desk.editor, desk.publisher, await second_editor(desk)]
    document = await standing(desk, kind, state, given, editors)
    for verb in VERBS:
        if verb.name not in DOING:
            continue
        by = {SAVE: desk.author, SUBMIT: desk.author, RECALL: desk.author}.get(verb, desk.admin)
        if verb in {APPROVE, PUBLICATION_APPROVAL}:
            by = editors[2]
        after_it = expected(verb, document)
        if after_it is None:
            refusal = await refused(DOING[verb.name](desk, document, by))
            assert (verb.name, refusal.code) == (verb.name, grpc.StatusCode.FAILED_PRECONDITION)
            assert refusal.reason in REFUSALS
            assert await desk.get(document) == document
            continue
        done = await changed(DOING[verb.name](desk, document, by))
        live = document.live.state if verb.live is None else verb.live
        assert (verb.name, done.draft.state, done.live.state) == (verb.name, after_it, live)
        needs_no_force = verb is FORCED_PUBLICATION and expected(PUBLICATION, document) is not None
        assert await last_action(desk, document) == (PUBLICATION if needs_no_force else verb).action
        document = await standing(desk, kind, state, given, editors)


async def test_what_is_deleted_comes_back(desk: Desk) -> None:
    """From wherever a draft can be deleted, it stands while it is deleted and when it has come back where the table says, and
    both are audited so."""
    kind = (await policy(desk, 1)).name
    for state in ANY:
        if after(state, DELETE) is None:
            continue
        document = await standing(desk, kind, state, int(state in PUBLISHABLE), [desk.editor])
        deleted = await delete(desk, document, by=desk.editor)
        assert deleted.draft.state == after(state, DELETE)
        assert await last_action(desk, document) == DELETE.action
        assert (await undelete(desk, deleted)).draft.state == after(deleted.draft.state, UNDELETE)
        assert await last_action(desk, document) == UNDELETE.action


@pytest.mark.parametrize("state", [NOWHERE, PUBLISHED, *TAKEN_DOWN])
async def test_every_verb_from_what_is_live(desk: Desk, state: int) -> None:
    """Whatever the public sees, each verb leads from there where the table says, or is refused and changes nothing."""
    taking: dict[int, Callable[..., Awaitable[Any]]] = {
        WITHDRAWN: withdraw,
        REDIRECTED: redirect,
        GONE: remove,
        VANISHED: vanish,
    }

    async def make() -> Document:
        if state == NOWHERE:
            return await desk.create()
        document = await desk.published()
        if state in taking:
            target: tuple[Any, ...] = ("/elsewhere",) if state == REDIRECTED else ()
            document = await changed(taking[state](desk, document, *target, by=desk.admin))
        return document

    document = await make()
    for verb in VERBS:
        if verb.name not in DOING:
            continue
        after_it = expected(verb, document)
        if after_it is None:
            assert (await refused(DOING[verb.name](desk, document, desk.admin))).reason in REFUSALS
            continue
        done = await changed(DOING[verb.name](desk, document, desk.admin))
        live = document.live.state if verb.live is None else verb.live
        assert (verb.name, done.draft.state, done.live.state) == (verb.name, after_it, live)
        document = await make()


@pytest.mark.parametrize("verb", [each for each in VERBS if each.name in DOING], ids=lambda each: each.name)
async def test_who_may_do_what(desk: Desk, verb: Verb) -> None:
    """Each verb is for those whose role brings the permission that the table names, and for nobody below."""
    lowest = min(role for role, brought in ROLE_PERMISSIONS.items() if verb.permission in brought)
    document = await (desk.published() if verb is SWAP_OF_PAGES else desk.create())
    below = await second_editor(desk, Role.ValueType(lowest - 1))
    refusal = await refused(DOING[verb.name](desk, document, below))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.PERMISSION_DENIED, "PERMISSION_DENIED")
    if expected(verb, document) is None:
        refusal = await refused(DOING[verb.name](desk, document, await second_editor(desk, Role.ValueType(lowest))))
        assert refusal.reason in REFUSALS
    else:
        await DOING[verb.name](desk, document, await second_editor(desk, Role.ValueType(lowest)))


def test_the_table_is_whole() -> None:
    """No two verbs share a name, and each that is asked for is walked through here; docs/workflow.md shows them."""
    assert len({verb.name for verb in VERBS}) == len(VERBS)
    assert {verb.name for verb in VERBS} - DOING.keys() == {CREATE.name, FAIL.name, UNDELETE.name}
    assert transitions.page(transitions.WORKFLOW) == (transitions.ROOT / transitions.WORKFLOW).read_text()
