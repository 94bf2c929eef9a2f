"""deploy/kubernetes and deploy/helm/gazette: what a cluster and its users rely on. All of it is read, nothing is started."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy import manifests
from tests.deploy.manifests import OVERLAYS, Object, container, containers, find, plain_name, pod_spec, quantity
from tests.installing import python_tool

pytestmark = pytest.mark.deploy

SOURCES = [*OVERLAYS, "helm", "archive"]
OPERATORS = {"ServiceMonitor", "PrometheusRule", "ExternalSecret"}
"""Kinds that operators bring: test_operators.py."""
SECRET = manifests.KUBERNETES / "secret.template.yaml"
DELIVERY = "gazette.delivery.v1.DeliveryService"
"""Serves from memory while the database is away (docs/decisions/0010): who asks for `""` takes every pod out at once then."""
AT_ONCE = {"server": 14, "worker": 3, "migrate": 1, "backup": 2, "archive": 1}
"""How many pods there may be at once: the autoscaler's maximum, one more and three that drain; two workers and one more."""
WITH_ARCHIVE = ("--set", "walArchive.enabled=true")


def text_of(source: str) -> str:
    if source == "archive":
        return manifests.with_archive()
    return manifests.rendered() if source == "helm" else manifests.kustomized(f"overlays/{source}")


@pytest.fixture(params=SOURCES)
def found(request: pytest.FixtureRequest) -> list[Object]:
    return manifests.objects(text_of(request.param))


def pods(found: list[Object]) -> Iterator[tuple[str, Object]]:
    for item in found:
        if spec := pod_spec(item):
            yield plain_name(item), spec


@pytest.mark.parametrize("version", [manifests.VERSION, None], ids=["oldest", "newest"])
def test_schema(version: str | None, tmp_path: Path) -> None:
    """Each object has the form that this version of Kubernetes gives its kind, and no field that it does not know."""
    options = ("--set", "externalSecret.enabled=true", "--set", "autoscaling.requestsInFlight=40")
    everything = manifests.rendered(*options, *WITH_ARCHIVE)
    texts = [*map(text_of, SOURCES), everything, SECRET.read_text()]
    known = [each for text in texts for each in manifests.objects(text) if each["kind"] not in OPERATORS]
    file = tmp_path / "objects.yaml"
    file.write_text(yaml.safe_dump_all(known))
    done = validated(file, *(["--kubernetes-version", version] if version else []))
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert said.count(" passed for resource ") == len(known), said
    assert "Couldn't find schema" not in said


