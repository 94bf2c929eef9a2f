"""How much memory the server takes at most for a file of 2 GiB."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from bench.files import ways
from bench.files.office import MIB, Office, another, opened, table

SIZE, PAUSE = 2048 * MIB, 0.02


def measure(path: Path) -> None:
    with opened(path) as office:
        ways.download(office, ways.upload_file(office, another(table(8 * MIB))).id)  # whatever is loaded with the first
        chunks, ids = table(SIZE), []
        print(f"\nmemory of the server, its parsers included, for a file of {SIZE // MIB} MiB", flush=True)
        with watched("UploadFile", office):
            ids.append(ways.upload_file(office, another(chunks)).id)
        with watched("AppendUpload", office):
            ids.append(ways.append(office, another(chunks)).id)
        with watched("UploadFileContent, through Envoy", office):
            ways.upload_content(office, another(chunks))
        with watched("DownloadFile", office):
            ways.download(office, ids[0])
        with watched("DownloadFile, through Envoy", office):
            ways.download_over_http(office, ids[0])


@contextmanager
def watched(name: str, office: Office) -> Iterator[None]:
    """Says by how much it grew meanwhile, and what Envoy did."""
    server, envoy = (psutil.Process(pid) for pid in office.ours.pids)
    before, most, ends, begin = memory(server), [0.0, 0.0], threading.Event(), time.perf_counter()
    envoys = memory(envoy)

    def watch() -> None:
        while not ends.wait(PAUSE):
            most[:] = [max(most[0], memory(server)), max(most[1], memory(envoy))]

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        ends.set()
        thread.join()
    seconds = time.perf_counter() - begin
    told = f"{before:5.0f} MB before, {most[0]:5.0f} MB at most; Envoy {envoys:4.0f}, {most[1]:4.0f} MB"
    print(f"  {name:<36}{told}; {seconds:6.1f} s", flush=True)


def memory(process: psutil.Process) -> float:
    """MB that it and its children have, what they share counted with each."""
    total = 0
    for each in (process, *process.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            total += each.memory_info().rss
    return total / 1e6
