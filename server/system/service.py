"""SystemService: how the service itself is doing."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.metadata import version

import psutil
from google.protobuf.duration_pb2 import Duration

from gazette.system.v1 import system_service_pb2 as rpc
from server.rpc.call import Call
from server.rpc.messages import message, timestamp
from server.system import failures, rules
from server.system.probe import Probe


@dataclass(frozen=True)
class SystemService:
    """Asks the probe."""

    probe: Probe
    is_ready: Callable[[], bool]
    """Whether the process can do its work, as the health service knows."""
    start: float = field(default_factory=time.monotonic)
    start_time: datetime = field(default_factory=lambda: datetime.now(UTC))

    async def GetHealth(self, request: rpc.GetHealthRequest, call: Call) -> rpc.GetHealthResponse:
        findings = await self.probe.ask()
        status = rules.overall(findings)
        if not self.is_ready() or status == rules.UNHEALTHY:
            raise failures.NotReady
        return rpc.GetHealthResponse(status=status)

    async def GetDetailedHealth(self, request: rpc.GetDetailedHealthRequest, call: Call) -> rpc.GetDetailedHealthResponse:
        findings = await self.probe.ask()
        return rpc.GetDetailedHealthResponse(
            status=rules.overall(findings) if self.is_ready() else rules.UNHEALTHY,
            components=[
                message(rpc.ComponentHealth, finding, message=finding.problem, latency=duration(finding.seconds))
                for finding in findings
            ],
            version=version("gazette-server"),
            start_time=timestamp(self.start_time),
            uptime=duration(time.monotonic() - self.start),
            memory_bytes=psutil.Process().memory_info().rss,
        )


def duration(seconds: float) -> Duration:
    result = Duration()
    result.FromTimedelta(timedelta(seconds=seconds))
    return result
