"""The collector's and Loki's configurations: their parts fit each other, what the server writes, and what the runbooks ask."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from tests.deploy import manifests
from tests.deploy.manifests import containers, pod_spec
from tests.installing import ROOT
from tests.test_settings import GOOD

MONITORING = ROOT / "deploy" / "monitoring"
COLLECTOR: dict[str, Any] = yaml.safe_load((MONITORING / "otel" / "collector.yml").read_text())
LOKI: dict[str, Any] = yaml.safe_load((MONITORING / "loki" / "loki.yml").read_text())
FILES, PODS = (COLLECTOR["receivers"][f"filelog/{name}"] for name in ("files", "pods"))
PARTS = ("receivers", "processors", "exporters")
NOT_OURS = {"postgresql"}
"""A job whose logs somebody else brings to Loki."""
LEVELS = {"debug", "info", "warning", "error", "critical"}
SEVERITIES = {"trace", "debug", "info", "warn", "warning", "error", "err", "fatal"}
"""What the collector takes for a severity by itself."""


@pytest.mark.parametrize("part", PARTS)
def test_pipelines(part: str) -> None:
    """What a pipeline names is there, what is there is in a pipeline, and memory is bounded before anything else is done."""
    pipelines = COLLECTOR["service"]["pipelines"].values()
    assert {name for each in pipelines for name in each[part]} == set(COLLECTOR[part])
    assert all((each["processors"][0], each["processors"][-1]) == ("memory_limiter", "batch") for each in pipelines)


def test_addresses() -> None:
    """The servers send traces to the port that the collector listens on, and it sends logs to the one of Loki."""
    listening = urlsplit(f"//{COLLECTOR['receivers']['otlp']['protocols']['grpc']['endpoint']}").port
    files = [*(ROOT / "deploy").rglob("configuration.env"), ROOT / "deploy/helm/gazette/values.yaml"]
    texts = [file.read_text() for file in files]
    endpoints = [
        found for text in texts for found in re.findall(r"^ *OTEL_EXPORTER_OTLP_ENDPOINT[=:] *(\S+)$", text, re.MULTILINE)
    ]
    assert endpoints
    assert {urlsplit(each).port for each in endpoints} == {listening}
    loki = urlsplit(COLLECTOR["exporters"]["otlphttp/loki"]["endpoint"])
    assert (loki.port, loki.path) == (LOKI["server"]["http_listen_port"], "/otlp")


def test_lines() -> None:
    """A line that the server writes is parsed: it is found to be one, and its time and level are where they are looked for."""
    code = f"""
import structlog
from server import settings
from server.process import telemetry
telemetry.configure(settings.load({GOOD!r}))
structlog.get_logger("server").critical("something", method="x")
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    (line,) = done.stdout.splitlines()
    parser = FILES["operators"][0]
    assert PODS["operators"][-1] == parser
    (pattern,) = re.findall(r'^body matches "(.*)"$', parser["if"])
    pattern = pattern.replace('\\"', '"')
    assert re.search(pattern, line)
    assert not re.search(pattern, '{"time":"2026-11-29T10:00:04.000Z","status":503}'), "Envoy's have no such time"
    fields = json.loads(line)
    timestamp, severity = (parser[each]["parse_from"].removeprefix("attributes.") for each in ("timestamp", "severity"))
    datetime.strptime(fields[timestamp], "%Y-%m-%dT%H:%M:%S.%fZ")  # noqa: DTZ007 - whether it can be read
    assert fields[severity] in LEVELS
    assert {*parser["severity"]["mapping"].values()} | SEVERITIES >= LEVELS
    assert FILES["include"][0].rpartition("/")[2] in (ROOT / "server/process/telemetry.py").read_text()


def test_jobs() -> None:
    """Loki knows the label by which the runbooks ask, and each job that they name is a container whose lines are read."""
    attributes = LOKI["limits_config"]["otlp_config"]["resource_attributes"]["attributes_config"]
    assert attributes == [{"action": "index_label", "attributes": ["job"]}]
    takes_off, names, _ = PODS["operators"]
    assert takes_off == {"type": "container"}
    assert PODS["include_file_path"] is True
    assert names == {"type": "add", "field": "resource.job", "value": 'EXPR("gazette-" + resource["k8s.container.name"])'}
    found = [*manifests.base(), *manifests.objects((manifests.KUBERNETES / manifests.ARCHIVE / "archive.yaml").read_text())]
    pods = [spec for each in found if (spec := pod_spec(each))]
    jobs = {f"gazette-{each['name']}" for pod in pods for each in containers(pod)}
    assert FILES["resource"]["job"] in jobs
    texts = [file.read_text() for file in (ROOT / "docs" / "runbooks").glob("*.md")]
    asked = {job for text in texts for query in re.findall(r"```logql\n(.*?)```", text, re.DOTALL) for job in job_names(query)}
    assert len(asked) > 3
    assert asked - NOT_OURS <= jobs


def job_names(query: str) -> list[str]:
    return re.findall(r'\{[^}]*job="([^"]+)"', query)
