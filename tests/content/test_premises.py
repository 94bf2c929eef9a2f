"""What a change is decided by is held in the process: old copies decide nothing, and nothing slips past a reservation."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import grpc
import pytest
import pytest_asyncio
from sqlalchemy import insert, text

from gazette.content.v1.content_service_pb2 import CreateDocumentRequest
from gazette.content.v1.content_service_pb2_grpc import ContentServiceStub
from gazette.content.v1.document_pb2 import Document
from server import app as server_app
from server.background.processes import Processes
from server.content import paths as content_paths
from server.content.documents.premises import Premises
from server.content.failures import Contended, InvalidDetails, PathReserved
from server.content.models import Document as Row
from server.organisations import paths
from server.stores.held import Held
from server.stores.notify import APPLICATION
from tests.auth.path_desk import Site
from tests.content.desk import Desk, imported
from tests.polling import until, until_so
from tests.refusals import refused
from tests.service import HERE, Service

STRICT = {"required": ["number"], "properties": {"number": {"type": "integer"}}}


@pytest_asyncio.fixture
async def site(desk: Desk) -> Site:
    """Two organisations."""
    return await Site.opened(desk)


@pytest.fixture
def premises(service: Service) -> Premises:
    """What the server holds."""
    return service.app.means(Premises)


async def are_waiting(service: Service, count: int) -> bool:
    """Whether so many wait for a lock of the table of documents, or for another's transaction to end."""
    waiting = "NOT granted AND (relation = 'documents'::regclass OR locktype = 'transactionid')"
    async with service.owner.connect() as connection:
        found = await connection.execute(text(f"SELECT count(*) FROM pg_locks WHERE {waiting}"))
        return bool(found.scalar_one() == count)


@asynccontextmanager
async def reserving(site: Site, prefix: str) -> AsyncIterator[None]:
    """A reservation for the desk's organisation, which is there but not committed before the block ends."""
    async with site.desk.service.database.transaction() as connection:
        await paths.reserve(connection, uuid.UUID(site.own_id), prefix, content_paths.others_use)
        yield


async def failed(task: asyncio.Task[Any]) -> Any:
    return await task


class TestRaces:
    """One who reserves a path, and one who is about to use it, with statements that the driver has prepared before."""

    async def test_a_draft_waits_for_the_reservation(self, site: Site) -> None:
        """A create that comes while a reservation is being made waits for it, and is refused by it."""
        await site.create_other(site.at("/before"))
        async with reserving(site, site.under("transport")):
            late = asyncio.create_task(site.create_other(site.at("/transport/buses")))
            await until(lambda: are_waiting(site.desk.service, 1))
        assert (await refused(failed(late))).reason == "PATH_RESERVED"

    async def test_a_move_waits_for_the_reservation(self, site: Site) -> None:
        """So does an update that moves a document; one that leaves it where it is goes on when the reservation is there."""
        moving, staying = await site.create_other(site.at("/a")), await site.create_other(site.at("/b"))
        moving = await site.desk.update(moving, by=site.other_admin, path=site.at("/c"))
        async with reserving(site, site.under("transport")):
            late = asyncio.create_task(site.desk.update(moving, by=site.other_admin, path=site.at("/transport/buses")))
            changed = asyncio.create_task(site.desk.update(staying, by=site.other_admin, title="Changed"))
            await until(lambda: are_waiting(site.desk.service, 2))
        assert (await refused(failed(late))).reason == "PATH_RESERVED"
        assert (await changed).title == "Changed"

    async def test_an_import_waits_for_the_reservation(self, site: Site) -> None:
        """So does an import, which is refused that document alone."""
        admin = site.other_admin
        other = Desk(site.desk.service, site.other_id, admin, admin, admin, site.desk.admin)
        parts = [imported(site.at("/transport/trams")), imported(site.at("/roads"))]
        async with reserving(site, site.under("transport")):
            late = asyncio.create_task(other.bring_in(*parts))
            await until(lambda: are_waiting(site.desk.service, 1))
        assert [result.reason for result in await late] == ["PATH_RESERVED", ""]

    async def test_a_reservation_waits_for_the_draft(self, site: Site) -> None:
        """A reservation that comes while a draft is being written there waits for it, and is refused because of it."""
        service, path = site.desk.service, site.at("/transport/buses")
        holding = {
            "id": uuid.uuid4(), "organisation_id": uuid.UUID(site.other_id), "content_type": "guide", "locale": "en",
            "translation_key": uuid.uuid4(), "path": path, "version": 1, "revision_number": 1, "draft_state": 1,
            "live_state": 0, "covers_prefix": False, "preserves_suffix": False,
        }  # fmt: skip
        async with service.database.primary.connect() as connection:
            await connection.execute(insert(Row).values(holding))  # which the draft waits for, since it has the path
            draft = asyncio.create_task(site.create_other(path))
            await until(lambda: are_waiting(service, 1))
            reserved = asyncio.create_task(site.reserve(site.own_id, site.under("transport")))
            await until(lambda: are_waiting(service, 2))
            await connection.rollback()
        assert (await draft).path == path
        assert (await refused(failed(reserved))).reason == "PATH_IN_USE"


