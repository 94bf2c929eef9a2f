"""One of two workers ends, in order or not, while both are at work."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from typing import Any

import grpc
import psutil
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthStub

from gazette.delivery.v1.delivery_service_pb2 import GetPageRequest
from gazette.delivery.v1.delivery_service_pb2_grpc import DeliveryServiceStub
from gazette.files.v1.file_service_pb2 import UploadFileRequest
from gazette.files.v1.file_service_pb2_grpc import FileServiceStub
from tests.faults.installation import PAGE, Installation
from tests.faults.load import Load
from tests.files.uploading import PNG, upload_of
from tests.polling import until

ENDED = "worker ended, starting another"


async def replaced(installation: Installation, worker: int, ended: psutil.Process) -> None:
    """Waits until another process serves in the place of the one that ended."""
    async with asyncio.timeout(20), grpc.aio.insecure_channel(installation.socket(worker)) as channel:
        while installation.workers().get(worker, ended) == ended or not await is_serving(channel):
            await asyncio.sleep(0.05)


async def is_serving(channel: grpc.aio.Channel) -> bool:
    stub: Any = HealthStub(channel)
    try:
        answer = await stub.Check(HealthCheckRequest(), timeout=1)
    except grpc.RpcError:
        return False
    return bool(answer.status == HealthCheckResponse.SERVING)


async def takes_none(address: str) -> bool:
    """Whether nobody who is new is let in there."""
    async with grpc.aio.insecure_channel(address, options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
        try:
            await DeliveryServiceStub(channel).GetPage(GetPageRequest(path=PAGE), timeout=1)
        except grpc.RpcError:
            return True
    return False


async def upload(channel: grpc.aio.Channel, load: Load, may_end: asyncio.Event) -> int:
    """Begins to upload a file over this connection, and ends it when it may. The file's size as it was stored."""
    token = load.http.headers["authorization"]

    async def parts() -> AsyncIterator[UploadFileRequest]:
        yield UploadFileRequest(upload=upload_of(load.organisation_id, PNG))
        yield UploadFileRequest(chunk=PNG[:100])
        await may_end.wait()
        yield UploadFileRequest(chunk=PNG[100:])

    answer = await FileServiceStub(channel).UploadFile(parts(), metadata=(("authorization", token),), timeout=15)
    return answer.file.size_bytes


async def test_an_orderly_end_fails_no_request(installation: Installation) -> None:
    """SIGTERM to one of two workers under load: it says NOT_SERVING while it still answers, lets an upload end, ends with
    0 and is replaced; no request fails, neither reads nor writes (X1)."""
    async with (
        grpc.aio.insecure_channel(installation.socket(0)) as own,
        Load.on(installation) as load,
        load.running(*load.reads, *load.reads, *load.writes),
    ):
        may_end = asyncio.Event()
        uploading = asyncio.create_task(upload(own, load, may_end))
        await load.has_come(50)
        victim = installation.workers()[0]
        victim.send_signal(signal.SIGTERM)
        term = time.monotonic()
        async with asyncio.timeout(2):
            while await is_serving(own):
                await asyncio.sleep(0.02)
        await DeliveryServiceStub(own).GetPage(GetPageRequest(path=PAGE), timeout=1)
        await until(lambda: takes_none(installation.socket(0)))  # now it waits for this one
        may_end.set()
        assert await uploading == len(PNG)
        await replaced(installation, 0, victim)
        await load.has_come(101, since=term)
    assert [each for each in load.outcomes if each.code != "OK"] == []
    assert len(load.of(since=term)) > 100
    ending = installation.log(ENDED)[-1]
    assert (ending["worker"], ending["code"]) == (0, 0)


async def test_a_crash_fails_no_safe_request(installation: Installation) -> None:
    """kill -9 of one of two workers under load: no read fails over HTTP, no call that is safe to repeat over gRPC, and another
    worker takes its place (X2)."""
    async with Load.on(installation) as load, load.running(*load.reads, *load.reads, load.grpc_create):
        await load.has_come(30)
        victim = installation.workers()[1]
        victim.kill()
        killed = time.monotonic()
        await replaced(installation, 1, victim)
        await load.has_come(51, since=killed)
    assert [each for each in load.outcomes if each.code != "OK"] == []
    assert len(load.of(since=killed)) > 50
    ending = installation.log(ENDED)[-1]
    assert (ending["worker"], ending["code"]) == (1, -signal.SIGKILL)
