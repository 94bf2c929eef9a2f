"""Something is due at the moment when a part dies: it is published once, and soon."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import psutil
import pytest
from sqlalchemy import pool, text
from sqlalchemy.ext.asyncio import create_async_engine

from gazette.auth.v1.auth_service_pb2 import GetMeRequest
from gazette.content.v1.content_service_pb2 import (
    ApproveDocumentRequest,
    CreateDocumentRequest,
    GetDocumentRequest,
    SubmitDocumentRequest,
)
from gazette.content.v1.document_pb2 import Document
from gazette.content.v1.scheduling_pb2 import ScheduleDocumentRequest
from gazette.record.v1.record_service_pb2 import ListRecordEntriesRequest
from gazette_client import AsyncClient
from server.record.log import LOCK
from server.stores.postgres import sqlalchemy_url
from tests.faults.installation import PASSWORD, Installation
from tests.faults.test_audit import owner_of
from tests.faults.test_database import killed
from tests.faults.test_workers import replaced
from tests.polling import until

PROMISED = timedelta(seconds=5)
"""By how much a process that is killed may delay what is due."""
WAITING = f"""
    SELECT client_port FROM pg_stat_activity JOIN pg_locks USING (pid)
    WHERE locktype = 'advisory' AND NOT granted
      AND (classid::bigint << 32) | objid::bigint = {LOCK}
"""
"""The ports of those who wait for the record, whom only a superuser is told."""


async def waiting(installation: Installation) -> list[int]:
    engine = create_async_engine(sqlalchemy_url(installation.stack.admin_database_url), poolclass=pool.NullPool)
    async with engine.connect() as connection:
        return [*(await connection.execute(text(WAITING))).scalars()]


@dataclass(frozen=True)
class Newsroom:
    """The demo's people, with what each of them does to get something published later."""

    author: AsyncClient
    editor: AsyncClient
    publisher: AsyncClient
    organisation_id: str

    @classmethod
    @asynccontextmanager
    async def opened(cls, installation: Installation) -> AsyncIterator[Newsroom]:
        async with AsyncExitStack() as opened:
            author, editor, publisher = [
                await opened.enter_async_context(
                    AsyncClient(installation.grpc, email=f"{name}@example.gov", password=PASSWORD, timeout=30)
                )
                for name in ("author", "editor", "publisher")
            ]
            me = (await author.auth.GetMe(GetMeRequest())).account
            yield cls(author, editor, publisher, me.grants[0].organisation_id)

    async def approved(self) -> Document:
        path, whose = f"/news/scheduled-{uuid.uuid4().hex}", self.organisation_id
        wanted = Document(organisation_id=whose, content_type="harbour_news", path=path, title="Scheduled")
        wanted.details.update({"place": "The harbour"})
        document = (await self.author.content.CreateDocument(CreateDocumentRequest(document=wanted))).document
        submit = SubmitDocumentRequest(id=document.id, etag=document.etag)
        document = (await self.author.content.SubmitDocument(submit)).document
        approve = ApproveDocumentRequest(id=document.id, etag=document.etag)
        return (await self.editor.content.ApproveDocument(approve)).document

    async def scheduled(self, due: datetime) -> Document:
        document = await self.approved()
        request = ScheduleDocumentRequest(id=document.id, etag=document.etag)
        request.due_time.FromDatetime(due)
        return (await self.publisher.content.ScheduleDocument(request)).document

    async def live(self, document: Document) -> Document:
        """The document, once it is public."""

        async def look() -> list[Document]:
            found = (await self.author.content.GetDocument(GetDocumentRequest(id=document.id))).document
            return [found] if found.live.state else []

        return (await until(look))[0]

    async def entries(self, document: Document) -> int:
        """How many entries of the record there are of it."""
        count, number = 0, document.live.record_number - 1
        while True:
            answer = await self.author.record.ListRecordEntries(ListRecordEntriesRequest(after_number=number))
            if not answer.entries:
                return count
            count += len([entry for entry in answer.entries if entry.body.document_id == document.id])
            number = answer.entries[-1].body.number


def at_work(installation: Installation, port: int) -> tuple[int, psutil.Process]:
    """The worker, by its number, that has a connection from this port."""
    for number, process in installation.workers().items():
        if port in {each.laddr.port for each in process.net_connections("tcp")}:
            return number, process
    raise AssertionError(f"no worker has port {port}")


async def test_a_worker_is_killed_when_something_is_due(installation: Installation) -> None:
    """kill -9 of the very process that has taken what is due, and is about to publish it: another one publishes it, once,
    within five seconds of its time (X11)."""
    async with Newsroom.opened(installation) as newsroom, owner_of(installation) as owner, owner.connect() as holder:
        due = datetime.now(UTC) + timedelta(seconds=2)
        document = await newsroom.scheduled(due)
        await holder.execute(text(f"SELECT pg_advisory_lock({LOCK})"))  # so that it is met in the middle
        try:
            (port,) = await until(lambda: waiting(installation))
            number, victim = at_work(installation, port)
            victim.kill()
        finally:
            await holder.execute(text(f"SELECT pg_advisory_unlock({LOCK})"))
        found = await newsroom.live(document)
        late = found.live.publish_time.ToDatetime(UTC) - due
        assert timedelta(0) <= late < PROMISED
        await replaced(installation, number, victim)
        assert (found.draft.state, found.live.revision_number) == (0, 1)
        assert await newsroom.entries(found) == 1


@pytest.mark.parametrize("number", [0, pytest.param(1, marks=pytest.mark.soak)])
async def test_either_worker_is_killed_at_the_moment(installation: Installation, number: int) -> None:
    """Ten documents are due at one moment, and at that moment one of the two workers is killed: each is published once, within
    five seconds of its time (X11)."""
    async with Newsroom.opened(installation) as newsroom:
        due = datetime.now(UTC) + timedelta(seconds=6)
        documents = [await newsroom.scheduled(due) for _ in range(10)]
        victim = installation.workers()[number]
        await asyncio.sleep((due - datetime.now(UTC)).total_seconds())
        victim.kill()
        found = [await newsroom.live(each) for each in documents]
        for each in found:
            assert timedelta(0) <= each.live.publish_time.ToDatetime(UTC) - due < PROMISED
            assert await newsroom.entries(each) == 1
        await replaced(installation, number, victim)


async def test_the_database_is_away_when_something_is_due(installation: Installation) -> None:
    """What is due while PostgreSQL is dead has not failed: it is published as soon as that is back."""
    async with Newsroom.opened(installation) as newsroom:
        due = datetime.now(UTC) + timedelta(seconds=1)
        document = await newsroom.scheduled(due)
        async with killed(installation):
            await asyncio.sleep(2)
        back = time.monotonic()

        async def is_ready() -> bool:
            return await asyncio.to_thread(installation.is_ready)

        await until(is_ready)
        found = await newsroom.live(document)
        assert found.draft.state == 0
        assert await newsroom.entries(found) == 1
        assert time.monotonic() - back < 15
