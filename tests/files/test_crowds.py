"""Many downloads at a time from one address, of readers who take nothing and of readers who do, beside readers of pages."""

from __future__ import annotations

import asyncio
import json
import socket
from contextlib import closing

import httpx
import pytest

from devstack.ports import LOOPBACK
from tests.edge import Edge
from tests.files.uploading import png
from tests.polling import until_so

pytestmark = pytest.mark.timed  # a hundred calls at once have their deadlines, too

PAGE = "/v1/pages/guidance/moor-a-boat"
SIZE = 5 * 1024 * 1024
CUT = "http.public.downstream_rq_idle_timeout"


@pytest.fixture(scope="module")
def large(author: httpx.Client, organisation_id: str) -> str:
    """The path of a file that is larger than anything on the way to its reader holds."""
    given = {"organisationId": organisation_id, "name": "large.png"}
    answer = author.post("/v1/files:upload", params=given, content=png(SIZE)).raise_for_status()
    return f"/v1/files/{answer.json()['file']['id']}:download"


def port(edge: Edge) -> int:
    return int(edge.http.rpartition(":")[2])


def unread(edge: Edge, author: httpx.Client, path: str) -> socket.socket:
    """A connection that asks for the file, and takes nothing of it."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect((LOOPBACK, port(edge)))
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {author.headers['authorization']}\r\n\r\n".encode())
    client.setblocking(False)
    return client


async def begun(client: socket.socket) -> bytes:
    """The beginning of the answer."""
    async with asyncio.timeout(20):
        return await asyncio.get_running_loop().sock_recv(client, 2048)


def is_whole(answer: bytes) -> bool:
    return answer.startswith(b"HTTP/1.1 200 ")


async def test_those_who_take_nothing_are_in_nobodys_way(edge: Edge, author: httpx.Client, large: str) -> None:
    """However many downloads stand still, pages are answered; beyond its share the address is told when to come back (D11)."""
    stuck = [unread(edge, author, large) for _ in range(300)]
    answers = await asyncio.gather(*map(begun, stuck))
    async with httpx.AsyncClient(base_url=edge.http, timeout=20) as reader:
        pages = await asyncio.gather(*(reader.get(PAGE) for _ in range(50)))
    for client in stuck:
        client.close()
    assert {page.status_code for page in pages} == {200}
    assert any(map(is_whole, answers))
    refusals = [answer for answer in answers if not is_whole(answer)]
    assert refusals
    for refusal in refusals:
        head, _, body = refusal.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 429 ")
        assert b"retry-after: 1" in head
        why, when, *_ = json.loads(body)["details"]
        assert why["reason"] in {"TOO_MANY_STREAMS", "TOO_MANY_CALLS"}  # of the address, or of all that come at once
        assert when["retryDelay"] == "1s"


async def test_those_who_take_nothing_are_cut(edge: Edge, author: httpx.Client, large: str) -> None:
    """A download of which nothing is taken ends, and what comes of it afterwards is what was on the way (D11)."""
    before = counted(edge, CUT)
    stuck = [unread(edge, author, large) for _ in range(3)]
    await until_so(lambda: counted(edge, CUT) >= before + len(stuck), 60)
    for client in stuck:
        came = 0
        with closing(client):
            async with asyncio.timeout(60):
                while piece := await asyncio.get_running_loop().sock_recv(client, 65536):
                    came += len(piece)
        assert came < SIZE / 2


def counted(edge: Edge, name: str) -> int:
    """A count of Envoy's."""
    transport = httpx.HTTPTransport(uds=str(edge.home / "sockets" / "envoy.sock"))
    with httpx.Client(transport=transport, base_url="http://envoy", timeout=20) as admin:
        answer = admin.get("/stats", params={"filter": f"^{name}$"})
    return int(answer.text.rpartition(":")[2])


async def test_pictures_of_a_page(edge: Edge, author: httpx.Client, large: str) -> None:
    """A browser that asks for thirty pictures at a time gets them all."""
    limits = httpx.Limits(max_connections=30)
    async with httpx.AsyncClient(base_url=edge.http, headers=author.headers, timeout=60, limits=limits) as browser:
        pictures = await asyncio.gather(*(browser.get(large) for _ in range(30)))
    assert {(picture.status_code, len(picture.content)) for picture in pictures} == {(200, SIZE)}
