"""What each kind of call costs, as a multiple of a bare echo in the same run; what a worker weighs; how long the command takes.
`python -m bench costs [--quick] [--json FILE]`.

A figure is the CPU time of everything that serves (worker, supervisor, PostgreSQL, Redis, and Envoy where it is HTTP), divided
by that of an echo: a bare grpc.aio handler that answers 2 KB. Short rounds of the two take turns, each round of calls is
compared with the echoes right before and after it, and the median of these ratios counts.
"""

from __future__ import annotations

import json
import tempfile
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from bench import generator, installation
from bench.costs import footprint, table
from bench.costs.content import PAGE
from bench.costs.office import Office
from bench.costs.rows import rows
from bench.costs.turns import Measured, Sizes, Turns
from bench.http2 import GrpcCalls

ECHO_BYTES = 2048
ECHO = "/gazette.delivery.v1.DeliveryService/GetPage"
"""Under this name the bare server answers every call with the same bytes."""
ECHO_REQUEST = b"\x0a" + bytes([len(PAGE)]) + PAGE.encode()
FULL = Sizes(rounds=9, echoes=1200, cheap=1200, reads=250, writes=60)
QUICK = Sizes(rounds=4, echoes=600, cheap=800, reads=120, writes=40)


def main(*, quick: bool = False, json_file: Path | None = None) -> None:
    sizes = QUICK if quick else FULL
    with ExitStack() as running:
        directory = Path(running.enter_context(tempfile.TemporaryDirectory(prefix="gazette-bench-")))
        start = footprint.start_times(rounds=3 if quick else 7)
        ours = running.enter_context(installation.gazette(directory / "gazette", log_level="info"))
        at_first = footprint.memory(ours)
        office = Office.opened(ours)
        office.bring_in()
        afterwards = footprint.memory(ours)
        bare = running.enter_context(installation.bare_server(directory / "echo", b"x" * ECHO_BYTES))
        echo = partial(GrpcCalls, bare.grpc_port, ECHO, [ECHO_REQUEST])
        turns = Turns(ours, bare, running.enter_context(generator.started()), sizes, echo)
        measured: list[Measured] = []
        for row in rows(ours, office, turns.generator, sizes):
            measured.append(turns.measured(row))
            print(table.progress(measured[-1], turns.usual_rate), flush=True)
    result = table.result(
        measured, turns, start=start, memory={"started": at_first, "after an import": afterwards}, quick=quick
    )
    print(table.text(result))
    if json_file is not None:
        json_file.write_text(json.dumps(result, indent=2) + "\n")
