"""Turns, CPU time and medians."""

from __future__ import annotations

import statistics
from collections.abc import Awaitable, Callable, Sequence
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
    total = 0.0
    for pid in pids:
        process = psutil.Process(pid)
        for each in (process, *process.children(recursive=True)):
            times = each.cpu_times()
            total += times.user + times.system
    return total


async def take_turns(subjects: Sequence[Subject], *, rounds: int, requests: int) -> None:
    """`rounds` counted rounds of each after one that warms up."""
    for number in range(rounds + 1):
        for subject in subjects:
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
