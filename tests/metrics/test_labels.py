"""No label has more values than are known beforehand: accounts, addresses, paths and texts are never among them."""

from __future__ import annotations

import os
import re
import signal
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import grpc
import httpx
import psutil
import pytest
from google.protobuf import descriptor_pool

import server
from devstack.home import Home
from server.auth.guessing import throttle
from server.content.merging import merging
from server.content.publish_checks import checking
from server.content.publishing import publisher
from server.content.refreshing import running as refreshing
from server.content.schedules import running
from server.delivery.pages import cache
from server.files.failures import Rejected
from server.files.renditions import making
from server.formats.types import PARSED
from server.process import metrics, sampling
from server.rpc.methods import HEALTH, REFLECTION
from server.stores.metering import KINDS, POOLS
from tests.edge import Edge
from tests.metrics.scraping import Scraper
from tests.polling import wait_until

CODES = {code.name for code in grpc.StatusCode}
JOBS = {
    "deadlines", "arrivals", "rights of streams", "metrics", "rates", "clearing away", "mail", "audit sealing", "listener",
    "shared cache", "bootstrap key", "password resets", "health", "files of pages", "sweep of uploads",
    "removal of unused files", "backup successes", "schedules", "publications by force",
    "review dates", "refreshes", "references", "examination of files", "expiry of uploads", "completion of uploads",
    "sweep of files", "removal of deleted files", "cache purges",
}  # fmt: skip
ALLOWED: dict[str, set[str]] = {
    "code": CODES,
    "by": {"account", "address", "notice", "reading", "refusal"},
    "pool": set(POOLS),
    "store": set(KINDS),
    "layer": {layer for layer, _ in cache.found},
    "result": {"hit", "miss"},
    "budget": set(throttle.throttled),
    "cause": set(metrics.CAUSES),
    "state": {"in_use", "idle"},
    "reason": {each.reason for each in Rejected.__subclasses__()},
}
OUTCOMES = {
    "gazette_publications_total": set(publisher.ended),
    "gazette_merges_total": set(merging.ended),
    "gazette_job_runs_total": {"done", "put_off", "failed"},
    "gazette_sign_ins_total": {"signed_in", "refused", "code_wanted", "throttled", "busy", "unavailable", "failed"},
    "gazette_mails_total": {"sent", "failed", "given_up", "dropped"},
    "gazette_schedule_runs_total": set(running.ended),
    "gazette_publish_checks_total": set(checking.counted),
    "gazette_refreshes_total": set(refreshing.ended),
    "gazette_files_inspected_total": {"sound", "malformed", "too costly", "unavailable"},
    "gazette_file_scans_total": {"clean", "infected", "away", "too_long"},
    "gazette_renditions_total": set(making.ended),
    "gazette_cache_purges_total": {"sent", "failed"},
}
KINDS_OF = {
    "gazette_store_errors_total": {kind for kinds in KINDS.values() for kind in kinds},
    "gazette_calls_in_progress": set(sampling.KINDS),
    "gazette_calls_limit": set(sampling.KINDS),
    "gazette_page_cache_entries": {"page", "nothing"},
    "gazette_mails_total": {file.stem for file in Path(server.__file__).parent.rglob("templates/*.txt")},
}


def is_method(path: str) -> bool:
    service, _, name = path.removeprefix("/").partition("/")
    found = descriptor_pool.Default().FindServiceByName(service)
    return name in found.methods_by_name and (service.startswith("gazette.") or service in {HEALTH, REFLECTION})


@pytest.fixture(scope="module")
def scraper(edge: Edge) -> Scraper:
    """Two workers that have been called in many ways, with texts of their callers."""
    with closing(edge.client("editor@example.gov")) as client:
        for path in ("/v1/pages/nothing-here", "/v1/pages/guidance/moor-a-boat", "/v1/auth/me", "/v1/documents?pageSize=1"):
            client.get(path)
        client.post("/v1/auth/login", json={"email": "somebody@example.gov", "password": "wrong-wrong-wrong"})
    with grpc.insecure_channel(edge.grpc) as channel, suppress(grpc.RpcError):
        unknown: Any = channel.unary_unary("/gazette.delivery.v1.DeliveryService/NoSuchMethod")
        unknown(b"", timeout=5)
    return Scraper(edge.metrics)


def test_values_are_known_beforehand(scraper: Scraper) -> None:
    """Each label of each metric has values of a set that is written down."""
    unknown = []
    for name, labels in scraper.all():
        for label, value in labels:
            if label == "le" or (label == "method" and is_method(value)):
                continue
            if label == "job_name":
                allowed = JOBS
            elif label == "outcome":
                allowed = OUTCOMES[name]
            elif label == "kind":
                allowed = KINDS_OF.get(name, set())
            elif label == "type":
                allowed = set(PARSED)
            elif name == "gazette_build_info":
                allowed = {value} if re.fullmatch(r"[\w.+-]{1,64}", value) else set()
            else:
                allowed = ALLOWED.get(label, set())
            if value not in allowed:
                unknown.append((name, label, value))
    assert unknown == []


def test_names_follow_conventions(scraper: Scraper) -> None:
    """Every metric is ours, in base units, and counters end in _total."""
    text = httpx.get(scraper.url, timeout=5).text
    types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE))
    assert len(types) > 30
    for name, kind in types.items():
        assert name.startswith("gazette_")
        assert (kind == "counter") == name.endswith("_total"), name
        assert not re.search(r"milli|micro|_ms$|_kb$|minutes", name)


def test_of_both_workers(edge: Edge, scraper: Scraper) -> None:
    """What each worker has is in one sum: both workers' pools, and each of their limits."""
    assert wait_until(lambda: scraper.value("gazette_workers") == 2)
    assert scraper.value("gazette_workers_wanted") == 2
    assert wait_until(lambda: scraper.value("gazette_calls_limit", kind="reads") == 500)
    assert scraper.value("gazette_build_info") == 1


def test_a_worker_that_is_replaced(edge: Edge, scraper: Scraper) -> None:
    """A worker that is killed counts as a restart, and what it had goes from the sums with it."""
    before = scraper.value("gazette_worker_restarts_total", cause="killed")
    workers = [
        each
        for each in psutil.Process(edge.process.pid).children(recursive=True)
        if each.cmdline()[-2:] == ["process", "1"] and str(Home.at(edge.home).path) in str(each.environ().get("SOCKET_DIR", ""))
    ]
    os.kill(workers[0].pid, signal.SIGKILL)
    assert wait_until(lambda: scraper.value("gazette_worker_restarts_total", cause="killed") == before + 1)
    assert wait_until(lambda: scraper.value("gazette_calls_limit", kind="reads") == 500)
    assert wait_until(lambda: scraper.value("gazette_workers") == 2)
