"""Clients of Envoy that are slow on purpose: what they hold is let go, and nobody waits for it. Its patience is short here."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import closing, suppress
from pathlib import Path

import httpx
import pytest

from deploy.envoy.render import Patience, main
from devstack.home import Home
from devstack.ports import LOOPBACK
from tests.devstack.echo import HELD, echoing
from tests.polling import until, until_so

PATIENCE = Patience(connection=0.5, step=0.5, silence=1, request=2)
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes.fromhex("000000040000000000")
POST = b"POST /v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
MOST = 200


@pytest.fixture
async def url(tmp_path: Path) -> AsyncIterator[str]:
    async with echoing(Home.at(tmp_path), patience=PATIENCE) as url:
        yield url


def connected(url: str, data: bytes) -> socket.socket:
    client = socket.create_connection((LOOPBACK, int(url.rpartition(":")[2])))
    client.sendall(data)
    client.setblocking(False)
    return client


async def rest(client: socket.socket) -> bytes:
    """What comes until the other side ends the connection."""
    loop, received = asyncio.get_running_loop(), b""
    with closing(client), suppress(ConnectionResetError):  # where it was still being sent to
        async with asyncio.timeout(20):
            while piece := await loop.sock_recv(client, 65536):
                received += piece
    return received


async def test_a_server_that_does_not_answer(tmp_path: Path) -> None:
    """Envoy waits for an answer as long as the route says, however patient it is with clients (X4)."""
    async with (
        echoing(Home.at(tmp_path), patience=Patience(connection=90, step=90, silence=90, request=90)) as url,
        httpx.AsyncClient(base_url=url, timeout=30) as http,
    ):
        answer = await http.get("/v1/auth/me", headers={"authorization": HELD})
    assert (answer.status_code, answer.json()["details"][0]["reason"]) == (504, "DEADLINE_EXCEEDED")


@pytest.mark.parametrize("data", [b"", PREFACE], ids=["nothing", "a preface"])
async def test_connections_without_a_request_end(url: str, data: bytes) -> None:
    """A connection on which no request is under way ends, whatever was said on it (D6)."""
    opened = [connected(url, data) for _ in range(50)]
    async with httpx.AsyncClient(base_url=url) as http:
        assert (await http.get("/v1/pages/a")).status_code == 200
    await asyncio.gather(*map(rest, opened))


@pytest.mark.parametrize("data", [b"GET / HTTP/1.1\r\nX: ", POST, POST + b"{"], ids=["headers", "no body", "half a body"])
async def test_requests_that_stand_still_end(url: str, data: bytes) -> None:
    """A request that does not go on is told so, and its connection ends (D6)."""
    answer = await rest(connected(url, data))
    assert answer.split(b" ")[1] in {b"408", b"504"}
    told = json.loads(answer.partition(b"\r\n\r\n")[2].strip())
    assert told["details"][0]["reason"] in {"REQUEST_TIMEOUT", "DEADLINE_EXCEEDED"}


async def test_a_body_that_comes_byte_by_byte_ends(url: str) -> None:
    """A body that goes on, and on, ends, too (D6)."""
    client = connected(url, POST)
    answer = asyncio.create_task(rest(client))
    sent = 0
    while not answer.done() and sent < 900:
        await asyncio.sleep(0.1)
        try:
            sent += client.send(b" ")
        except OSError:
            break
    assert (await answer).split(b" ")[1] in {b"408", b"504"}
    assert sent < 900


async def test_silent_connections_refuse_nobody(tmp_path: Path) -> None:
    """Somebody who opens all connections that there are, and says nothing, loses them, and everybody else is answered (D6)."""
    patience = PATIENCE._replace(connection=3600)
    async with echoing(Home.at(tmp_path), patience=patience, connections=MOST) as url:
        opened = [connected(url, b"") for _ in range(MOST)]

        async def is_answered() -> bool:
            try:
                async with httpx.AsyncClient(base_url=url) as http:
                    return (await http.get("/v1/pages/a")).status_code == 200
            except httpx.TransportError:
                return False

        await until(is_answered)
        ended = asyncio.gather(*map(rest, opened), return_exceptions=True)
        await until_so(lambda: sum(client.fileno() < 0 for client in opened) > MOST // 5)
        ended.cancel()
        for client in opened:
            client.close()


def test_its_own_port_is_for_this_machine(capsys: pytest.CaptureFixture[str]) -> None:
    """Unless somebody says otherwise, Envoy is administered from its own machine alone (D10)."""
    main(["--endpoint", "server:50051"])
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("admin:")]
    assert line == 'admin: {address: {"socket_address": {"address": "127.0.0.1", "port_value": 9901}}}'
