"""grpc.health.v1: readiness for "" and each service, and `liveness`.

While the database is away only DeliveryService is SERVING, since cached pages still are; Envoy asks for that one. While the
process drains nothing is.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Any

import structlog
from grpc_health.v1 import health_pb2
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

from server.background.jobs import Job
from server.rpc.call import Call
from server.rpc.failures import NotFound

log = structlog.get_logger(__name__)

READINESS = ""
LIVENESS = "liveness"
INTERVAL = 1.0  # seconds
SERVING, NOT_SERVING = HealthCheckResponse.SERVING, HealthCheckResponse.NOT_SERVING
SERVICE_UNKNOWN = HealthCheckResponse.SERVICE_UNKNOWN


class UnknownService(NotFound):
    """No service of this name is served here."""

    reason = "SERVICE_UNKNOWN"
    message = "There is no service of this name."


class Health:
    """Keeps true how each service is, and tells. `is_up` tells whether the database answers."""

    def __init__(self, services: Iterable[str], independent: Iterable[str], is_up: Callable[[], Awaitable[bool]]) -> None:
        self.dependent = [READINESS, *(name for name in services if name not in set(independent))]
        self.independent = list(independent)
        self.is_up = is_up
        self.is_ready = False
        self.is_draining = False
        self.statuses: dict[str, int] = {}
        self.changed = asyncio.Event()
        """Is set when a status changes, and another takes its place."""
        self.job = Job("health", self.refresh, seconds=INTERVAL)

    async def Check(self, request: HealthCheckRequest, call: Call) -> HealthCheckResponse:
        status = self.statuses.get(request.service)
        if status is None:
            raise UnknownService
        return HealthCheckResponse(status=status)

    async def List(self, request: Any, call: Call) -> Any:
        """Its messages are newer than the stubs of their types."""
        statuses = {name: HealthCheckResponse(status=status) for name, status in self.statuses.items()}
        kind: Any = vars(health_pb2)["HealthListResponse"]
        return kind(statuses=statuses)

    async def Watch(self, request: HealthCheckRequest, call: Call) -> AsyncIterator[HealthCheckResponse]:
        told = None
        while True:
            changed = self.changed
            status = self.statuses.get(request.service, SERVICE_UNKNOWN)
            if status != told:
                yield HealthCheckResponse(status=status)
                told = status
            await changed.wait()

    async def start(self) -> None:
        self.set(SERVING, LIVENESS, *self.independent)
        self.set(NOT_SERVING, *self.dependent)
        await self.refresh()
        self.job.start()

    async def refresh(self) -> None:
        is_up = await self.is_up()
        if self.is_draining:
            return
        if is_up != self.is_ready:
            log.info("ready" if is_up else "not ready: the database does not answer")
            self.set(SERVING if is_up else NOT_SERVING, *self.dependent)
        self.is_ready = is_up

    async def drain(self) -> None:
        """Says NOT_SERVING to everyone from now on."""
        self.is_draining = True
        self.is_ready = False
        self.set(NOT_SERVING, *self.statuses)

    async def stop(self) -> None:
        await self.job.stop()

    def set(self, status: int, *services: str) -> None:
        self.statuses.update(dict.fromkeys(services, status))
        changed, self.changed = self.changed, asyncio.Event()
        changed.set()
