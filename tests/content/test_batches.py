"""Many documents in one call, each with its own result."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from sqlalchemy import text

from gazette.auth.v1.account_pb2 import Role
from gazette.content.v1 import content_service_pb2 as rpc
from gazette.content.v1.document_pb2 import Document, DraftState, LiveState
from server.content.batches import rules
from tests.auth.stored import events
from tests.content.desk import Desk
from tests.polling import until
from tests.refusals import refused
from tests.servers import Servers
from tests.service import Person, running
from tests.statements import counted


async def get(desk: Desk, ids: Sequence[str], by: Person | None = None) -> list[rpc.BatchGetDocumentsResult]:
    request = rpc.BatchGetDocumentsRequest(ids=ids)
    answer = await desk.documents.BatchGetDocuments(request, metadata=(by or desk.author).metadata)
    return [*answer.results]


async def submit(desk: Desk, documents: Sequence[Document], **timed: Any) -> list[rpc.BatchSubmitDocumentsResult]:
    requests = [rpc.SubmitDocumentRequest(id=each.id, etag=each.etag, comment="please") for each in documents]
    request = rpc.BatchSubmitDocumentsRequest(requests=requests)
    answer = await desk.documents.BatchSubmitDocuments(request, metadata=desk.author.metadata, **timed)
    return [*answer.results]


async def publish(desk: Desk, documents: Sequence[Document]) -> list[rpc.BatchPublishDocumentsResult]:
    requests = [rpc.PublishDocumentRequest(id=each.id, etag=each.etag) for each in documents]
    request = rpc.BatchPublishDocumentsRequest(requests=requests)
    answer = await desk.documents.BatchPublishDocuments(request, metadata=desk.publisher.metadata)
    return [*answer.results]


def reason_of(status: status_pb2.Status) -> str:
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info), status
    return info.reason


async def test_documents_by_their_ids(desk: Desk) -> None:
    """Each is answered as GetDocument answers it, in the order of the ids; one that is not there, or not for the caller, is
    NOT_FOUND in its place."""
    made = [await desk.create(body=f"Body {number}", tags=["a"]) for number in range(3)]
    elsewhere = await desk.create(organisation_id=await desk.service.organisation(), metadata=desk.admin.metadata)
    ids = [made[2].id, str(uuid.uuid4()), made[0].id, elsewhere.id, made[1].id]
    results = await get(desk, ids)
    assert [each.WhichOneof("result") for each in results] == ["response", "error", "response", "error", "response"]
    assert [results[at].response.document for at in (0, 2, 4)] == [made[2], made[0], made[1]]
    assert {(results[at].error.code, reason_of(results[at].error)) for at in (1, 3)} == {(5, "DOCUMENT_NOT_FOUND")}
    assert (await get(desk, [elsewhere.id], by=desk.admin))[0].response.document == elsewhere


async def test_they_cost_one_statement(desk: Desk) -> None:
    """However many are asked for, PostgreSQL is asked once."""
    ids = [(await desk.create()).id for _ in range(5)]
    await get(desk, ids)
    with counted() as counts:
        await get(desk, [*ids, *(str(uuid.uuid4()) for _ in range(95))])
    assert [*counts.values()] == [1]


async def test_large_documents_have_an_end(desk: Desk) -> None:
    """What an answer has no room for is said in its place, and comes when it is asked for again."""
    ids = [(await desk.create(body="x" * 900_000)).id for _ in range(4)]
    results = await get(desk, ids)
    assert [each.WhichOneof("result") for each in results] == ["response", "response", "error", "error"]
    assert {reason_of(each.error) for each in results[2:]} == {"ANSWER_FULL"}
    assert [each.response.document.id for each in await get(desk, ids[2:])] == ids[2:]


@pytest.mark.parametrize("ids", [[], ["nonsense"], [str(uuid.uuid4())] * 2, [str(uuid.uuid4()) for _ in range(101)]])
async def test_ids_that_are_refused(desk: Desk, ids: list[str]) -> None:
    """None, none that is one, one named twice, and too many."""
    assert (await refused(get(desk, ids))).code == grpc.StatusCode.INVALID_ARGUMENT


async def test_from_drafts_to_pages(desk: Desk) -> None:
    """Many are submitted and published at once, as single calls would do it: each with its event, its entry on the record and
    its page."""
    made = [await desk.create() for _ in range(5)]
    submitted = [each.response.document for each in await submit(desk, made)]
    assert {each.draft.state for each in submitted} == {DraftState.DRAFT_STATE_IN_REVIEW}
    approved = [await desk.approve(each) for each in submitted]
    published = await publish(desk, approved)
    assert {each.response.document.live.state for each in published} == {LiveState.LIVE_STATE_PUBLISHED}
    numbers = [each.response.record_number for each in published]
    assert (numbers == sorted(numbers), len({*numbers})) == (True, 5)
    for each in published:
        assert (await desk.page(each.response.document.path)).page.title == "A title"
        assert each.response.document.etag == (await desk.get(each.response.document)).etag
    for action in ("document.submit", "document.publish"):
        assert [event.target for event in await events(desk.service, action)] == [each.id for each in made]


async def test_one_bad_stops_nothing_else(desk: Desk) -> None:
    """What is refused has the status, with all details, that the single call would have had, and is left as it was."""
    good, stale, approved = await desk.create(), await desk.create(), await desk.approved()
    changed = await desk.update(stale, by=desk.editor, title="B")
    absent = Document(id=str(uuid.uuid4()), etag="1")
    results = await submit(desk, [stale, approved, absent, good, good])
    assert [each.error.code for each in results] == [10, 9, 5, 0, 10]
    assert [reason_of(each.error) for each in results if each.HasField("error")] == [
        "STALE_ETAG",
        "WRONG_STATE",
        "DOCUMENT_NOT_FOUND",
        "STALE_ETAG",
    ]
    single = await refused(desk.submit(stale))
    assert [*results[0].error.details] == [*single.status.details][: len(results[0].error.details)]
    assert single.info.metadata["saved_by"] == desk.editor.id
    assert await desk.get(stale) == changed
    assert await desk.get(approved) == approved
    assert results[3].response.document.draft.state == DraftState.DRAFT_STATE_IN_REVIEW


async def test_what_is_wrong_in_itself(desk: Desk) -> None:
    """A part that no call could have stops the whole before anything is done."""
    good = await desk.create()
    for documents in ([good, Document(id="nonsense", etag="1")], [good, Document(id=good.id)], [], [good] * 101):
        assert (await refused(submit(desk, documents))).code == grpc.StatusCode.INVALID_ARGUMENT
    assert await desk.get(good) == good


async def test_each_asks_for_its_permission(desk: Desk) -> None:
    """In another organisation nothing is done, and who may nowhere publish is refused at once."""
    elsewhere = await desk.service.organisation()
    theirs = await desk.create(organisation_id=elsewhere, metadata=desk.admin.metadata)
    assert [reason_of(each.error) for each in await submit(desk, [theirs])] == ["DOCUMENT_NOT_FOUND"]
    request = rpc.BatchPublishDocumentsRequest(requests=[rpc.PublishDocumentRequest(id=theirs.id, etag=theirs.etag)])
    refusal = await refused(desk.documents.BatchPublishDocuments(request, metadata=desk.author.metadata))
    assert refusal.code == grpc.StatusCode.PERMISSION_DENIED
    both = await desk.service.account(role=Role.ROLE_READER, organisation_id=elsewhere)
    assert (await refused(desk.documents.BatchPublishDocuments(request, metadata=both.metadata))).code == (
        grpc.StatusCode.PERMISSION_DENIED
    )


async def test_answers_are_short(desk: Desk) -> None:
    """However large what is submitted is, the answer has room for all results."""
    made = [await desk.create(body="x" * 500_000, summary="s" * 9_000) for _ in range(10)]
    results = await submit(desk, made)
    assert [(each.response.document.id, each.response.document.body) for each in results] == [(each.id, "") for each in made]


async def test_each_costs_what_it_costs_alone(desk: Desk) -> None:
    """A batch sends PostgreSQL what its parts would have sent."""
    made = [await desk.create() for _ in range(4)]
    await desk.submit(await desk.create())
    with counted() as counts:
        submitted = await submit(desk, made)
    assert [*counts.values()] == [4 * 2]
    approved = [await desk.approve(each.response.document) for each in submitted]
    await desk.published()
    with counted() as counts:
        await publish(desk, approved)
    assert sum(counts.values()) <= 4 * 6


async def test_what_there_was_no_time_for(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the deadline leaves no time for is not begun, and says so; what came before is done, and stays."""
    made = [await desk.create() for _ in range(4)]
    left = iter([5.0, 5.0, 0.5, 0.1])
    monkeypatch.setattr(rules, "seconds_left", lambda *_: next(left))
    results = await submit(desk, made)
    assert [each.WhichOneof("result") for each in results] == ["response", "response", "error", "error"]
    assert {(each.error.code, reason_of(each.error)) for each in results[2:]} == {(4, "NOT_BEGUN")}
    states = [(await desk.get(each)).draft.state for each in made]
    assert states == [DraftState.DRAFT_STATE_IN_REVIEW] * 2 + [DraftState.DRAFT_STATE_DRAFT] * 2


