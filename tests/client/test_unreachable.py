"""Failures in one line: a server that cannot be reached is named, and no way through the client is shown."""

from __future__ import annotations

import asyncio
import socket
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import grpc
import pytest

from gazette_client import Retry, errors
from gazette_client.messages import DownloadFileRequest, GetMeRequest, GetPageRequest
from gazette_client.unreachable import outward
from tests.client.conftest import LOCAL, Clients
from tests.client.scripted import Server, serving
from tests.client.test_channels import certificate

ONCE = Retry(attempts=1)


async def said_of(clients: Clients, target: str, credentials: grpc.ChannelCredentials | None = None, name: str = "") -> str:
    """What a call of a server fails with; `name` is the one that its certificate shall have."""
    clients.address = target
    options = (*LOCAL, ("grpc.ssl_target_name_override", name)) if name else LOCAL
    async with clients.opened(credentials=credentials, retry=ONCE, options=options) as client:
        with pytest.raises(errors.Unavailable) as caught:
            await clients.call(client.delivery.GetPage, GetPageRequest(path="/"))
    return str(caught.value)


@contextmanager
def old_web_server() -> Iterator[int]:
    """The port of what answers everything with HTTP/1.1."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(100)
                    connection.sendall(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")

        threading.Thread(target=answer, daemon=True).start()
        port: int = listening.getsockname()[1]
        yield port
        listening.shutdown(socket.SHUT_RDWR)


async def test_a_refused_connection(clients: Clients) -> None:
    """Nobody listens: the line names the target and says so."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        target = f"127.0.0.1:{taken.getsockname()[1]}"

    assert await said_of(clients, target) == f"UNAVAILABLE: {target} cannot be reached: connection refused."


async def test_an_unknown_host(clients: Clients) -> None:
    """A name that stands for nothing is told from a server that is away."""
    target = "gazette.invalid:50051"

    assert await said_of(clients, target) == f"UNAVAILABLE: {target} cannot be reached: there is no such host."


async def test_a_web_server(clients: Clients) -> None:
    """The port of HTTP is another one."""
    with old_web_server() as port:
        said = await said_of(clients, f"127.0.0.1:{port}")

    expected = f"127.0.0.1:{port} cannot be reached: an HTTP/1 server answers there: this is not the gRPC port."
    assert said == f"UNAVAILABLE: {expected}"


async def test_tls_that_does_not_fit(clients: Clients) -> None:
    """TLS where there is none, none where there is, a stranger's certificate, and one of another name."""
    key, chain = certificate()
    async with serving("127.0.0.1:0", grpc.ssl_server_credentials([(key, chain)])) as encrypted, serving() as plain:
        known, unknown = (grpc.ssl_channel_credentials(each) for each in (chain, certificate()[1]))
        said = [
            await said_of(clients, plain.address, known),
            await said_of(clients, encrypted.address),
            await said_of(clients, encrypted.address, unknown, "localhost"),
            await said_of(clients, encrypted.address, known),
        ]

    assert [line.partition(" cannot be reached: ")[2] for line in said] == [
        "it does not speak TLS, or is another server.",
        "it closes the connection, as a server that wants TLS does.",
        "its certificate is not trusted (self signed certificate).",
        "its certificate is of another name.",
    ]
    assert [line.startswith(f"UNAVAILABLE: {encrypted.address} ") for line in said] == [False, True, True, True]


def test_what_is_not_known_is_told_as_it_is() -> None:
    """gRPC's own words stand, in one line, where there is no shorter form; what the server says is left alone."""
    said = "connections to all backends failing; last error: UNKNOWN: ipv4:10.0.0.1:1: A new\nreason"
    fresh = grpc.aio.AioRpcError(grpc.StatusCode.UNAVAILABLE, grpc.aio.Metadata(), grpc.aio.Metadata(), said)
    ours = errors.failure(grpc.StatusCode.UNAVAILABLE, "DATABASE_AWAY", "The database is away.")

    assert (
        str(outward(errors.typed(fresh), "a:1"))
        == "UNAVAILABLE: a:1 cannot be reached: UNKNOWN: ipv4:10.0.0.1:1: A new reason."
    )
    assert outward(ours, "a:1") is ours


async def test_a_wrong_password_is_one_line(clients: Clients) -> None:
    """What Python prints of it has the caller's own line, one or two of the client's, and the reason; no chain of others."""
    async with clients.opened(password="wrong") as client:
        with pytest.raises(errors.Unauthenticated) as caught:
            await clients.call(client.auth.GetMe, GetMeRequest())

    printed = traceback.format_exception(caught.value)
    frames = [frame for frame in traceback.extract_tb(caught.value.__traceback__) if "gazette_client" in frame.filename]
    assert printed[-1] == "gazette_client.errors.Unauthenticated: UNAUTHENTICATED INVALID_CREDENTIALS: Not so.\n"
    assert len(frames) <= 2
    assert not any("another exception" in line or "direct cause" in line for line in printed)


async def test_streams_and_calls_of_other_shapes_are_as_short(clients: Clients, client: Any, scripted: Server) -> None:
    """A stream of answers, and one of requests, fail in the same way."""
    away = errors.failure(grpc.StatusCode.INTERNAL, "INTERNAL", "Something\nwent wrong.")
    scripted.fails("DownloadFile", away)
    scripted.fails("ImportDocuments", away)
    with pytest.raises(errors.Internal) as stream:
        await clients.collect(client.files.DownloadFile, DownloadFileRequest(id="1"))
    with pytest.raises(errors.Internal) as requests:
        await clients.call(client.content.ImportDocuments, [])

    for caught in (stream, requests):
        frames = [frame for frame in traceback.extract_tb(caught.value.__traceback__) if "gazette_client" in frame.filename]
        assert len(frames) <= 2
        assert str(caught.value) == "INTERNAL: Something went wrong."


async def test_every_waiting_call_is_told(clients: Clients, scripted: Server) -> None:
    """Calls that wait for one sign-in fail each with its own words, however many share the failure."""
    async with clients.opened(password="wrong") as client:
        asked = (clients.call(client.auth.GetMe, GetMeRequest()) for _ in range(5))
        failed = await asyncio.gather(*asked, return_exceptions=True)

    assert {str(each) for each in failed} == {"UNAUTHENTICATED INVALID_CREDENTIALS: Not so."}


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("http://127.0.0.1:50051/v1", "target is a gRPC name .*, not a URL: 'http:.*'; write '127.0.0.1:50051'"),
        ("", "target is empty"),
    ],
)
async def test_a_target_that_is_none(clients: Clients, target: str, said: str) -> None:
    """A URL, or nothing at all, is refused where the client is made."""
    clients.address = target
    with pytest.raises(ValueError, match=f"^{said}"):
        async with clients.opened():
            pass
