"""Which part of an installation a call costs what, and what the parts weigh: for docs/capacity.md. `python -m bench capacity`.

A figure is CPU time, which depends on the processor, and hardly on what else the machine does. `costs` says what an echo is.
"""

from __future__ import annotations

import statistics
import tempfile
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import psutil

from bench import generator, installation
from bench.costs import ECHO, ECHO_BYTES, ECHO_REQUEST
from bench.costs.office import Office
from bench.costs.rows import Row, Yardstick, rows
from bench.costs.turns import Sizes
from bench.generator import Generator
from bench.http2 import GrpcCalls
from bench.installation import Installation
from bench.measure import cpu_seconds

SIZES = Sizes(rounds=4, echoes=1200, cheap=1200, reads=250, writes=60)
WIDTHS = {"server": 8, "Envoy": 8, "PostgreSQL": 12, "Redis": 8}
SHARE = 0.7
"""How much of a processor is planned for: what the autoscaler keeps to."""


def main() -> None:
    with ExitStack() as running:
        directory = Path(running.enter_context(tempfile.TemporaryDirectory(prefix="gazette-bench-")))
        ours = running.enter_context(installation.gazette(directory / "gazette", log_level="info"))
        office = Office.opened(ours)
        office.bring_in()
        load = running.enter_context(generator.started())
        bare = running.enter_context(installation.bare_server(directory / "echo", b"x" * ECHO_BYTES))
        echo = Row("echo", Yardstick(None, 1, 1), partial(GrpcCalls, bare.grpc_port, ECHO, [ECHO_REQUEST], times=SIZES.echoes))
        unit = costs(echo, {"server": bare.pids[0]}, load)["server"]
        print(f"\nCPU of each part, in µs a call, and all of it in echoes of {unit * 1e6:.0f} µs")
        print(f"  {'call':<44}{'server':>8}{'Envoy':>8}{'PostgreSQL':>12}{'Redis':>8}{'echoes':>8}{'a CPU and second':>18}")
        for row in rows(ours, office, load, SIZES):
            show(row, costs(row, parts(ours), load), unit)
        print("\nmemory that is a part's own, in MB")
        for name, pid in parts(ours).items():
            print(f"  {name:<44}{own_memory(pid):>8.0f}")


def parts(ours: Installation) -> dict[str, int]:
    """The process of each part, whose children are its own."""
    return dict(zip(("server", "Envoy", "PostgreSQL", "Redis"), (*ours.pids, *ours.stores), strict=True))


def costs(row: Row, processes: dict[str, int], load: Generator) -> dict[str, float]:
    """CPU seconds of a call in each process: the median of some rounds, after one that warms up."""
    found: dict[str, list[float]] = {name: [] for name in processes}
    for number in range(SIZES.rounds + 1):
        before = {name: cpu_seconds((pid,)) for name, pid in processes.items()}
        calls = row.load()
        row.seen(load.make(calls).answers)
        for name, pid in processes.items():
            if number:
                found[name].append((cpu_seconds((pid,)) - before[name]) / calls.count)
    return {name: statistics.median(each) for name, each in found.items()}


def show(row: Row, cost: dict[str, float], unit: float) -> None:
    if not row.is_http:
        cost = {**cost, "Envoy": 0.0}
    numbers = "".join(f"{cost[name] * 1e6:>{width}.0f}" for name, width in WIDTHS.items())
    rate = SHARE / (cost["server"] + cost["Envoy"])
    print(f"  {row.name:<44}{numbers}{sum(cost.values()) / unit:>8.2f}{rate:>18.0f}", flush=True)


def own_memory(pid: int) -> float:
    """MB that nobody else has: of the process and its children."""
    process = psutil.Process(pid)
    return sum(each.memory_full_info().uss for each in (process, *process.children(recursive=True))) / 1e6
