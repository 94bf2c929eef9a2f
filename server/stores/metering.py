"""What the stores are measured by: failures by kind, and waits for a connection where none was free.

A connection that is free costs no measurement: what is used and idle is looked at now and then (`server/process/sampling.py`).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import Counter, Histogram

POOLS = ("primary", "replica", "direct", "redis")
KINDS = {
    "postgresql": ("unreachable", "timeout", "read_only", "denied", "overloaded", "stopping", "schema_changed"),
    "redis": ("unreachable", "timeout", "refused"),
    "object_storage": ("unreachable", "timeout", "refused", "failed"),
}
"""Which kinds of failure each store has."""

ERRORS = Counter(
    "gazette_store_errors_total", "Failures of PostgreSQL, Redis and the object storage, by kind.", ["store", "kind"]
)
WAIT = Histogram(
    "gazette_pool_wait_seconds",
    "How long was waited for a connection where none was free; who found a free one is not counted.",
    ["pool"],
    buckets=(0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0),
)

failed = {(store, kind): ERRORS.labels(store, kind).inc for store, kinds in KINDS.items() for kind in kinds}
"""Counts a failure."""
waits = {pool: WAIT.labels(pool).observe for pool in POOLS}


@contextmanager
def waited(pool: str) -> Iterator[None]:
    """Measures the block, whichever way it ends."""
    start = time.perf_counter()
    try:
        yield
    finally:
        waits[pool](time.perf_counter() - start)
