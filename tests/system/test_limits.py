"""How much one client may send at once, and how long it may take."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import psutil
import pytest

from gazette.auth.v1.account_pb2 import Role
from gazette.auth.v1.auth_service_pb2 import GetMeRequest
from gazette.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from gazette.content.v1.content_service_pb2_grpc import ContentServiceStub
from gazette.content.v1.document_import_pb2 import ImportDocumentsRequest, ImportOptions
from tests.edge import Edge
from tests.refusals import refused
from tests.service import Service

MIB = 1024 * 1024
PREFACE, SETTINGS = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", bytes.fromhex("000000040000000000")


@pytest.mark.parametrize(("size", "compression"), [(5, None), (64, None), (64, grpc.Compression.Gzip)])
def test_a_message_that_is_too_large(edge: Edge, size: int, compression: grpc.Compression | None) -> None:
    """A message over 4 MiB is RESOURCE_EXHAUSTED, compressed or not; no worker takes 12 MB for it, and the next is answered
    (D1)."""
    workers = [each for each in psutil.Process(edge.process.pid).children(recursive=True) if "process" in each.cmdline()]
    before = {worker: peak(worker, anew=True) for worker in workers}
    with grpc.insecure_channel(edge.grpc) as channel:
        call: Any = channel.unary_unary("/gazette.delivery.v1.DeliveryService/ListPages")
        with pytest.raises(grpc.RpcError) as refused:
            call(bytes(size * MIB), timeout=20, compression=compression)
        assert refused.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert call(b"", timeout=5)
    assert len(workers) == 2
    assert all(peak(worker) - before[worker] < 12 * MIB for worker in workers)


def peak(process: psutil.Process, *, anew: bool = False) -> int:
    """The most memory, in bytes, that the process ever had at once; or that it has, from which it is counted anew."""
    if anew:
        Path(f"/proc/{process.pid}/clear_refs").write_text("5")
    status = dict(line.split(":", 1) for line in Path(f"/proc/{process.pid}/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0]) * 1024


@pytest.mark.timed
async def test_a_client_that_says_nothing(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client stream on which nothing comes is DEADLINE_EXCEEDED, and nothing of it is kept (D6)."""
    monkeypatch.setattr("server.rpc.admission.concurrency.IDLE_SECONDS", 0.5)
    organisation_id = await service.organisation()
    admin = await service.account(role=Role.ROLE_ADMIN)

    async def silence() -> AsyncIterator[ImportDocumentsRequest]:
        yield ImportDocumentsRequest(options=ImportOptions(organisation_id=organisation_id))
        await asyncio.sleep(60)

    start = time.monotonic()
    stub: Any = ContentServiceStub(service.channel)
    refusal = await refused(stub.ImportDocuments(silence(), metadata=admin.metadata, timeout=20))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.DEADLINE_EXCEEDED, "STREAM_IDLE")
    assert time.monotonic() - start < 5


@pytest.mark.parametrize("said", [b"", PREFACE, PREFACE + SETTINGS], ids=["nothing", "a preface", "settings"])
async def test_connections_without_a_call(service: Service, said: bytes) -> None:
    """A connection to the gRPC port on which nobody calls anything ends, however much was said on it (D6)."""
    host, _, port = service.address.rpartition(":")
    opened = [await asyncio.open_connection(host, int(port)) for _ in range(20)]
    for _, writer in opened:
        writer.write(said)
    async with asyncio.timeout(60):
        for reader, writer in opened:
            while await reader.read(65536):
                pass
            writer.close()
    person = await service.account()
    await AuthServiceStub(service.channel).GetMe(GetMeRequest(), metadata=person.metadata, timeout=20)


async def test_streams_of_a_connection(service: Service) -> None:
    """One connection carries a hundred calls at a time; more wait for their turn, and all are answered (D5)."""
    person = await service.account()
    most = running = 0
    limits = service.app.limits
    stub = AuthServiceStub(service.channel)

    async def watch() -> None:
        nonlocal most
        while running >= 0:
            most = max(most, len(limits.running))
            await asyncio.sleep(0)

    watching = asyncio.create_task(watch())
    calls = [stub.GetMe(GetMeRequest(), metadata=person.metadata, timeout=20) for _ in range(400)]
    answers = await asyncio.gather(*calls, return_exceptions=True)
    running = -1
    await watching
    assert not [answer for answer in answers if isinstance(answer, BaseException)]
    assert 0 < most <= 100
