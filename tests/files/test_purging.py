"""Caches that are told to forget a file."""

from __future__ import annotations

import threading
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import select, update

from server.files import purging
from server.files.models import CachePurge
from server.files.purging import rules
from server.files.purging.caches import Cache, NotPurged
from server.files.purging.sending import Purging
from tests.content.desk import Desk
from tests.files.uploading import PDF, send, upload_of
from tests.polling import until, until_so
from tests.servers import Servers
from tests.service import Service, running


@dataclass
class Cdn:
    """What came to it, and how it answers."""

    came: list[tuple[str, str, str]] = field(default_factory=list)
    status: int = 200
    url: str = ""

    @property
    def forgotten(self) -> set[str]:
        return {name for _, _, names in self.came for name in names.split(" ")}


@contextmanager
def listening() -> Iterator[Cdn]:
    cdn = Cdn()

    class Receiver(BaseHTTPRequestHandler):
        def do_PURGE(self) -> None:
            cdn.came.append((self.command, self.path, self.headers["surrogate-key"]))
            self.send_response(cdn.status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    with HTTPServer(("127.0.0.1", 0), Receiver) as server:
        cdn.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield cdn
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def cdn() -> Iterator[Cdn]:
    with listening() as started:
        yield started


@pytest_asyncio.fixture
async def desk(servers: Servers, template: str, tmp_path: Path, cdn: Cdn) -> AsyncIterator[Desk]:
    """Of a server that has a CDN before it."""
    cdn.came, cdn.status = [], 200
    async with running(servers, template, tmp_path, CDN_PURGE_URL=cdn.url) as service:
        yield await Desk.opened(service)


async def waiting(service: Service) -> list[str]:
    """The names that are still to be told, in their order."""
    async with service.database.read() as connection:
        return list(await connection.scalars(select(CachePurge.name).order_by(CachePurge.number)))


async def send_due(service: Service) -> None:
    """Lets what is to be told again be due, and the job tell it."""
    async with service.database.transaction() as connection:
        await connection.execute(update(CachePurge).values(next_attempt_time=service.start_time))
    await service.app.means(Purging).send_all()


async def forget(service: Service, *ids: uuid.UUID) -> None:
    async with service.database.transaction() as connection:
        await purging.purge(connection, ids)


async def test_a_file_that_leaves_its_page(desk: Desk, cdn: Cdn) -> None:
    """The CDN is told to forget it at once, and once more later, and nothing of what stays (I4)."""
    service = desk.service
    left, kept = [(await send(service, desk.author, upload_of(desk.organisation_id, PDF, "a.pdf"), PDF)).file.id for _ in "ab"]
    document = await desk.published(f"{desk.root}/a", attachments=[left, kept])
    await desk.through_review(await desk.update(document, attachments=[kept]))
    await until_so(lambda: cdn.came)

    async def told() -> bool:
        return await waiting(service) == [f"file-{left}"]

    await until(told)
    assert cdn.came == [("PURGE", "/", f"file-{left}")]
    await send_due(service)

    async def none_waits() -> bool:
        return not await waiting(service)

    await until(none_waits)
    assert cdn.came == [("PURGE", "/", f"file-{left}")] * 2


async def test_a_cdn_that_is_away(desk: Desk, cdn: Cdn) -> None:
    """It is told again until it has heard, with what came meanwhile; none is given up (I4)."""
    service, ids = desk.service, [uuid.uuid4() for _ in range(2)]
    cdn.status = 503
    await forget(service, ids[0])
    await until_so(lambda: cdn.came)
    for _ in range(3):
        await send_due(service)
    assert set(await waiting(service)) == {f"file-{ids[0]}"}
    cdn.status, cdn.came = 204, []
    await forget(service, ids[1])

    async def none_waits() -> bool:
        await send_due(service)
        return not await waiting(service)

    await until(none_waits)
    assert cdn.forgotten == {f"file-{id}" for id in ids}


async def test_what_is_rolled_back(desk: Desk, cdn: Cdn) -> None:
    """A change that does not come about leaves caches as they are."""
    async with desk.service.database.transaction() as connection:
        await purging.purge(connection, [uuid.uuid4()])
        await connection.rollback()
    await desk.service.app.means(Purging).send_all()
    assert cdn.came == []


async def test_many_files(desk: Desk, cdn: Cdn) -> None:
    """No request names more files than a header holds."""
    ids = [uuid.uuid4() for _ in range(rules.MOST + 1)]
    await forget(desk.service, *ids)
    await until_so(lambda: cdn.forgotten == {f"file-{id}" for id in ids})
    assert max(len(names) for _, _, names in cdn.came) < 4096


def test_a_cdn_that_does_not_answer() -> None:
    """It counts as not told, within seconds, whatever it is that fails."""
    with pytest.raises(NotPurged):
        Cache("http://127.0.0.1:1").ask("file-a")
