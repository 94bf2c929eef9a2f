"""A worker process without the code that traces: `python -m bench.untraced`. Who asks for its interceptors is given none."""

from __future__ import annotations

import sys
from types import ModuleType

from server import app, settings
from server.process import worker


def main() -> int:
    empty = ModuleType("server.process.tracing")
    vars(empty)["interceptors"] = lambda settings, base: ([], [])
    vars(app)["tracing"] = empty
    return worker.main(settings.load(), 0, app.build)


if __name__ == "__main__":
    sys.exit(main())
