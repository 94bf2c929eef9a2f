"""Rules, routes and runbooks: they load, fire when they should, name only metrics that exist, and each alert has its page."""

from __future__ import annotations

import json
import re
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from devstack.ports import free_port
from tests.edge import Edge
from tests.installing import ROOT, debian
from tests.polling import wait_until
from tests.receiving import receiving
from tools.prometheus_rule import texts

MONITORING = ROOT / "deploy" / "monitoring"
PROMETHEUS = MONITORING / "prometheus"
RULES = sorted((PROMETHEUS / "rules").glob("*.yml"))
ALERTS = [
    rule for file in RULES for group in yaml.safe_load(file.read_text())["groups"] for rule in group["rules"] if "alert" in rule
]
RUNBOOKS = ROOT / "docs" / "runbooks"
OTHERS = re.compile(r"^(up|(node|kube|kubelet|pg|envoy)_\w+)$")
"""Metrics of Envoy, of Prometheus itself and of exporters."""
NO_METRICS = {"gazette_owner", "gazette_backup", "gazette_wal"}
"""Roles and a folder, which runbooks name."""
MADE = re.compile(r'(?:Counter|Gauge|Histogram|GaugeMetricFamily)\(\s*"(gazette_[a-z_]+)"')


def kebab(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()


def exported() -> set[str]:
    """The names in the source."""
    source = "".join(file.read_text() for file in (ROOT / "server").rglob("*.py"))
    return {name if name != "gazette_mails" else "gazette_mails_total" for name in MADE.findall(source)}


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: str(alert["alert"]))
def test_alert(alert: dict[str, Any]) -> None:
    """An alert says how bad it is, what it is, and where its runbook is, which exists."""
    assert alert["labels"]["severity"] in {"page", "ticket"}
    assert set(alert["annotations"]) == {"summary", "description", "runbook_url"}
    name = kebab(alert["alert"])
    assert alert["annotations"]["runbook_url"] == f"https://docs.example.gov/gazette/runbooks/{name}"
    text = (RUNBOOKS / f"{name}.md").read_text()
    assert [*re.findall(r"^## (.*)$", text, re.MULTILINE)] == [
        "What it means", "Impact", "How to confirm", "What to do", "How to prevent it",
    ]  # fmt: skip


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: str(alert["alert"]))
def test_is_tested(alert: dict[str, Any]) -> None:
    """For each alert there is an input that fires it and one that does not."""
    tests = [each for file in (PROMETHEUS / "tests").glob("*.yml") for each in yaml.safe_load(file.read_text())["tests"]]
    expected = [
        bool(rule["exp_alerts"]) for each in tests for rule in each["alert_rule_test"] if rule["alertname"] == alert["alert"]
    ]
    assert sorted(expected) == [False, True]


def test_metrics_exist() -> None:
    """Every metric that a rule or a dashboard names is the server's, Envoy's or an exporter's."""
    texts = [file.read_text() for file in [*RULES, *(MONITORING / "grafana").rglob("*.json"), *RUNBOOKS.glob("*.md")]]
    named = {re.sub(r"_(bucket|count|sum)$", "", name) for text in texts for name in re.findall(r"\bgazette_[a-z_]+", text)}
    assert named - exported() - NO_METRICS == set()


def test_looked_at_or_listed() -> None:
    """Every metric is in some rule, alert or panel, or among those that docs/observability.md says nobody looks at, with why;
    what is looked at is not among those."""
    looking = "".join(file.read_text() for file in [*RULES, *(MONITORING / "grafana").rglob("*.json")])
    named = {re.sub(r"_(bucket|count|sum)$", "", name) for name in re.findall(r"\bgazette_[a-z_]+", looking)}
    page = (ROOT / "docs" / "observability.md").read_text()
    section = page.partition("### Looked at by nobody\n")[2].partition("\n## ")[0]
    listed = dict(re.findall(r"^\| `(gazette_[a-z_]+)` \| (.+) \|$", section, re.MULTILINE))
    assert set(listed) == exported() - named
    assert len(set(listed.values())) == len(listed)


def test_every_metric_is_explained() -> None:
    """docs/observability.md has each metric that is exported, and no other."""
    text = (ROOT / "docs" / "observability.md").read_text().partition("## Metrics\n")[2].partition("###")[0]
    assert set(re.findall(r"^\| `(gazette_[a-z_]+)", text, re.MULTILINE)) == exported()


