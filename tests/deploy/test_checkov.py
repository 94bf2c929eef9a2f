"""checkov's rules for Terraform, Kubernetes' objects and Dockerfiles: what is not kept has a reason in deploy/checkov.yml."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.deploy import manifests
from tests.deploy.test_kubernetes import SOURCES, WITH_ARCHIVE, text_of
from tests.installing import ROOT, python_tool

pytestmark = [pytest.mark.deploy, pytest.mark.heavy]

CONFIGURATION = ROOT / "deploy" / "checkov.yml"
DOCKERFILES = ("Dockerfile", "deploy/platforms/Dockerfile")
PARTS = {
    "terraform": ("CKV_AWS", "CKV2_AWS"),
    "kubernetes": ("CKV_K8S", "CKV2_K8S"),
    "dockerfile": ("CKV_DOCKER", "CKV2_DOCKER"),
}


def reasons() -> dict[str, str]:
    """Each rule that is not kept, with why."""
    return dict(re.findall(r"^- (\w+) +# (.{10,})$", CONFIGURATION.read_text(), re.MULTILINE))


def found(framework: str, *what: str) -> set[str]:
    """The rules that are broken, those with a reason included."""
    command = [str(python_tool("checkov") / "checkov"), "--skip-download", "--compact", "--quiet", "--output", "json"]
    done = subprocess.run(
        [*command, "--framework", framework, *what], cwd=ROOT, capture_output=True, text=True, check=False, timeout=300
    )
    report = json.loads(done.stdout)
    assert report["summary"]["parsing_errors"] == 0, done.stdout
    assert report["summary"]["resource_count"] > 0
    assert report["summary"]["passed"] > 0
    return {each["check_id"] for each in report["results"]["failed_checks"]}


def expected(framework: str) -> set[str]:
    return {rule for rule in reasons() if rule.startswith(PARTS[framework])}


def test_every_rule_has_a_reason() -> None:
    """The file is what checkov reads, and no rule is left out without saying why."""
    left_out = yaml.safe_load(CONFIGURATION.read_text())["skip-check"]
    assert left_out == [*reasons()]
    assert {*left_out} == set().union(*(expected(framework) for framework in PARTS))


def test_terraform() -> None:
    """The modules and both environments."""
    assert found("terraform", "--directory", "deploy/terraform") == expected("terraform")


def test_kubernetes(tmp_path: Path) -> None:
    """What kustomize and Helm make."""
    texts = {source: text_of(source) for source in SOURCES} | {"chart": manifests.rendered(*WITH_ARCHIVE)}
    for name, text in texts.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    assert found("kubernetes", "--directory", str(tmp_path)) == expected("kubernetes")


def test_dockerfiles() -> None:
    """The image, and that of platforms with one container."""
    files = [word for file in DOCKERFILES for word in ("--file", file)]
    assert found("dockerfile", *files) == expected("dockerfile")


def test_finds_something(tmp_path: Path) -> None:
    """A pod that may write to its root file system is found."""
    text = text_of("staging").replace("readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false")
    (tmp_path / "objects.yaml").write_text(text)
    assert "CKV_K8S_22" in found("kubernetes", "--directory", str(tmp_path))
