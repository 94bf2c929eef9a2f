"""Imports hold one file, or one line, at a time: ten times as many take no more memory."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.importer.writing import put

FEW, TIMES = 40, 10
MORE = 1.25
"""How much more memory ten times as many may take: where each page comes to be is held of all."""
MEASURED = """
import resource, sys
from server.cli import gazette
try:
    gazette(sys.argv[1:])
finally:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
"""


def memory(path: Path) -> int:
    """KiB that a rehearsal takes at most, in a process of its own."""
    command = [sys.executable, "-c", MEASURED, "import", str(path), "--dry-run"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(done.stderr.split()[-1])


def pages(folder: Path, count: int) -> Path:
    for at in range(count):
        put(folder, f"{at}.md", f"# Page {at}\n\n" + "Moor a boat. " * 3_000)
        put(folder, f"{at}-a.html", f"<title>Page {at}</title><main>" + "<p>Moor a boat.</p>" * 2_000 + "</main>")
    return folder


def lines(folder: Path, count: int) -> Path:
    said = {"title": "A title", "contentType": "page", "body": "Moor a boat. " * 3_000}
    parts = ({"document": {"document": said | {"path": f"/{at}"}, "source": f"{at}"}} for at in range(count))
    return put(folder, "all.ndjson", "\n".join(map(json.dumps, parts)))


@pytest.mark.parametrize("source", [pytest.param(pages, marks=pytest.mark.soak), lines])
def test_ten_times_as_many(tmp_path: Path, source: object) -> None:
    """Pages as files, and our own lines, are read one by one."""
    assert callable(source)
    few, many = source(tmp_path / "few", FEW), source(tmp_path / "many", FEW * TIMES)
    assert memory(many) < MORE * memory(few)