@pytest.mark.deploy
def test_configurations_load() -> None:
    """Prometheus and Alertmanager take what is here."""
    debian("prometheus", "prometheus-alertmanager")
    for command in (
        ["promtool", "check", "config", str(PROMETHEUS / "prometheus.yml")],
        ["promtool", "check", "rules", *map(str, RULES)],
        ["amtool", "check-config", str(MONITORING / "alertmanager" / "alertmanager.yml")],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.deploy
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(each.name, marks=[pytest.mark.heavy] if "objectives" in each.name else [])
        for each in sorted((PROMETHEUS / "tests").glob("*.yml"))
    ],
)
def test_rules(name: str) -> None:
    """The alerts fire, and do not, as their tests say."""
    debian("prometheus")
    command = ["promtool", "test", "rules", str(PROMETHEUS / "tests" / name)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=170)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.deploy
@pytest.mark.heavy
def test_an_alert_arrives(edge: Edge, tmp_path: Path) -> None:
    """A real Prometheus scrapes a real server, and the rule of a worker that is not there comes to a webhook by way of a real
    Alertmanager; that of the server, which is there, is quiet."""
    debian("prometheus", "prometheus-alertmanager")
    ports = {name: free_port() for name in ("prometheus", "alertmanager")}
    configuration = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())
    configuration["global"] |= {"scrape_interval": "1s", "evaluation_interval": "1s"}
    configuration["rule_files"] = [str(tmp_path / "rules.yml")]
    configuration["alerting"]["alertmanagers"][0]["static_configs"] = [{"targets": [f"127.0.0.1:{ports['alertmanager']}"]}]
    jobs = {each["job_name"]: each for each in configuration["scrape_configs"]}
    jobs["gazette-server"]["static_configs"] = [{"targets": [edge.metrics.split("/")[2]]}]
    jobs["gazette-worker"]["static_configs"] = [{"targets": [f"127.0.0.1:{free_port()}"]}]
    configuration["scrape_configs"] = [jobs["gazette-server"], jobs["gazette-worker"]]
    rules = [{**alert, "for": "5s"} for alert in ALERTS if alert["alert"] in {"ServerDown", "WorkerDown"}]
    (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "down", "rules": rules}]}))
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(configuration))
    route = {"receiver": "hook", "group_wait": "1s", "group_interval": "1s"}
    with ExitStack() as running:
        port, came = running.enter_context(receiving())
        hook = {"name": "hook", "webhook_configs": [{"url": f"http://127.0.0.1:{port}/"}]}
        (tmp_path / "alertmanager.yml").write_text(yaml.safe_dump({"route": route, "receivers": [hook]}))
        start(
            running, tmp_path, "prometheus", f"--config.file={tmp_path}/prometheus.yml", f"--storage.tsdb.path={tmp_path}/data",
            f"--web.listen-address=127.0.0.1:{ports['prometheus']}",
        )  # fmt: skip
        start(
            running, tmp_path, "prometheus-alertmanager", f"--config.file={tmp_path}/alertmanager.yml",
            f"--storage.path={tmp_path}/alerts",
            f"--web.listen-address=127.0.0.1:{ports['alertmanager']}", "--cluster.listen-address=",
        )  # fmt: skip
        wait_until(lambda: "WorkerDown" in names_of(came), 60)
        asking = f"http://127.0.0.1:{ports['prometheus']}/api/v1/query"
        wait_until(lambda: answers(asking, "sum(gazette_workers)") == ["2"])
        firing = 'ALERTS{alertname="ServerDown",alertstate="firing"}'
        assert wait_until(lambda: answers(asking, "up{job='gazette-server'}") == ["1"] and answers(asking, firing) == [])


def names_of(messages: list[bytes]) -> set[str]:
    """Of the alerts in what Alertmanager posts."""
    return {alert["labels"]["alertname"] for message in messages for alert in json.loads(message)["alerts"]}


def answers(url: str, query: str) -> list[str]:
    """The values that Prometheus finds."""
    found = httpx.get(url, params={"query": query}, timeout=5).json()["data"]["result"]
    return [each["value"][1] for each in found]


def start(running: ExitStack, directory: Path, *command: str) -> None:
    log = running.enter_context((directory / f"{command[0]}.log").open("w"))
    process = subprocess.Popen(command, stdout=log, stderr=log)
    running.callback(process.wait, 20)
    running.callback(process.terminate)
    time.sleep(0.5)
    assert process.poll() is None, command


def test_rules_for_the_operator() -> None:
    """kustomize and the chart have the very rules that are tested here; mend them with python -m tools.prometheus_rule."""
    assert {path: path.read_text() for path in texts()} == texts()
