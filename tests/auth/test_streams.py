"""A stream ends with its caller's rights, and stores nothing afterwards (T8)."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import pytest
import pytest_asyncio
from sqlalchemy import update

from gazette.access.v1.access_pb2 import Permission
from gazette.auth.v1.account_pb2 import Role
from gazette.content.v1.content_service_pb2_grpc import ContentServiceStub
from gazette.content.v1.document_import_pb2 import ExportDocumentsRequest
from gazette.files.v1.file_service_pb2 import DownloadFileRequest
from gazette.files.v1.file_service_pb2_grpc import FileServiceStub
from server.auth.credentials import Credentials
from server.auth.models import ApiKey
from server.auth.sessions.standings import Standings
from server.background import tasks
from server.rpc.admission import concurrency
from tests.auth import api_keys
from tests.auth.administering import ask, give, refresh
from tests.auth.api_keys import bearer
from tests.auth.asking import get_me
from tests.auth.stored import change
from tests.auth.streaming import BEGINNINGS, PROMISED_SECONDS, Begin, begin_import, begin_upload
from tests.auth.test_endings import Act
from tests.content.desk import Desk, imported
from tests.files.uploading import PNG, assert_nothing_left, rows, send, upload_of
from tests.polling import until, until_so
from tests.servers import Servers
from tests.service import Person, Service, running

Ending = Callable[[Act], Awaitable[None]]
UNAUTHENTICATED, PERMISSION_DENIED = grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED
ALL_SCOPES = [number for number in Permission.values() if number]


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streams on which nothing comes are left alone: on a busy machine what is to end them may take longer than that."""
    monkeypatch.setattr(concurrency, "IDLE_SECONDS", 60.0)


@pytest_asyncio.fixture
async def desk(service: Service) -> Desk:
    return await Desk.opened(service)


async def lose_the_role_for_all(act: Act) -> None:
    await act.administer("RevokeRole", role=Role.ROLE_ADMIN)


ENDINGS: list[Ending] = [
    Act.sign_out,
    Act.change_the_password,
    Act.reset_the_password,
    Act.be_disabled,
    Act.be_erased,
    lose_the_role_for_all,
    Act.revoke_the_session,
    Act.revoke_all_sessions,
    Act.be_signed_out_by_an_admin,
    Act.be_robbed,
]


async def assert_nothing_stored(desk: Desk, begin: Begin) -> None:
    """But for what an import had committed before."""
    assert len(await desk.record()) == (begin is begin_import)
    await assert_nothing_left(desk.service)


@pytest.mark.parametrize("begin", BEGINNINGS, ids=lambda begin: begin.__name__)
@pytest.mark.parametrize("ending", ENDINGS, ids=lambda ending: ending.__name__)
async def test_a_stream_ends_with_its_session(desk: Desk, elsewhere: grpc.aio.Channel, ending: Ending, begin: Begin) -> None:
    """Whatever ends a session ends its streams in every process, though nothing comes from their clients; those of others go
    on."""
    service = desk.service
    person = await service.account(role=Role.ROLE_ADMIN)
    others = await begin_upload(service.channel, desk, desk.author.metadata)
    streams = [await begin(elsewhere, desk, person.metadata)]
    if begin is not begin_import:
        streams.append(await begin(service.channel, desk, person.metadata))

    await ending(Act(service, person, desk.admin))

    for stream in streams:
        refusal = await stream.refused_in_time()
        assert (refusal.code, refusal.reason) == (UNAUTHENTICATED, "INVALID_ACCESS_TOKEN")
    await others.end()
    assert (await others.call).file.size_bytes == len(PNG)
    assert len(await desk.record()) == (begin is begin_import)
    assert len(await rows(service)) == 1


@pytest.mark.parametrize("begin", BEGINNINGS, ids=lambda begin: begin.__name__)
async def test_nothing_that_comes_afterwards_is_stored(desk: Desk, begin: Begin) -> None:
    """A client that was waiting for it, and sends all the rest at once, gets nothing in."""
    person = await desk.service.account(role=Role.ROLE_ADMIN)
    stream = await begin(desk.service.channel, desk, person.metadata)
    await ask(desk.service, desk.admin, "EraseAccount", id=person.id)
    await stream.end()
    assert (await stream.refused_in_time()).code is UNAUTHENTICATED
    await assert_nothing_stored(desk, begin)


