"""What the tests of web clients share: Node and its packages, an installation that lets two origins in, those origins, Chromium."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.demo.files import harbour_png
from tests.edge import Edge
from tests.installing import ROOT, npm_packages
from tests.web import browser, reporting
from tests.web.origins import Origins
from tools.node import Node, node as chosen_node

HERE = Path(__file__).parent
TYPESCRIPT = ROOT / "clients/typescript"

pytest_runtest_makereport = reporting.pytest_runtest_makereport
pytest_terminal_summary = reporting.pytest_terminal_summary
