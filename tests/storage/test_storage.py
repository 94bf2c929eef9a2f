"""Both kinds of storage, by the same tests: a folder, and S3 as moto plays it on loopback."""

from __future__ import annotations

import asyncio
import hashlib
import os
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from server.background import tasks
from server.settings import InvalidSettings
from server.stores.blobs import BlobNotFound, ObjectStorage, Part, StorageUnavailable, open_storage
from server.stores.blobs.directory import Directory
from server.stores.blobs.interface import CHUNK_BYTES
from server.stores.blobs.s3 import PART_BYTES
from tests.storage.storing import KEY, folder_settings, left, pieces, s3_settings, whole

SIZES = [1, CHUNK_BYTES + 1, PART_BYTES - 1, PART_BYTES, 2 * PART_BYTES + 5]


@pytest.mark.parametrize("size", SIZES)
async def test_a_blob_comes_back_as_it_was_written(storage: ObjectStorage, size: int) -> None:
    """Bytes of any length are the same after a write and a read, and no piece is longer than promised."""
    content = os.urandom(size)

    await storage.write(KEY, pieces(content), content_type="image/png")
    chunks = [chunk async for chunk in storage.read(KEY)]

    assert hashlib.sha256(b"".join(chunks)).digest() == hashlib.sha256(content).digest()
    assert max(map(len, chunks)) <= CHUNK_BYTES


async def test_a_part_of_a_blob_can_be_read(storage: ObjectStorage) -> None:
    """A read may begin at any byte and end before any later one, also where its pieces meet."""
    content = os.urandom(2 * CHUNK_BYTES + 10)
    await storage.write(KEY, pieces(content), content_type="text/plain")

    for start, stop in [(7, None), (0, 1), (7, 9), (1, CHUNK_BYTES + 1), (5, 2 * CHUNK_BYTES + 9), (9, len(content))]:
        assert await whole(storage.read(KEY, start, stop)) == content[start:stop], (start, stop)


async def test_an_unknown_key_has_no_blob(storage: ObjectStorage) -> None:
    """To read what is not there is no outage."""
    with pytest.raises(BlobNotFound):
        await whole(storage.read(KEY))


async def test_a_deleted_blob_is_gone(storage: ObjectStorage) -> None:
    """After a delete nothing is left, and deleting again changes nothing."""
    await storage.write(KEY, pieces(b"bytes"), content_type="image/png")

    await storage.delete(KEY)
    await storage.delete(KEY)

    assert left(storage) == []


async def test_an_interrupted_read_leaves_the_blob_readable(storage: ObjectStorage) -> None:
    """A reader who leaves early harms nothing."""
    await storage.write(KEY, pieces(bytes(3 * CHUNK_BYTES)), content_type="image/png")

    chunks = storage.read(KEY)
    await anext(chunks)
    await chunks.aclose()

    assert len(await whole(storage.read(KEY))) == 3 * CHUNK_BYTES


@pytest.mark.parametrize("size", [1000, PART_BYTES + 1000])
async def test_a_write_whose_chunks_fail_leaves_nothing(storage: ObjectStorage, size: int) -> None:
    """What goes wrong while the bytes come undoes all of the write."""

    async def broken() -> AsyncIterator[bytes]:
        async for chunk in pieces(bytes(size)):
            yield chunk
        raise ValueError("the rest is wrong")

    with pytest.raises(ValueError, match="the rest is wrong"):
        await storage.write(KEY, broken(), content_type="image/png")

    assert left(storage) == []


@pytest.mark.parametrize("size", [1000, PART_BYTES + 1000])
async def test_a_cancelled_write_leaves_nothing(storage: ObjectStorage, size: int) -> None:
    """A write that is cancelled while it waits for more is undone."""
    sent = asyncio.Event()

    async def stalled() -> AsyncIterator[bytes]:
        async for chunk in pieces(bytes(size)):
            yield chunk
        sent.set()
        await asyncio.Event().wait()

    write = asyncio.create_task(storage.write(KEY, stalled(), content_type="image/png"))
    await sent.wait()
    write.cancel()
    with pytest.raises(asyncio.CancelledError):
        await write

    assert left(storage) == []


async def test_a_write_that_is_cancelled_twice_in_its_last_step_leaves_no_part_of_it(storage: ObjectStorage) -> None:
    """A thread that stores the blob after its caller has gone may yet do so; a delete waits for it, and takes all away."""
    for delay in (0, 0.0005, 0.001, 0.002, 0.005):
        write = asyncio.create_task(storage.write(KEY, pieces(b"bytes"), content_type="image/png"))
        await asyncio.sleep(delay)
        write.cancel()
        await asyncio.sleep(0)
        write.cancel()
        await asyncio.gather(write, return_exceptions=True)
        await storage.delete(KEY)
        await tasks.settle(5)

        assert left(storage) == []


