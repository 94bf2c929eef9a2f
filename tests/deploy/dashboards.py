"""The dashboards' panels, a Prometheus that has watched a server at work, and a picture of each dashboard drawn from that.

There is no Grafana to draw them here: matplotlib does, from what Grafana would ask for.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import yaml

from devstack.ports import free_port
from tests.edge import Edge
from tests.installing import ROOT, debian

DASHBOARDS = sorted((ROOT / "deploy/monitoring/grafana/dashboards").glob("*.json"))
INTERVAL = "15s"
"""What Grafana fills in for $__rate_interval, at four times the interval of the scrapes here and more."""


@contextmanager
def watching(edge: Edge, directory: Path) -> Iterator[httpx.Client]:
    """A client of a Prometheus that looks at the server each second."""
    debian("prometheus")
    port = free_port()
    jobs = [{"job_name": "gazette-server", "static_configs": [{"targets": [edge.metrics.split("/")[2]]}]}]
    (directory / "prometheus.yml").write_text(yaml.safe_dump({"global": {"scrape_interval": "1s"}, "scrape_configs": jobs}))
    command = ["prometheus", f"--config.file={directory}/prometheus.yml", f"--storage.tsdb.path={directory}/data"]
    with ExitStack() as running, open(directory / "prometheus.log", "w") as log:
        process = subprocess.Popen([*command, f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log)
        running.callback(process.wait, 30)
        running.callback(process.terminate)
        client = running.enter_context(httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30))
        deadline = time.monotonic() + 60
        while not is_ready(client):
            assert time.monotonic() < deadline
            time.sleep(0.2)
        yield client


def is_ready(client: httpx.Client) -> bool:
    try:
        return client.get("/-/ready").status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def panels(dashboard: Path) -> list[dict[str, Any]]:
    """The title, the unit and the queries of each panel, with the legend of each query."""
    found: list[dict[str, Any]] = json.loads(dashboard.read_text())["panels"]
    return found


def asked(client: httpx.Client, query: str, start: float, end: float) -> list[dict[str, Any]]:
    """The series of a query, each with its labels and its values. Raises if Prometheus does not understand it."""
    given: dict[str, Any] = {"query": query.replace("$__rate_interval", INTERVAL), "start": start, "end": end, "step": 1}
    answer = client.get("/api/v1/query_range", params=given)
    assert answer.status_code == httpx.codes.OK, (query, answer.text)
    series: list[dict[str, Any]] = answer.json()["data"]["result"]
    return series


def work(edge: Edge, seconds: float) -> None:
    """What readers and editors do, for so long."""
    with closing(edge.client()) as reader, closing(edge.client("admin@example.gov")) as admin:
        paths = [page["path"] for page in reader.get("/v1/pages").json()["pages"]]
        end, number = time.monotonic() + seconds, 0
        while time.monotonic() < end:
            number += 1
            reader.get(f"/v1/pages{paths[number % len(paths)]}")
            reader.get(f"/v1/pages/absent-{number}")
            if number % 20 == 0:
                admin.get("/v1/documents?pageSize=20")
                reader.post("/v1/auth/login", json={"email": "nobody@example.gov", "password": "not this one, no"})
            time.sleep(0.005)


def sample(edge: Edge, directory: Path, seconds: float) -> dict[str, list[dict[str, Any]]]:
    """Of each dashboard its panels, each with the series that its queries found while the server was at work."""
    with watching(edge, directory) as client:
        start = time.time()
        work(edge, seconds)
        end = time.time()
        result: dict[str, list[dict[str, Any]]] = {}
        for dashboard in DASHBOARDS:
            result[dashboard.stem] = [
                {
                    "title": panel["title"],
                    "unit": panel.get("fieldConfig", {}).get("defaults", {}).get("unit", "short"),
                    "targets": [
                        {
                            "legend": each["legendFormat"],
                            "series": asked(client, each["expr"], start, end),
                        }
                        for each in panel["targets"]
                    ],
                }
                for panel in panels(dashboard)
            ]
    return result
