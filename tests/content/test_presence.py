"""Who has a document open now."""

from __future__ import annotations

import asyncio
import uuid
from functools import partial
from pathlib import Path

import grpc
import pytest

from gazette.auth.v1.account_pb2 import Role
from gazette.content.v1.document_pb2 import Document
from gazette.content.v1.presence_pb2 import AnnouncePresenceRequest, AnnouncePresenceResponse
from server.content.presence import present
from tests.content.desk import Desk
from tests.polling import until
from tests.refusals import refused
from tests.servers import Servers
from tests.service import Person, running


async def announce(
    desk: Desk, document: Document, by: Person, field: str = "", *, leave: bool = False
) -> AnnouncePresenceResponse:
    """What is answered by a Redis that answers: on a busy machine it does not each time."""

    async def answered() -> AnnouncePresenceResponse | None:
        answer = await announced(desk, document, by, field, leave=leave)
        return None if answer.is_unknown else answer

    answer = await until(answered)
    assert answer is not None
    return answer


async def announced(
    desk: Desk, document: Document, by: Person, field: str = "", *, leave: bool = False
) -> AnnouncePresenceResponse:
    request = AnnouncePresenceRequest(id=document.id, field=field, leave=leave)
    answer: AnnouncePresenceResponse = await desk.documents.AnnouncePresence(request, metadata=by.metadata)
    return answer


async def test_who_else_has_it_open(desk: Desk) -> None:
    """Whoever has a document open is told of the others, the first one first: by name, since when and in which field."""
    document = await desk.create()
    assert not (await announce(desk, document, desk.author, "body")).others
    assert [each.account_id for each in (await announce(desk, document, desk.editor)).others] == [desk.author.id]
    told = await announce(desk, document, desk.publisher)
    assert [(each.account_id, each.display_name, each.field) for each in told.others] == [
        (desk.author.id, desk.author.email.partition("@")[0], "body"),
        (desk.editor.id, desk.editor.email.partition("@")[0], ""),
    ]
    since = told.others[0].since
    await announce(desk, document, desk.author, "details.rates")
    (author, _) = (await announce(desk, document, desk.publisher)).others
    assert (author.since, author.field, told.is_unknown) == (since, "details.rates", False)
    assert not (await announce(desk, await desk.create(), desk.author)).others


async def test_who_leaves_is_gone(desk: Desk) -> None:
    """Whoever closes a document is not named any more, and is told all the same who has it open."""
    document = await desk.create()
    await announce(desk, document, desk.author)
    await announce(desk, document, desk.editor)
    assert [each.account_id for each in (await announce(desk, document, desk.author, leave=True)).others] == [desk.editor.id]
    assert not (await announce(desk, document, desk.editor)).others


async def test_who_says_nothing_is_gone(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has not said so for a while has it open no longer, and what Redis holds of it goes by itself."""
    document = await desk.create()
    monkeypatch.setattr(present, "SECONDS", 1)
    await announce(desk, document, desk.author)
    key = present.KEY.format(document.id)
    assert await desk.service.redis.exists(key)

    async def is_alone() -> bool:
        return not (await announce(desk, document, desk.editor)).others

    await until(is_alone)
    await announce(desk, document, desk.editor, leave=True)
    assert not await desk.service.redis.exists(key)


async def test_no_name_is_kept(desk: Desk) -> None:
    """Redis knows ids alone: a name is looked up when it is shown, of who may still read the document."""
    document = await desk.create()
    gone = await desk.service.account(role=Role.ROLE_READER, organisation_id=await desk.service.organisation())
    await announce(desk, document, desk.author, "title")
    presences = present.Presences(desk.service.app.base.redis)
    assert await until(partial(presences.announce, uuid.UUID(document.id), uuid.UUID(gone.id), "", leaves=False))
    held = await desk.service.redis.hgetall(present.KEY.format(document.id))
    said = b" ".join(each if isinstance(each, bytes) else each.encode() for pair in held.items() for each in pair)
    assert desk.author.email.partition("@")[0].encode() not in said
    assert [each.account_id for each in (await announce(desk, document, desk.editor)).others] == [desk.author.id]


async def test_only_who_may_read_it(desk: Desk) -> None:
    """To others the document is not there; readers are told, and named."""
    document = await desk.create()
    stranger = await desk.service.account(role=Role.ROLE_EDITOR, organisation_id=await desk.service.organisation())
    refusal = await refused(announced(desk, document, stranger))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "DOCUMENT_NOT_FOUND")
    reader = await desk.service.account(role=Role.ROLE_READER, organisation_id=desk.organisation_id)
    await announce(desk, document, reader)
    assert [each.account_id for each in (await announce(desk, document, desk.author)).others] == [reader.id]


async def test_fields_are_names(desk: Desk) -> None:
    """What is no field's name is refused."""
    document = await desk.create()
    refusal = await refused(announced(desk, document, desk.author, "a b"))
    assert [*refusal.fields] == ["field"]


async def test_without_redis(servers: Servers, template: str, tmp_path: Path) -> None:
    """While Redis is away nobody is named, and the answer says that this means nothing; documents are saved as ever (X7)."""
    async with running(servers, template, tmp_path, REDIS_URL="redis://127.0.0.1:1/0") as service:
        desk = await Desk.opened(service)
        document = await desk.create()
        answers = [await announced(desk, document, each) for each in (desk.author, desk.editor)]
        assert [(each.is_unknown, len(each.others)) for each in answers] == [(True, 0)] * 2
        await desk.update(document, title="B")


async def test_many_at_once(desk: Desk) -> None:
    """Of those who open a document at once each sees all the others in the end."""
    document = await desk.create()
    people = (desk.author, desk.editor, desk.publisher, desk.admin)
    await asyncio.gather(*(announce(desk, document, each) for each in people * 5))
    for person in people:
        others = {each.account_id for each in (await announce(desk, document, person)).others}
        assert others == {each.id for each in people} - {person.id}
