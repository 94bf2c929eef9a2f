"""What the tests of web clients share: Node and packages, two origins, an installation that lets both in, Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.edge import Edge
from tests.installing import ROOT, missing, npm_packages
from tests.web import browser, reporting
from tests.web.origins import Origins
from tools import node as tool
from tools.node import Node, NodeMissing

HERE = Path(__file__).parent
TYPESCRIPT = ROOT / "clients/typescript"

pytest_terminal_summary = reporting.pytest_terminal_summary


@pytest.fixture(scope="session")
def node() -> Node:
    """Node of at least version 20, with npm."""
    try:
        return tool.node()
    except NodeMissing as error:
        missing(str(error))


@pytest.fixture(scope="session")
def packages(node: Node) -> Path:
    """The programs of the packages in `tests/web/package.json`."""
    return npm_packages(HERE)


@pytest.fixture(scope="session")
def typescript(node: Node) -> Path:
    """The TypeScript client's folder, with the packages that it is developed with."""
    npm_packages(TYPESCRIPT)
    return TYPESCRIPT


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of Chromium's program."""
    return browser.chromium()


@pytest.fixture(scope="session")
def origins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Origins]:
    """Two sites that are not Gazette's."""
    with Origins.serving(tmp_path_factory.mktemp("origins")) as serving:
        yield serving


@pytest.fixture(scope="session")
def web_edge(tmp_path_factory: pytest.TempPathFactory, origins: Origins) -> Iterator[Edge]:
    """What `make run` starts, with the demo's content, for pages from the two origins."""
    allowed = f"{origins.front},{origins.console}"
    with Edge.started(tmp_path_factory.mktemp("web"), CORS_ORIGINS=allowed) as started:
        yield started
