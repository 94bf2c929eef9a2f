"""Pages of the documentation whose commands are run as a reader runs them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

from tests.edge import Edge

DOCS = Path(__file__).resolve().parents[2] / "docs"
BLOCK = re.compile(r"^```(bash|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MARK = "=== that was it ==="
ADDRESS = "http://127.0.0.1:8080"


class Step(NamedTuple):
    """A command, and what the page says that it prints; None where it says nothing of that."""

    command: str
    printed: str | None


def steps(text: str) -> Iterator[Step]:
    for kind, block in BLOCK.findall(text):
        if kind == "bash":
            yield Step(block, None)
            continue
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            first, *rest = part.splitlines(keepends=True)
            more = [*takewhile(lambda line: line.startswith("> "), rest)]  # as a shell asks for the rest of a command
            command = first + "".join(line.removeprefix("> ") for line in more)
            yield Step(command.removesuffix("\n"), "".join(rest[len(more) :]))


def check(page: Path, edge: Edge, folder: Path) -> None:
    """Runs each command of the page, one after the other in one shell, and holds what it prints against what the page says."""
    day = [*steps(page.read_text())]
    script = "exec 2>&1\n" + "".join(f"{step.command}\necho '{MARK}'\n" for step in day).replace(ADDRESS, edge.http)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    around = {**os.environ, "PATH": path, "GRPC_PORT": edge.grpc.rpartition(":")[2], "TMPDIR": str(folder)}
    shell = ["bash", "-u", "-c", script]
    done = subprocess.run(shell, cwd=folder, env=around, capture_output=True, text=True, timeout=300, check=False)
    printed = done.stdout.split(f"{MARK}\n")
    assert len(printed) == len(day) + 1, done.stdout
    for step, said in zip(day, printed, strict=False):
        if step.printed is not None:
            wanted = ".*".join(map(re.escape, step.printed.split("…")))
            assert re.fullmatch(wanted, said, re.DOTALL), f"{step.command}\n{said}"
