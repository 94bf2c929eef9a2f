"""`gazette worker`: the background jobs in a process of their own, beside servers that do none."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthStub

from gazette.auth.v1.auth_service_pb2 import GetMeRequest
from gazette.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from server import app as server_app
from tests.auth.mailbox import mails, request_reset
from tests.servers import Servers
from tests.service import running
from tests.test_start import LONGEST, environment, run, serving, until


async def test_servers_leave_the_jobs_to_it(servers: Servers, template: str, tmp_path: Path) -> None:
    """A server with BACKGROUND_JOBS=false sends no mail; a process that has nothing but the jobs does, and takes no calls."""
    async with running(servers, template, tmp_path, BACKGROUND_JOBS="false") as service:
        own = {"deadlines", "arrivals", "rights of streams", "rates", "metrics", "shared cache"}
        assert {job.name for job in service.app.jobs} == own
        person = await service.account()
        await request_reset(service, person.email)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(2):
                await mails(service, person.email)
        jobs = await server_app.build(service.settings, jobs_only=True)
        shared = {"mail", "password resets", "schedules", "audit sealing", "clearing away"}
        assert {job.name for job in jobs.jobs} > own | shared
        await jobs.start()
        try:
            await mails(service, person.email)
            async with grpc.aio.insecure_channel(f"127.0.0.1:{jobs.port}") as channel:
                health: Any = HealthStub(channel)
                for name in ("", "liveness"):
                    assert (await health.Check(HealthCheckRequest(service=name))).status == HealthCheckResponse.SERVING
                with pytest.raises(grpc.aio.AioRpcError) as caught:
                    await AuthServiceStub(channel).GetMe(GetMeRequest())
                assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED
        finally:
            await jobs.stop()


def test_its_life(servers: Servers, template: str, tmp_path: Path) -> None:
    """It answers for its health and its metrics, replaces its process when that dies, opens no socket for Envoy, and ends with
    0 on SIGTERM."""
    sockets = tmp_path / "sockets"
    settings = {**environment(servers, template, tmp_path), "SOCKET_DIR": str(sockets), "WORKERS": "3"}
    with serving(settings, tmp_path / "log", "worker") as process:
        assert run(settings, "health", "--service", "liveness").stdout.startswith("SERVING ")
        assert run(settings, "health", "--service", "gazette.delivery.v1.DeliveryService").returncode == 1
        metrics = httpx.get(f"http://127.0.0.1:{settings['METRICS_PORT']}/metrics")
        assert "gazette_mails_waiting" in metrics.text
        (child,) = process.children()
        assert not sockets.exists()
        child.send_signal(signal.SIGKILL)
        until(lambda: [each for each in process.children() if each != child])
        until(lambda: run(settings, "health").returncode == 0)
        process.terminate()
        assert process.wait(LONGEST) == os.EX_OK
