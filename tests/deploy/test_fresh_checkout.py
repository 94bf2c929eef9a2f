"""What can be had of a fresh checkout with one command."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.deploy.installing import ROOT


@pytest.mark.deploy
def test_the_contract_builds(tmp_path: Path) -> None:
    """After `make contract`, and nothing else, buf builds and lints the checkout; before that it cannot."""
    clone, quiet = tmp_path / "clone", {"check": True, "capture_output": True}
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(clone)], **quiet)  # type: ignore[call-overload]
    buf = str(ROOT / ".venv/bin/buf")
    assert subprocess.run([buf, "build"], cwd=clone, capture_output=True, check=False).returncode != 0
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    subprocess.run(["make", "contract"], cwd=clone, env=environment, **quiet)  # type: ignore[call-overload]
    for command in ("build", "lint"):
        subprocess.run([clone / ".venv/bin/buf", command], cwd=clone, **quiet)  # type: ignore[call-overload]
    installed = {path.name for path in (clone / ".venv").glob("*.stamp")}
    assert installed == {"contract.stamp"}
    said = subprocess.run(["git", "status", "--porcelain"], cwd=clone, capture_output=True, text=True, check=True).stdout
    assert said == "", "nothing that was fetched can be committed by oversight"
