"""What Envoy's renderer can be asked for beside the public port: TLS on it, and a port with Envoy's own figures."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from devstack.ports import free_port
from tests.certificates import Authority
from tests.edge import Edge
from tests.system.test_edge import envoy_for

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
LOOKING = (
    *(DEPLOY / "monitoring").rglob("*.yml"),
    *(DEPLOY / "monitoring").rglob("*.json"),
    *(DEPLOY / "kubernetes/components").rglob("*.yaml"),
    *(DEPLOY / "helm/gazette/templates").glob("*.yaml"),
)
"""Rules, dashboards, and what scales by Envoy's figures."""


UNSET = 2**32 - 1
"""What Envoy says of a certificate that it does not have."""


class Asked(NamedTuple):
    public: str
    metrics: str
    authority: Path


@pytest.fixture(scope="module")
def asked(edge: Edge, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    """Another Envoy before the same workers, with both."""
    directory, authority, metrics = tmp_path_factory.mktemp("options"), Authority("Tests"), f"127.0.0.1:{free_port()}"
    key, certificate = authority.issue("localhost")
    paths = {name: directory / f"{name}.pem" for name in ("key", "certificate", "authority")}
    for name, content in {"key": key, "certificate": certificate, "authority": authority.certificate}.items():
        paths[name].write_bytes(content)
    tls = (str(paths["certificate"]), str(paths["key"]))
    with envoy_for(edge, directory, tls=tls, metrics=metrics) as public:
        yield Asked(public, f"http://{metrics}", paths["authority"])


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_pages_over_tls(asked: Asked) -> None:
    """The public port speaks TLS and HTTP/2, tells browsers to stay with it, and speaks nothing else."""
    trusted = ssl.create_default_context(cafile=str(asked.authority))
    with httpx.Client(base_url=asked.public, verify=trusted, http2=True) as client:
        answer = client.get("/v1/pages/")
        assert (answer.http_version, answer.headers["strict-transport-security"]) == ("HTTP/2", "max-age=31536000")
        assert answer.status_code in {200, 404}
    with pytest.raises(httpx.TransportError):
        httpx.get(asked.public.replace("https:", "http:") + "/health")
    old = ssl.create_default_context(cafile=str(asked.authority))
    old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{asked.public}/health", verify=old)


def test_without_tls_nothing_is_said_of_it(edge: Edge) -> None:
    assert "strict-transport-security" not in httpx.get(f"{edge.http}/health").headers


def test_figures(asked: Asked) -> None:
    """Prometheus and a kubelet get what they ask for; nobody gets what else the admin interface can do."""
    figures = httpx.get(f"{asked.metrics}/stats/prometheus")
    assert "envoy_http_downstream_rq_xx" in figures.text
    assert httpx.get(f"{asked.metrics}/ready").text == "LIVE\n"
    for path in ("/", "/config_dump", "/quitquitquit", "/stats", "/stats/prometheus/", "/ready%2F..%2Fconfig_dump"):
        assert httpx.get(asked.metrics + path).status_code in {400, 404}, path
    for path in ("/quitquitquit", "/healthcheck/fail", "/stats/prometheus", "/ready", "/drain_listeners"):
        assert httpx.post(asked.metrics + path).status_code == 404, path
    assert httpx.get(f"{asked.metrics}/ready").text == "LIVE\n"


def test_names_of_figures(asked: Asked) -> None:
    """Each of Envoy's figures that a rule, a panel or an autoscaler names is exported, with the labels that are asked for."""
    texts = [file.read_text() for file in LOOKING]
    named = {name: set[str]() for text in texts for name in re.findall(r"\benvoy_\w+\b(?!\\?[=!])", text)}
    for name in named:
        for text in texts:
            for labels in re.findall(rf"\b{name}\{{(.*?)\}}", text):
                named[name] |= set(re.findall(r"\b(envoy_\w+)\\*[=!]", labels))
    assert len(named) >= 3
    assert {"envoy_response_code_class", "envoy_http_conn_manager_prefix"} <= named["envoy_http_downstream_rq_xx"]
    with httpx.Client(base_url=asked.public, verify=ssl.create_default_context(cafile=str(asked.authority))) as client:
        client.get("/health")
    text = httpx.get(f"{asked.metrics}/stats/prometheus").text
    samples = [
        (name, dict(re.findall(r'(\w+)="(.*?)"', labels)), float(value))
        for name, labels, value in re.findall(r"^(envoy_\w+)\{(.*)\} (\S+)$", text, re.MULTILINE)
    ]
    for name, labels in named.items():
        assert any(name == each and labels <= set(found) for each, found, _ in samples), name
    (days,) = {value for name, _, value in samples if name == "envoy_server_days_until_first_cert_expiring"}
    assert days < UNSET
    prefixes = {found["envoy_http_conn_manager_prefix"] for name, found, _ in samples if name == "envoy_http_downstream_rq_xx"}
    assert prefixes == {"admin", "metrics", "public"}
