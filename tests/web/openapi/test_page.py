"""The page at /docs, in Chromium."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from deploy.envoy import api_docs
from tests.edge import PASSWORD, Edge
from tests.installing import missing
from tests.web.openapi.examples import DOCUMENT
from tools.node import Node

pytestmark = pytest.mark.web

SCRIPT = Path(__file__).with_name("page.mjs")


def test_sign_in_and_try(web_edge: Edge, node: Node, packages: Path, chromium: str) -> None:
    """Whoever opens it loads nothing from elsewhere, is refused a wrong password, signs in, and tries calls as themselves."""
    if not api_docs.has_viewer():
        missing("npm's swagger-ui-dist could not be installed")
    given = {"url": web_edge.http, "password": PASSWORD, "path": "guidance/moor-a-boat"}
    environment = {**node.environment(), "CHROMIUM": chromium, "GIVEN": json.dumps(given)}
    done = subprocess.run(
        ["node", str(SCRIPT)], env=environment, capture_output=True, text=True, check=False, timeout=170, cwd=packages.parent
    )
    assert done.returncode == 0, done.stdout + done.stderr
    saw = json.loads(done.stdout)
    assert (saw["outside"], saw["complaints"]) == ([], [])
    assert saw["services"] == len(json.loads(DOCUMENT.read_text())["tags"])
    assert saw["refused"] == "The address or the password is wrong."
    assert saw["who"] == "Signed in as author@example.gov"
    assert saw["calls"]["getMe"][0] == saw["calls"]["getPage"][0] == "200"
    assert "author@example.gov" in saw["calls"]["getMe"][1]
    assert "Apply for a mooring" in saw["calls"]["getPage"][1]
