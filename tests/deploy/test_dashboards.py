"""Each panel of each dashboard asks what Prometheus understands, and shows something of a server that is at work."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.deploy.dashboards import sample
from tests.edge import Edge
from tests.installing import ROOT, python_tool

QUIET = {
    "Bytes of uploads a second",
    "Errors of stores, a second",
    "Publications a minute",
    "Renditions: time to make one",
    "Refused: turned away and rate limited, a second",
    "Restarts of workers",
    "Waits for a connection, a second",
}
"""What may show nothing, since nothing of the kind has happened."""
SECONDS = 40


@pytest.mark.deploy
@pytest.mark.heavy
def test_panels(edge: Edge, tmp_path: Path) -> None:
    """Their queries find series while people read, look for what is not there and sign in. A picture of each is drawn."""
    found = sample(edge, tmp_path, SECONDS)
    shown = [panel for panels in found.values() for panel in panels]
    empty = {panel["title"] for panel in shown if not any(each["series"] for each in panel["targets"])}
    assert empty <= QUIET
    (tmp_path / "sample.json").write_text(json.dumps(found))
    drawing = [str(python_tool("panels") / "python"), str(ROOT / "tests/deploy/drawing.py")]
    subprocess.run([*drawing, str(tmp_path / "sample.json"), str(tmp_path)], check=True)
    assert {file.stem for file in tmp_path.glob("*.png")} == set(found)