@pytest.mark.parametrize("begin", BEGINNINGS, ids=lambda begin: begin.__name__)
@pytest.mark.parametrize("is_quiet", [True, False], ids=["quiet", "sending"])
async def test_a_role_that_is_lost_in_the_organisation(desk: Desk, begin: Begin, is_quiet: bool) -> None:
    """The session goes on, and what the caller may do elsewhere; the stream that is about this organisation does not."""
    service, here = desk.service, desk.organisation_id
    there = await service.organisation()
    person = await service.account(role=Role.ROLE_ADMIN, organisation_id=here)
    await give(service, person.id, Role.ROLE_ADMIN, there)
    fresh = await refresh(service, person)
    person = Person(person.id, person.email, person.password, fresh.access_token, fresh.refresh_token)
    elsewhere = await begin_upload(service.channel, another(desk, there), person.metadata)
    stream = await begin(service.channel, desk, person.metadata)
    await ask(service, desk.admin, "RevokeRole", id=person.id, role=Role.ROLE_ADMIN, organisation_id=here)
    if not is_quiet:
        await stream.end()
    refusal = await stream.refused_in_time()
    assert (refusal.code, refusal.reason) == (PERMISSION_DENIED, "PERMISSION_DENIED")
    await elsewhere.end()
    assert (await elsewhere.call).file.organisation_id == there
    assert len(await desk.record()) == (begin is begin_import)
    assert len(await rows(service)) == 1


def another(desk: Desk, organisation_id: str) -> Desk:
    """The same people, about another organisation."""
    return Desk(desk.service, organisation_id, desk.author, desk.editor, desk.publisher, desk.admin, desk.root, desk.first)


async def test_a_lesser_role_ends_nothing(desk: Desk) -> None:
    """Who still may do what the stream does is not disturbed by the loss of another role."""
    service, here = desk.service, desk.organisation_id
    person = await service.account(role=Role.ROLE_ADMIN, organisation_id=here)
    await give(service, person.id, Role.ROLE_READER, await service.organisation())
    await give(service, person.id, Role.ROLE_EDITOR, here)
    stream = await begin_import(service.channel, desk, person.metadata)
    await ask(service, desk.admin, "RevokeRole", id=person.id, role=Role.ROLE_EDITOR, organisation_id=here)
    await stream.end()
    assert len((await stream.call).results) == 2


async def test_what_was_committed_before_is_named(desk: Desk) -> None:
    """The refusal says how many documents stay, and which part was the last, for programs and for people."""
    person = await desk.service.account(role=Role.ROLE_ADMIN)
    stream = await begin_import(desk.service.channel, desk, person.metadata)
    await Act(desk.service, person, desk.admin).be_disabled()
    refusal = await stream.refused_in_time()
    named = {"created": "1", "updated": "0", "content_types": "0", "last_source": f"elsewhere{desk.root}/first"}
    (entry,) = await desk.record()
    assert dict(refusal.info.metadata) == {**named, "record_number": str(entry.number)}
    assert refusal.status.message.endswith("What was committed before stays: 1 document created, 0 updated.")
    assert (await desk.page(f"{desk.root}/first")).page.title == "A title"


@pytest.mark.parametrize("begin", BEGINNINGS, ids=lambda begin: begin.__name__)
@pytest.mark.parametrize("how", ["revoked", "expired", "disabled", "stripped"])
async def test_a_stream_ends_with_its_key(desk: Desk, begin: Begin, how: str) -> None:
    """A key that is revoked, or comes to its end, ends what a service does with it; so does the loss of the account's role."""
    service = desk.service
    keys = api_keys.Desk(service, desk.admin)
    account_id = await keys.service_account(role=Role.ROLE_ADMIN, place=desk.organisation_id)
    made = await keys.key(account_id, ALL_SCOPES)
    stream = await begin(service.channel, desk, bearer(made.key))
    if how == "revoked":
        await keys.revoke(account_id, made.api_key.id)
    elif how == "disabled":
        await ask(service, desk.admin, "DisableAccount", id=account_id)
    elif how == "stripped":
        place = desk.organisation_id
        await ask(service, desk.admin, "RevokeRole", id=account_id, role=Role.ROLE_ADMIN, organisation_id=place)
    else:
        now = datetime.now(UTC)
        await change(service, update(ApiKey).where(ApiKey.id == uuid.UUID(made.api_key.id)).values(expire_time=now))
    async with forgetting(service):  # a process knows when a key that it remembers ends, and is not told that it ends earlier
        refusal = await stream.refused_in_time()
    assert refusal.code is (PERMISSION_DENIED if how == "stripped" else UNAUTHENTICATED)
    await assert_nothing_stored(desk, begin)