class TestOldCopies:
    """A process that has not heard of a change yet."""

    async def test_old_reservations_let_nobody_in(self, site: Site, premises: Premises) -> None:
        """A path that was reserved a moment ago is refused, to a create and to a move."""
        document = await site.create_other(site.at("/elsewhere"))
        old = premises.reservations.values[""]
        await site.reserve(site.own_id, site.under("transport"))
        calls: tuple[Callable[[], Awaitable[Document]], ...] = (
            lambda: site.create_other(site.at("/transport/buses")),
            lambda: site.desk.update(document, by=site.other_admin, path=site.at("/transport")),
        )
        for call in calls:
            await until_so(lambda: not premises.reservations.values)
            premises.reservations.values[""] = old
            assert (await refused(call())).reason == "PATH_RESERVED"
            premises.reservations.forget()

    async def test_old_reservations_keep_nobody_out(self, site: Site, premises: Premises) -> None:
        """A path that was released a moment ago can be used."""
        await site.reserve(site.own_id, site.under("transport"))
        assert (await refused(site.create_other(site.at("/transport/buses")))).reason == "PATH_RESERVED"
        old = premises.reservations.values[""]
        await site.release(site.own_id, site.under("transport"))
        await until_so(lambda: not premises.reservations.values)
        premises.reservations.values[""] = old
        assert (await site.create_other(site.at("/transport/buses"))).path == site.at("/transport/buses")

    @pytest.mark.parametrize("step", ["create", "update", "submit", "publish", "import"])
    async def test_an_old_content_type_lets_nothing_pass(self, desk: Desk, premises: Premises, step: str) -> None:
        """What a content type does not allow since a moment ago is refused at every step."""
        kind = await desk.content_type(desk.kind("notice"))
        draft = await desk.create(content_type=kind.name)
        ready = await desk.approve(await desk.submit(await desk.create(content_type=kind.name)))
        old = premises.content_types.values[kind.name]
        forbidding = STRICT | {"additionalProperties": False}
        await desk.change_content_type(kind, details_schema=forbidding)
        await until_so(lambda: kind.name not in premises.content_types.values)
        premises.content_types.values[kind.name] = old
        details: dict[str, Any] = {"details": {"other": True}}
        if step == "import":
            (result,) = await desk.bring_in(imported(f"{desk.root}/a", said={"content_type": kind.name}))
            assert result.reason == "INVALID_DETAILS"
            return
        calls: dict[str, Any] = {
            "create": lambda: desk.create(content_type=kind.name, **details),
            "update": lambda: desk.update(draft, **details),
            "submit": lambda: desk.submit(draft),
            "publish": lambda: desk.publish(ready),
        }
        assert (await refused(calls[step]())).reason == "INVALID_DETAILS"

    async def test_an_old_content_type_stands_in_nobodys_way(self, desk: Desk, premises: Premises) -> None:
        """What a content type allows since a moment ago is not refused."""
        kind = await desk.content_type(desk.kind("notice"), {"additionalProperties": False})
        await desk.create(content_type=kind.name)
        old = premises.content_types.values[kind.name]
        await desk.change_content_type(kind, details_schema={})
        await until_so(lambda: kind.name not in premises.content_types.values)
        premises.content_types.values[kind.name] = old
        assert (await desk.create(content_type=kind.name, details={"any": 1})).content_type == kind.name


async def test_other_processes_are_told(site: Site, premises: Premises) -> None:
    """What one process changes, another that holds it forgets, without being asked anything."""
    service, desk = site.desk.service, site.desk
    kind = await desk.content_type(desk.kind("notice"))
    other = await server_app.build(service.settings)
    await other.start()
    try:
        held = other.means(Premises)
        async with grpc.aio.insecure_channel(f"{HERE}:{other.port}") as channel:
            request = CreateDocumentRequest(document=desk.draft(content_type=kind.name))
            await ContentServiceStub(channel).CreateDocument(request, metadata=desk.author.metadata)
        assert held.content_types.values.keys() == {kind.name}
        await desk.change_content_type(kind, title="Changed")
        await until_so(lambda: not held.content_types.values)
        assert held.reservations.values
        await site.reserve(site.own_id, site.under("transport"))
        await until_so(lambda: not held.reservations.values)
    finally:
        await other.stop()


async def test_what_was_missed_is_forgotten(service: Service, desk: Desk, premises: Premises) -> None:
    """A process that heard nothing for a while takes nothing for true that it held."""
    await desk.create()
    assert premises.content_types.values
    listening = f"application_name = '{APPLICATION}' AND datname = current_database()"
    async with service.database.read() as connection:
        await connection.execute(text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {listening}"))
    await until_so(lambda: not premises.content_types.values)
    await until_so(lambda: service.app.base.listener.is_listening)


async def test_what_changes_while_it_is_read_is_not_held() -> None:
    """A value may be the old one if a change is heard of before it has been read; the next look reads it anew."""
    read = asyncio.Queue[str]()
    held = Held(lambda connection, key: read.get())
    connection: Any = None
    looking = asyncio.create_task(held.get(connection, "a"))
    await asyncio.sleep(0)
    held.forget()
    read.put_nowait("old")
    assert await looking == "old"
    read.put_nowait("new")
    assert await held.get(connection, "a") == "new"
    assert await held.get(connection, "a") == "new"


async def test_what_keeps_changing_is_told_at_last() -> None:
    """An attempt that is overtaken each time ends as UNAVAILABLE; a refusal by what is held is judged once more, then told."""
    seen: list[bool] = []

    async def overtaken(anew: bool) -> Document | None:
        seen.append(anew)
        return None

    with pytest.raises(Contended):
        await Premises.of(Processes()).settled(overtaken)
    assert seen[0] is False
    assert set(seen[1:]) == {True}

    for refusal in (PathReserved("/a"), InvalidDetails()):
        asked: list[bool] = []

        async def refusing(anew: bool, asked: list[bool] = asked, refusal: Exception = refusal) -> Document | None:
            asked.append(anew)
            raise refusal

        with pytest.raises(type(refusal)):
            await Premises.of(Processes()).settled(refusing)
        assert asked == [False, True]
