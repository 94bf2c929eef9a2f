"""The scripts of backups: what they would do, and that a failure of the command is theirs."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "deploy/scripts"
NAMES = ("backup.sh", "restore.sh", "dr_drill.sh")


def run(name: str, *arguments: str, command: str = "echo") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "GAZETTE": command}
    return subprocess.run(
        [str(SCRIPTS / name), *arguments], env=environment, capture_output=True, text=True, timeout=20, check=False
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_dry_run_runs_nothing(name: str) -> None:
    """With a command that fails: it is named, and not run."""
    done = run(name, "--dry-run", command="false")
    assert done.returncode == 0
    assert done.stdout.startswith("would run: false ")
    assert run(name, "--help").stdout.startswith(f"usage: {name}")


@pytest.mark.parametrize("name", NAMES)
def test_a_failure_is_the_scripts_too(name: str) -> None:
    done = run(name, *(["--yes"] if name == "restore.sh" else []), command="false")
    assert done.returncode == 1
    assert "exit code 1" in done.stderr


def test_a_restoration_is_asked_for() -> None:
    """In order: restored, compared, migrated; and nothing without --yes."""
    assert run("restore.sh").returncode == 2
    said = run("restore.sh", "--yes", "--backup", "20260101t000000z").stdout.splitlines()
    assert [line.split()[:2] for line in said] == [["restore", "--dump"], ["restore", "check"], ["migrate"]]
