"""A block that is shown on a thousand pages is changed once: when all of them are right, and what readers and publishers notice
of it, against the seconds before in the same run."""

from __future__ import annotations

import asyncio
import json
import statistics
import tempfile
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import grpc

from bench import installation
from bench.import_speed import bring_in
from bench.installation import EMAIL, PASSWORD
from bench.measure import cpu_seconds
from gazette.delivery.v1.delivery_service_pb2 import GetPageRequest
from gazette.record.v1.record_entry_pb2 import RecordEntryKind
from gazette.record.v1.record_service_pb2 import ListRecordEntriesRequest
from gazette.record.v1.record_service_pb2_grpc import RecordServiceStub
from gazette_client import Client

METHOD = "/gazette.delivery.v1.DeliveryService/GetPage"
REFRESHED = RecordEntryKind.RECORD_ENTRY_KIND_REFRESHED
PAGES = 1_000
READERS, PAUSE = 10, 0.02
"""So many readers, each of whom waits so long between two pages: about what one worker of two cores does with ease."""
CALM = 8.0
KEY = str(uuid.UUID(int=(7 << 76) | (2 << 62) | 1))


@dataclass
class Waits:
    """How long answers took, in seconds."""

    of_readers: list[float] = field(default_factory=list)
    of_publishers: list[float] = field(default_factory=list)


def main() -> None:
    with (
        tempfile.TemporaryDirectory(prefix="gazette-bench-") as directory,
        installation.gazette(Path(directory, "gazette")) as ours,
        Client(f"127.0.0.1:{ours.grpc_port}", email=EMAIL, password=PASSWORD) as client,
    ):
        pages = written(Path(directory, "pages.ndjson"), "Monday", [page(at) for at in range(PAGES)])
        summary = bring_in(client, pages)
        assert summary.documents == PAGES + 1, summary.refusals[:3]
        block = written(Path(directory, "block.ndjson"), "Tuesday", [])
        numbers = count(PAGES)

        def publish() -> None:
            path = written(Path(directory, "other.ndjson"), "", [page(next(numbers), shows=False)])
            assert not bring_in(client, path).refusals

        asyncio.run(measure(ours, publish, lambda: bring_in(client, block)))


async def measure(ours: installation.Installation, publish: Callable[[], None], change: Callable[[], object]) -> None:
    address = f"127.0.0.1:{ours.grpc_port}"
    async with grpc.aio.insecure_channel(address) as channel:
        stub = RecordServiceStub(channel)
        await everything(channel, "Monday")  # held by now
        waits = Waits()
        load = [
            asyncio.create_task(work)
            for work in (publishing(publish, waits), *(reading(channel, waits) for _ in range(READERS)))
        ]
        await asyncio.sleep(CALM)
        before, waits.of_readers, waits.of_publishers = Waits(waits.of_readers, waits.of_publishers), [], []
        head, cpu = await last(stub), cpu_seconds(ours.pids)
        begin = time.perf_counter()
        await asyncio.to_thread(change)
        await all_refreshed(stub, head)
        seconds = time.perf_counter() - begin
        during, cpu = Waits([*waits.of_readers], [*waits.of_publishers]), cpu_seconds(ours.pids) - cpu
        for task in load:
            task.cancel()
        await asyncio.gather(*load, return_exceptions=True)
        await everything(channel, "Tuesday")
    print(f"\na block on {PAGES} pages, changed once: all are right after {seconds:.1f} s, {cpu:.1f} s CPU of the server")
    for name, calm, busy in (
        ("GetPage", before.of_readers, during.of_readers),
        ("publication of another page", before.of_publishers, during.of_publishers),
    ):
        print(f"  {name}: {told(calm)} before, {told(busy)} meanwhile: {ratio(calm, busy)}")


async def reading(channel: grpc.aio.Channel, waits: Waits) -> None:
    call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(METHOD)
    at = 0
    while True:
        at += 37
        waits.of_readers.append(await timed(lambda at=at: call(requested(at % PAGES), timeout=10)))  # type: ignore[misc]
        await asyncio.sleep(PAUSE)


async def publishing(publish: Callable[[], None], waits: Waits) -> None:
    while True:
        waits.of_publishers.append(await timed(lambda: asyncio.to_thread(publish)))
        await asyncio.sleep(0.1)


async def timed(call: Callable[[], Awaitable[object]]) -> float:
    begin = time.perf_counter()
    await call()
    return time.perf_counter() - begin


async def everything(channel: grpc.aio.Channel, word: str) -> None:
    """Reads every page, which must have the word."""
    call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(METHOD)
    for at in range(PAGES):
        answer = await call(requested(at), timeout=10)
        assert word.encode() in answer, at


async def last(stub: Any) -> int:
    number = 0
    while entries := (await stub.ListRecordEntries(ListRecordEntriesRequest(after_number=number, page_size=1000))).entries:
        number = entries[-1].body.number
    return number


async def all_refreshed(stub: Any, after: int) -> None:
    """Waits until as many pages as there are were rendered again since an entry."""
    number = 0
    while number < PAGES:
        await asyncio.sleep(0.1)
        entries = (await stub.ListRecordEntries(ListRecordEntriesRequest(after_number=after, page_size=1000))).entries
        number += sum(entry.body.kind == REFRESHED for entry in entries)
        after = entries[-1].body.number if entries else after


def told(waits: list[float]) -> str:
    ordered = sorted(waits)
    return f"{statistics.median(waits) * 1e3:.1f} ms, p99 {ordered[int(len(ordered) * 0.99)] * 1e3:.1f} ms"


def ratio(calm: list[float], busy: list[float]) -> str:
    return f"{statistics.median(busy) / statistics.median(calm):.2f} times the median"


def requested(at: int) -> bytes:
    return GetPageRequest(path=f"/bench-blocks/{at}", locale="en").SerializeToString()


def written(path: Path, block: str, documents: Sequence[Mapping[str, object]]) -> Path:
    """A file to import: the block, if it says something, and these documents."""
    parts: list[dict[str, object]] = [
        {"contentType": {"name": "bench_block", "title": "Block", "isBlock": True}},
        {"contentType": {"name": "bench_page", "title": "Page"}},
    ]
    if block:
        said = {"contentType": "bench_block", "translationKey": KEY, "path": "/bench-blocks/hours", "title": "Hours"}
        parts.append({"document": imported(said | {"body": f"Open on *{block}*."})})
    parts += [{"document": imported(each)} for each in documents]
    path.write_text("\n".join(map(json.dumps, parts)) + "\n")
    return path


def page(at: int, *, shows: bool = True) -> dict[str, object]:
    key = str(uuid.UUID(int=(7 << 76) | (2 << 62) | (1000 + at)))
    shown = f"\n\n[[block:{KEY}]]" if shows else ""
    words = "All work and no play makes a dull page.\n\n" * 100
    path, title = f"/bench-blocks/{at}", f"Page {at}"
    return {"contentType": "bench_page", "translationKey": key, "path": path, "title": title, "body": words + shown}


def imported(document: Mapping[str, object]) -> dict[str, object]:
    return {"document": document, "source": f"bench{document['path']}", "liveState": "LIVE_STATE_PUBLISHED"}
