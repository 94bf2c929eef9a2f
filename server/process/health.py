"""grpc.health.v1: readiness for "" and each service, and `liveness`.

While the database is away only DeliveryService is SERVING, since cached pages still are; Envoy asks for that one. While the
process drains nothing is.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

import structlog
from grpc_health.v1 import health
from grpc_health.v1.health_pb2 import HealthCheckResponse

from server.background.jobs import Job

log = structlog.get_logger(__name__)

READINESS = ""
LIVENESS = "liveness"
INTERVAL = 1.0  # seconds
SERVING, NOT_SERVING = HealthCheckResponse.SERVING, HealthCheckResponse.NOT_SERVING


class Health:
    """Keeps the health servicer true. `is_up` tells whether the database answers."""

    def __init__(self, services: Iterable[str], independent: Iterable[str], is_up: Callable[[], Awaitable[bool]]) -> None:
        self.servicer = health.aio.HealthServicer()
        self.dependent = [READINESS, *(name for name in services if name not in set(independent))]
        self.independent = list(independent)
        self.is_up = is_up
        self.is_ready = False
        self.is_draining = False
        self.job = Job("health", self.refresh, seconds=INTERVAL)

    async def start(self) -> None:
        await self.set(SERVING, LIVENESS, *self.independent)
        await self.set(NOT_SERVING, *self.dependent)
        await self.refresh()
        self.job.start()

    async def refresh(self) -> None:
        is_up = await self.is_up()
        if is_up != self.is_ready and not self.is_draining:
            log.info("ready" if is_up else "not ready: the database does not answer")
            await self.set(SERVING if is_up else NOT_SERVING, *self.dependent)
        self.is_ready = is_up and not self.is_draining

    async def drain(self) -> None:
        """Says NOT_SERVING to everyone from now on."""
        self.is_draining = True
        self.is_ready = False
        await self.servicer.enter_graceful_shutdown()

    async def stop(self) -> None:
        await self.job.stop()

    async def set(self, status: int, *services: str) -> None:
        for service in services:
            await self.servicer.set(service, status)
