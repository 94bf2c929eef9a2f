"""Each client does what docs/clients.md says of it, against what `make run` starts."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import uuid
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from server.demo.files import harbour_png
from tests.edge import Edge
from tests.installing import ROOT
from tests.web import grpcurl, tokens
from tests.web.bundling import bundle
from tests.web.origins import Origins
from tests.web.scripts import CLIENTS as SCRIPTS
from tests.web.scripts import said
from tests.web.table import CLIENTS, Client
from tools.node import Node

pytestmark = pytest.mark.web

PICTURE = harbour_png()
SHA256 = hashlib.sha256(PICTURE).hexdigest()
NOTICES = ["Notice to mariners: dredging in the inner basin", "Notice to mariners: light out of service"]

EXPECTED: dict[str, Callable[[Any], bool]] = {
    "page": lambda saw: saw == "Apply for a mooring",
    "signIn": lambda saw: saw == "author@example.gov",
    "publish": lambda saw: saw == "<p>High water is at <strong>six</strong>.</p>\n",
    "list": lambda saw: saw == NOTICES,
    "upload": lambda saw: saw == SHA256,
    "download": lambda saw: saw == SHA256,
    "error": lambda saw: saw == ["INVALID_ARGUMENT", ["document.path"]],
    "health": lambda saw: saw in {"SERVING", "HEALTH_STATUS_HEALTHY"},
    "export": lambda saw: saw >= len(NOTICES) + 8,
    "import": lambda saw: saw == ["IMPORT_OUTCOME_CREATED"],
    "idempotent": lambda saw: len(saw) == 2 and len(set(saw)) == 1,
    "renewal": lambda saw: saw == "author@example.gov",
}


@dataclass
class Trials:
    """Runs each client's script once, and keeps what it said of every step."""

    edge: Edge
    origins: Origins
    given: dict[str, str]
    request: pytest.FixtureRequest
    told: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)

    def of(self, name: str) -> dict[str, dict[str, Any]]:
        if name not in self.told:
            client = CLIENTS[name]
            given = {**self.given, "path": f"/clients/{name}", "key": str(uuid.uuid4())}
            lines = {"chromium": self.in_chromium, "node": self.in_node, "python": self.in_python}[client.place](client, given)
            self.told[name] = {line["step"]: line for line in lines}
        return self.told[name]

    def bundled(self, client: Client, to: Path) -> None:
        use = self.request.getfixturevalue
        bundle(client.script, client.place, to, programs=use("packages"), typescript=use("typescript"), node=use("node"))

    def in_chromium(self, client: Client, given: dict[str, str]) -> list[dict[str, Any]]:
        node: Node = self.request.getfixturevalue("node")
        self.bundled(client, self.origins.folder / "client.js")
        environment = {**node.environment(), "CHROMIUM": self.request.getfixturevalue("chromium")}
        given |= {"picture": "/picture.png", "url": f"{self.origins.front}/page.html"}
        return said(["node", str(SCRIPTS / "chromium.mjs")], given, environment)

    def in_node(self, client: Client, given: dict[str, str]) -> list[dict[str, Any]]:
        node: Node = self.request.getfixturevalue("node")
        script = SCRIPTS / client.script
        if script.suffix == ".ts":
            script = self.origins.folder / f"{script.stem}.mjs"
            self.bundled(client, script)
        else:
            self.request.getfixturevalue("packages")
        return said(["node", str(script)], given, node.environment())

    def in_python(self, client: Client, given: dict[str, str]) -> list[dict[str, Any]]:
        programs = {"buf": str(Path(sys.executable).with_name("buf")), "grpcurl": ""}
        more = [programs[each] or grpcurl.program() for each in client.arguments if each in programs]
        return said([sys.executable, "-m", f"tests.web.clients.{Path(client.script).stem}", *client.arguments, *more], given)


@pytest.fixture(scope="session")
def trials(web_edge: Edge, origins: Origins, request: pytest.FixtureRequest) -> Trials:
    """All clients before one installation. Each is told its addresses, an organisation, a file and an ended token of it."""
    picture = origins.folder / "picture.png"
    picture.write_bytes(PICTURE)
    (origins.folder / "page.html").write_text((SCRIPTS / "page.html").read_text())
    subprocess.run([sys.executable, "-m", "tools.standalone_contract"], cwd=ROOT, check=True, capture_output=True)
    with closing(web_edge.client("author@example.gov")) as client:
        organisation = client.get("/v1/organisations").json()["organisations"][0]["id"]
        about = {"organisationId": organisation, "name": "harbour.png", "alternativeText": "A harbour"}
        headers = {"content-type": "image/png"}
        file = client.post("/v1/files:upload", params=about, content=PICTURE, headers=headers).raise_for_status().json()["file"]
    given = {
        "http": web_edge.http,
        "grpc": web_edge.grpc,
        "organisation": organisation,
        "page": "/guidance/moor-a-boat",
        "picture": str(picture),
        "file": file["id"],
        "contract": str(ROOT / "build/contract/proto"),
        "expired": tokens.expired(web_edge, "author@example.gov"),
    }
    return Trials(web_edge, origins, given, request)


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
