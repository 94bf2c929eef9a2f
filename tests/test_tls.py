"""The gRPC port with TLS, and with mutual TLS."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthStub

from tests.certificates import Authority
from tests.servers import Servers
from tests.service import running


def given(directory: Path, authority: Authority, clients: Authority | None = None) -> dict[str, str]:
    """The settings of a port with this authority's certificate, for clients of the other."""
    key, certificate = authority.issue("gazette")
    files = {"TLS_KEY_FILE": key, "TLS_CERTIFICATE_FILE": certificate}
    if clients:
        files["TLS_CLIENT_CA_FILE"] = clients.certificate
    for name, content in files.items():
        (directory / name).write_bytes(content)
    return {name: str(directory / name) for name in files}


async def status(port: int, credentials: grpc.ChannelCredentials | None) -> str:
    """What the health check answers, or the code with which the call fails."""
    address = f"localhost:{port}"
    local = [("grpc.use_local_subchannel_pool", 1)]
    channel = grpc.aio.secure_channel(address, credentials, local) if credentials else grpc.aio.insecure_channel(address, local)
    stub: Any = HealthStub(channel)
    async with channel, asyncio.timeout(10):
        try:
            answer = await stub.Check(HealthCheckRequest(service="liveness"), timeout=5)
        except grpc.aio.AioRpcError as error:
            return error.code().name
    return HealthCheckResponse.ServingStatus.Name(answer.status)


@pytest.fixture(scope="module")
def ours() -> Authority:
    return Authority("ours")


@pytest.fixture(scope="module")
def foreign() -> Authority:
    return Authority("somebody else's")


async def test_tls(servers: Servers, template: str, tmp_path: Path, ours: Authority, foreign: Authority) -> None:
    """With a certificate the port answers a client that trusts its authority, and neither plaintext nor one that does not."""
    async with running(servers, template, tmp_path, **given(tmp_path, ours)) as service:
        port = service.app.port
        assert await status(port, grpc.ssl_channel_credentials(ours.certificate)) == "SERVING"
        assert await status(port, grpc.ssl_channel_credentials(foreign.certificate)) == "UNAVAILABLE"
        assert await status(port, None) == "UNAVAILABLE"


async def test_mutual_tls(servers: Servers, template: str, tmp_path: Path, ours: Authority, foreign: Authority) -> None:
    """With an authority for clients the port answers those with its certificate, and nobody else."""
    async with running(servers, template, tmp_path, **given(tmp_path, ours, clients=ours)) as service:
        port = service.app.port
        assert await status(port, grpc.ssl_channel_credentials(ours.certificate, *ours.issue("client"))) == "SERVING"
        assert await status(port, grpc.ssl_channel_credentials(ours.certificate)) == "UNAVAILABLE"
        assert await status(port, grpc.ssl_channel_credentials(ours.certificate, *foreign.issue("client"))) == "UNAVAILABLE"
        assert await status(port, None) == "UNAVAILABLE"
