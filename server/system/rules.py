"""What the health of the parts means for the whole."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gazette.system.v1.system_service_pb2 import HealthStatus

HEALTHY, DEGRADED, UNHEALTHY = (
    HealthStatus.HEALTH_STATUS_HEALTHY,
    HealthStatus.HEALTH_STATUS_DEGRADED,
    HealthStatus.HEALTH_STATUS_UNHEALTHY,
)
VITAL = frozenset({"database"})


@dataclass(frozen=True, slots=True)
class Finding:
    """What a probe found out about one component."""

    name: str
    seconds: float
    """How long the component took to answer."""
    problem: str = ""
    """What is wrong, in words that betray no address and no credential."""

    @property
    def status(self) -> HealthStatus.ValueType:
        return HEALTHY if not self.problem else UNHEALTHY if self.name in VITAL else DEGRADED


def overall(findings: Iterable[Finding]) -> HealthStatus.ValueType:
    """The worst of them."""
    return max((finding.status for finding in findings), default=HEALTHY)
