"""What Envoy answers by itself: what this is, the OpenAPI document, and a page to look at it, where they are asked for."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from deploy.envoy import api_docs
from deploy.envoy.render import main
from devstack.home import Home
from tests.devstack.reaching import reaching

DOCUMENT = Path(__file__).resolve().parents[2] / "docs/openapi.json"
BUNDLE = "window.SwaggerUIBundle = () => null;\n" * 40_000
HTML = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture(scope="module")
async def docs(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[httpx.AsyncClient]:
    """Of an Envoy with the documentation. Its viewer is a stand-in of the same size, since npm's is not everywhere."""
    viewer = tmp_path_factory.mktemp("swagger-ui")
    (viewer / "swagger-ui-bundle.js").write_text(BUNDLE)
    (viewer / "swagger-ui.css").write_text("body { margin: 0; }\n")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(api_docs, "SWAGGER_UI", viewer)
        home = Home.at(tmp_path_factory.mktemp("docs"))
        async with reaching(home, with_docs=True) as url, httpx.AsyncClient(base_url=url) as opened:
            yield opened


@pytest.fixture(scope="module")
async def bare(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[httpx.AsyncClient]:
    """Of an Envoy without."""
    async with reaching(Home.at(tmp_path_factory.mktemp("bare"))) as url, httpx.AsyncClient(base_url=url) as opened:
        yield opened


async def test_the_root_says_what_this_is(docs: httpx.AsyncClient, bare: httpx.AsyncClient) -> None:
    """To programs in JSON and to people in HTML, with links to what is there, and to nothing else."""
    for client, paths in ((docs, ["/openapi.json", "/docs", "/health"]), (bare, ["/health"])):
        told = await client.get("/")
        assert told.headers["content-type"] == "application/json"
        assert list(told.json()["links"].values()) == paths
        shown = await client.get("/?utm_source=mail", headers=HTML)
        assert shown.headers["content-type"] == "text/html; charset=utf-8"
        assert re.findall(r'href="([^"]*)"', shown.text) == paths
        assert "Accept" in told.headers["vary"]
        assert "Accept" in shown.headers["vary"]


@pytest.mark.parametrize("path", ["/openapi.json", "/docs", "/docs/docs.js", "/docs/swagger-ui-bundle.js"])
async def test_nothing_is_there_unless_asked_for(bare: httpx.AsyncClient, path: str) -> None:
    """Without API_DOCS there is no document and no page."""
    answer = await bare.get(path)
    assert answer.status_code == 404
    assert answer.json()["details"][0]["reason"] == "ROUTE_NOT_FOUND"


async def test_the_document(docs: httpx.AsyncClient) -> None:
    """It is docs/openapi.json, compressed for who takes that, and sent once to who keeps it."""
    answer = await docs.get("/openapi.json")
    assert answer.json() == json.loads(DOCUMENT.read_text())
    assert (answer.headers["content-type"], answer.headers["content-encoding"]) == ("application/json", "gzip")
    assert answer.headers["cache-control"] == "public, no-cache"
    kept = await docs.get("/openapi.json", headers={"if-none-match": answer.headers["etag"]})
    assert (kept.status_code, kept.content, "location" in kept.headers) == (304, b"", False)
    assert (await docs.get("/openapi.json", headers={"if-none-match": 'W/"another"'})).status_code == 200


@pytest.mark.parametrize(
    ("accepted", "is_small"), [("gzip", True), ("br, gzip;q=0.5", True), ("gzip;q=0", False), ("br", False), ("", False)]
)
async def test_compression(docs: httpx.AsyncClient, accepted: str, is_small: bool) -> None:
    """The compressed file goes to who takes gzip, and the plain one to all others: Envoy compresses nothing here."""
    request = docs.build_request("GET", "/docs/swagger-ui-bundle.js", headers={"accept-encoding": accepted})
    answer = await docs.send(request, stream=True)
    raw = b"".join([chunk async for chunk in answer.aiter_raw()])
    assert (answer.headers.get("content-encoding") == "gzip") == is_small
    assert int(answer.headers["content-length"]) == len(raw)
    assert (gzip.decompress(raw) if is_small else raw).decode() == BUNDLE


async def test_the_page_loads_nothing_from_elsewhere(docs: httpx.AsyncClient) -> None:
    """All that the page refers to is here, it has no script or style inside, and the browser is told to take no other."""
    page = await docs.get("/docs")
    policy = dict(rule.split(" ", 1) for rule in page.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert {policy[name] for name in ("script-src", "style-src", "connect-src")} == {"'self'"}
    assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son\w+=", page.text)
    found = [path for path in re.findall(r'(?:src|href)="([^"]*)"', page.text) if path != "data:,"]
    assert len(found) == 5
    for path in found:
        assert path.startswith("/")
        assert (await docs.get(path)).status_code == 200
    assert (await docs.get("/docs/")).content == page.content


@pytest.mark.parametrize("path", ["/", "/docs", "/openapi.json"])
async def test_methods(docs: httpx.AsyncClient, path: str) -> None:
    """GET, HEAD and OPTIONS are answered; what else is asked is told these."""
    assert (await docs.options(path)).headers["allow"] == "GET, HEAD, OPTIONS"
    refused = await docs.post(path, content=b"x")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
    plain = await docs.get(path, headers={"accept-encoding": "identity"})
    head = await docs.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert {name: head.headers[name] for name in ("etag", "content-length", "content-type")} == {
        name: plain.headers[name] for name in ("etag", "content-length", "content-type")
    }


async def test_who_asks_too_often_waits(docs: httpx.AsyncClient) -> None:
    """An address has a file so many times at once: more is refused, and all else still answered."""
    answers = [await docs.get("/docs/docs.css") for _ in range(10 * api_docs.BURST)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert len(answers) - len(refused) >= api_docs.BURST
    assert refused[0].headers["retry-after"] == "1"
    assert refused[0].json()["details"][0]["reason"] == "RATE_LIMITED"
    assert (await docs.get("/docs/docs.js")).status_code == 200


def test_without_the_viewer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where npm's files could not be had, there is the document, and neither a page nor a link to one."""
    monkeypatch.setattr(api_docs, "SWAGGER_UI", tmp_path / "absent")
    routes = api_docs.routes(tmp_path / "docs")
    assert {route["name"] for route in routes} == {"/", "/openapi.json"}
    assert "/docs" not in json.dumps([route["direct_response"] for route in routes if route["name"] == "/"])


def test_the_setting(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """API_DOCS is true, false or nothing, which is false; anything else ends the rendering."""
    for given, is_there in (("true", True), ("True", True), ("false", False), ("", False)):
        main(["--endpoint", "server:50051", "--api-docs", given, "--docs-folder", str(tmp_path)])
        assert ('"/openapi.json"' in capsys.readouterr().out) == is_there
    with pytest.raises(SystemExit):
        main(["--endpoint", "server:50051", "--api-docs", "yes"])
    assert "--api-docs" in capsys.readouterr().err
