"""Publication waits for files, or says so: which are not ready, and how each stands."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from sqlalchemy import update

from gazette.content.v1.document_pb2 import Document
from gazette.files.v1.file_pb2 import FileState
from server.content.schedules import rules
from server.files.models import File
from tests.content.checking import problems
from tests.content.desk import Desk
from tests.content.test_due import SOON, failed, live
from tests.content.test_schedules import stored
from tests.files.uploading import PDF, PNG, send, upload_of
from tests.formats import pdfs
from tests.polling import until
from tests.refusals import Refusal, refused

PENDING, SCANNING = FileState.FILE_STATE_PENDING, FileState.FILE_STATE_SCANNING
READY, REJECTED = FileState.FILE_STATE_READY, FileState.FILE_STATE_REJECTED


async def uploaded(desk: Desk, content: bytes = PNG, name: str = "a.png") -> str:
    upload = upload_of(desk.organisation_id, content, name, alternative_text="a harbour")
    return str((await send(desk.service, desk.author, upload, content)).file.id)


async def make(desk: Desk, id: str, **columns: Any) -> None:
    """Says so of a file, as uploads do that take a while."""
    async with desk.service.database.transaction() as connection:
        await connection.execute(update(File).where(File.id == uuid.UUID(id)).values(**columns))


async def approved(desk: Desk, **said: Any) -> Document:
    return await desk.approve(await desk.submit(await desk.create(**said)))


def states(refusal: Refusal) -> dict[str, str]:
    """How each file stands that a refusal names."""
    told = error_details_pb2.PreconditionFailure()
    for detail in refusal.status.details:
        detail.Unpack(told)  # of its own kind alone
    return {each.subject: each.type for each in told.violations}


async def test_publication_names_files_that_are_not_ready(desk: Desk) -> None:
    """Each with its state and its name: those that are on their way, and those that came to nothing. Nothing is published."""
    ids = [await uploaded(desk, name=f"{at}.png") for at in range(4)]
    await make(desk, ids[0], state=PENDING)
    await make(desk, ids[1], state=SCANNING)
    await make(desk, ids[2], state=REJECTED, rejection_reason="FILE_INFECTED")
    await make(desk, ids[3], delete_time=datetime.now(UTC))
    missing = str(uuid.uuid4())
    ready = await approved(desk, path=f"{desk.root}/a", attachments=[*ids, missing])
    refusal = await refused(desk.publish(ready))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "FILES_NOT_READY")
    assert states(refusal) == dict(
        zip([*ids, missing], ["PENDING", "SCANNING", "REJECTED", "DELETED", "NOT_FOUND"], strict=True)
    )
    assert refusal.info.metadata["files"].split(",") == [*ids, missing]
    assert f"0.png ({ids[0]}) has not arrived" in refusal.status.message
    assert await desk.record() == []

    for id in ids:
        await make(desk, id, state=READY, delete_time=None)
    refusal = await refused(desk.publish(ready))
    assert (refusal.reason, refusal.info.metadata["attachments"]) == ("ATTACHMENT_NOT_FOUND", missing)


async def test_a_file_that_a_body_names(desk: Desk) -> None:
    """It is waited for as one that is attached; when it is ready, the same draft is published."""
    id = await uploaded(desk)
    await make(desk, id, state=SCANNING)
    ready = await approved(desk, path=f"{desk.root}/a", body=f"![a ship](file:{id})")
    refusal = await refused(desk.publish(ready))
    assert (refusal.reason, states(refusal)) == ("FILES_NOT_READY", {id: "SCANNING"})
    assert "when they are ready" in refusal.status.message
    await make(desk, id, state=READY)
    await desk.publish(ready)


async def put_off(desk: Desk, document: Document, times: int) -> None:
    """Waits until what is scheduled was put off so often."""
    seen = set()

    async def look() -> bool:
        (row,) = await stored(desk, document)
        seen.update([row.next_attempt_time] if row.attempts == 0 else [])
        return len(seen) > times

    await until(look)


async def test_a_schedule_waits_for_files(own_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is published when they are ready, and no attempt counts meanwhile."""
    desk = own_desk
    monkeypatch.setattr(rules, "FILE_PAUSE", timedelta(seconds=0.05))
    id = await uploaded(desk)
    await make(desk, id, state=PENDING)
    scheduled = await desk.schedule(await approved(desk, path=f"{desk.root}/a", attachments=[id]), SOON)
    await put_off(desk, scheduled, times=rules.ATTEMPTS + 1)
    await make(desk, id, state=READY)
    document = await live(desk, scheduled)
    assert [each.id for each in (await desk.page(document.path)).page.attachments] == [id]


async def test_a_schedule_fails_by_files_that_come_to_nothing(own_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that was rejected is not waited for, and one that stays away is not waited for longer than an hour."""
    desk = own_desk
    id = await uploaded(desk)
    await make(desk, id, state=REJECTED, rejection_reason="FILE_INFECTED")
    document = await failed(desk, await desk.schedule(await approved(desk, path=f"{desk.root}/a", attachments=[id]), SOON))
    assert document.draft.schedule.failure.reason == "FILES_NOT_READY"
    assert "was rejected (FILE_INFECTED)" in document.draft.schedule.failure.message

    monkeypatch.setattr(rules, "FILE_PATIENCE", timedelta(0))
    await make(desk, id, state=PENDING)
    document = await failed(desk, await desk.schedule(await approved(desk, path=f"{desk.root}/b", attachments=[id]), SOON))
    assert document.draft.schedule.failure.reason == "FILES_NOT_READY"


async def test_checks_say_how_files_stand(desk: Desk) -> None:
    """CheckDocument names a file that is not ready, and why."""
    ids = [await uploaded(desk, name=f"{at}.png") for at in range(3)]
    await make(desk, ids[0], state=SCANNING)
    await make(desk, ids[1], state=REJECTED, rejection_reason="FILE_INFECTED")
    await make(desk, ids[2], delete_time=datetime.now(UTC))
    found = await problems(desk, await desk.create(attachments=ids))
    assert [each.message for each in found["ATTACHMENT_NOT_READY"]] == [
        "attachments[0], 0.png, is being examined",
        "attachments[1], 1.png, was rejected (FILE_INFECTED)",
        "attachments[2], 2.png, was deleted",
    ]


async def test_checks_look_at_pdfs(desk: Desk) -> None:
    """One that is not tagged, or does not say its title or its language, is named, attached or in a body; one that says all is
    not, and of one of which nothing is known nothing is said."""
    bare = await uploaded(desk, PDF, "bare.pdf")
    said = pdfs.changed(pdfs.tagged, pdfs.titled("A form"), pdfs.language("en"))
    whole, former = await uploaded(desk, said, "whole.pdf"), await uploaded(desk, PDF, "former.pdf")
    await make(desk, former, facts={})
    found = await problems(desk, await desk.create(attachments=[whole, bare, former], body=f"[x](file:{bare})"))
    of_pdfs = {check: [(each.pointer, each.excerpt) for each in of] for check, of in found.items() if check.startswith("PDF")}
    names = ("PDF_UNTAGGED", "PDF_WITHOUT_TITLE", "PDF_WITHOUT_LANGUAGE")
    assert of_pdfs == {each: [("/1", "bare.pdf")] for each in names}
    assert [found[each][0].criterion.number for each in names] == ["1.3.1", "2.4.2", "3.1.1"]
    found = await problems(desk, await desk.create(body=f"[the form](file:{bare})"))
    assert [each.field for each in found["PDF_UNTAGGED"]] == ["document.body"]
