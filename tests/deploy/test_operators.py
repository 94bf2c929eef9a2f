"""What operators are asked for (ServiceMonitor, PrometheusRule, ExternalSecret), held to the schemas of their definitions.

The compiler of TypeScript refuses a field that there is not, and the schemas that come with the types refuse a value that a
cluster would refuse. Kubernetes itself says nothing of a field that it does not know: it drops it.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.deploy import manifests
from tests.deploy.manifests import OVERLAYS, Object
from tests.deploy.test_kubernetes import OPERATORS
from tests.installing import node_tool

pytestmark = pytest.mark.deploy

PACKAGES = {
    "monitoring.coreos.com/v1": "@kubernetes-models/prometheus-operator",
    "external-secrets.io/v1": "@kubernetes-models/external-secrets",
}
COMPILER = ("--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext", "--target", "es2022", "--preserveSymlinks")


def asked() -> list[Object]:
    """Of every overlay, and of the chart with all of them."""
    texts = [manifests.kustomized(f"overlays/{overlay}") for overlay in OVERLAYS]
    texts.append(manifests.rendered("--set", "externalSecret.enabled=true", "--set", "monitoring.labels.release=prometheus"))
    return [each for text in texts for each in manifests.objects(text) if each["kind"] in OPERATORS]


def module(item: Object) -> str:
    return f"{PACKAGES[item['apiVersion']]}/{item['apiVersion']}/{item['kind']}"


def typed(items: list[Object], directory: Path) -> str:
    """What the compiler says of the objects' fields; nothing where there is nothing wrong."""
    lines = []
    for number, item in enumerate(items):
        lines.append(f"import type {{ I{item['kind']} as Kind{number} }} from {json.dumps(module(item))};")
        lines.append(f"export const object{number}: Kind{number} = {json.dumps(item)};")
    (directory / "objects.mts").write_text("\n".join(lines))
    return run(directory, str(node_tool("operators") / "tsc"), *COMPILER, "objects.mts")


def validated(items: list[Object], directory: Path) -> str:
    """What the schemas say of the objects' values; nothing where there is nothing wrong."""
    lines = []
    for number, item in enumerate(items):
        lines.append(f"import {{ {item['kind']} as Kind{number} }} from {json.dumps(module(item))};")
        lines.append(f"new Kind{number}({json.dumps(item)}).validate();")
    (directory / "objects.mjs").write_text("\n".join(lines))
    return run(directory, "node", "objects.mjs")


def run(directory: Path, *command: str) -> str:
    modules = directory / "node_modules"
    if not modules.exists():
        modules.symlink_to(node_tool("operators").parent)
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False, timeout=120)
    return done.stdout + done.stderr if done.returncode else ""


def test_objects(tmp_path: Path) -> None:
    """All of them have fields that there are, and values that their operators take."""
    items = asked()
    assert {each["kind"] for each in items} == OPERATORS
    assert typed(items, tmp_path) == ""
    assert validated(items, tmp_path) == ""


@pytest.mark.parametrize("kind", sorted(OPERATORS))
def test_a_misspelt_field_is_refused(kind: str, tmp_path: Path) -> None:
    """However deep it is."""
    item = next(each for each in asked() if each["kind"] == kind)
    deepest(item["spec"])["misspelt"] = "x"
    assert "misspelt" in typed([item], tmp_path)


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [
        ("ServiceMonitor", ("endpoints", 0, "interval"), "15 seconds"),
        ("PrometheusRule", ("groups", 0, "interval"), "often"),
        ("ExternalSecret", ("target", "creationPolicy"), "Sometimes"),
    ],
)
def test_a_wrong_value_is_refused(kind: str, path: tuple[str | int, ...], value: str, tmp_path: Path) -> None:
    """The schemas know more than types."""
    item = next(each for each in asked() if each["kind"] == kind)
    place: Any = item["spec"]
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    assert str(path[-1]) in validated([item], tmp_path)


def deepest(value: dict[str, Any]) -> dict[str, Any]:
    """The first object below that has no other below it; those whose keys are free (labels) are no place to misspell one."""
    for key, each in value.items():
        below = each[0] if isinstance(each, list) and each else each
        if isinstance(below, dict) and key not in {"matchLabels", "labels", "annotations"}:
            return deepest(below)
    return value
