"""What operators see of a whole installation: metrics of all workers on one port, and logs that are JSON and keep secrets."""

from __future__ import annotations

import json
import re
import uuid
from contextlib import closing
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest

from devstack.home import Home
from gazette.delivery.v1.delivery_service_pb2 import GetPageRequest
from gazette.delivery.v1.delivery_service_pb2_grpc import DeliveryServiceStub
from tests.edge import PASSWORD, Edge
from tests.polling import wait_until

PAGE = "/guidance/moor-a-boat"
EMAIL = "editor@example.gov"


def calls(edge: Edge, method: str, code: str) -> float:
    """How many calls of a method ended like this, as the metrics have it."""
    name = re.escape(f'gazette_call_seconds_count{{code="{code}",method="{method}"}}')
    found = re.search(rf"^{name} (\S+)$", httpx.get(edge.metrics, timeout=5).text, re.MULTILINE)
    return float(found[1]) if found else 0.0


def logged(path: Path) -> list[dict[str, Any]]:
    """All that a log says of requests and of the server, but for a line that is just being written; Envoy writes of itself in
    between, and not as JSON."""
    return [json.loads(line) for line in path.read_text().splitlines(keepends=True) if line[0] == "{" and line[-1] == "\n"]


def about(path: Path, request_id: str) -> list[dict[str, Any]]:
    return [line for line in logged(path) if line.get("request_id") == request_id]


def test_calls_of_every_worker_are_counted(edge: Edge) -> None:
    """Each worker's calls are in the one sum, by method and by how they ended."""
    method = "/gazette.delivery.v1.DeliveryService/GetPage"
    before = {code: calls(edge, method, code) for code in ("OK", "NOT_FOUND")}
    for worker, times in ((0, 2), (1, 3)):
        with grpc.insecure_channel(f"unix:{Home.at(edge.home).sockets}/worker-{worker}.sock") as channel:
            stub: Any = DeliveryServiceStub(channel)
            for _ in range(times):
                stub.GetPage(GetPageRequest(path=PAGE), timeout=5)
            with pytest.raises(grpc.RpcError):
                stub.GetPage(GetPageRequest(path="/nothing"), timeout=5)
    assert calls(edge, method, "OK") - before["OK"] == 5
    assert wait_until(lambda: calls(edge, method, "NOT_FOUND") - before["NOT_FOUND"] == 2)


def test_metrics_are_not_for_the_public(edge: Edge) -> None:
    """The metrics have a port of their own: the public one knows no such path."""
    assert httpx.get(f"{edge.http}/metrics", timeout=5).status_code == httpx.codes.NOT_FOUND
    assert httpx.get(edge.metrics, timeout=5).headers["content-type"].startswith("text/plain")


def test_every_line_is_json(edge: Edge) -> None:
    """The server logs JSON and nothing else, and each call with its request's id, its method and what came of it."""
    with closing(edge.client(EMAIL)):
        pass
    lines = [json.loads(line) for line in (Home.at(edge.home).logs / "server.log").read_text().splitlines()]
    calls_logged = [line for line in lines if line["event"] == "call"]
    assert calls_logged
    for line in calls_logged:
        assert line["request_id"]
        assert line["method"].startswith(("/gazette.", "/grpc."))
        assert line["code"]
        assert line["worker"] in {0, 1}


@pytest.mark.parametrize(
    ("given", "plain"),
    [
        (f"{uuid.UUID(int=7)}", f"{uuid.UUID(int=7)}"),
        ("support-case-1234", "support-case-1234"),
        ('case "1235" \\r\\n x', "case1235rnx"),
        ("x" * 200, "x" * 64),
    ],
    ids=["uuid", "words", "hostile", "long"],
)
def test_a_request_s_id(edge: Edge, given: str, plain: str) -> None:
    """The id that a client gives a request comes back, stands in the error, and finds the request in both logs; one that is not
    plain is made so first."""
    logs = Home.at(edge.home).logs
    answer = httpx.get(f"{edge.http}/v1/pages/nothing", headers={"x-request-id": given}, timeout=5)
    assert answer.headers["x-request-id"] == plain
    assert answer.json()["details"][1]["requestId"] == plain
    (line, *_) = wait_until(lambda: about(logs / "server.log", plain))
    assert (line["event"], line["code"]) == ("call", "NOT_FOUND")
    (line, *_) = wait_until(lambda: about(logs / "envoy.log", plain))
    assert (line["status"], line["path"]) == (httpx.codes.NOT_FOUND, "/v1/pages/nothing")


def test_an_id_of_our_own(edge: Edge) -> None:
    """A request without an id gets one that the log knows."""
    answer = httpx.get(f"{edge.http}/v1/pages/nothing", timeout=5)
    made = str(uuid.UUID(answer.headers["x-request-id"]))
    assert wait_until(lambda: about(Home.at(edge.home).logs / "server.log", made))


def test_no_secret_is_logged(edge: Edge) -> None:
    """Whatever people sign in with, right or wrong, or use afterwards, no log of any part has it."""
    guess = f"wrong-{uuid.uuid4().hex}"
    last = f"last-{uuid.uuid4().hex}"
    with closing(edge.client()) as client:
        assert client.post("/v1/auth/login", json={"email": EMAIL, "password": guess}).status_code == 401
        assert client.post("/v1/auth/login", json={"email": guess, "password": guess}).status_code in {400, 401}
        session = client.post("/v1/auth/login", json={"email": EMAIL, "password": PASSWORD}).json()
        bearer = {"authorization": f"Bearer {session['accessToken']}"}
        assert client.get("/v1/auth/me", headers=bearer).status_code == 200
        forged = session["accessToken"][:-4] + "AAAA"
        assert client.get("/v1/auth/me", headers={"authorization": f"Bearer {forged}"}).status_code == 401
        renewed = client.post("/v1/auth/refresh", json={"refreshToken": session["refreshToken"]}).json()
        client.get("/v1/pages/nothing", params={"previewToken": guess}, headers={"x-request-id": last})
        client.post("/v1/auth/logout", headers=bearer, json={})
    home = Home.at(edge.home)
    wait_until(lambda: about(home.logs / "envoy.log", last))
    tokens = [answer[name] for answer in (session, renewed) for name in ("accessToken", "refreshToken")]
    stored = [line.partition("=")[2] for line in (edge.home / "secrets.env").read_text().splitlines()]
    for log in home.logs.iterdir():
        text = log.read_text()
        for secret in (guess, PASSWORD, forged, *tokens, *stored):
            assert secret not in text, log.name
