"""What can be had of a fresh checkout with one command."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.installing import ROOT


def run(*command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Runs it as someone would who has no make running already."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(command, cwd=cwd, env=environment, check=False, capture_output=True, text=True)


@pytest.mark.deploy
def test_the_contract_builds(tmp_path: Path) -> None:
    """After `make contract`, and nothing else, buf builds and lints the checkout; before that it cannot."""
    clone, buf = tmp_path / "clone", str(ROOT / ".venv/bin/buf")
    assert run("git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(clone), cwd=tmp_path).returncode == 0
    assert run(buf, "build", cwd=clone).returncode != 0
    made = run("make", "contract", cwd=clone)
    assert made.returncode == 0, made.stderr
    assert {path.name for path in (clone / ".venv").glob("*.stamp")} == {"contract.stamp"}
    for command in ("build", "lint"):
        checked = run(str(clone / ".venv/bin/buf"), command, cwd=clone)
        assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")
    assert run("git", "status", "--porcelain", cwd=clone).stdout == "", "nothing fetched can be committed by oversight"
