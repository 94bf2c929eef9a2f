"""Each client does what docs/clients.md says of it, against what `make run` starts."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.edge import Edge
from tests.installing import ROOT, WEB, python_tool
from tests.web import grpcurl, pictures
from tests.web.origins import Origins
from tests.web.scripts import CLIENTS as SCRIPTS
from tests.web.scripts import PATIENCE, said
from tests.web.table import CLIENTS, Client
from tools.node import Node

pytestmark = pytest.mark.web

SHA256 = hashlib.sha256(pictures.SMALL).hexdigest()
NOTICES = ["Notice to mariners: dredging in the inner basin", "Notice to mariners: light out of service"]

EXPECTED: dict[str, Callable[[Any], bool]] = {
    "page": lambda saw: saw == "Apply for a mooring",
    "signIn": lambda saw: saw == "author@example.gov",
    "publish": lambda saw: saw == "<p>High water is at <strong>six</strong>.</p>\n",
    "list": lambda saw: saw == NOTICES,
    "upload": lambda saw: saw == SHA256,
    "pieces": lambda saw: saw == SHA256,
    "download": lambda saw: saw == SHA256,
    "error": lambda saw: saw in (["INVALID_ARGUMENT", ["document.path"]], ["INVALID_ARGUMENT", ["path"]]),
    "health": lambda saw: saw in {"SERVING", "HEALTH_STATUS_HEALTHY"},
    "export": lambda saw: saw >= len(NOTICES) + 8,
    "import": lambda saw: saw == ["IMPORT_OUTCOME_CREATED"],
    "idempotent": lambda saw: len(saw) == 2 and len(set(saw)) == 1,
    "renewal": lambda saw: saw == "author@example.gov",
}


@dataclass
class Trials:
    """Runs each client's script once, and keeps what it said of every step."""

    given: dict[str, str]
    request: pytest.FixtureRequest
    told: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)

    def of(self, name: str) -> dict[str, dict[str, Any]]:
        if name not in self.told:
            client = CLIENTS[name]
            given = {**self.given, "path": f"/clients/{name}", "key": str(uuid.uuid4())}
            runs = {"chromium": self.in_chromium, "node": self.in_node, "python": self.in_python, "openapi": self.with_package}
            lines = runs[client.runs](client, given)
            self.told[name] = {line["step"]: line for line in lines}
        return self.told[name]

    def use(self, fixture: str) -> Any:
        """Node and Chromium are fetched for the clients that need them: the others are tried without."""
        return self.request.getfixturevalue(fixture)

    def in_chromium(self, client: Client, given: dict[str, str]) -> list[dict[str, Any]]:
        origins: Origins = self.use("origins")
        environment = {**self.use("node").environment(), "CHROMIUM": self.use("chromium")}
        self.use("bundler").bundle(client.script, "chromium", origins.folder / "client.js")
        (origins.folder / "page.html").write_text((SCRIPTS / "page.html").read_text())
        here = {"picture": "/picture.png", "url": f"{origins.front}/page.html"}
        return said(["node", str(SCRIPTS / "chromium.mjs")], {**given, **here}, environment)

    def in_node(self, client: Client, given: dict[str, str]) -> list[dict[str, Any]]:
        script = SCRIPTS / client.script
        if script.suffix == ".ts":
            script = self.use("origins").folder / f"{script.stem}.mjs"
            self.use("bundler").bundle(client.script, "node", script)
        else:
            self.use("packages")
        return said(["node", str(script)], {**given, "contract": str(self.use("contract"))}, self.use("node").environment())

    def in_python(self, client: Client, given: dict[str, str]) -> list[dict[str, Any]]:
        module = f"tests.web.clients.{Path(client.script).stem}"
        return said([sys.executable, "-m", module, *client.arguments, *self.programs(client)], given)

    def with_package(self, client: Client, given: dict[str, str]) -> list[dict[str, Any]]:
        """Python with the package that openapi-python-client makes of the document."""
        programs, home = python_tool("openapi", WEB), self.use("origins").folder
        making = [str(programs / "openapi-python-client"), "generate", f"--path={ROOT / 'docs/openapi.json'}", "--meta=none"]
        subprocess.run([*making, f"--output-path={home / 'gazette_api'}"], check=True, capture_output=True)
        environment = {**os.environ, "PYTHONPATH": f"{home}{os.pathsep}{ROOT}"}
        return said([str(programs / "python"), "-m", f"tests.web.clients.{Path(client.script).stem}"], given, environment)

    def programs(self, client: Client) -> list[str]:
        if "buf" in client.arguments:
            return [str(Path(sys.executable).with_name("buf"))]
        return [grpcurl.program()] if "grpcurl" in client.arguments else []


@pytest.fixture(scope="session")
def contract() -> Path:
    """The contract's sources, as `make contract` makes them."""
    subprocess.run([sys.executable, "-m", "tools.standalone_contract"], cwd=ROOT, check=True, capture_output=True)
    return ROOT / "build/contract/proto"


@pytest.fixture(scope="session")
def trials(given: dict[str, str], web_edge: Edge, request: pytest.FixtureRequest) -> Trials:
    return Trials(given, request)


def test_scripts_compile_strictly(packages: Path, typescript: Path, node: Node) -> None:
    """What is written in TypeScript holds by the types of the packages, of our client, and of the OpenAPI document."""
    types = WEB / "types/api.d.ts"
    for command in (
        [packages / "openapi-typescript", ROOT / "docs/openapi.json", "--output", types],
        [typescript / "node_modules/.bin/tsc", "--project", SCRIPTS.parent / "tsconfig.json"],
    ):
        done = subprocess.run(
            list(map(str, command)), env=node.environment(), capture_output=True, text=True, check=False, timeout=PATIENCE
        )
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("name", "step"), [(name, step) for name in CLIENTS for step in CLIENTS[name].steps()])
def test_a_client_does_what_the_table_says(trials: Trials, name: str, step: str) -> None:
    """A tick of the table is a step that the client took, and whose outcome is the right one."""
    line = trials.of(name)[step]
    assert "error" not in line, line["error"]
    assert EXPECTED[step](line["saw"]), line


@pytest.mark.parametrize(("name", "step"), [(name, step) for name in CLIENTS for step in CLIENTS[name].refused()])
def test_a_client_cannot_do_what_the_table_says_it_cannot(trials: Trials, name: str, step: str) -> None:
    """Where the table says no, the client was asked, and says so itself."""
    assert CLIENTS[name].without[step].said in trials.of(name)[step]["error"]
