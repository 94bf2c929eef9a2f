"""Every package says under which licence it is, and carries the notice that says where its text stands."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent
LICENCE = "Apache-2.0"
NOTICE = (ROOT / "LICENSE").read_text()
PYTHON = ("pyproject.toml", "clients/python/pyproject.toml")
NODE = sorted(str(each.relative_to(ROOT)) for each in ROOT.glob("clients/*/package.json"))


def declared(name: str) -> object:
    """What the package's own file says of its licence."""
    text = (ROOT / name).read_text()
    if name.endswith("pyproject.toml"):
        return tomllib.loads(text)["project"]["license"]
    if name.endswith("package.json"):
        return json.loads(text)["license"]
    if name.endswith("Chart.yaml"):
        return yaml.safe_load(text)["annotations"]["artifacthub.io/license"]
    return re.findall(r'org\.opencontainers\.image\.licenses="(.*?)"', text)[0]


@pytest.mark.parametrize("name", [*PYTHON, *NODE, "deploy/helm/gazette/Chart.yaml", "Dockerfile"])
def test_each_package_says_it(name: str) -> None:
    """By the licence's SPDX identifier, in the words of its kind of package."""
    assert declared(name) == LICENCE


def test_the_notice() -> None:
    """It names the licence, and where its text stands."""
    assert f"SPDX-License-Identifier: {LICENCE}" in NOTICE
    assert "https://www.apache.org/licenses/LICENSE-2.0\n" in NOTICE


@pytest.mark.parametrize("name", [*PYTHON, *NODE])
def test_it_lies_beside_each_package(name: str) -> None:
    """A package's folder has the notice, since what is packed is taken from there."""
    notice = (ROOT / name).with_name("LICENSE").read_text()
    assert NOTICE.startswith(notice.rstrip("\n"))
    assert LICENCE in notice


@pytest.mark.parametrize("name", PYTHON)
def test_a_wheel_has_both(name: str, tmp_path: Path) -> None:
    """Whoever has nothing but the wheel finds the identifier in its metadata, and the notice in it."""
    command = [sys.executable, "-m", "hatchling", "build", "--target=wheel", f"--directory={tmp_path}"]
    subprocess.run(command, cwd=(ROOT / name).parent, check=True, capture_output=True)
    (made,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(made) as wheel:
        inside = {Path(each).name: each for each in wheel.namelist() if ".dist-info/" in each}
        metadata = message_from_bytes(wheel.read(inside["METADATA"]))
        assert metadata["License-Expression"] == LICENCE
        assert wheel.read(inside["LICENSE"]).decode() == (ROOT / name).with_name("LICENSE").read_text()
