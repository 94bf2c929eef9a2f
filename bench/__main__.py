"""`python -m bench [NAME …]`."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from bench import (
    access,
    blocks,
    capacity,
    content_types,
    costs,
    import_speed,
    many,
    overload,
    pages,
    revisions,
    sign_in,
    slow,
    stops,
    tracing,
)
from bench.files import measuring

BENCHMARKS = {
    "costs": costs.main,
    "capacity": capacity.main,
    "pages": pages.main,
    "import": import_speed.main,
    "files": measuring.main,
    "hundred-thousand": many.main,
    "blocks": blocks.main,
    "access": access.main,
    "sign-in": sign_in.main,
    "stops": stops.main,
    "overload": overload.main,
    "revisions": revisions.main,
    "slow": slow.main,
    "tracing": tracing.main,
    "types": content_types.main,
}

parser = argparse.ArgumentParser(prog="python -m bench", description="Measures what things cost.")
parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(BENCHMARKS)}; all without one")
parser.add_argument("--quick", action="store_true", help="costs: fewer rounds, in about a minute")
parser.add_argument("--json", type=Path, metavar="FILE", help="costs: write the result there, too")
given = parser.parse_args()
if unknown := set(given.names) - set(BENCHMARKS):
    parser.error(f"there is no {', '.join(sorted(unknown))}")
BENCHMARKS["costs"] = partial(costs.main, quick=given.quick, json_file=given.json)
for name in given.names or BENCHMARKS:
    BENCHMARKS[name]()
