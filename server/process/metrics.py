"""The port that Prometheus asks: the metrics of all workers added up, and what the supervisor knows of them and of itself."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import structlog
from cryptography import x509
from prometheus_client import CollectorRegistry, Counter, Gauge, multiprocess, start_http_server
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from server.settings import Settings

log = structlog.get_logger(__name__)

IN_MEMORY = Path("/dev/shm")  # noqa: S108  the folder in it is its owner's alone  # nosec B108
ENOUGH = 32 << 20
"""Bytes: a worker's metrics take about two megabytes."""
CAUSES = ("ended", "failed", "killed", "cannot_start")
"""Why a worker had to be started again."""


@contextmanager
def folder() -> Iterator[Path]:
    """Where the workers keep their metrics, in files that they map: in memory, if there is room. Of a file on a disk a page
    cannot be written while the file system brings something to that disk, and to count a call took 100 ms beside uploads."""
    with tempfile.TemporaryDirectory(prefix="gazette-metrics-", dir=in_memory()) as directory:
        yield Path(directory)


def in_memory() -> Path | None:
    try:
        has_room = shutil.disk_usage(IN_MEMORY).free >= ENOUGH and os.access(IN_MEMORY, os.W_OK | os.X_OK)
    except OSError:
        has_room = False
    return IN_MEMORY if has_room else None


class Certificate(Collector):
    """When the certificate of the gRPC port ends. It is read anew each time: one that was replaced counts at once."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def collect(self) -> Iterator[Metric]:
        metric = GaugeMetricFamily(
            "gazette_certificate_expiry_timestamp_seconds", "When the certificate of the gRPC port ends."
        )
        try:
            certificates = x509.load_pem_x509_certificates(self.path.read_bytes())
            metric.add_metric([], min(each.not_valid_after_utc.timestamp() for each in certificates))
        except (OSError, ValueError):
            log.warning("the certificate could not be read for the metrics")
        yield metric


class Metrics:
    """What one supervisor exports. Port 0: nobody is told."""

    def __init__(self, settings: Settings, directory: Path) -> None:
        self.registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(self.registry, path=str(directory))  # type: ignore[no-untyped-call]
        restarts = Counter(
            "gazette_worker_restarts_total", "Workers that had to be replaced, by why.", ["cause"], registry=self.registry
        )
        self.restarts = {cause: restarts.labels(cause) for cause in CAUSES}
        self.workers = Gauge("gazette_workers", "Workers that run.", registry=self.registry)
        Gauge("gazette_workers_wanted", "Workers that should run.", registry=self.registry).set(settings.workers)
        built = Gauge("gazette_build_info", "1, with what runs.", ["version", "revision"], registry=self.registry)
        built.labels(version("gazette-server"), settings.revision or "unknown").set(1)
        if settings.tls_certificate_file is not None:
            self.registry.register(Certificate(settings.tls_certificate_file))

    def ended(self, code: int, *, can_start: bool) -> None:
        """Counts a worker that has ended, and is replaced."""
        cause = "cannot_start" if not can_start else "ended" if code == 0 else "killed" if code < 0 else "failed"
        self.restarts[cause].inc()

    def serve(self, host: str, port: int) -> None:
        """Answers on the port, from a thread."""
        if port:
            start_http_server(port, host, self.registry)
