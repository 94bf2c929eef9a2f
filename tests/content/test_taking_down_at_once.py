"""Several who change what the public sees of one document at the same moment, and what hears of it."""

from __future__ import annotations

import asyncio
import uuid
from time import perf_counter
from typing import Any

import grpc
import pytest
from sqlalchemy import update

from gazette.content.v1.document_pb2 import Document
from gazette.delivery.v1.delivery_service_pb2 import GetPageRequest
from gazette.files.v1.file_service_pb2 import GetFileRequest
from gazette.files.v1.file_service_pb2_grpc import FileServiceStub
from server import files, record
from server.content.documents.live import SHOWN
from server.content.documents.premises import Premises
from server.content.publishing.publisher import NOTHING_SHOWN, Overtaken, Publisher
from server.content.rendering import Renderer
from server.content.taking_down.changing import Changing, Wanted
from server.content.transitions import REMOVE
from server.files.models import File
from tests.content.desk import Desk
from tests.content.taking import (
    KEEP,
    VANISHED,
    comes_to_serve,
    events,
    kinds,
    redirect,
    remove,
    restore,
    vanish,
    withdraw,
)
from tests.delivery.workers import another
from tests.files.uploading import PDF, send, upload_of
from tests.polling import until
from tests.refusals import refused
from tests.service import Service


async def test_of_many_changes_one_happens(desk: Desk) -> None:
    """Of ten changes of one version one is made, nine are ABORTED; one entry, one event (I3, C30)."""
    document = await desk.published(f"{desk.root}/a")
    steps: list[Any] = [withdraw, remove, vanish]
    calls = [steps[number % 3](desk, document) for number in range(10)]
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    told = [each.code() for each in outcomes if isinstance(each, grpc.aio.AioRpcError)]
    assert told == [grpc.StatusCode.ABORTED] * 9
    assert len(await kinds(desk)) == 2
    assert len([each for each in await events(desk, document) if each.details.get("before")]) == 1


async def test_taking_down_and_publishing_at_once(desk: Desk) -> None:
    """Of a publication and a removal of one version one is made, and what is served is what the record says last."""
    document = await desk.published(f"{desk.root}/a", title="Old")
    ready = await desk.approve(await desk.submit(await desk.update(document, title="New")))
    outcomes = await asyncio.gather(desk.publish(ready), remove(desk, ready, "Closed", draft=KEEP), return_exceptions=True)
    assert len([each for each in outcomes if isinstance(each, Document)]) == 1
    last, _ = (await kinds(desk))[-1]
    assert await comes_to_serve(desk, f"{desk.root}/a", "New" if last == "PUBLISHED" else "Closed")


async def test_many_documents_at_once(desk: Desk) -> None:
    """Documents that are taken down at the same moment each get a number of their own, without a gap."""
    documents = [await desk.published(f"{desk.root}/{number}") for number in range(6)]
    before = [each.number for each in await desk.record()][-1]
    done = await asyncio.gather(*(remove(desk, each) for each in documents))
    assert sorted(each.live.record_number for each in done) == [*range(before + 1, before + 7)]


@pytest.mark.parametrize("verb", ["withdraw", "remove", "redirect", "vanish", "restore"])
async def test_every_process_hears_of_it(service: Service, verb: str) -> None:
    """A second process that holds the page comes to serve what has become of it (I4)."""
    desk = await Desk.opened(service)
    document = await desk.published(f"{desk.root}/a", title="Old")
    await desk.published(f"{desk.root}/b", title="B")
    if verb == "restore":
        document = await remove(desk, document)
    async with another(service) as other:
        request = GetPageRequest(path=f"{desk.root}/a")
        held = await other.delivery.GetPage(request)
        assert held.HasField("gone" if verb == "restore" else "page")
        if verb == "withdraw":
            await withdraw(desk, document)
        elif verb == "redirect":
            await redirect(desk, document, f"{desk.root}/b")
        else:
            steps: dict[str, Any] = {"remove": remove, "vanish": vanish, "restore": restore}
            await steps[verb](desk, document)

        async def has_heard() -> bool:
            try:
                answer = await other.delivery.GetPage(request)
            except grpc.aio.AioRpcError as error:
                return verb == "vanish" and error.code() == grpc.StatusCode.NOT_FOUND
            if verb == "withdraw":
                return bool(answer.page.HasField("withdrawal"))
            wanted = {"remove": "gone", "redirect": "redirect", "restore": "page"}.get(verb, "")
            return bool(answer.WhichOneof("answer") == wanted)

        assert await until(has_heard)


