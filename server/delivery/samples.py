"""What is looked at of the caches and of the record as this process knows it, for the metrics."""

from __future__ import annotations

from dataclasses import dataclass

from prometheus_client import Gauge

from server.delivery.changes import Changes
from server.delivery.pages import cache

BYTES = Gauge("gazette_page_cache_bytes", "Memory of the pages that are held.", multiprocess_mode="livesum")
LIMIT = Gauge("gazette_page_cache_limit_bytes", "How much memory pages may take.", multiprocess_mode="livesum")
ENTRIES = Gauge(
    "gazette_page_cache_entries",
    "Paths that are held, by what they serve: page or nothing.",
    ["kind"],
    multiprocess_mode="livesum",
)
HEAD = Gauge(
    "gazette_record_head", "The newest entry of the record that any process has heard of.", multiprocess_mode="livemax"
)
SLOWEST = Gauge(
    "gazette_record_head_slowest", "The entry up to which the slowest process has missed nothing.", multiprocess_mode="livemin"
)
UNTOLD = Gauge(
    "gazette_shared_cache_untold", "Changes that Redis was not told yet; it is not read meanwhile.", multiprocess_mode="livesum"
)


@dataclass
class Sample:
    """Looks at what delivery holds."""

    changes: Changes

    def __post_init__(self) -> None:
        LIMIT.set(self.changes.page_cache.max_bytes)
        self.pages, self.absent = ENTRIES.labels("page"), ENTRIES.labels("nothing")

    def __call__(self) -> None:
        held = self.changes.page_cache
        hits, held.hits = held.hits, 0
        cache.found_in_memory(hits)
        BYTES.set(held.bytes_held)
        self.pages.set(len(held.entries))
        self.absent.set(len(held.absent))
        HEAD.set(self.changes.head)
        SLOWEST.set(self.changes.whole)
        UNTOLD.set(len(self.changes.marks))
