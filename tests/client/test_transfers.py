"""Uploads and downloads, where they go wrong; that they go right is shown with the real server."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import grpc
import pytest

from gazette.files.v1.file_pb2 import File
from gazette_client.errors import DataLoss, Unavailable, failure
from gazette_client.files.sources import CHUNK_BYTES
from tests.client.conftest import Clients
from tests.client.scripted import REFUSED, Server

AWAY = failure(grpc.StatusCode.UNAVAILABLE, "OBJECT_STORAGE_UNAVAILABLE", "Away.")
CONTENT = bytes(range(256)) * 3000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


def stored() -> File:
    return File(id="1", size_bytes=len(CONTENT), sha256=SHA256)


def halves() -> list[Any]:
    return [CONTENT[:1000], CONTENT[1000:]]


def chunks(server: Server) -> bytes:
    return b"".join(each.chunk for each in server.received)


def held(folder: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in folder.iterdir()}


class Pipe(io.RawIOBase):
    """Bytes that can be read once."""

    def __init__(self, content: bytes) -> None:
        self.rest = io.BytesIO(content)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self.rest.readinto(buffer)


async def test_an_upload_says_first_what_it_sends(clients: Clients, client: Any, scripted: Server, tmp_path: Path) -> None:
    """Name, size and SHA-256 precede the chunks, and progress is told after each."""
    source = tmp_path / "tides.pdf"
    source.write_bytes(CONTENT)
    told: list[tuple[int, int]] = []

    file = await clients.call(client.upload, source, "7", "Tides", progress=lambda *now: told.append(now))

    first = scripted.received[0].upload
    assert (first.organisation_id, first.name, first.alternative_text) == ("7", "tides.pdf", "Tides")
    assert (first.size_bytes, first.sha256) == (len(CONTENT), SHA256)
    assert chunks(scripted) == CONTENT
    assert told == [(CHUNK_BYTES, len(CONTENT)), (2 * CHUNK_BYTES, len(CONTENT)), (len(CONTENT), len(CONTENT))]
    assert file.sha256 == SHA256


async def test_an_upload_is_repeated_whole(clients: Clients, client: Any, scripted: Server) -> None:
    """After a refused token and an outage everything is sent again, under the same key; what is no file of ours stays open."""
    source = io.BytesIO(b"skipped" + CONTENT)
    source.seek(7)
    scripted.fails("UploadFile", REFUSED, AWAY)

    await clients.call(client.upload, source, "7", name="tides.pdf")

    keys = {each["idempotency-key"] for each in scripted.metadata["UploadFile"]}
    assert (scripted.calls("UploadFile"), len(keys)) == (3, 1)
    assert chunks(scripted) == CONTENT
    assert not source.closed


async def test_a_pipe_can_be_uploaded(clients: Clients, client: Any, scripted: Server) -> None:
    """What can be read only once is kept aside first."""
    await clients.call(client.upload, Pipe(CONTENT), "7", name="tides.pdf")

    assert chunks(scripted) == CONTENT


async def test_a_failing_callback_ends_the_upload(clients: Clients, client: Any, scripted: Server) -> None:
    """Its exception reaches the caller, and the server has not been told that all has come."""

    def stop(done: int, total: int) -> NoReturn:
        raise KeyError(done)

    with pytest.raises(KeyError):
        await clients.call(client.upload, io.BytesIO(CONTENT), "7", name="tides.pdf", progress=stop)

    assert len(chunks(scripted)) == CHUNK_BYTES


async def test_a_file_that_is_not_there_is_not_uploaded(clients: Clients, client: Any, tmp_path: Path) -> None:
    """The caller gets Python's own error."""
    with pytest.raises(FileNotFoundError):
        await clients.call(client.upload, tmp_path / "absent.pdf", "7")


async def test_a_download_that_breaks_off_goes_on(clients: Clients, client: Any, scripted: Server, tmp_path: Path) -> None:
    """An outage half-way is not noticed, and no byte comes twice."""
    scripted.file, scripted.parts = stored(), [CONTENT[:1000], AWAY, CONTENT[1000:]]
    told: list[tuple[int, int]] = []

    await clients.call(client.download, "1", tmp_path / "tides.pdf", progress=lambda *now: told.append(now))

    assert held(tmp_path) == {"tides.pdf": CONTENT}
    assert [done for done, _ in dict.fromkeys(told)] == [1000, len(CONTENT)]
    assert scripted.offsets == [0, 1000]


@pytest.fixture(params=["outage", "corruption", "callback"])
def trouble(request: pytest.FixtureRequest, scripted: Server) -> Iterator[tuple[type[Exception], Any]]:
    """What goes wrong, what the caller is told, and the callback."""

    def stop(done: int, total: int) -> NoReturn:
        raise KeyError(done)

    scripted.file, scripted.parts = stored(), halves()
    if request.param == "outage":
        scripted.parts[1:] = [failure(grpc.StatusCode.UNAVAILABLE, "OBJECT_STORAGE_UNAVAILABLE", "Away.") for _ in range(9)]
        yield Unavailable, None
    elif request.param == "corruption":
        scripted.parts[1] = CONTENT[1000:-1] + b"!"
        yield DataLoss, None
    else:
        yield KeyError, stop


async def test_a_failed_download_leaves_nothing(
    clients: Clients, client: Any, trouble: tuple[type[Exception], Any], tmp_path: Path
) -> None:
    """What was at the destination stays as it was, and no part of the download lies beside it."""
    expected, progress = trouble
    destination = tmp_path / "tides.pdf"
    destination.write_bytes(b"older")

    with pytest.raises(expected):
        await clients.call(client.download, "1", destination, progress=progress)

    assert held(tmp_path) == {"tides.pdf": b"older"}
