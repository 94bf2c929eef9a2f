"""What the tests of web clients share: Node and packages, two origins, an installation that lets both in, Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.edge import Edge
from tests.installing import ROOT, WEB, alone, missing, npm_packages
from tests.web import browser, built, pictures, reporting, tokens
from tests.web.bundling import Bundler
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
def typescript(node: Node, packages: Path) -> Path:
    """The TypeScript client's folder, built, and among the packages of `tests/web` as one that is installed."""
    npm_packages(TYPESCRIPT)
    with alone("typescript", WEB):
        if not built.is_fresh(TYPESCRIPT):
            built.build(TYPESCRIPT, node)
        link = HERE / "node_modules/@gazette/client"
        if not link.is_symlink():
            link.parent.mkdir(exist_ok=True)
            link.symlink_to(TYPESCRIPT)
    return TYPESCRIPT


@pytest.fixture(scope="session")
def bundler(node: Node, packages: Path, typescript: Path) -> Bundler:
    return Bundler(node, packages, typescript)


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


@pytest.fixture(scope="session")
def given(web_edge: Edge, origins: Origins) -> dict[str, str]:
    """What scripts are told of the installation: its addresses, an organisation, a page, a file and a token that has ended."""
    picture = origins.folder / "picture.png"
    picture.write_bytes(pictures.SMALL)
    with closing(web_edge.client("author@example.gov")) as client:
        organisation = client.get("/v1/organisations").raise_for_status().json()["organisations"][0]["id"]
        about = {"organisationId": organisation, "name": "harbour.png", "alternativeText": "A harbour"}
        headers = {"content-type": "image/png"}
        uploaded = client.post("/v1/files:upload", params=about, content=pictures.SMALL, headers=headers)
        file = uploaded.raise_for_status().json()["file"]
    return {
        "http": web_edge.http,
        "grpc": web_edge.grpc,
        "organisation": organisation,
        "page": "/guidance/moor-a-boat",
        "picture": str(picture),
        "file": file["id"],
        "expired": tokens.expired(web_edge, "author@example.gov"),
    }
