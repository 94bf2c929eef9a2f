"""`gazette smoke`: a good installation passes, and each thing that can be wrong with one is one line and the exit code 1."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version

import pytest
from click.testing import CliRunner, Result

from server.cli import gazette
from tests.edge import Edge

VERSION = version("gazette-server")
OUTCOMES = ("ok", "FAILED", "skipped")


def smoke(url: str, *arguments: str) -> Result:
    return CliRunner().invoke(gazette, ["smoke", "--url", url, *arguments], env={"GAZETTE_TOKEN": ""})


def outcomes(result: Result) -> dict[str, str]:
    """What came of each check, by its name."""
    lines = [line for line in result.stdout.splitlines() if line.split()[0] in OUTCOMES]
    return {line[8:].partition(":")[0]: line.split()[0] for line in lines}


def token(edge: Edge) -> str:
    with closing(edge.client("admin@example.gov")) as admin:
        return admin.headers["authorization"].removeprefix("Bearer ")


def test_all_is_well(edge: Edge) -> None:
    """With a token and the gRPC address every check is asked, and passes."""
    result = smoke(edge.http, "--grpc", edge.grpc, "--token", token(edge), "--expect-version", VERSION)
    assert result.exit_code == 0, result.output
    assert set(outcomes(result).values()) == {"ok"}
    assert "is what is served" in result.stdout
    assert f"version {VERSION}" in result.stdout


def test_without_token_or_grpc(edge: Edge) -> None:
    """What cannot be asked is said to be skipped, with what it needs."""
    result = smoke(edge.http)
    assert result.exit_code == 0, result.output
    skipped = {name for name, outcome in outcomes(result).items() if outcome == "skipped"}
    assert skipped == {"detailed health", "gRPC health"}
    assert "needs --token" in result.stdout


def test_another_version(edge: Edge) -> None:
    """Where the old version still serves, the check that says so fails."""
    result = smoke(edge.http, "--token", token(edge), "--expect-version", "99.0.0")
    assert result.exit_code == 1
    assert f"FAILED  detailed health: the version is '{VERSION}', not '99.0.0'" in result.stdout
    assert list(outcomes(result).values()).count("FAILED") == 1


def test_a_page_that_is_not_there(edge: Edge) -> None:
    """The page that is asked for must be there; what depends on it is skipped."""
    result = smoke(edge.http, "--path", "/nothing-here")
    assert result.exit_code == 1
    said = outcomes(result)
    assert (said["public page"], said["page not modified"], said["record"]) == ("FAILED", "skipped", "skipped")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--url", "ftp://example.gov"], "begins with https://"),
        (["--url", "http://example.gov", "--expect-version", "1.0.0"], "needs --token"),
    ],
)
def test_misuse(arguments: list[str], says: str) -> None:
    """What makes no sense is refused before anything is asked."""
    result = CliRunner().invoke(gazette, ["smoke", *arguments], env={"GAZETTE_TOKEN": ""})
    assert (result.exit_code, says in result.stderr) == (2, True), result.output


def test_nobody_answers() -> None:
    """Where nothing listens it waits as long as it was told, and then fails in lines, not in a traceback."""
    result = smoke("http://127.0.0.1:1", "--grpc", "127.0.0.1:1", "--wait", "1.2")
    assert result.exit_code == 1
    assert "FAILED  health: no answer: [Errno 111] Connection refused" in result.stdout
    assert "FAILED  gRPC health: no answer from 127.0.0.1:1: UNAVAILABLE" in result.stdout
    assert "Traceback" not in result.output


Change = Callable[[str, int, dict[str, str], bytes], tuple[int, dict[str, str], bytes]]
"""Path, status, headers and body, as they come from the installation; as they are handed on."""


@contextmanager
def spoilt(edge: Edge, change: Change) -> Iterator[str]:
    """The installation behind something that spoils its answers."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            given = {name: value for name, value in self.headers.items() if name.lower() in {"if-none-match", "authorization"}}
            answer = client.get(self.path, headers=given)
            kept = {n: v for n, v in answer.headers.items() if n not in {"content-length", "transfer-encoding", "connection"}}
            status, headers, body = change(self.path, answer.status_code, kept, answer.content)
            self.send_response_only(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if status != 304:
                self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    with closing(edge.client()) as client, ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def edited(part: str, edit: Callable[[dict[str, object]], object]) -> Change:
    """Changes the JSON of what is answered below a path."""

    def change(path: str, status: int, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        if not path.startswith(part) or status == 304:
            return status, headers, body
        said = json.loads(body)
        edit(said)
        return status, headers, json.dumps(said).encode()

    return change


def without(name: str) -> Change:
    return lambda path, status, headers, body: (status, {n: v for n, v in headers.items() if n != name}, body)


def as_status(part: str, wanted: int, instead: int) -> Change:
    def change(path: str, status: int, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        return (instead if path.startswith(part) and status == wanted else status), headers, body

    return change


def another_path(entry: dict[str, object]) -> None:
    entry["entry"]["bodyBytes"] = "c29tZXRoaW5nIGVsc2U="  # type: ignore[index]


@pytest.mark.parametrize(
    ("change", "check", "says"),
    [
        (edited("/health", lambda said: said.update(status="HEALTH_STATUS_UNHEALTHY")), "health", "HEALTH_STATUS_UNHEALTHY"),
        (as_status("/health", 200, 503), "health", "the status of /health is 503, not 200"),
        (lambda path, status, headers, _: (status, headers, b"<html>"), "health", "the answer is no JSON: b'<html>'"),
        (as_status("/v1/pages?", 200, 500), "list of pages", "is 500, not 200"),
        (edited("/v1/pages?", lambda said: said.update(pages=[{}])), "list of pages", "not of the contract's form (KeyError"),
        (without("etag"), "public page", "has no ETag"),
        (as_status("/v1/pages/", 304, 200), "page not modified", "is 200, not 304"),
        (as_status("/v1/pages/gazette-smoke-", 404, 200), "page not found", "is 200, not 404"),
        (
            edited("/v1/pages/gazette-smoke-", lambda said: said.update(details=[])),
            "page not found",
            "not of the contract's form",
        ),
        (edited("/v1/record/", another_path), "record", "the hash of the entry is"),
        (without("x-content-type-options"), "security headers", "x-content-type-options is None, not 'nosniff'"),
        (without("content-security-policy"), "security headers", "content-security-policy is None"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_wrong(edge: Edge, change: Change, check: str, says: str) -> None:
    """Each of these is found, by the check whose work it is, and named."""
    with spoilt(edge, change) as url:
        result = smoke(url)
    assert result.exit_code == 1, result.output
    assert outcomes(result)[check] == "FAILED"
    (line,) = [line for line in result.stdout.splitlines() if line.startswith(f"FAILED  {check}:")]
    assert says in line


def test_what_is_served_is_not_what_was_recorded(edge: Edge) -> None:
    """Over gRPC the bytes that are served are hashed as well, and compared with the entry's."""
    edit = edited("/v1/record/", lambda said: said["entry"]["body"].update(answerSha256="AAAA"))  # type: ignore[index]
    with spoilt(edge, edit) as url:
        result = smoke(url, "--grpc", edge.grpc)
    assert result.exit_code == 1
    assert "FAILED  record: the hash of what is served is" in result.stdout


def test_nothing_is_published(edge: Edge) -> None:
    """A new installation passes; the page's checks are skipped."""
    with spoilt(edge, edited("/v1/pages?", lambda said: said.pop("pages"))) as url:
        result = smoke(url)
    assert result.exit_code == 0, result.output
    said = outcomes(result)
    assert {said["public page"], said["page not modified"], said["record"]} == {"skipped"}
