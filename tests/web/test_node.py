"""Node and npm's packages, where there is a Node and where there is none."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.installing import ROOT, missing
from tools import node

pytestmark = pytest.mark.web


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine with a shell, and without Node."""
    for name in ("env", "sh"):
        (tmp_path / name).symlink_to(f"/usr/bin/{name}")
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.fixture
def wheel(bare: None) -> node.Node:
    """The Node of PyPI's wheel."""
    try:
        return node.node()
    except node.NodeMissing as error:
        missing(str(error))


def test_node_comes_from_its_wheel(wheel: node.Node) -> None:
    """Where there is no Node, the one of the lock file is installed beside the environment, and is found from then on."""
    assert wheel.programs == ROOT / ".venv/node/bin"
    assert f"=={wheel.version} " in node.LOCK.read_text()
    assert node.find() == wheel


@pytest.mark.parametrize("program", ["node", "npm", "npx"])
def test_its_programs_run(wheel: node.Node, program: str) -> None:
    """Its node, npm and npx run, and find each other."""
    command = [sys.executable, "-m", "tools.node", program, "--version"]
    done = subprocess.run(command, cwd=ROOT, env=dict(os.environ), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip().lstrip("v")[0].isdigit()


def test_an_old_node_is_passed_over(bare: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A Node before version 20, or one without npm, counts as none."""
    monkeypatch.setattr(node, "HOME", tmp_path / "nothing")
    program = tmp_path / "node"
    for version, has_npm in (("v18.20.4", True), ("v22.1.0", False)):
        program.write_text(f"#!/bin/sh\necho {version}\n")
        program.chmod(0o755)
        (tmp_path / "npm").touch() if has_npm else (tmp_path / "npm").unlink()
        assert node.find() is None
    (tmp_path / "npm").touch()
    assert node.find() == node.Node(tmp_path, "22.1.0")


def test_a_lock_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    """What npm refuses is NodeMissing, with npm's own words, and leaves no stamp: the next time it is tried again."""
    (tmp_path / "package.json").write_text('{"name": "x", "dependencies": {"esbuild": "0.27.2"}}')
    (tmp_path / "package-lock.json").write_text('{"name": "x", "lockfileVersion": 3, "packages": {}}')
    with pytest.raises(node.NodeMissing, match="npm ci"):
        node.npm_ci(tmp_path)
    assert not (tmp_path / "node_modules/.gazette-stamp").exists()


def test_lock_files_name_no_registry() -> None:
    """A lock file has a hash for each package, and no address: what is installed is the same from any mirror."""
    tracked = subprocess.run(["git", "ls-files", "*package-lock.json"], cwd=ROOT, capture_output=True, text=True, check=True)
    locks = [ROOT / name for name in tracked.stdout.splitlines()]
    assert len(locks) > 2
    for lock in locks:
        packages = json.loads(lock.read_text())["packages"]
        installed = {name: each for name, each in packages.items() if name and not each.get("link")}
        assert all("integrity" in each and "resolved" not in each for each in installed.values()), lock
