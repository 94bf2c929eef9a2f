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
LINE, PIECE = 1.25e6, 256 * 1024
"""Bytes a second of somebody's line of 10 Mbit/s, and how many come at once."""


def measure(path: Path) -> None:
    with opened(path) as office, Readers(office.ours.http_port) as readers:
        time.sleep(3)
        readers.take()
        time.sleep(SECONDS)
        calm = readers.take()
        print(f"\npublic reads beside {UPLOADS} uploads of {SIZE // MIB} MiB at a time, in ms")
        print(f"  {'before':<32}{told(calm)}")
        for way, pause in (("at 10 Mbit/s each", PIECE / LINE), ("as fast as two cores do it all", 0.0)):
            done = uploading(office, pause)
            busy = readers.take()
            ratio = percentile(busy) / percentile(calm)
            print(f"  {way:<32}{told(busy)}; {done} uploads; p99 {ratio:.2f} ×", flush=True)


def percentile(taken: list[tuple[float, str]]) -> float:
    return statistics.quantiles((seconds for seconds, _ in taken), n=100)[98]


def uploading(office: Office, pause: float) -> int:
    """How many were READY in that time, with a pause before each piece, or in chunks of 1 MiB without any.

    People who upload over lines of their own do not begin at the same moment: their pieces and their ends come spread out.
    """
    end, done, lock = time.monotonic() + SECONDS, 0, threading.Lock()
    chunks = table(SIZE)
    if pause:
        chunks = [chunk[at : at + PIECE] for chunk in chunks for at in range(0, len(chunk), PIECE)]

    def work(number: int) -> None:
        nonlocal done
        time.sleep(pause * len(chunks) * number / UPLOADS)
        while time.monotonic() < end:
            ways.upload_file(office, another(chunks), pause)
            with lock:
                done += 1

    threads = [threading.Thread(target=work, args=(number,)) for number in range(UPLOADS)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return done
