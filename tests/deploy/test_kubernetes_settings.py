"""What the pods are told: settings that exist, and all that they need; and whom they may talk to, by the network's policies."""

from __future__ import annotations

import base64
import itertools
import secrets
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from devstack import binaries
from server import settings
from server.settings import Settings
from tests.deploy import manifests
from tests.deploy.manifests import Object, container, containers, find, plain_name, pod_spec
from tests.deploy.test_kubernetes import SECRET, SOURCES, text_of
from tests.installing import ROOT

pytestmark = pytest.mark.deploy

KNOWN = {name for field in Settings.model_fields for name in settings.names(field)}
NOT_CONFIGURATION = {"DATABASE_URL", "REDIS_URL", "REDIS_PASSWORD", "API_KEY", "SMTP_PASS", "SENTRY_DSN"}
STORES = {"PostgreSQL": 5432, "Redis": 6379, "S3": 443}
SCANNER = 3310


@pytest.fixture(params=SOURCES)
def found(request: pytest.FixtureRequest) -> list[Object]:
    return manifests.objects(text_of(request.param))


def own_containers(found: list[Object]) -> Iterator[tuple[str, Object]]:
    """What runs a command of Gazette's with settings."""
    for item in found:
        for each in containers(pod_spec(item) or {"containers": []}):
            if "envFrom" in each:
                yield plain_name(item), each


def given(found: list[Object], each: Object) -> dict[str, str]:
    """The environment that a container gets, with secrets that are made up."""
    configuration: dict[str, str] = find(found, "ConfigMap", "gazette-config")["data"]
    return configuration | {one["name"]: one.get("value") or secret(one["name"]) for one in each["env"] if is_needed(one)}


def is_needed(variable: Object) -> bool:
    return not variable.get("valueFrom", {}).get("secretKeyRef", {}).get("optional")


def secret(name: str) -> str:
    value = base64.b64encode(secrets.token_bytes(48)).decode()
    password = secrets.token_hex(24)
    if name.endswith("DATABASE_URL"):
        return f"postgresql://gazette:{password}@db.example.gov:{STORES['PostgreSQL']}/gazette"
    return f"rediss://:{password}@redis.example.gov:{STORES['Redis']}/0" if name == "REDIS_URL" else value


def test_settings(found: list[Object]) -> None:
    """A container starts with what it is given: every setting has a name that exists, none that is required is missing, and
    nothing in the ConfigMap is a secret."""
    own = dict(own_containers(found))
    assert set(own) - {"gazette-archive"} == {"gazette-server", "gazette-worker", "gazette-migrate", "gazette-backup"}
    for name, each in own.items():
        environment = given(found, each)
        assert set(environment) | {one["name"] for one in each["env"]} <= KNOWN, name
        loaded = settings.load(environment)
        assert loaded.is_public
        assert loaded.socket_dir == Path("/run/gazette")
    configuration = find(found, "ConfigMap", "gazette-config")["data"]
    assert not [key for key in configuration if key in NOT_CONFIGURATION or key.endswith(("_SECRET", "_KEY"))]


def test_secrets_go_where_they_are_needed(found: list[Object]) -> None:
    """The owner's role is the migration's alone, and the backup's keys are the backup's. What a container takes is a key that
    the template names, and each key of the template is taken."""
    taken = {
        name: {one["valueFrom"]["secretKeyRef"]["key"]: one for one in each["env"] if "valueFrom" in one}
        for name, each in own_containers(found)
    }
    assert [name for name, keys in taken.items() if "MIGRATION_DATABASE_URL" in keys] == ["gazette-migrate"]
    backups = {name for name, keys in taken.items() if any(key.startswith("BACKUP_") for key in keys)}
    assert backups == {"gazette-backup", "gazette-archive"} & taken.keys()
    assert taken["gazette-server"].keys() == taken["gazette-worker"].keys()
    text = SECRET.read_text()
    template: dict[str, str] = yaml.safe_load(text)["stringData"]
    every = set(itertools.chain.from_iterable(taken.values()))
    assert set(template) <= every
    assert all(key in text for key in every)
    assert not any(template.values()), "the template holds no value"
    required = {key for keys in taken.values() for key, one in keys.items() if is_needed(one)}
    said = {line.split(":")[0].strip() for line in text.splitlines() if "# required" in line}
    assert required == said


def selected(policy: Object, labels: dict[str, str]) -> bool:
    """Whether a policy is about a pod with these labels."""
    selector: Any = policy["spec"]["podSelector"]
    if not selector.get("matchLabels", {}).items() <= labels.items():
        return False
    return all(labels.get(each["key"]) in each["values"] for each in selector.get("matchExpressions", []))


def test_network(found: list[Object]) -> None:
    """Nobody talks to anybody unless it is said: each kind of pod reaches names, its stores and nothing else."""
    policies = [each for each in found if each["kind"] == "NetworkPolicy" and not plain_name(each).endswith("-test")]
    closed = find(found, "NetworkPolicy", "gazette-default-deny")["spec"]
    assert closed == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    configuration = find(found, "ConfigMap", "gazette-config")["data"]
    mail = int(configuration["SMTP_PORT"])
    collector = urlsplit(configuration["OTEL_EXPORTER_OTLP_ENDPOINT"]).port
    assert collector in {4317, 4318}
    serving = {53, *STORES.values(), mail, SCANNER, 4317, 4318}
    reached = {
        "server": serving,
        "worker": serving,
        "migrate": {53, 5432},
        "backup": {53, 5432, 443},
        "archive": {53, 5432, 443},
    }
    open_to = {
        "server": {"http", "grpc", 9464, 9465},
        "worker": {9464, 9465},
        "migrate": set(),
        "backup": set(),
        "archive": set(),
    }
    for item in (each for each in found if pod_spec(each) and each["kind"] != "Pod"):
        template = item["spec"].get("template") or item["spec"]["jobTemplate"]["spec"]["template"]
        labels = template["metadata"]["labels"]
        component = labels["app.kubernetes.io/component"]
        rules = [policy["spec"] for policy in policies if selected(policy, labels)]
        for direction, peers, wanted in (("egress", "to", reached), ("ingress", "from", open_to)):
            ways = [way for rule in rules for way in rule.get(direction, [])]
            assert all(way[peers] for way in ways), "no way is open to everybody"
            assert {port["port"] for way in ways for port in way["ports"]} == wanted[component], component


def test_envoys_configuration(found: list[Object], tmp_path: Path) -> None:
    """What the init container does ends with a configuration that Envoy takes."""
    pod = pod_spec(find(found, "Deployment", "gazette-server"))
    assert pod
    first = container(pod, "envoy-configuration")
    script = first["command"][-1].replace("/usr/share/gazette/envoy", str(ROOT / "deploy/envoy"))
    settings = find(found, "ConfigMap", "gazette-config")["data"]
    given = {each["name"]: settings.get(each["name"], "") for each in first["env"]}
    words = [*first["command"][:-1], script.replace("/run/gazette", str(tmp_path))]
    for docs in ("false", "true"):  # the last is also the one that Envoy looks at
        environment = {"PATH": "/usr/bin:/bin", **given, "API_DOCS": docs}
        subprocess.run(words, env=environment, check=True, timeout=60)
        assert ('"/openapi.json"' in (tmp_path / "envoy.yaml").read_text()) == (docs == "true")
    assert given["API_DOCS"] == "false"
    command = [binaries.binary(binaries.ENVOY), "--mode", "validate", "--config-path", str(tmp_path / "envoy.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "envoy.yaml").read_text().count(".sock") >= int(given["WORKERS"])
