"""What problems mean: named, not looked for, or in the way of publication, unless somebody who may overrides them."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import grpc
import pytest
from sqlalchemy import text

from gazette.auth.v1.account_pb2 import Role
from gazette.content.v1.document_pb2 import DraftState, LiveState
from gazette.content.v1.publish_check_pb2 import PublishCheck
from gazette.content.v1.scheduling_pb2 import ScheduleDocumentRequest
from server.content.publish_checks.registry import CHECKS, name
from server.content.publish_checks.registry import OFF as IS_OFF
from tests.content import taking
from tests.content.checking import (
    BLOCK,
    BLOCKED,
    DEAD,
    HEADING,
    IMAGE,
    LEVEL,
    OFF,
    REASON,
    WARN,
    approved,
    check,
    problems,
    publication,
    published,
    setting,
    submission,
    submitted,
    violations,
)
from tests.content.desk import Desk, imported
from tests.content.test_due import events, failed, live, make_due
from tests.refusals import refused

DAY = timedelta(days=1)
FAILED = grpc.StatusCode.FAILED_PRECONDITION
DENIED = grpc.StatusCode.PERMISSION_DENIED


async def test_a_document_is_checked(desk: Desk) -> None:
    """Whoever may read a document is told of the newest revision or of another one: its problems with level, severity,
    criterion and place, the counts of each check, and whether anything is in the way."""
    document = await desk.create(f"{desk.root}/a", body=f"{BLOCKED}\n\n#### Deep\n\nEnd.")
    mended = await desk.update(document, body="Words.")
    answer = await check(desk, mended, revision=1)
    assert (answer.revision_number, answer.can_publish, answer.words, answer.sentences, answer.lix) == (1, False, 2, 2, 1)
    image, heading = answer.problems
    assert (image.check, image.level, image.field, image.line) == (IMAGE, BLOCK, "document.body", 3)
    assert (image.criterion.number, image.criterion.name, image.criterion.level) == ("1.1.1", "Non-text Content", "A")
    assert (image.element, image.excerpt, image.overridden) == ("(//img)[1]", "/a.png", False)
    assert (heading.check, heading.level, heading.criterion.number) == (LEVEL, WARN, "1.3.1")
    counts = {each.check: each.count for each in answer.results}
    assert [*counts] == [number for number, each in CHECKS.items() if each.level != IS_OFF]
    assert (counts[IMAGE], counts[LEVEL], sum(counts.values())) == (1, 1, 2)
    newest = await check(desk, mended)
    assert (newest.revision_number, newest.can_publish, len(newest.problems)) == (2, True, 0)


async def test_what_is_not_there_is_not_checked(desk: Desk) -> None:
    """An absent document, one of another organisation and an absent revision are not found."""
    document = await desk.create(f"{desk.root}/a")
    stranger = await desk.service.account(role=Role.ROLE_ADMIN, organisation_id=await desk.service.organisation())
    hidden, missing = await refused(check(desk, document, stranger)), await refused(check(desk, document, revision=2))
    assert (hidden.code, hidden.reason) == (grpc.StatusCode.NOT_FOUND, "DOCUMENT_NOT_FOUND")
    assert (missing.code, missing.reason) == (grpc.StatusCode.NOT_FOUND, "REVISION_NOT_FOUND")


async def test_what_blocks_is_not_submitted(desk: Desk) -> None:
    """A draft with a problem that blocks is not submitted: the refusal names each, with its check, place and criterion."""
    document = await desk.create(f"{desk.root}/a", body=f"{BLOCKED}\n\n##\n\nEnd.")
    refusal = await refused(submitted(desk, document))
    assert (refusal.code, refusal.reason) == (FAILED, "PUBLISH_CHECKS_FAILED")
    assert refusal.info.metadata["checks"] == "IMAGE_WITHOUT_ALTERNATIVE,HEADING_EMPTY"
    told = violations(refusal)
    assert [each.type for each in told] == ["IMAGE_WITHOUT_ALTERNATIVE", "HEADING_EMPTY"]
    assert told[0].subject == "document.body:3 (//img)[1]"
    assert "1.1.1 Non-text Content" in told[0].description
    assert (await desk.get(document)).draft.state == DraftState.DRAFT_STATE_DRAFT


async def test_what_blocks_is_not_published(desk: Desk) -> None:
    """What blocks keeps an approved draft from being published and scheduled, also where the approval came by an override:
    nothing becomes public (C41)."""
    document = await approved(desk)
    for call in (published(desk, document), desk.schedule(document, DAY)):
        refusal = await refused(call)
        assert (refusal.code, refusal.reason) == (FAILED, "PUBLISH_CHECKS_FAILED")
    assert (await desk.get(document)).live.state == LiveState.LIVE_STATE_UNSPECIFIED
    assert [each for each in await desk.record() if each.path == document.path] == []


async def test_warnings_are_named(desk: Desk) -> None:
    """What only warns is named by the answers of submitting, scheduling and publishing, and is in nobody's way."""
    document = await desk.create(f"{desk.root}/a", body="#### Deep\n\nEnd.")
    answer = await submitted(desk, document)
    assert [each.check for each in answer.problems] == [LEVEL]
    document = await desk.approve(answer.document)
    request = ScheduleDocumentRequest(id=document.id, etag=document.etag)
    request.due_time.GetCurrentTime()
    request.due_time.seconds += 86400
    scheduled = await desk.documents.ScheduleDocument(request, metadata=desk.publisher.metadata)
    assert [each.check for each in scheduled.problems] == [LEVEL]
    final = await published(desk, scheduled.document)
    assert [(each.check, each.level, each.line) for each in final.problems] == [(LEVEL, WARN, 1)]
    assert [*final.document.live.overridden_checks] == []


