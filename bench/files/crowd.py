"""What readers of pages notice of twenty uploads at a time."""

from __future__ import annotations

import statistics
import threading
import time
from pathlib import Path

from bench.files import ways
from bench.files.office import MIB, Office, another, opened, table
from bench.reading import Readers, told

UPLOADS, SIZE, SECONDS = 20, 5 * MIB, 15.0


def measure(path: Path) -> None:
    with opened(path) as office, Readers(office.ours.http_port) as readers:
        time.sleep(3)
        readers.take()
        time.sleep(SECONDS)
        calm = readers.take()
        done = uploading(office)
        busy = readers.take()
    ratio = percentile(busy) / percentile(calm)
    print(f"\npublic reads beside {UPLOADS} uploads of {SIZE // MIB} MiB at a time, in ms")
    print(f"  {'before':<10}{told(calm)}")
    print(f"  {'meanwhile':<10}{told(busy)}; {done} uploads in {SECONDS:.0f} s; p99 {ratio:.2f} ×", flush=True)


def percentile(taken: list[tuple[float, str]]) -> float:
    return statistics.quantiles((seconds for seconds, _ in taken), n=100)[98]


def uploading(office: Office) -> int:
    """How many were READY in that time."""
    end, done, lock = time.monotonic() + SECONDS, 0, threading.Lock()
    chunks = table(SIZE)

    def work() -> None:
        nonlocal done
        while time.monotonic() < end:
            ways.upload_file(office, another(chunks))
            with lock:
                done += 1

    threads = [threading.Thread(target=work) for _ in range(UPLOADS)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return done
