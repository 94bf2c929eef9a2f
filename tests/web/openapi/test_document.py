"""docs/openapi.json, as the tools see it that check such documents, and those that make clients of it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.edge import PASSWORD, Edge
from tests.installing import ROOT, WEB, npm_packages, python_tool
from tests.web.reporting import show
from tools.node import Node

pytestmark = pytest.mark.web

HERE = Path(__file__).parent
DOCUMENT = ROOT / "docs" / "openapi.json"
UNSUPPORTED = "application/x-ndjson"
"""What openapi-python-client makes no type of: an export's lines."""


def run(command: list[str | Path], *, folder: Path, environment: dict[str, str] | None = None) -> str:
    """What it says, once it has ended well."""
    done = subprocess.run(
        list(map(str, command)), cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=240
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def linters(node: Node) -> Path:
    """The programs of the packages in this folder's `package.json`."""
    return npm_packages(HERE)


def test_redocly(linters: Path, node: Node) -> None:
    """Redocly's recommended rules find no error in the document, and nothing to warn of."""
    said = run([linters / "redocly", "lint", "--config=redocly.yaml", DOCUMENT], folder=HERE, environment=node.environment())
    assert "Your API description is valid" in said
    assert "warning" not in said.lower().replace("deprecation warning", "")


def test_spectral(linters: Path, node: Node) -> None:
    """Spectral's rules for OpenAPI find no error in the document and in its examples, and nothing to warn of."""
    command: list[str | Path] = [linters / "spectral", "lint", "--ruleset=spectral.yaml", "--fail-severity=warn", DOCUMENT]
    assert "No results" in run(command, folder=HERE, environment=node.environment())


@pytest.mark.heavy
def test_typescript(packages: Path, node: Node, web_edge: Edge, picture: Path, tmp_path: Path) -> None:
    """openapi-typescript's types compile strictly, and openapi-fetch reads a nested page with them, signs in and uploads."""
    environment = {**node.environment(), "GIVEN": json.dumps(given(web_edge, picture))}
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "node_modules").symlink_to(packages.parent)
    (tmp_path / "client.ts").write_text((HERE / "client.ts").read_text())
    run([packages / "openapi-typescript", DOCUMENT, "--output", "api.d.ts"], folder=tmp_path, environment=environment)
    strictly = "--strict --noUncheckedIndexedAccess --exactOptionalPropertyTypes --module nodenext --target es2023 --types node"
    strictly = strictly.removesuffix(" --types node") + " --lib es2023,dom --outDir out"
    run([packages / "tsc", *strictly.split(), "client.ts"], folder=tmp_path, environment=environment)
    (tmp_path / "out/node_modules").symlink_to(packages.parent)
    (tmp_path / "out/package.json").write_text('{"type": "module"}')
    told = run(["node", "out/client.js"], folder=tmp_path, environment=environment)
    assert json.loads(told) == EXPECTED


@pytest.mark.heavy
def test_python(web_edge: Edge, picture: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """openapi-python-client makes a package that mypy takes strictly, which reads a nested page, signs in and uploads."""
    programs = python_tool("openapi", WEB)
    generate: list[str | Path] = [programs / "openapi-python-client", "generate", "--path", DOCUMENT, "--meta", "none"]
    said = run([*generate, "--output-path", tmp_path / "gazette_api"], folder=tmp_path)
    assert said.count("WARNING") == said.count(f"Unsupported content_type {UNSUPPORTED}") == 1
    (tmp_path / "client.py").write_text((HERE / "client.py").read_text())
    environment = {**os.environ, "GIVEN": json.dumps(given(web_edge, picture))}
    types = run([programs / "mypy", "--strict", "client.py", "gazette_api"], folder=tmp_path)
    show(request.node, "mypy --strict of openapi-python-client's package", types.strip())
    told = run([programs / "python", "client.py"], folder=tmp_path, environment=environment)
    assert json.loads(told) == EXPECTED


EXPECTED = {
    "title": "Apply for a mooring",
    "absent": "PAGE_NOT_FOUND",
    "email": "author@example.gov",
    "file": "picture.png",
    "type": "image/png",
}


def given(edge: Edge, picture: Path) -> dict[str, str]:
    with edge.client() as client:
        organisation = client.get("/v1/pages/guidance/moor-a-boat").json()["page"]["organisationId"]
    return {"url": edge.http, "organisation": organisation, "password": PASSWORD, "picture": str(picture)}
