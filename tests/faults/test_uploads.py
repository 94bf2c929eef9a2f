"""Uploads in pieces whose connection breaks, and whose server dies."""

from __future__ import annotations

import hashlib
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import NamedTuple

import httpx
import psutil
import pytest

from tests.faults.installation import PASSWORD, Installation, until

TUS = {"tus-resumable": "1.0.0"}
MESSAGE = 256 * 1024
ON_THE_WAY = 2_500_000
"""What sockets and Envoy hold, at the most: it is lost with a connection."""
LEAST_LINE = b"%08d,Harbour,The pier at low tide,2026-03-03,%08d\n"


class Content(NamedTuple):
    """A CSV of so many bytes, made as it is read."""

    size: int

    def block(self, number: int) -> bytes:
        """MESSAGE bytes of it, no two the same."""
        line = LEAST_LINE % (number, number)
        return (line * (MESSAGE // len(line) + 1))[: MESSAGE - 1] + b"\n"

    def read(self, start: int, stop: int) -> Iterator[bytes]:
        at = start
        while at < stop:
            block = self.block(at // MESSAGE)[at % MESSAGE :][: stop - at]
            yield block
            at += len(block)

    @property
    def sha256(self) -> str:
        found = hashlib.sha256()
        for block in self.read(0, self.size):
            found.update(block)
        return found.hexdigest()


@contextmanager
def author(installation: Installation) -> Iterator[httpx.Client]:
    with closing(httpx.Client(base_url=installation.http, timeout=60)) as client:
        answer = client.post("/v1/auth/login", json={"email": "author@example.gov", "password": PASSWORD})
        client.headers["authorization"] = f"Bearer {answer.raise_for_status().json()['accessToken']}"
        yield client


def begin(client: httpx.Client, content: Content) -> str:
    """Where the upload is."""
    organisation = client.get("/v1/organisations").json()["organisations"][0]["id"]
    said = {"organisationId": organisation, "filename": "ships.csv", "sha256": content.sha256}
    metadata = ",".join(f"{name} {b64encode(value.encode()).decode()}" for name, value in said.items())
    answer = client.post("/v1/uploads:tus", headers={**TUS, "upload-length": str(content.size), "upload-metadata": metadata})
    assert answer.status_code == 201, answer.text
    return answer.headers["location"]


def offset(client: httpx.Client, where: str) -> int:
    return int(client.head(where, headers=TUS).raise_for_status().headers["upload-offset"])


def headers(start: int, content: Content) -> dict[str, str]:
    length = str(content.size - start)
    return {**TUS, "upload-offset": str(start), "content-type": "application/offset+octet-stream", "content-length": length}


def arrived(installation: Installation) -> int:
    """How many bytes of files the server has seen."""
    told = httpx.get(f"http://127.0.0.1:{installation.ports.metrics}/metrics").text
    return sum(
        int(float(line.rpartition(" ")[2])) for line in told.splitlines() if line.startswith("gazette_upload_bytes_total")
    )


def cut(installation: Installation, client: httpx.Client, where: str, content: Content, stop: int) -> int:
    """Sends what follows up to there and, once most of it has arrived, breaks the connection. Where the upload stands then."""
    start, before = offset(client, where), arrived(installation)

    def broken() -> Iterator[bytes]:
        yield from content.read(start, stop)
        until(lambda: arrived(installation) - before >= stop - start - ON_THE_WAY, 20)
        raise ConnectionAbortedError

    own = httpx.Client(base_url=client.base_url, headers=client.headers, timeout=60)
    with closing(own), pytest.raises(ConnectionAbortedError):
        own.patch(where, content=broken(), headers=headers(start, content))
    until(lambda: offset(client, where) >= stop - ON_THE_WAY, 20)
    return offset(client, where)


def die(installation: Installation, client: httpx.Client, where: str, content: Content, stop: int) -> int:
    """The same, but it is the server that ends, all of its workers, with no time to say anything (kill -9)."""
    start, before = offset(client, where), arrived(installation)

    def deadly() -> Iterator[bytes]:
        yield from content.read(start, stop)
        until(lambda: arrived(installation) - before >= stop - start - ON_THE_WAY, 20)
        for worker in installation.workers().values():
            worker.kill()
        yield from content.read(stop, content.size)

    try:
        answer = client.patch(where, content=deadly(), headers=headers(start, content))
        assert answer.status_code >= 500, answer.text
    except httpx.HTTPError:
        pass  # as a client sees it whose connection broke
    until(installation.is_ready, 60)
    return offset(client, where)


class Memory:
    """The most that any worker has had since it is watched, in bytes."""

    def __init__(self, installation: Installation) -> None:
        self.installation, self.most, self.is_over = installation, 0, threading.Event()
        self.thread = threading.Thread(target=self.watch)

    def watch(self) -> None:
        while not self.is_over.wait(0.05):
            try:
                for worker in self.installation.workers().values():
                    self.most = max(self.most, worker.memory_info().rss)
            except psutil.Error:
                continue

    @contextmanager
    def watched(self) -> Iterator[None]:
        self.thread.start()
        try:
            yield
        finally:
            self.is_over.set()
            self.thread.join()


@pytest.mark.parametrize("size", [20_000_000, pytest.param(500_000_000, marks=pytest.mark.soak)])
def test_an_upload_survives_three_cuts_and_the_servers_death(installation: Installation, size: int) -> None:
    """Three broken connections and one kill -9 of all workers: each time it goes on where it was kept, and it arrives with the
    right SHA-256. No worker holds more of it than some parts (F1, F7)."""
    content, memory = Content(size), Memory(installation)
    with author(installation) as client, memory.watched():
        where = begin(client, content)
        kept = [cut(installation, client, where, content, size * part // 6) for part in (1, 2, 3)]
        kept.append(die(installation, client, where, content, size * 5 // 6))
        start = offset(client, where)
        done = client.patch(where, content=content.read(start, size), headers=headers(start, content))
        assert done.status_code == 204, done.text
        file_id = client.get(where).json()["upload"]["file"]["id"]
        until(lambda: client.get(f"/v1/files/{file_id}").json()["file"]["state"] == "FILE_STATE_READY", 300)
        file = client.get(f"/v1/files/{file_id}").json()["file"]

    assert kept == sorted(kept)
    assert kept[-1] >= kept[-2] > size // 3
    assert (file["sha256"], file["sizeBytes"]) == (content.sha256, str(size))
    print(f"at most {memory.most >> 20} MiB in a worker, kept {kept}")
    assert memory.most < 400 << 20
