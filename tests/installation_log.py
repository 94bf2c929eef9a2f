"""What an installation's server logs from some moment on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devstack.home import Home
from server.process.log_lines import MAX_LINE
from tests.edge import Edge


@dataclass(frozen=True)
class Log:
    path: Path
    start: int

    @classmethod
    def of(cls, edge: Edge) -> Log:
        path = Home.at(edge.home).logs / "server.log"
        return cls(path, path.stat().st_size)

    def lines(self) -> list[bytes]:
        with self.path.open("rb") as file:
            file.seek(self.start)
            return file.read().splitlines()

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines()]


@contextmanager
def no_error_logged(edge: Edge) -> Iterator[Log]:
    """What is done meanwhile makes no error, no traceback and no line that is too long."""
    log = Log.of(edge)
    yield log
    lines = log.lines()
    assert max(map(len, lines), default=0) <= MAX_LINE
    assert [line for line in lines if b"Traceback" in line or b'"level": "error"' in line] == []
