"""deploy/helm/gazette by itself: Helm finds nothing to complain of, and its values refuse what would go wrong later."""

from __future__ import annotations

import re
import subprocess

import pytest
import yaml

from tests.deploy import manifests
from tests.installing import ROOT, node_tool

pytestmark = pytest.mark.deploy


def helm(*words: str) -> subprocess.CompletedProcess[str]:
    command = [str(node_tool("helm") / "helm"), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_lint() -> None:
    """Helm's own checks pass, warnings included."""
    done = helm("lint", "--strict", str(manifests.CHART))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("image.tag=latest", "image.tag"),
        ("image.digest=sha256:1", "image.digest"),
        ("configuration.JWT_SECRET=x", "JWT_SECRET"),
        ("configuration.PUBLIC_URL=http://gazette.example.gov", "PUBLIC_URL"),
        ("configuration.METRICS_PORT=9000", "METRICS_PORT"),
        ("configuration.CORS_ORIGINS=*", "CORS_ORIGINS"),
        ("configuration.CORS_ORIGINS=https://www.example.gov/", "CORS_ORIGINS"),
        ("autoscaling.minReplicas=1", "minReplicas"),
        ("walArchive.storage=lots", "storage"),
        ("walArchive.enabled=true,backup.enabled=false", "backup.enabled"),
        ("sever.replicas=2", "sever"),
        ("server.resources.limits.cpus=1", "cpus"),
        ("existingSecret=", "existingSecret"),
    ],
)
def test_refused(value: str, said: str) -> None:
    """A value that is misspelt, a secret among the settings, or what would not work is refused by name."""
    done = helm("template", "gazette", str(manifests.CHART), "--kube-version", manifests.VERSION, "--set", value)
    assert done.returncode
    assert said in done.stderr


def test_old_clusters_are_refused() -> None:
    """Before 1.29 a sidecar would be an init container that never ends."""
    assert "incompatible" in helm("template", "gazette", str(manifests.CHART), "--kube-version", "1.28").stderr


def test_parts_can_be_left_out() -> None:
    """What another team brings, or an operator that is not there, is not rendered; a digest comes before a tag."""
    parts = ("autoscaling", "ingress", "backup", "networkPolicy", "monitoring", "quota")
    digest = f"sha256:{'0' * 64}"
    options = [option for part in parts for option in ("--set", f"{part}.enabled=false")]
    found = manifests.objects(manifests.rendered(*options, "--set", f"image.digest={digest}"))
    assert {each["kind"] for each in found} == {
        "ConfigMap",
        "Deployment",
        "Job",
        "Pod",
        "PodDisruptionBudget",
        "Service",
        "ServiceAccount",
    }
    server = manifests.find(found, "Deployment", "gazette-server")
    assert server["spec"]["replicas"] == 3
    pod = manifests.pod_spec(server)
    assert pod
    assert manifests.container(pod, "server")["image"] == f"ghcr.io/example/gazette@{digest}"


def test_versions() -> None:
    """The chart and the overlays are of this release."""
    release = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert release
    chart = yaml.safe_load((manifests.CHART / "Chart.yaml").read_text())
    assert chart["appVersion"] == chart["version"] == release[1]
    for file in manifests.KUBERNETES.glob("**/kustomization.yaml"):
        for image in yaml.safe_load(file.read_text()).get("images", []):
            if "gazette" in image["name"]:
                assert image["newTag"] == release[1], file
