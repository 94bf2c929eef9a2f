"""Connections: to several servers at once, and over TLS."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

import gazette_client
from gazette_client import Retry
from gazette_client.channels import OPTIONS, options
from gazette_client.errors import Unavailable
from gazette_client.messages import DownloadFileRequest, GetDocumentRequest, GetPageRequest
from tests.client.conftest import LOCAL, Clients
from tests.client.scripted import Server, serving
from tests.polling import until, until_so


def certificate() -> tuple[bytes, bytes]:
    """A key and a certificate for localhost, signed with itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return private, made.public_bytes(pem)


async def test_a_client_speaks_tls(clients: Clients) -> None:
    """With the server's authority in its credentials a client gets through; with others, or none, it does not."""
    key, chain = certificate()
    async with serving("127.0.0.1:0", grpc.ssl_server_credentials([(key, chain)])) as server:
        clients.address = server.address.replace("127.0.0.1", "localhost")
        async with clients.opened(credentials=grpc.ssl_channel_credentials(chain)) as client:
            answer = await clients.call(client.content.GetDocument, GetDocumentRequest(id="1"))
        for wrong in (grpc.ssl_channel_credentials(certificate()[1]), None):
            async with clients.opened(credentials=wrong, retry=Retry(attempts=1)) as client:
                with pytest.raises(Unavailable):
                    await clients.call(client.delivery.GetPage, GetPageRequest())

    assert answer.document.id == "1"


async def test_calls_are_spread_over_all_addresses(clients: Clients) -> None:
    """Each server behind a name gets its share, not the first one everything."""
    async with serving() as first, serving() as second:
        clients.address = f"ipv4:{first.address},{second.address}"
        async with clients.opened() as client:
            await ready(clients, client, first, second)
            before = first.calls("GetPage"), second.calls("GetPage")
            for _ in range(20):
                await clients.call(client.delivery.GetPage, GetPageRequest())

    assert (first.calls("GetPage") - before[0], second.calls("GetPage") - before[1]) == (10, 10)


async def ready(clients: Clients, client: Any, *servers: Server) -> None:
    """Until all servers are connected to."""

    async def are_connected() -> bool:
        await clients.call(client.delivery.GetPage, GetPageRequest())
        return all(server.calls("GetPage") for server in servers)

    await until(are_connected)


async def test_a_server_that_goes_away_is_not_noticed(clients: Clients) -> None:
    """While one of two servers stops, no call fails that is safe to repeat."""
    async with serving() as first, serving() as second:
        clients.address = f"ipv4:{first.address},{second.address}"
        async with clients.opened() as client:
            asked = asyncio.gather(*(keep_asking(clients, client) for _ in range(4)))
            await until_so(lambda: second.calls("GetPage"))
            await second.stop()
            answered = await asked

    assert sum(answered) == 400
    assert second.calls("GetPage") > 0


async def keep_asking(clients: Clients, client: Any) -> int:
    for _ in range(100):
        await clients.call(client.delivery.GetPage, GetPageRequest())
        await asyncio.sleep(0.01)
    return 100


def test_the_callers_own_options_come_first() -> None:
    """A channel argument that is given replaces ours, the others stay."""
    mine = ("grpc.keepalive_time_ms", 1)

    given = options([mine])

    assert mine in given
    assert len(given) == len(OPTIONS)


async def test_a_closed_client_says_so(clients: Clients, scripted: Server) -> None:
    """A call after the end is an error of its own, of a method that was never used before, too; gRPC alone crashes at that."""
    async with clients.opened() as client:
        pass
    for call, request in (
        (client.delivery.GetPage, GetPageRequest()),
        (client.files.DownloadFile, DownloadFileRequest()),
        (client.content.ImportDocuments, []),
    ):
        with pytest.raises(ValueError, match="is closed"):
            call(request)

    assert not scripted.metadata


async def test_the_server_learns_the_version(clients: Clients, client: Any, scripted: Server) -> None:
    """The user agent begins with the client's name and version; a caller's own stands instead."""
    await clients.call(client.delivery.GetPage, GetPageRequest())
    async with clients.opened(options=(*LOCAL, ("grpc.primary_user_agent", "harbour-site/3"))) as other:
        await clients.call(other.delivery.GetPage, GetPageRequest())

    ours, theirs = (each["user-agent"] for each in scripted.metadata["GetPage"])
    assert ours.startswith(f"gazette-client-python/{gazette_client.__version__} grpc-python")
    assert theirs.startswith("harbour-site/3 grpc-python")
