"""ListDocuments: what editors look for, in the order that they ask for (C45)."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pytest
from sqlalchemy import func, select, text, update

from gazette.content.v1 import content_service_pb2 as rpc
from gazette.content.v1.document_pb2 import DraftState, LiveState
from gazette.content.v1.removal_pb2 import Removal
from gazette.content.v1.schedule_pb2 import ScheduledAction
from server.content.lists import queries
from server.content.models import Document as Row
from server.content.models import Schedule
from server.stores.horizon import HORIZON
from tests.content.desk import Desk
from tests.content.taking import DISCARD, withdraw
from tests.polling import until as awaited
from tests.refusals import refused

PUBLISH, TAKE_DOWN = ScheduledAction.SCHEDULED_ACTION_PUBLISH, ScheduledAction.SCHEDULED_ACTION_TAKE_DOWN
GONE = Removal(explanation="Over.")


async def listed(desk: Desk, **asked: Any) -> rpc.ListDocumentsResponse:
    request = rpc.ListDocumentsRequest(organisation_id=desk.organisation_id, **asked)
    answer: rpc.ListDocumentsResponse = await desk.documents.ListDocuments(request, metadata=desk.author.metadata)
    return answer


async def titles(desk: Desk, **asked: Any) -> list[str]:
    """Of what is listed, in the order of its making unless another one is asked for."""
    return [each.title for each in (await listed(desk, **{"order_by": "create_time"} | asked)).documents]


async def test_what_an_author_looks_for(desk: Desk) -> None:
    """By author, tag, path, words and time of change, each by what the newest revision says, and all of them together (C45)."""
    moor = await desk.create(
        f"{desk.root}/boats/moor", title="Moor a boat", summary="In any harbour", tags=["Boats", "harbours"]
    )
    fish = await desk.create(f"{desk.root}/boats-and-fish", title="Fish from a boat", tags=["fish"])
    await desk.create(f"{desk.root}/boats", title="Boats", tags=["boats", "harbours"])
    await desk.update(moor, by=desk.publisher, title="Moor a ship", tags=["harbours", "ships"])
    assert await titles(desk, tag="harbours") == ["Moor a ship", "Boats"]
    assert (await titles(desk, tag="Boats"), await titles(desk, tag="ships")) == ([], ["Moor a ship"])
    assert await titles(desk, author_id=desk.author.id) == ["Fish from a boat", "Boats"]
    assert await titles(desk, author_id=desk.publisher.id) == ["Moor a ship"]
    assert await titles(desk, path_prefix=f"{desk.root}/boats") == ["Moor a ship", "Boats"]
    assert len(await titles(desk, path_prefix="/")) == len(await titles(desk, path_prefix=desk.root)) == 3
    assert await titles(desk, query="ship") == await titles(desk, query="HARBOUR moor") == ["Moor a ship"]
    changed = (await desk.get(fish)).update_time
    assert await titles(desk, updated_since_time=changed) == ["Moor a ship", "Fish from a boat", "Boats"]
    assert await titles(desk, updated_until_time=changed) == []
    together = {
        "tag": "harbours",
        "path_prefix": f"{desk.root}/boats",
        "query": "boats",
        "content_type": "guide",
        "locale": "en",
    }
    assert await titles(desk, **together, author_id=desk.author.id) == ["Boats"]
    assert await titles(desk, **together, author_id=desk.publisher.id) == ["Moor a ship"]
    assert await titles(desk, **together | {"query": "boats -ship"}, author_id=desk.publisher.id) == []


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("mooring", True),
        ("moor", True),
        ("fees moor", True),
        ("moor fees", False),
        ('"mooring fees"', True),
        ('"fees mooring"', False),
        ("boats or fees", True),
        ("fees -mooring", False),
        ("oring", False),
        ("and/or", True),
        ("/guidance/quay", True),
        ("café", True),
        ("100%", True),
        ("!!!", False),
        ("%", False),
        ("z & | ! ( ' :* \\", False),
        ("'; DROP TABLE documents; --", False),
        (256 * "x", False),
    ],
)
async def test_words(desk: Desk, words: str, found: bool) -> None:
    """What anybody types is searched for, whatever it means to PostgreSQL: all words, of which the last may be the beginning of
    one, phrases, alternatives and what is not to be there."""
    title = "Mooring fees: 100 percent up, and/or Café"
    await desk.create(f"/guidance/quay-{uuid.uuid4().hex}", title=title)
    assert await titles(desk, query=words) == ([title] if found else [])


async def test_where_documents_stand(desk: Desk) -> None:
    """With a draft or without one, public once or never."""
    public = await desk.published(title="public")
    await desk.create(title="new")
    both = await desk.update(await desk.published(title="changed"), title="changed again")
    await withdraw(desk, await desk.published(title="withdrawn"))
    assert await titles(desk, has_draft=True) == ["new", "changed again"]
    assert await titles(desk, has_draft=False) == ["public", "withdrawn"]
    assert await titles(desk, is_live=False) == ["new"]
    assert await titles(desk, is_live=True, has_draft=True) == ["changed again"]
    assert await titles(desk, live_state=LiveState.LIVE_STATE_WITHDRAWN) == ["withdrawn"]
    assert await titles(desk, draft_state=DraftState.DRAFT_STATE_DRAFT, is_live=True) == ["changed again"]
    assert public.live.revision_number == both.live.revision_number == 1


async def test_what_is_scheduled(desk: Desk) -> None:
    """By what is to happen, until when, and what has failed, a page that was to be taken down included; what a save made void
    is scheduled no more (C45)."""
    await desk.schedule(await desk.approved(title="soon"), timedelta(days=1))
    await desk.schedule(await desk.approved(title="later"), timedelta(days=9))
    void = await desk.schedule(await desk.approved(title="void"), timedelta(days=1))
    await desk.update(void, title="void since")
    down = await desk.schedule_taking_down(await desk.published(title="down"), timedelta(days=1), gone=GONE)
    await desk.create(title="never")
    until = datetime.now(UTC) + timedelta(days=5)
    assert await titles(desk, is_scheduled=True) == ["soon", "later", "down"]
    assert await titles(desk, scheduled_action=PUBLISH) == ["soon", "later"]
    assert await titles(desk, scheduled_action=TAKE_DOWN) == ["down"]
    assert await titles(desk, is_scheduled=True, due_until_time=until) == ["soon", "down"]
    assert await titles(desk, scheduled_action=PUBLISH, due_until_time=until) == ["soon"]
    assert await titles(desk, has_failed=True) == []
    async with desk.service.database.transaction() as connection:
        failed = {"fail_time": func.now(), "failure_reason": "PATH_TAKEN", "failure_message": "x", "next_attempt_time": None}
        await connection.execute(update(Schedule).where(Schedule.document_id == down.id).values(failed))
    assert await titles(desk, has_failed=True) == await titles(desk, has_failed=True, is_live=True) == ["down"]
    assert await titles(desk, is_scheduled=True) == ["soon", "later"]
    assert await titles(desk, has_failed=True, scheduled_action=PUBLISH) == []


async def test_orders(desk: Desk) -> None:
    """By one field or by two, each way; capitals and accents aside, and what was never published before all that was (C45)."""
    other = (await desk.content_type(desk.kind("notice"))).name
    said = [("b", "guide"), ("Émile", other), ("A", "guide"), ("f", "guide"), ("a", other), ("Z", other)]
    made = [await desk.create(f"{desk.root}/{9 - at}", title=title, content_type=kind) for at, (title, kind) in enumerate(said)]
    await desk.through_review(made[3])
    await desk.through_review(made[1])
    assert await titles(desk, order_by="title") == ["A", "a", "b", "Émile", "f", "Z"]
    assert await titles(desk, order_by="title desc") == ["Z", "f", "Émile", "b", "a", "A"]
    assert await titles(desk, order_by="path") == ["Z", "a", "f", "A", "Émile", "b"]
    assert await titles(desk, order_by="path desc") == ["b", "Émile", "A", "f", "a", "Z"]
    assert (await titles(desk, order_by="publish_time"))[-2:] == ["f", "Émile"]
    assert (await titles(desk, order_by="publish_time desc"))[:2] == ["Émile", "f"]
    assert await titles(desk, order_by="content_type, title") == ["A", "b", "f", "a", "Émile", "Z"]
    assert await titles(desk, order_by="content_type desc, title desc") == ["Z", "Émile", "a", "f", "b", "A"]
    assert await titles(desk, order_by="content_type, create_time desc") == ["f", "A", "b", "Z", "a", "Émile"]
    assert await titles(desk, order_by="content_type desc, path") == ["Z", "a", "Émile", "f", "A", "b"]
    assert await titles(desk, order_by="content_type, update_time desc") == ["f", "A", "b", "Émile", "Z", "a"]


async def test_what_is_refused(desk: Desk) -> None:
    """What is no filter or order of the contract is refused by its name."""
    asked: list[tuple[str, Any]] = [
        ("order_by", "title,path"),
        ("order_by", "title, path, update_time"),
        ("order_by", "title, title desc"),
        ("order_by", "summary"),
        ("order_by", "title; DROP TABLE documents"),
        ("query", 257 * "x"),
        ("author_id", "me"),
        ("path_prefix", "guidance/"),
        ("path_prefix", "/guidance/"),
        ("path_prefix", "/%"),
        ("tag", 101 * "x"),
        ("scheduled_action", 9),
    ]
    for name, value in asked:
        refusal = await refused(listed(desk, **{name: value}))
        assert (refusal.code, list(refusal.fields)) == (grpc.StatusCode.INVALID_ARGUMENT, [name]), (name, value)


async def test_counts(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """How many match is said where it is asked for, whatever part is read, and beyond a bound that there are more (C45)."""
    for at in range(5):
        await desk.create(title=f"{at}", tags=["odd"] if at % 2 else [])
    assert (await listed(desk)).total_size == 0
    first = await listed(desk, with_count=True, page_size=2)
    assert (first.total_size, first.is_total_size_at_least, len(first.documents)) == (5, False, 2)
    second = await listed(desk, page_size=2, page_token=first.next_page_token)  # asked once, it need not be asked again
    assert (second.total_size, len(second.documents)) == (0, 2)
    assert (await listed(desk, with_count=True, tag="odd")).total_size == 2
    monkeypatch.setattr(queries, "MOST_COUNTED", 3)
    queries.count.cache_clear()
    bounded = await listed(desk, with_count=True)
    queries.count.cache_clear()
    assert (bounded.total_size, bounded.is_total_size_at_least) == (3, True)


async def test_only_what_one_may_read(desk: Desk) -> None:
    """No filter, order or count tells anything of another organisation's documents."""
    word = uuid.uuid4().hex
    await desk.create(title=word, tags=[word])
    other = await Desk.opened(desk.service)
    lists: list[dict[str, Any]] = [{"query": word}, {"tag": word}, {"author_id": desk.author.id}, {"order_by": "title"}]
    for asked in lists:
        request = rpc.ListDocumentsRequest(**asked, with_count=True)
        answer = await desk.documents.ListDocuments(request, metadata=other.author.metadata)
        assert (len(answer.documents), answer.total_size) == (0, 0), asked