def validated(file: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [str(python_tool("kubernetes-validate") / "kubernetes-validate"), "--strict", *options, str(file)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_schema_refuses(tmp_path: Path) -> None:
    """A field that is misspelt does not pass."""
    file = tmp_path / "objects.yaml"
    file.write_text(text_of("staging").replace("terminationGracePeriodSeconds", "terminationGracePeriod"))
    assert "terminationGracePeriod" in (done := validated(file)).stdout + done.stderr
    assert done.returncode


def test_images(found: list[Object]) -> None:
    """An image is pinned by a version or a digest, and ours are all of one release."""
    images = {each["image"] for _, pod in pods(found) for each in containers(pod)}
    assert all(re.search(r"(:v?\d+\.\d+\.\d+|@sha256:[0-9a-f]{64})$", image) for image in images), images
    assert {re.sub("[:@].*", "", image) for image in images} == {
        "ghcr.io/example/gazette",
        "ghcr.io/example/gazette-backup",
        "docker.io/envoyproxy/envoy",
    }
    assert len({image.rpartition(":")[2] for image in images if "/gazette" in image}) == 1


def test_restricted(found: list[Object]) -> None:
    """Each pod keeps to Pod Security's level restricted, writes to no root file system, and has no token for the API server."""
    for name, pod in pods(found):
        assert pod["automountServiceAccountToken"] is False, name
        assert pod["enableServiceLinks"] is False, name
        assert pod["securityContext"] == {
            "runAsNonRoot": True,
            "runAsUser": 1001,
            "runAsGroup": 1001,
            "fsGroup": 1001,
            "seccompProfile": {"type": "RuntimeDefault"},
        }
        assert not any(pod.get(each) for each in ("hostNetwork", "hostPID", "hostIPC"))
        assert all(set(volume) <= {"name", "emptyDir"} for volume in pod.get("volumes", []))
        for each in containers(pod):
            assert each["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }, f"{name}/{each['name']}"
            assert set(each["resources"]["limits"]) == set(each["resources"]["requests"]) == {"cpu", "memory"}
    for account in (each for each in found if each["kind"] == "ServiceAccount"):
        assert account["automountServiceAccountToken"] is False
    for namespace in (each for each in found if each["kind"] == "Namespace"):
        assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_server(found: list[Object]) -> None:
    """The server has its share of a machine, native gRPC probes, and Envoy as a sidecar that starts first and ends last."""
    pod = pod_spec(find(found, "Deployment", "gazette-server"))
    assert pod
    server, envoy = container(pod, "server"), container(pod, "envoy")
    assert server["resources"] == {
        "requests": {"cpu": "500m", "memory": "512Mi"},
        "limits": {"cpu": "1", "memory": "1Gi"},
    }
    services = {name: server[f"{name}Probe"]["grpc"]["service"] for name in ("startup", "liveness", "readiness")}
    assert services == {"startup": "liveness", "liveness": "liveness", "readiness": DELIVERY}
    assert envoy["restartPolicy"] == "Always"
    assert [each["name"] for each in pod["initContainers"]] == ["envoy-configuration", "envoy"]
    assert envoy["startupProbe"]["httpGet"] == {"path": "/ready", "port": "envoy-metrics"}
    assert envoy["readinessProbe"]["grpc"] == {"port": 8080, "service": DELIVERY}
    mounts = {each["name"]: {mount["mountPath"] for mount in each["volumeMounts"]} for each in containers(pod)}
    assert all("/run/gazette" in where for where in mounts.values())
    assert "/tmp" in mounts["server"]
    ports = {port["name"]: port["containerPort"] for each in containers(pod) for port in each.get("ports", [])}
    assert ports == {"http": 8080, "envoy-metrics": 9465, "grpc": 50051, "metrics": 9464}
    memory = int(re.search(r"--memory-mib (\d+)", envoy_arguments(pod)).group(1))  # type: ignore[union-attr]
    assert memory * 2**20 < quantity(envoy["resources"]["limits"]["memory"])


def envoy_arguments(pod: Object) -> str:
    command: list[str] = container(pod, "envoy-configuration")["command"]
    return command[-1]


def test_grace(found: list[Object]) -> None:
    """A pod has more time to end than it needs: the pause, the drain with its margin, and Envoy's end."""
    pod = pod_spec(find(found, "Deployment", "gazette-server"))
    assert pod
    pause = int(container(pod, "server")["lifecycle"]["preStop"]["exec"]["command"][1])
    drain = int(find(found, "ConfigMap", "gazette-config")["data"]["DRAIN_TIME"].removesuffix("s"))
    assert pause >= 10
    assert pod["terminationGracePeriodSeconds"] > pause + 1 + drain + 5 + 2


def test_roll_out(found: list[Object]) -> None:
    """A release replaces pods one by one without ever having fewer; the autoscaler has the say how many there are."""
    server = find(found, "Deployment", "gazette-server")["spec"]
    assert server["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    assert "replicas" not in server
    scaler = find(found, "HorizontalPodAutoscaler", "gazette-server")["spec"]
    assert scaler["minReplicas"] == 3
    usage = {each["containerResource"]["name"]: each["containerResource"] for each in scaler["metrics"]}
    assert {name: each["target"]["averageUtilization"] for name, each in usage.items()} == {"cpu": 70, "memory": 80}
    assert {each["container"] for each in usage.values()} == {"server"}
    assert find(manifests.base(), "Deployment", "gazette-server")["spec"]["replicas"] == 3
    assert find(found, "PodDisruptionBudget", "gazette-server")["spec"]["maxUnavailable"] == 1


def test_quota(found: list[Object]) -> None:
    """All pods that there may be at once fit into the namespace's quota, by requests and by limits."""
    hard = find(found, "ResourceQuota", "gazette")["spec"]["hard"]
    scaler = find(found, "HorizontalPodAutoscaler", "gazette-server")["spec"]
    assert scaler["maxReplicas"] + 4 <= AT_ONCE["server"]
    by_component = {name.removeprefix("gazette-"): pod for name, pod in pods(found) if name != "gazette-test"}
    assert set(by_component) in ({*AT_ONCE}, {*AT_ONCE} - {"archive"})
    for kind in ("requests", "limits"):
        for resource in ("cpu", "memory"):
            needed = sum(AT_ONCE[name] * share(pod, kind, resource) for name, pod in by_component.items())
            assert needed <= quantity(hard[f"{kind}.{resource}"]), f"{kind}.{resource}: {needed}"
    assert sum(AT_ONCE.values()) <= int(hard["pods"])
    (bounds,) = find(found, "LimitRange", "gazette")["spec"]["limits"]
    for name, pod in by_component.items():
        for each in containers(pod):
            for resource, limit in each["resources"]["limits"].items():
                assert quantity(limit) <= quantity(bounds["max"][resource]), f"{name}/{each['name']}"


def share(pod: Object, kind: str, resource: str) -> float:
    """What the quota counts for a pod: its containers and sidecars together, or an init container where that takes more."""
    running = list(pod["containers"])
    largest = 0.0
    for each in pod.get("initContainers", []):
        if each.get("restartPolicy") == "Always":
            running.append(each)
        else:
            largest = max(largest, quantity(each["resources"][kind][resource]))
    return max(largest, sum(quantity(each["resources"][kind][resource]) for each in running))


def test_services(found: list[Object]) -> None:
    """Services, budgets and monitors select pods that there are, by ports that these have."""
    labels: dict[str, Any] = {
        plain_name(each): each["spec"]["template"]["metadata"]["labels"] for each in found if each["kind"] == "Deployment"
    }
    for service in (each for each in found if each["kind"] == "Service"):
        name = plain_name(service)
        assert service["spec"]["selector"].items() <= labels[name].items()
        pod = pod_spec(find(found, "Deployment", name))
        assert pod
        has = {port["name"] for each in containers(pod) for port in each.get("ports", [])}
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= has
    monitor = find(found, "ServiceMonitor", "gazette")["spec"]
    served = {port["name"] for each in found if each["kind"] == "Service" for port in each["spec"]["ports"]}
    assert {endpoint["port"] for endpoint in monitor["endpoints"]} <= served
    for service in (each for each in found if each["kind"] == "Service"):
        assert monitor["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()


def test_ingress(found: list[Object]) -> None:
    """The Ingress names its class as a field, has a certificate for its host, and limits with annotations that exist."""
    ingress = find(found, "Ingress", "gazette-server")
    annotations, spec = ingress["metadata"]["annotations"], ingress["spec"]
    assert spec["ingressClassName"] == "nginx"
    assert "kubernetes.io/ingress.class" not in annotations
    assert "nginx.ingress.kubernetes.io/rate-limit" not in annotations
    assert int(annotations["nginx.ingress.kubernetes.io/limit-rpm"]) > 0
    assert annotations["cert-manager.io/cluster-issuer"]
    assert spec["tls"][0]["hosts"] == [spec["rules"][0]["host"]]
    public = find(found, "ConfigMap", "gazette-config")["data"]["PUBLIC_URL"]
    assert public == f"https://{spec['rules'][0]['host']}"


OWN = ("helm.sh/", "app.kubernetes.io/instance", "app.kubernetes.io/managed-by", "app.kubernetes.io/part-of", "checksum/")
"""Labels and annotations that one of the two ways of installing writes, or writes in more places."""


def normal(item: Any) -> Any:
    """An object without what the two ways of installing write differently: besides OWN, the ConfigMap's hash, the namespace,
    and pull policies that are the cluster's default."""
    if isinstance(item, list):
        return [normal(each) for each in item]
    if isinstance(item, str):
        return re.sub(r"^gazette-(migrate-)?config(-[0-9a-z]{10})?$", "gazette-config", item)
    if not isinstance(item, dict):
        return item
    kept = {key: normal(value) for key, value in item.items() if key not in {"imagePullPolicy", "namespace"}}
    for group in kept.keys() & {"labels", "annotations"}:
        kept[group] = {name: each for name, each in kept[group].items() if not name.startswith(OWN)}
        if not kept[group]:
            del kept[group]
    return kept


@pytest.mark.parametrize(("source", "options"), [("production", ()), ("archive", WITH_ARCHIVE)])
def test_chart_equals_kustomize(source: str, options: tuple[str, ...]) -> None:
    """The chart's objects are the overlay production's, word for word; apart from the namespace, which is there before any
    release, the copy of the configuration for the migration, and what `helm test` starts."""
    theirs = {(each["kind"], plain_name(each)): each for each in manifests.objects(text_of(source))}
    ours = {
        (each["kind"], plain_name(each)): each
        for each in manifests.objects(manifests.rendered("--set", "externalSecret.enabled=true", *options))
        if each["metadata"].get("annotations", {}).get("helm.sh/hook") != "test"
        and plain_name(each) != "gazette-migrate-config"
    }
    assert set(theirs) - set(ours) == {("Namespace", "gazette")}
    assert set(ours) <= set(theirs)
    for key, item in ours.items():
        assert normal(item) == normal(theirs[key]), key


def test_order(found: list[Object]) -> None:
    """The migration can be applied, or is run by Helm, before anything that needs its schema."""
    job = find(found, "Job", "gazette-migrate")
    hook = job["metadata"].get("annotations", {}).get("helm.sh/hook")
    if hook:
        assert hook == "pre-install,pre-upgrade"
    else:
        assert job["metadata"]["labels"]["app.kubernetes.io/component"] == "migrate"
        assert (
            find(found, "ConfigMap", "gazette-config")["metadata"]["labels"]["app.kubernetes.io/component"] == "configuration"
        )
    assert job["spec"]["template"]["spec"]["restartPolicy"] == "Never"
