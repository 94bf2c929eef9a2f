"""What a worker weighs, and how long the command takes before it says anything."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Sequence

import psutil

from bench.installation import Installation

HELP = (sys.executable, "-m", "server", "--help")
NOTHING = (sys.executable, "-c", "pass")


def memory(ours: Installation) -> dict[str, float]:
    """MB of the worker. Nobody has read a page from it, so its page cache is empty."""
    workers = psutil.Process(ours.pids[0]).children()
    full = max((each.memory_full_info() for each in workers), key=lambda info: info.rss)
    return {"rss": full.rss / 1e6, "pss": full.pss / 1e6, "uss": full.uss / 1e6}


def start_times(rounds: int) -> dict[str, float]:
    """Seconds on the clock of `gazette --help`, and of a Python that does nothing, in turns: the medians."""
    commands = {"gazette --help": HELP, "python -c pass": NOTHING}
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(rounds + 1):
        for name, command in commands.items():
            seconds = run(command)
            if number:  # the first writes what Python keeps of compiled modules
                taken[name].append(seconds)
    return {name: statistics.median(seconds) for name, seconds in taken.items()}


def run(command: Sequence[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start