@pytest.mark.parametrize("verb", ["remove", "redirect", "vanish"])
async def test_files_go_with_their_last_page(desk: Desk, verb: str) -> None:
    """A file that only this document made public is nobody's any more from the commit on, comes back with it, and stays all the
    while where another page has it (I4, C30)."""
    own, shared = [
        (await send(desk.service, desk.author, upload_of(desk.organisation_id, PDF, "form.pdf"), PDF)).file.id for _ in range(2)
    ]
    document = await desk.published(f"{desk.root}/a", attachments=[own, shared])
    other = await desk.published(f"{desk.root}/b", attachments=[shared])
    stub: Any = FileServiceStub(desk.service.channel)
    document = (await withdraw(desk, document)).document
    assert (await stub.GetFile(GetFileRequest(id=own))).file.is_public
    if verb == "redirect":
        document = await redirect(desk, document, other.path)
    else:
        document = await (remove(desk, document) if verb == "remove" else vanish(desk, document))
    assert (await refused(stub.GetFile(GetFileRequest(id=own)))).reason == "FILE_NOT_FOUND"
    assert (await stub.GetFile(GetFileRequest(id=shared))).file.is_public
    mine = await stub.GetFile(GetFileRequest(id=own), metadata=desk.author.metadata)
    assert not mine.file.is_public
    await restore(desk, document, by=desk.admin)
    assert (await stub.GetFile(GetFileRequest(id=own))).file.is_public


async def test_a_file_that_is_gone_meanwhile(desk: Desk) -> None:
    """A page whose files are not ready any more is not restored, and says which (`FILES_NOT_READY`)."""
    file = (await send(desk.service, desk.author, upload_of(desk.organisation_id, PDF, "form.pdf"), PDF)).file.id
    document = await remove(desk, await desk.published(f"{desk.root}/a", attachments=[file]))
    async with desk.service.database.transaction() as connection:
        await connection.execute(update(File).where(File.id == uuid.UUID(file)).values(state=1))
    refusal = await refused(restore(desk, document))
    assert (refusal.reason, refusal.info.metadata["files"]) == ("FILES_NOT_READY", file)
    assert (await desk.get(document)).live.state != VANISHED


async def test_within_a_transaction_of_somebody_else(desk: Desk) -> None:
    """Whoever has a transaction, and acts for somebody who does not call now, takes a page down in it: both are done together,
    or neither is. The event is of whom they name."""
    service, document = desk.service, await desk.published(f"{desk.root}/a", title="A")
    base = service.app.base
    premises, publisher, renderer = (
        service.app.means(Premises),
        Publisher(files.publish, files.NO_PICTURES),
        Renderer(base.processes),
    )
    async with base.database.direct() as connection:
        found = await SHOWN.first(connection, id=uuid.UUID(document.id))
    wanted = Wanted(change=REMOVE, draft=KEEP, explanation="Closed", html_explanation="Closed")
    actor = uuid.UUID(desk.author.id)
    changing = Changing(base.database, premises, renderer)
    publication, statement, parameters = await changing.prepared(found, wanted, actor_id=actor, begin=perf_counter())

    async def put(*, fails: bool) -> None:
        async with base.database.direct() as connection, record.locked(connection):
            await publisher.put(connection, publication, statement, NOTHING_SHOWN, parameters)
            await connection.execute("UPDATE documents SET update_time = now() WHERE id = $1", uuid.UUID(document.id))
            if fails:
                raise RuntimeError

    with pytest.raises(RuntimeError):
        await put(fails=True)
    assert await desk.get(document) == document
    await put(fails=False)
    assert await comes_to_serve(desk, f"{desk.root}/a", "Closed")
    event = (await events(desk, document))[-1]
    assert (event.action, event.actor_id) == ("document.remove", actor)
    with pytest.raises(Overtaken):
        await put(fails=False)
