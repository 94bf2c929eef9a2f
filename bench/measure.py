"""Turns, CPU time and medians."""

from __future__ import annotations

import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import psutil


@dataclass
class Subject:
    """Something that serves, and what its requests cost."""

    name: str
    pids: Sequence[int]
    """The processes that serve; their children count too."""
    load: Callable[[int], Awaitable[None]]
    """Makes that many requests. Raises if any goes wrong."""
    costs: list[float] = field(default_factory=list)
    """CPU seconds a request, one for each counted round."""

    @property
    def cost(self) -> float:
        return statistics.median(self.costs)


def cpu_seconds(pids: Sequence[int]) -> float:
    """What these processes and their children have used, those children that have ended included."""
    total = 0.0
    for pid in pids:
        process = psutil.Process(pid)
        for each in (process, *process.children(recursive=True)):
            with suppress(psutil.NoSuchProcess, OSError):  # it has ended by now: its parent knows what it used
                times = each.cpu_times()
                total += times.children_user + times.children_system + time.clock_gettime(cpu_clock(each.pid))
    return total


def cpu_clock(pid: int) -> int:
    """The clock of all CPU time of a process, in nanoseconds, as clock_getcpuclockid(3) names it on Linux."""
    return (~pid << 3) | 2


async def take_turns(subjects: Sequence[Subject], *, rounds: int, requests: int) -> None:
    """`rounds` counted rounds of each after one that warms up. Each begins a round in turn: whoever comes after another finds
    the caches as that one left them."""
    for number in range(rounds + 1):
        first = number % len(subjects)
        for subject in (*subjects[first:], *subjects[:first]):
            before = cpu_seconds(subject.pids)
            await subject.load(requests)
            if number:
                subject.costs.append((cpu_seconds(subject.pids) - before) / requests)


def report(title: str, subjects: Sequence[Subject]) -> None:
    """One line for each, as a multiple of the first."""
    print(f"\n{title}")
    for subject in subjects:
        spread = f"{min(subject.costs) * 1e6:.0f} to {max(subject.costs) * 1e6:.0f}"
        ratio = subject.cost / subjects[0].cost
        print(f"  {subject.name:<44}{subject.cost * 1e6:7.0f} µs CPU a request ({spread}){ratio:7.2f} ×", flush=True)
