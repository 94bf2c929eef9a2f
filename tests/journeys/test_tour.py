"""The first hour: what the README tells a newcomer to type, typed."""

from __future__ import annotations

import faulthandler
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.edge import Edge
from tests.journeys import tour

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
ELSEWHERE = re.compile(r"make (run|test)")
"""What starts the installation."""
WAITING = "sleep 30; "
NOT_WAITING = """code() { .venv/bin/python -c "import pyotp, sys, time
print(pyotp.TOTP(sys.argv[1]).at(time.time() + 30))" $SECRET; }; """
"""The app's next code is waited for, or is sent half a minute early, as an app may whose clock is fast."""


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Edge]:
    """What `make run` starts on a machine that has never seen it: the tour can be gone once.

    What ends a test that hangs is called off: a busy machine takes minutes for this, and the tour has a bound of its own.
    """
    faulthandler.cancel_dump_traceback_later()
    with Edge.started(tmp_path) as started:
        yield started


def here(text: str, installation: Edge) -> str:
    """The page's addresses and folders as this installation has them."""
    places = {
        "http://127.0.0.1:8080": installation.http,
        "127.0.0.1:50051": installation.grpc,
        ".gazette/": f"{installation.home}/",
    }
    for shown, real in places.items():
        text = text.replace(shown, real)
    return text


def files() -> str:
    """What lies in the checkout that git does not know of, or knows otherwise."""
    said = subprocess.run(["git", "status", "--porcelain"], cwd=ROOT, capture_output=True, text=True, check=True)
    return said.stdout


@pytest.mark.parametrize("waiting", [NOT_WAITING, pytest.param(WAITING, marks=pytest.mark.soak)], ids=["at once", "as typed"])
def test_the_tour(installation: Edge, waiting: str) -> None:
    """Each command prints what the page shows, from the first to the last, and none leaves a file behind."""
    before = files()
    commands = [each for each in tour.shown(README) if not ELSEWHERE.match(each.command)]
    assert len(commands) > 40
    assert sum(WAITING in each.command for each in commands) == 1
    environment = {**os.environ, "GAZETTE_HOME": str(installation.home), "GRPC_PORT": installation.grpc.rpartition(":")[2]}
    typed = [here(each.command, installation).replace(WAITING, waiting) for each in commands]
    answers = tour.run(typed, ROOT, environment)
    assert len(answers) == len(commands), answers[-1]
    for command, answer in zip(commands, answers, strict=True):
        assert command.is_answered_by(answer), f"{command.command}\nprinted\n{answer}\nand not\n{command.printed}"
    assert files() == before

    (program,) = re.findall(r"^```python\n(.*?)^```$", README.read_text(), re.MULTILINE | re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-c", here(program, installation)], capture_output=True, text=True, check=True, timeout=60
    )
    printed = re.findall(r"^```python\n.*?^```\n\n```console\n(.*?)^```$", README.read_text(), re.MULTILINE | re.DOTALL)
    assert re.sub(r" \d+\n", " <number>\n", done.stdout) == re.sub(r" \d+\n", " <number>\n", printed[0])


@pytest.mark.parametrize(
    ("printed", "answer", "is_right"),
    [
        ('{"id":"…","state":"A"}\n', '{"id":"x","state":"A"}\n', True),
        ('{"id":"…","state":"A"}\n', '{"id":"x","state":"B"}\n', False),
        ('{"number":"11"}\n', '{"number":"12"}\n', True),
        ("1 file read, 0 refused\n", "1 file read, 1 refused\n", False),
        ("SERVING\n", "", False),
        ("", "curl: (7) Failed to connect\n", False),
    ],
)
def test_what_is_told_apart(printed: str, answer: str, is_right: bool) -> None:
    """Numbers of the record and what was left out may differ; words and counts may not, and nothing else is printed."""
    assert tour.Shown("", printed).is_answered_by(answer) is is_right