@asynccontextmanager
async def forgetting(service: Service) -> AsyncIterator[None]:
    """The server asks the database for each key, again and again: what was asked before a change may be answered after it."""

    async def forget() -> None:
        while True:
            service.app.means(Credentials).known.clear()
            await asyncio.sleep(0.05)

    task = asyncio.create_task(forget())
    try:
        yield
    finally:
        await tasks.end(task)


async def has_ended(service: Service, credential: str) -> bool:
    try:
        await get_me(service.channel, credential)
    except grpc.aio.AioRpcError as error:
        return error.code() is UNAUTHENTICATED
    return False


async def test_answers_end_too(desk: Desk) -> None:
    """An export, and the download of a file that is not public, end while their client does not read on; a public file's does
    not."""
    service = desk.service
    for number in range(8):
        await desk.bring_in(imported(f"{desk.root}/{number}", said={"body": "many words " * 80_000}))
    large = PNG + bytes(5_000_000)
    file = (await send(service, desk.author, upload_of(desk.organisation_id, large), large)).file
    public = (await send(service, desk.author, upload_of(desk.organisation_id, large), large)).file
    await desk.bring_in(imported(f"{desk.root}/file", said={"attachments": [public.id]}))
    person = await service.account(role=Role.ROLE_READER)
    narrow = grpc.aio.insecure_channel(service.address, options=(("grpc.http2.bdp_probe", 0),))  # takes little in advance
    files = FileServiceStub(narrow)
    calls: list[Any] = [
        ContentServiceStub(narrow).ExportDocuments(
            ExportDocumentsRequest(organisation_id=desk.organisation_id), metadata=person.metadata
        ),
        files.DownloadFile(DownloadFileRequest(id=file.id), metadata=person.metadata),
    ]
    untouched = files.DownloadFile(DownloadFileRequest(id=public.id), metadata=person.metadata)
    for call in (*calls, untouched):
        await call.read()

    await Act(service, person, desk.admin).be_disabled()

    await until_so(lambda: service.app.limits.streams.taken == 1, PROMISED_SECONDS)
    for call in calls:
        await drained(call)
        assert await call.code() is UNAUTHENTICATED
    await drained(untouched)
    assert await untouched.code() is grpc.StatusCode.OK
    await narrow.close()


async def drained(call: Any) -> None:
    """Reads the call to its end."""
    with suppress(grpc.RpcError):
        while await call.read() is not grpc.aio.EOF:
            pass


async def test_a_stream_outlives_its_access_token(servers: Servers, template: str, tmp_path: Path) -> None:
    """An import that takes longer than an access token holds goes on, for as long as its session does, and no longer."""
    async with running(servers, template, tmp_path, JWT_EXPIRATION_TIME="2s") as service:
        desk = await Desk.opened(service)
        people = [await service.account(role=Role.ROLE_ADMIN, organisation_id=desk.organisation_id) for _ in range(2)]
        first, second = [await begin_upload(service.channel, desk, person.metadata) for person in people]
        for person in people:
            await until(partial(has_ended, service, person.access_token))
        await first.end()
        assert (await first.call).file.size_bytes == len(PNG)
        admin = await service.account(role=Role.ROLE_ADMIN)
        await ask(service, admin, "RevokeAccountSessions", id=people[1].id)
        assert (await second.refused_in_time()).code is UNAUTHENTICATED
        assert len(await rows(service)) == 1


async def test_what_nobody_changes_asks_nobody(desk: Desk) -> None:
    """The questions of a stream whose caller's rights stay are answered from memory."""
    person = await desk.service.account(role=Role.ROLE_ADMIN)
    stream = await begin_import(desk.service.channel, desk, person.metadata)
    await stream.end()
    assert len((await stream.call).results) == 2
    known = desk.service.app.means(Standings).known.values()
    assert uuid.UUID(person.id) not in {each.caller.account_id for each in known}
