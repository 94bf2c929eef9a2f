"""A service that misbehaves, behind the interceptors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import grpc

from gazette.record.v1 import record_service_pb2 as rpc
from server.background.jobs import Job
from server.background.processes import Processes
from server.process import telemetry
from server.process.health import Health
from server.process.judging import judging
from server.rpc import failures, translating
from server.rpc.admission import arriving, concurrency
from server.rpc.admission.arriving import Arrivals
from server.rpc.admission.concurrency import Limits
from server.rpc.methods import HEALTH, service_descriptor
from server.rpc.registry import Registry
from server.rpc.requests.parsing import Parsing

SECRET = "postgresql://gazette:very-secret@db.internal/gazette"
LIST = "/gazette.record.v1.RecordService/ListRecordEntries"
UNARY = (LIST, "/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/Watch")
"""A method of ours, and two of a service that is not ours."""


class Misbehaving:
    """GetRecordEntry does what its number says."""

    begun = cancelled = 0

    async def GetRecordEntry(self, request: rpc.GetRecordEntryRequest, call: Any) -> rpc.GetRecordEntryResponse:
        self.begun += 1
        match request.number:
            case 1:
                raise RuntimeError(SECRET)
            case 2:
                raise asyncio.CancelledError
            case 3:
                try:
                    await asyncio.sleep(60)
                except asyncio.CancelledError:
                    self.cancelled += 1
                    raise
            case 4:
                raise TimeoutError(SECRET)
            case 5:
                raise failures.ResourceExhausted(retry_after=3.0)
            case 6:
                with suppress(asyncio.CancelledError):
                    await asyncio.sleep(60)
                await asyncio.sleep(60)
            case 7:
                call.allowance = 60.0
                await asyncio.sleep(0.5)
        return rpc.GetRecordEntryResponse()

    async def ListRecordEntries(self, request: rpc.ListRecordEntriesRequest, call: Any) -> rpc.ListRecordEntriesResponse:
        return rpc.ListRecordEntriesResponse()


async def answers() -> bool:
    """As the database does."""
    return True


@asynccontextmanager
async def serving(*, most_calls: int = 100, call_seconds: float = 5.0) -> AsyncIterator[tuple[Misbehaving, grpc.aio.Channel]]:
    """The service behind all interceptors that need no domain."""
    limits = Limits(most_calls, call_seconds)
    arrivals, processes = Arrivals(), Processes()
    chain = [
        telemetry.observing(1.0),
        translating.translating,
        arrivals.intercept,
        limits.intercept,
        Parsing(judging(processes)).intercept,
    ]
    registry = Registry(chain, frozenset(), limits)
    servicer = Misbehaving()
    registry.serve(rpc.DESCRIPTOR.services_by_name["RecordService"], servicer)
    registry.serve(service_descriptor(HEALTH), Health((), (), answers))
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((registry,))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    jobs = (
        Job("deadlines", limits.end_late, seconds=concurrency.SWEEP_SECONDS),
        Job("arrivals", arrivals.end_late, seconds=arriving.SWEEP_SECONDS),
    )
    for job in jobs:
        job.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield servicer, channel
    for job in jobs:
        await job.stop()
    await server.stop(0)
    await processes.close()
