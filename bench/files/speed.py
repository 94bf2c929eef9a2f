"""Megabytes a second of each way, against the bare one of the same turn, and what the server takes of the processor."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import grpc

from bench.files import ways
from bench.files.office import BUCKET, HERE, MIB, Bucket, Chunks, another, bucket, opened, table
from bench.measure import cpu_seconds
from devstack.ports import free_port

LONG, SIZE, LARGE, ROUNDS = 256 * MIB, 64 * MIB, 128 * MIB, 5
"""Of what goes to a folder, and in one piece and in parts to moto, which keeps all of it in memory. That each upload takes some
30 ms beside its bytes tells in the shorter ones."""


@dataclass
class Way:
    """One way; the first of its kind is what the others are held against."""

    name: str
    run: Callable[[], object]
    pids: Sequence[int]
    after: Callable[[Any], object] = lambda _: None
    """What is done with the result, out of the time."""
    seconds: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)


def measure(path: Path) -> None:
    """With a folder as the storage."""
    with ExitStack() as running:
        office = running.enter_context(opened(path))
        channel, pid = running.enter_context(bare(path))
        chunks, server = table(LONG), office.ours.pids[:1]
        ways.bare_put(channel, chunks)  # what is downloaded
        id = ways.upload_file(office, another(chunks)).id
        ups = [
            Way("cat through a bare gRPC stream", lambda: ways.bare_put(channel, another(chunks)), (pid,)),
            Way("UploadFile", lambda: ways.upload_file(office, another(chunks)), server),
            Way("AppendUpload", lambda: ways.append(office, another(chunks)), server),
            Way("UploadFileContent, through Envoy", lambda: ways.upload_content(office, another(chunks)), office.ours.pids),
            Way("AppendUpload (tus), through Envoy", lambda: ways.append_over_http(office, another(chunks)), office.ours.pids),
        ]
        downs = [
            Way("cat through a bare gRPC stream", partial(ways.bare_get, channel), (pid,)),
            Way("DownloadFile", partial(ways.download, office, id), server),
            Way("DownloadFile, through Envoy", partial(ways.download_over_http, office, id), office.ours.pids),
            Way("CreateDownloadUrl, through Envoy", partial(ways.download_by_address, office, id), office.ours.pids),
        ]
        take_turns(ups)
        take_turns(downs)
        report("uploads, examined and READY", LONG, ups)
        report("downloads", LONG, downs)


def measure_s3(path: Path) -> None:
    """With an S3 service as the storage."""
    with bucket() as storage, opened(path, **storage.settings) as office:
        chunks, large, server = table(SIZE), table(LARGE), office.ours.pids[:1]
        id = ways.upload_file(office, another(chunks)).id
        put(storage, chunks)
        examined = partial(ways.completed, office)
        ups = [
            Way("boto3 alone", lambda: put(storage, another(chunks)), (storage.pid,)),
            Way("a presigned form, by itself", lambda: ways.form(office, another(chunks)), (), after=examined),
            Way("a presigned form, until READY", lambda: examined(ways.form(office, another(chunks))), server),
            Way("UploadFile", lambda: ways.upload_file(office, another(chunks)), server),
        ]
        larger = [
            Way("boto3 alone, in parts", lambda: put(storage, another(large)), (storage.pid,)),
            Way("presigned parts, by themselves", lambda: ways.parts(office, another(large)), (), after=examined),
            Way("presigned parts, until READY", lambda: examined(ways.parts(office, another(large))), server),
        ]
        downs = [
            Way("boto3 alone", partial(get, storage), (storage.pid,)),
            Way("a presigned address", partial(ways.download_by_address, office, id), server),
            Way("DownloadFile", partial(ways.download, office, id), server),
        ]
        for each in (ups, larger, downs):
            take_turns(each)
        report("uploads to moto", SIZE, ups)
        report("uploads to moto", LARGE, larger)
        report("downloads from moto", SIZE, downs)


def put(storage: Bucket, chunks: Chunks) -> None:
    storage.client.upload_fileobj(BytesIO(b"".join(chunks)), BUCKET, "bench/file")


def get(storage: Bucket) -> int:
    into = BytesIO()
    storage.client.download_fileobj(BUCKET, "bench/file", into)
    return into.tell()


@contextmanager
def bare(path: Path) -> Iterator[tuple[grpc.Channel, int]]:
    port = free_port()
    folder = path / "cat"
    folder.mkdir()
    process = subprocess.Popen([sys.executable, "-m", "bench.files.bare", str(port), str(folder)], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        with grpc.insecure_channel(f"{HERE}:{port}") as channel:
            yield channel, process.pid
    finally:
        process.terminate()
        process.wait()


def take_turns(ways_in: Sequence[Way]) -> None:
    """Counted rounds of each after one that warms up; each begins one in turn."""
    for number in range(ROUNDS + 1):
        first = number % len(ways_in)
        for way in (*ways_in[first:], *ways_in[:first]):
            cpu, begin = cpu_seconds(way.pids), time.perf_counter()
            result = way.run()
            if number:
                way.seconds.append(time.perf_counter() - begin)
                way.cpu.append(cpu_seconds(way.pids) - cpu)
            way.after(result)


def report(what: str, size: int, found: Sequence[Way]) -> None:
    print(f"\n{what}, of {size // MIB} MiB: the median of {ROUNDS}, and of the ratios of each round")
    for way in found:
        rate, cpu = (statistics.median(each) for each in ([size / MIB / one for one in way.seconds], way.cpu))
        ratio = statistics.median(bare / own for bare, own in zip(found[0].seconds, way.seconds, strict=True))
        told = f"{cpu / size * MIB * 1e3:6.2f} ms CPU a MiB"
        print(f"  {way.name:<44}{rate:7.0f} MiB/s {ratio:6.2f} × {told}", flush=True)