@pytest.mark.parametrize("size", [1000, PART_BYTES + 1000])
async def test_a_write_that_fails_leaves_what_was_there(storage: ObjectStorage, size: int) -> None:
    """A blob that another write has put there stays, however the later one ends."""
    await storage.write(KEY, pieces(b"earlier"), content_type="image/png")
    sent = asyncio.Event()

    async def stalled() -> AsyncIterator[bytes]:
        async for chunk in pieces(bytes(size)):
            yield chunk
        sent.set()
        await asyncio.Event().wait()

    write = asyncio.create_task(storage.write(KEY, stalled(), content_type="image/png"))
    await sent.wait()
    write.cancel()
    await asyncio.gather(write, return_exceptions=True)

    assert left(storage) == [KEY]
    assert await whole(storage.read(KEY)) == b"earlier"


async def test_a_storage_that_answers_is_healthy(storage: ObjectStorage) -> None:
    """The check passes where blobs can be stored."""
    await storage.check()


@pytest.mark.parametrize("key", ["../passwords", "/etc/passwords", "a//b", "a/../b", "A", "a b", "", "a/"])
async def test_what_is_no_key_names_no_blob(storage: ObjectStorage, key: str) -> None:
    """A key cannot lead out of the storage."""
    with pytest.raises(ValueError, match="not a key"):
        await storage.write(key, pieces(b"bytes"), content_type="image/png")
    with pytest.raises(ValueError, match="not a key"):
        await whole(storage.read(key))


@pytest.fixture
def black_hole() -> Iterator[str]:
    """The endpoint of a service that takes connections and never answers."""
    with closing(socket.create_server(("127.0.0.1", 0), backlog=64)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


@pytest.mark.timed
async def test_a_storage_that_never_answers_is_unavailable_within_5_s(black_hole: str) -> None:
    """Whatever is asked of it gives up in time, also when more comes than there are threads (X8)."""
    storage = open_storage(s3_settings(black_hole))
    start = time.monotonic()

    failures = await asyncio.gather(
        *(storage.write(f"{KEY}-{number}", pieces(bytes(1000)), content_type="image/png") for number in range(20)),
        storage.write(KEY, pieces(bytes(PART_BYTES + 1)), content_type="image/png"),
        whole(storage.read(KEY)),
        storage.check(),
        storage.stat(KEY),
        storage.move(KEY, f"{KEY}-moved", tag="", content_type="image/png"),
        storage.begin(KEY, content_type="image/png"),
        storage.put_part(KEY, "assembly", 1, [bytes(1000)]),
        storage.assemble(KEY, "assembly", [Part(1, 1000, "")]),
        storage.abandon(f"{KEY}-abandoned", "assembly"),
        return_exceptions=True,
    )

    assert time.monotonic() - start < 5
    assert {type(failure) for failure in failures} == {StorageUnavailable}
    await storage.close()


@pytest.mark.timed
async def test_a_storage_that_is_not_there_is_unavailable_at_once() -> None:
    """A refused connection is told in less than a second."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        endpoint = f"http://127.0.0.1:{listening.getsockname()[1]}"
    storage = open_storage(s3_settings(endpoint))
    start = time.monotonic()

    with pytest.raises(StorageUnavailable):
        await storage.write(KEY, pieces(b"bytes"), content_type="image/png")

    assert time.monotonic() - start < 1
    await storage.close()


async def test_a_missing_bucket_is_an_outage(moto: str) -> None:
    """What only the operator can mend reads as unavailable, not as a defect."""
    storage = open_storage(s3_settings(moto, "no-such-bucket"))

    with pytest.raises(StorageUnavailable):
        await storage.check()
    with pytest.raises(StorageUnavailable):
        await storage.write(KEY, pieces(b"bytes"), content_type="image/png")

    await tasks.settle(5)
    await storage.close()


async def test_a_folder_that_went_away_is_an_outage(tmp_path: Path) -> None:
    """A folder that cannot be written makes uploads unavailable."""
    storage = Directory.open(tmp_path / "files")
    (tmp_path / "files").rmdir()
    (tmp_path / "files").write_text("a file now")

    with pytest.raises(StorageUnavailable):
        await storage.check()
    with pytest.raises(StorageUnavailable):
        await storage.write(KEY, pieces(b"bytes"), content_type="image/png")

    await tasks.settle(5)
    await storage.close()


def test_a_folder_that_cannot_be_made_stops_the_start(tmp_path: Path) -> None:
    """The operator is told which setting to mend."""
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(InvalidSettings, match="FILES_DIRECTORY"):
        open_storage(folder_settings(tmp_path / "file"))


@pytest.mark.parametrize("size", [5, 2_000_000, "parts"])
async def test_a_write_says_the_tag(storage: ObjectStorage, size: int | str) -> None:
    """It is that of the blob, whether it went in one request or in parts: so who wrote it knows it again."""
    content = os.urandom(size if isinstance(size, int) else storage.part_bytes + 5)
    tag = await storage.write(KEY, pieces(content), content_type="image/png")
    found = await storage.stat(KEY)
    assert found is not None
    assert found.tag == tag