@asynccontextmanager
async def locked(desk: Desk, document: Document) -> AsyncIterator[None]:
    """Nobody can change the document meanwhile."""
    async with desk.service.owner.begin() as connection:
        await connection.execute(text("SELECT 1 FROM documents WHERE id = :id FOR UPDATE"), {"id": uuid.UUID(document.id)})
        yield


async def test_what_does_not_end_in_time(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is begun and does not end in time is DEADLINE_EXCEEDED in its place, and stops nothing else."""
    made = [await desk.create() for _ in range(3)]
    left = iter([30.0, 1.0, 30.0])
    monkeypatch.setattr(rules, "seconds_left", lambda *_: next(left))
    async with locked(desk, made[1]):
        results = await submit(desk, made)
    assert [each.error.code for each in results] == [0, 4, 0]
    assert reason_of(results[1].error) == "DEADLINE_EXCEEDED"


async def test_a_batch_that_is_cut_off(own_desk: Desk) -> None:
    """A batch that ends before its end says how many were done; those stay done, and what was not begun is as it was."""
    desk = own_desk
    made = [await desk.create() for _ in range(3)]
    async with locked(desk, made[1]):
        call = asyncio.create_task(refused(submit(desk, made)))

        async def is_begun() -> bool:
            return (await desk.get(made[0])).draft.state == DraftState.DRAFT_STATE_IN_REVIEW

        await until(is_begun)
        await desk.service.app.limits.end_all()
        refusal = await call
    assert (refusal.reason, refusal.info.metadata["done"]) == ("SERVER_STOPPING", "1")
    assert await desk.get(made[2]) == made[2]


async def test_a_batch_counts_as_its_parts(servers: Servers, template: str, tmp_path: Path) -> None:
    """For the rate limit a batch is as many calls as it has parts. It is let in as a whole, and what follows pays for it."""
    async with running(servers, template, tmp_path, RATE_LIMIT_MAX="12", BACKGROUND_JOBS="false") as service:
        desk = await Desk.opened(service)
        made = [await desk.create() for _ in range(4)]
        assert [each.HasField("response") for each in await submit(desk, made * 3)] == [True] * 4 + [False] * 8
        assert (await refused(desk.get(made[0]))).reason == "RATE_LIMITED"