async def differing(desk: Desk) -> list[Any]:
    """Documents of which lists say something else than their newest revisions do."""
    unlike = (
        "SELECT documents.id FROM documents JOIN revisions ON document_id = documents.id AND number = revision_number"
        " WHERE (newest_title, newest_summary, newest_tags, newest_author_id)"
        " IS DISTINCT FROM (title, summary, tags, author_id)"
    )
    async with desk.service.database.read() as connection:
        return [*(await connection.execute(text(unlike))).scalars()]


async def test_whatever_adds_a_revision(own_desk: Desk) -> None:
    """Lists say what the newest revision does, whatever has added it: a save, a draft that was discarded, or a process of the
    release before, which does not know of it (C45)."""
    desk = own_desk
    document = await desk.update(await desk.published(title="public"), title="draft", tags=["new"])
    await withdraw(desk, document, draft=DISCARD)
    assert await titles(desk) == ["public"]
    assert await differing(desk) == []
    old = (
        "WITH document AS (UPDATE documents SET revision_number = revision_number + 1 WHERE id = :id RETURNING *)"
        " INSERT INTO revisions (document_id, number, path, title, summary, body, body_format, details, links, tags,"
        " attachments, author_id)"
        " SELECT id, revision_number, path, 'old', 'said', '', 1, '{}', '{}', '{tag}', '{}', :author FROM document"
    )
    async with desk.service.database.transaction() as connection:
        await connection.execute(text(old), {"id": document.id, "author": desk.author.id})
        assert (await connection.execute(select(Row.newest_title))).scalar_one() == "old"
    assert (await titles(desk, tag="tag", query="said"), await differing(desk)) == (["old"], [])


async def test_a_long_title(desk: Desk) -> None:
    """A title of any length and script, however its characters grow when they are taken apart, can be saved and sorted by."""
    await desk.create(title=1000 * "ﷺ")
    await desk.create(title=1000 * "𝄞")
    await desk.create(title="a")
    await settled(desk)
    first = await listed(desk, order_by="title, path", page_size=1)
    seen = [each.title[0] for each in first.documents]
    while first.next_page_token:
        first = await listed(desk, order_by="title, path", page_size=1, page_token=first.next_page_token)
        seen += [each.title[0] for each in first.documents]
    assert sorted(seen) == ["a", "ﷺ", "𝄞"]


async def settled(desk: Desk) -> None:
    """Waits until nobody is in a transaction that began before: what was changed until then, a walk shows once."""
    async with desk.service.database.read() as connection:
        now = (await connection.execute(select(func.clock_timestamp()))).scalar_one()

    async def is_past() -> bool:
        async with desk.service.database.direct() as connection:
            return bool(await HORIZON.value(connection) > now)

    await awaited(is_past)