async def test_a_content_type_decides(desk: Desk) -> None:
    """A content type says of each check whether it blocks, warns or is off, and from where on; the answers and the next check
    go by it at once, and what it does not say is as by default."""
    kind = desk.kind("strict")
    long = PublishCheck.PUBLISH_CHECK_SENTENCE_LONG
    settings = [setting(long, BLOCK, 3), setting(IMAGE, OFF), setting(DEAD, BLOCK)]
    made = await desk.content_type(kind, publish_checks=settings)
    assert [*made.publish_checks] == sorted(settings, key=lambda each: each.check)
    document = await desk.create(f"{desk.root}/a", content_type=kind, body=f"{BLOCKED}\n\nFour words are here [a](/none).")
    assert {*await problems(desk, document)} == {"LINK_DEAD", "SENTENCE_LONG"}
    refusal = await refused(submitted(desk, document))
    assert refusal.info.metadata["checks"] == "LINK_DEAD,SENTENCE_LONG"
    changed = await desk.change_content_type(made, publish_checks=[setting(long, WARN)])
    assert [*changed.publish_checks] == [setting(long, WARN)]
    assert {*await problems(desk, document)} == {"IMAGE_WITHOUT_ALTERNATIVE", "LINK_DEAD"}
    await desk.change_content_type(changed, publish_checks=[])
    assert "SENTENCE_LONG" not in await problems(desk, document)


@pytest.mark.parametrize(
    "settings",
    [
        [setting(IMAGE, OFF), setting(IMAGE, BLOCK)],
        [setting(IMAGE, WARN, 5)],
        [setting(HEADING, WARN, -1)],
        [setting(99, OFF)],  # type: ignore[arg-type]
    ],
)
async def test_settings_that_are_none(desk: Desk, settings: list[Any]) -> None:
    """A check has one setting, only some have a threshold, and what is no check has none."""
    refusal = await refused(desk.content_type(desk.kind("strict"), publish_checks=settings))
    assert refusal.code == grpc.StatusCode.INVALID_ARGUMENT


async def test_who_may_overrides(desk: Desk) -> None:
    """Who may override publishes in spite of what blocks, by naming the check and why. The audit has both, at submission and
    publication, the page says nothing of it, and the document says which checks it was published over until the next one."""
    document = await approved(desk)
    override = {"override_checks": [IMAGE, LEVEL], "override_reason": REASON}
    answer = await published(desk, document, desk.admin, **override)
    assert [(each.check, each.overridden) for each in answer.problems] == [(IMAGE, True)]
    assert [*answer.document.live.overridden_checks] == [IMAGE]
    assert (await desk.page(document.path)).page.html
    for action in ("document.submit", "document.publish"):
        (event,) = await events(desk, document, action)
        assert event.details["overridden_checks"] == ["IMAGE_WITHOUT_ALTERNATIVE"]
        assert event.details["override_reason"] == REASON
        assert str(event.actor_id) == desk.admin.id
    withdrawn = (await taking.withdraw(desk, answer.document)).document
    assert [*withdrawn.live.overridden_checks] == [IMAGE]
    restored = await taking.restore(desk, withdrawn)
    assert [*restored.live.overridden_checks] == [IMAGE]
    mended = await desk.through_review(await desk.update(restored, body="Words."))
    assert [*mended.live.overridden_checks] == []
    assert "override_reason" not in (await events(desk, document, "document.publish"))[-1].details


async def test_who_may_not_overrides_nothing(desk: Desk) -> None:
    """Overriding needs its permission in the document's organisation, whoever else may publish, and even where nothing is in
    the way; and it is for the named checks alone (C41)."""
    document = await approved(desk)
    override: dict[str, Any] = {"override_checks": [IMAGE], "override_reason": REASON}
    fine = await desk.create(f"{desk.root}/fine")
    request = ScheduleDocumentRequest(id=document.id, etag=document.etag, **override)
    request.due_time.GetCurrentTime()
    request.due_time.seconds += 86400
    for call in (
        published(desk, document, **override),
        submitted(desk, fine, **override),
        desk.documents.ScheduleDocument(request, metadata=desk.publisher.metadata),
    ):
        refusal = await refused(call)
        assert (refusal.code, refusal.info.metadata["permission"]) == (DENIED, "PERMISSION_DOCUMENTS_OVERRIDE")
    refusal = await refused(published(desk, document, desk.admin, override_checks=[HEADING], override_reason=REASON))
    assert refusal.reason == "PUBLISH_CHECKS_FAILED"


