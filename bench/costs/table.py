"""The result, as data and as a table."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from os import cpu_count, getloadavg
from typing import Any

from bench.costs.turns import Measured, Turns

HEAD = f"  {'call':<42}{'costs':>7}{'range':>15}{'best peer':>11}{'target':>8}{'bare':>7}{'a second':>10}{'rounds':>9}"
MEMORY_TARGET, START_TARGET = 120, 0.3  # MB, seconds


def result(
    measured: Sequence[Measured],
    turns: Turns,
    *,
    start: dict[str, float],
    memory: dict[str, dict[str, float]],
    quick: bool,
) -> dict[str, Any]:
    """Everything that was measured. Costs are in echoes."""
    return {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "quick": quick,
        "cpus": cpu_count(),
        "load": getloadavg()[0],
        "versions": {name: version(name) for name in ("grpcio", "protobuf", "sqlalchemy", "asyncpg")},
        "echo": {"cpu_microseconds": turns.echo_cost * 1e6, "per_second": turns.usual_rate},
        "calls": [figures(each, turns.usual_rate) for each in measured],
        "memory_megabytes": memory,
        "start_seconds": start,
    }


def figures(measured: Measured, usual_rate: float) -> dict[str, Any]:
    row, counted = measured.row, measured.counted(usual_rate)
    ratios = [each.ratio for each in counted]
    return {
        "name": row.name,
        "cost": statistics.median(ratios),
        "least": min(ratios),
        "most": max(ratios),
        "best_peer": row.yardstick.peer,
        "target": row.yardstick.target,
        "bare": row.yardstick.bare,
        "cpu_microseconds": statistics.median(each.calls.cpu for each in counted) * 1e6,
        "per_second": statistics.median(each.calls.rate for each in counted),
        "rounds": len(measured.turns),
        "counted_rounds": len(counted),
        "is_write": row.is_write,
    }


def text(result: dict[str, Any]) -> str:
    echo, memory, start = result["echo"], result["memory_megabytes"], result["start_seconds"]
    lines = [
        "\nCPU of all processes together, in echoes",
        f"  an echo takes {echo['cpu_microseconds']:.0f} µs; one process answers {echo['per_second']:.0f} of them a second\n",
        HEAD,
        *map(line, result["calls"]),
        f"\n  memory of a worker, MB{'RSS':>29}{'PSS':>9}{'USS':>9}   (target {MEMORY_TARGET} after an import)",
        *(f"    {name:<40}{each['rss']:>9.0f}{each['pss']:>9.0f}{each['uss']:>9.0f}" for name, each in memory.items()),
        f"\n  time until it ends, median of several{'seconds':>14}   (target {START_TARGET})",
        *(f"    {name:<40}{seconds:>9.2f}" for name, seconds in start.items()),
    ]
    return "\n".join(lines)


def line(call: dict[str, Any]) -> str:
    spread = f"{call['least']:.{digits(call['least'])}f}–{call['most']:.{digits(call['most'])}f}"
    peer = "–" if call["best_peer"] is None else f"{call['best_peer']:g}"
    target = f"≤ {call['target']:g}"
    rate = f"{call['per_second']:.0f}" if call["is_write"] else ""
    rounds = f"{call['counted_rounds']} of {call['rounds']}"
    return (
        f"  {call['name']:<42}{call['cost']:>7.{digits(call['cost'])}f}{spread:>15}{peer:>11}"
        f"{target:>8}{call['bare']:>7g}{rate:>10}{rounds:>9}"
    )


def digits(cost: float) -> int:
    return 2 if cost < 4 else 1 if cost < 20 else 0


def progress(measured: Measured, usual_rate: float) -> str:
    """One line while the rest is still to be measured."""
    call = figures(measured, usual_rate)
    return f"  {call['name']:<42}{call['cost']:>7.{digits(call['cost'])}f}"
