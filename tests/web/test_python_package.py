"""The Python client as others get it: installed as its README says, with nothing else, and checked by mypy and pyright."""

from __future__ import annotations

import faulthandler
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import gazette_client
from tests.edge import Edge
from tests.installing import ROOT
from tools.node import Node

pytestmark = [pytest.mark.web, pytest.mark.xdist_group("web")]  # what is installed here is installed once

README = ROOT / "clients/python/README.md"
INSTALLING = README.read_text().partition("## Install\n")[2].partition("\n## ")[0]
COMMANDS = re.findall(r"^\$ (.*)$", INSTALLING, re.MULTILINE)
FIRST_STEPS = re.findall(r"^```python\n(.*?)^```$", README.read_text(), re.MULTILINE | re.DOTALL)[0]
TYPED = ROOT / "tests/client/typed.py"
MYPY = (
    f"{shlex.quote(str(Path(sys.executable).with_name('mypy')))} --strict --no-incremental --python-executable .venv/bin/python"
)
"""mypy, with the packages of the new environment alone."""
PATIENCE = 300
"""Seconds that a command may take: pip fetches what the client needs."""


def run(command: str, place: Path) -> str:
    """What a line of a shell says; the README's `python3` is the one that runs the tests."""
    environment = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    environment |= {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_COMPILE": "1"}  # most of what comes along is never imported
    line = re.sub(r"^python3\b", shlex.quote(sys.executable), command.replace("CHECKOUT", shlex.quote(str(ROOT))))
    done = subprocess.run(
        ["bash", "-c", line], cwd=place, env=environment, capture_output=True, text=True, check=False, timeout=PATIENCE
    )
    assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which all commands of the README were run, and a program was written."""
    place = tmp_path_factory.mktemp("python")
    faulthandler.cancel_dump_traceback_later()  # it takes as long as the index does
    for command in COMMANDS:
        run(command, place)
    (place / "typed.py").write_text(TYPED.read_text())
    return place


def test_the_readme_installs_it(installed: Path) -> None:
    """From a checkout and from a wheel: the new environment has this version of the client, and not Gazette's server."""
    said = run(".venv/bin/python -c 'import gazette_client; print(gazette_client.__version__)'", installed)
    known = {each["name"] for each in json.loads(run(".venv/bin/python -m pip list --format=json", installed))}

    assert [command.split()[1] for command in COMMANDS] == ["-m", "install", "-m", "install"]
    assert said.strip() == gazette_client.__version__
    assert {"gazette-client", "grpcio", "protobuf", "types-grpcio", "types-protobuf"} <= known
    assert not known & {"gazette-server", "mypy", "sqlalchemy", "googleapis-common-protos-stubs"}
    assert [each.name for each in (installed / "dist").iterdir()] == [f"gazette_client-{said.strip()}-py3-none-any.whl"]


def test_its_first_steps_work(installed: Path, web_edge: Edge) -> None:
    """The README's first program lists the demo's pages and reads one."""
    (installed / "first.py").write_text(FIRST_STEPS.replace("127.0.0.1:50051", web_edge.grpc))
    said = run(".venv/bin/python first.py", installed)

    assert "/guidance/moor-a-boat Apply for a mooring\n" in said
    assert "NOT_FOUND PAGE_NOT_FOUND: Nothing is published at this path." in said


def test_mypy_knows_all_types(installed: Path) -> None:
    """In strict mode nothing is Any, of calls, streams and lists of either client."""
    assert "no issues found" in run(f"{MYPY} typed.py", installed)


def test_pyright_knows_all_types(installed: Path, node: Node, packages: Path) -> None:
    """So says pyright, in strict mode."""
    (installed / "pyrightconfig.json").write_text('{"typeCheckingMode": "strict"}')
    path = shlex.quote(node.environment()["PATH"])
    said = run(f"PATH={path} {shlex.quote(str(packages / 'pyright'))} --pythonpath .venv/bin/python typed.py", installed)

    assert "0 errors, 0 warnings" in said


def test_the_checkers_would_notice(installed: Path) -> None:
    """What is expected wrongly is found: these tests can fail."""
    (installed / "wrong.py").write_text(TYPED.read_text().replace("assert_type(part, HttpBody)", "assert_type(part, Status)"))
    with pytest.raises(AssertionError, match="Expression is of type"):
        run(f"{MYPY} wrong.py", installed)