async def test_an_override_has_a_reason(desk: Desk) -> None:
    """Checks without a reason, a reason without checks, a check twice, and what is no check are refused."""
    document = await approved(desk)
    for how in (
        {"override_checks": [IMAGE]},
        {"override_reason": REASON},
        {"override_checks": [IMAGE], "override_reason": " \u200b "},
        {"override_checks": [IMAGE, IMAGE], "override_reason": REASON},
        {"override_checks": [0], "override_reason": REASON},
        {"override_checks": [99], "override_reason": REASON},
    ):
        for call in (
            desk.documents.PublishDocument(publication(document, **how), metadata=desk.admin.metadata),
            desk.documents.SubmitDocument(submission(document, **how), metadata=desk.admin.metadata),
        ):
            assert (await refused(call)).code == grpc.StatusCode.INVALID_ARGUMENT


async def test_a_schedule_with_an_override(desk: Desk) -> None:
    """A schedule keeps what was overridden, and honours it when it is due, in the name of who may; an override is of no taking
    down."""
    document, override = await approved(desk), {"override_checks": [IMAGE], "override_reason": REASON}
    request = ScheduleDocumentRequest(id=document.id, etag=document.etag, **override)  # type: ignore[arg-type]
    request.due_time.GetCurrentTime()
    request.due_time.seconds += 86400
    answer = await desk.documents.ScheduleDocument(request, metadata=desk.admin.metadata)
    assert [(each.check, each.overridden) for each in answer.problems] == [(IMAGE, True)]
    (scheduled,) = await events(desk, document, "document.schedule")
    assert (scheduled.details["overridden_checks"], scheduled.details["override_reason"]) == ([name(IMAGE)], REASON)
    await make_due(desk, document)
    public = await live(desk, document)
    assert [*public.live.overridden_checks] == [IMAGE]
    (event,) = await events(desk, document, "document.publish")
    assert event.details["override_reason"] == REASON
    request.etag = public.etag
    request.take_down.gone.explanation = "Over."
    taking_down = desk.documents.ScheduleDocument(request, metadata=desk.admin.metadata)
    assert (await refused(taking_down)).code == grpc.StatusCode.INVALID_ARGUMENT


async def test_a_schedule_that_is_blocked_when_it_is_due(desk: Desk) -> None:
    """What has come in the way by the time that it is due makes the draft SCHEDULE_FAILED with the reason; what the public sees
    stays (C41)."""
    kind = desk.kind("later")
    content_type = await desk.content_type(kind)
    target = await desk.published(f"{desk.root}/target")
    document = await desk.approved(f"{desk.root}/a", content_type=kind, body=f"[the target]({target.path})")
    scheduled = await desk.schedule(document, DAY)
    await desk.change_content_type(content_type, publish_checks=[setting(PublishCheck.PUBLISH_CHECK_LINK_GONE, BLOCK)])
    await taking.remove(desk, target)
    await make_due(desk, scheduled)
    found = await failed(desk, scheduled)
    assert found.draft.schedule.failure.reason == "PUBLISH_CHECKS_FAILED"
    assert "LINK_GONE" in found.draft.schedule.failure.message
    assert found.live.state == LiveState.LIVE_STATE_UNSPECIFIED
    (event,) = await events(desk, document, "document.schedule_fail")
    assert event.details["reason"] == "PUBLISH_CHECKS_FAILED"


async def test_a_right_to_override_that_was_lost(desk: Desk) -> None:
    """A schedule with an override fails if its account may not override any more when it is due."""
    document = await approved(desk)
    overrider = await desk.service.account(role=Role.ROLE_ADMIN, organisation_id=desk.organisation_id)
    request = ScheduleDocumentRequest(id=document.id, etag=document.etag, override_checks=[IMAGE], override_reason=REASON)
    request.due_time.GetCurrentTime()
    request.due_time.seconds += 86400
    scheduled = (await desk.documents.ScheduleDocument(request, metadata=overrider.metadata)).document
    async with desk.service.owner.begin() as connection:
        statement = "UPDATE grants SET role = :role WHERE account_id = :id"
        await connection.execute(text(statement), {"role": Role.ROLE_PUBLISHER, "id": uuid.UUID(overrider.id)})
    await make_due(desk, scheduled)
    found = await failed(desk, scheduled)
    assert found.draft.schedule.failure.reason == "PERMISSION_DENIED"


async def test_imports_are_not_judged(desk: Desk) -> None:
    """What was published elsewhere is brought in as it is; what the checks find in it can be asked for."""
    (result,) = await desk.bring_in(imported(f"{desk.root}/a", said={"body": BLOCKED}))
    assert result.document_id
    document = await desk.get(desk.draft(id=result.document_id))
    assert document.live.state == LiveState.LIVE_STATE_PUBLISHED
    assert not (await check(desk, document)).can_publish
