"""Rounds of calls and rounds of echoes in turns, and what is made of them."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bench.generator import Counted, Generator
from bench.http2 import GrpcCalls
from bench.installation import Installation
from bench.measure import cpu_seconds

if TYPE_CHECKING:
    from bench.costs.rows import Row


@dataclass(frozen=True)
class Sizes:
    """How many rounds of each call are counted, and how many calls a round has."""

    rounds: int
    echoes: int
    cheap: int
    """Of reads that are answered from memory."""
    reads: int
    """Of reads from PostgreSQL."""
    writes: int


@dataclass(frozen=True)
class Round:
    """What some calls took, each."""

    cpu: float
    """Seconds of all that serve."""
    seconds: float
    """Seconds on the clock."""
    answers: list[bytes] = field(repr=False, default_factory=list)

    @property
    def rate(self) -> float:
        return 1 / self.seconds


@dataclass(frozen=True)
class Turn:
    """A round of calls and the rounds of echoes around it."""

    before: Round
    calls: Round
    after: Round

    @property
    def ratio(self) -> float:
        return self.calls.cpu / statistics.mean((self.before.cpu, self.after.cpu))

    def is_disturbed(self, usual_rate: float) -> bool:
        """Something else took the machine: the echo fell below half of its usual rate."""
        return min(self.before.rate, self.after.rate) < usual_rate / 2


@dataclass(frozen=True)
class Measured:
    row: Row
    turns: list[Turn]

    def counted(self, usual_rate: float) -> list[Turn]:
        """All that was not disturbed. Where everything was, all of it, rather than nothing."""
        return [each for each in self.turns if not each.is_disturbed(usual_rate)] or self.turns


@dataclass
class Turns:
    """Makes the rounds."""

    ours: Installation
    bare: Installation
    generator: Generator
    sizes: Sizes
    echo: Callable[..., GrpcCalls]
    echoes: list[Round] = field(default_factory=list)

    @property
    def usual_rate(self) -> float:
        """Echoes a second."""
        return statistics.median(each.rate for each in self.echoes)

    @property
    def echo_cost(self) -> float:
        """CPU seconds of an echo."""
        return statistics.median(each.cpu for each in self.echoes)

    def measured(self, row: Row) -> Measured:
        """The counted rounds, after one that warms up."""
        server, envoy = self.ours.pids
        pids = (server, *self.ours.stores, *([envoy] if row.is_http else []))
        row.seen(self.round(row.load(), pids).answers)
        turns, before = [], self.echoed()
        for _ in range(self.sizes.rounds):
            calls = self.round(row.load(), pids)
            row.seen(calls.answers)
            after = self.echoed()
            turns.append(Turn(before, calls, after))
            before = after
        return Measured(row, turns)

    def echoed(self) -> Round:
        self.echoes.append(self.round(self.echo(times=self.sizes.echoes), self.bare.pids))
        return self.echoes[-1]

    def round(self, load: Counted, pids: tuple[int, ...]) -> Round:
        before = cpu_seconds(pids)
        made = self.generator.make(load)
        return Round((cpu_seconds(pids) - before) / load.count, made.seconds / load.count, made.answers)
