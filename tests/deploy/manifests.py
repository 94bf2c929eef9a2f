"""The installation's objects for Kubernetes, as kustomize builds them from deploy/kubernetes, and as Helm renders the chart."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.installing import ROOT, node_tool

KUBERNETES = ROOT / "deploy" / "kubernetes"
CHART = ROOT / "deploy" / "helm" / "gazette"
OVERLAYS = ("staging", "production")
PRODUCTION, ARCHIVE = "overlays/production", "components/wal-archive"
VERSION = "1.31"
"""The oldest version of Kubernetes that is still looked after; native sidecars would work from 1.29."""

Object = dict[str, Any]


@cache
def kustomized(folder: str) -> str:
    """What `kubectl apply -k` would send. Skips the test without kubectl."""
    if not shutil.which("kubectl"):
        pytest.skip("needs kubectl")
    return output(["kubectl", "kustomize", str(KUBERNETES / folder)])


@cache
def with_archive() -> str:
    """The overlay production with the component that archives WAL, as somebody's own overlay would have it."""
    with tempfile.TemporaryDirectory() as directory:
        of = {name: os.path.relpath(KUBERNETES / name, Path(directory).resolve()) for name in (PRODUCTION, ARCHIVE)}
        own = {"namespace": "gazette", "resources": [of[PRODUCTION]], "components": [of[ARCHIVE]]}
        Path(directory, "kustomization.yaml").write_text(yaml.safe_dump(own))
        return kustomized(str(Path(directory).resolve()))


@cache
def rendered(*options: str) -> str:
    """What `helm install` would send, hooks and tests included."""
    helm = str(node_tool("helm") / "helm")
    return output([helm, "template", "gazette", str(CHART), "--namespace", "gazette", "--kube-version", VERSION, *options])


def output(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def objects(text: str) -> list[Object]:
    return [each for each in yaml.load_all(text, Loader=yaml.CSafeLoader) if each]


def base() -> list[Object]:
    """The base's own files, without kustomize: for checks that need no tool."""
    files = sorted((KUBERNETES / "base").glob("*.yaml"))
    return [each for file in files for each in objects(file.read_text()) if each["kind"] != "Kustomization"]


def find(found: list[Object], kind: str, name: str) -> Object:
    (one,) = [each for each in found if each["kind"] == kind and plain_name(each) == name]
    return one


def plain_name(item: Object) -> str:
    """Its name; a ConfigMap's without the hash that kustomize adds."""
    name: str = item["metadata"]["name"]
    return "gazette-config" if item["kind"] == "ConfigMap" and name.startswith("gazette-config-") else name


def pod_spec(item: Object) -> Object | None:
    """The specification of the pods that an object makes; None where it makes none."""
    match item["kind"]:
        case "Pod":
            found: Object = item["spec"]
        case "Deployment" | "StatefulSet" | "Job":
            found = item["spec"]["template"]["spec"]
        case "CronJob":
            found = item["spec"]["jobTemplate"]["spec"]["template"]["spec"]
        case _:
            return None
    return found


def containers(pod: Object) -> Iterator[Object]:
    yield from pod.get("initContainers", [])
    yield from pod["containers"]


def container(pod: Object, name: str) -> Object:
    (one,) = [each for each in containers(pod) if each["name"] == name]
    return one


def quantity(text: str | float) -> float:
    """Kubernetes' way to write amounts, as a number: cores, or bytes."""
    text = str(text)
    for suffix, factor in {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "m": 1e-3}.items():
        if text.endswith(suffix):
            return float(text.removesuffix(suffix)) * factor
    return float(text)


def read_settings(path: Path) -> dict[str, str]:
    """A file of NAME=value lines."""
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)
