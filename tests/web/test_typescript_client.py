"""The TypeScript client by its own scripts: types and style, tests, size, the generated code, and its README's first page."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.edge import Edge
from tests.installing import ROOT
from tests.web.reporting import show
from tools.node import Node

pytestmark = pytest.mark.web

PATIENCE = 300
"""Seconds after which a script counts as one that hangs."""


def run(command: list[str], folder: Path, environment: dict[str, str]) -> str:
    """What it prints, once it has ended well."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.mark.parametrize("script", ["check", "test"])
def test_its_own_checks(typescript: Path, node: Node, script: str) -> None:
    """Its types hold in browsers and in Node, its style is the formatter's, and the tests of its logic pass."""
    run(["npm", "run", "--silent", script], typescript, node.environment())


def test_its_generated_code(node: Node) -> None:
    """Its messages and services are what the contract generates."""
    run([sys.executable, "-m", "tools.generate", "--typescript", "--check"], ROOT, node.environment())


def test_its_size(typescript: Path, node: Node, request: pytest.FixtureRequest) -> None:
    """A page that reads one page loads no more than the README says, compressed by brotli."""
    sizes = json.loads(run(["npm", "run", "--silent", "size", "--", "--json"], typescript, node.environment()))
    lines = [f"{name}: {each['brotli']:,} bytes with brotli (at most {each['most']:,})" for name, each in sizes.items()]
    show(request.node, "size of the TypeScript client", "\n".join(lines))
    said = re.search(r"loads (\d+) kB with brotli", (typescript / "README.md").read_text())
    assert said
    assert sizes["a page that reads one page"]["brotli"] < (int(said[1]) + 0.5) * 1000


def test_it_calls_a_server(typescript: Path, node: Node, web_edge: Edge) -> None:
    """Its tests against a running installation pass: over gRPC, through Envoy, and over gRPC-Web."""
    environment = {**node.environment(), "GAZETTE_GRPC": web_edge.grpc, "GAZETTE_HTTP": web_edge.http}
    run(["npm", "run", "--silent", "test:server"], typescript, environment)


def test_a_first_page(node: Node, web_edge: Edge, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """The commands at the head of its README, from a fresh checkout on, read a page: under ten lines from `npm init` on."""
    readme = (ROOT / "clients/typescript/README.md").read_text()
    block, code = re.findall(r"^```(?:sh|ts)\n(.*?)^```", readme, re.MULTILINE | re.DOTALL)[:2]
    start, *commands = block.splitlines()
    assert start.startswith("make -C gazette run &")  # what is running is what `web_edge` has started
    written = [line for line in code.splitlines() if line]
    beginning = next(number for number, line in enumerate(commands) if "npm init" in line)
    assert len(commands[beginning:]) + len(written) < 10
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), "gazette"], cwd=tmp_path, check=True)
    here = "\n".join(commands).replace("node first.mjs", f"node first.mjs http://{web_edge.grpc}")
    last = run(["bash", "-ec", here], tmp_path, node.environment()).splitlines()[-1]
    assert last == "Apply for a mooring"
    show(request.node, "a first page, from npm init on", "\n".join([*commands[beginning:], "", *written, "", last]))
