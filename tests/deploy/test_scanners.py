"""The scanners of security.yml that can be run anywhere, run on this repository."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.installing import python_tool

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ("server", "clients/python/gazette_client", "migrations", "deploy")
pytestmark = pytest.mark.deploy


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)


def test_bandit() -> None:
    """bandit finds nothing in what is shipped, beyond what pyproject.toml leaves out with a reason."""
    done = run(str(python_tool("scanners") / "bandit"), "--configfile", "pyproject.toml", "--quiet", "--recursive", *SHIPPED)
    assert done.returncode == 0, done.stdout


def test_bandit_finds_something(tmp_path: Path) -> None:
    """With the same configuration it finds what it is there for."""
    (tmp_path / "ill.py").write_text("import subprocess\nsubprocess.run(input(), shell=True)\n")
    program = str(python_tool("scanners") / "bandit")
    assert run(program, "--configfile", "pyproject.toml", "--quiet", str(tmp_path / "ill.py")).returncode == 1


def test_gitleaks() -> None:
    """gitleaks finds no secret in any commit."""
    if (ROOT / ".git").is_dir() and run("git", "rev-parse", "--is-shallow-repository").stdout.strip() == "true":
        pytest.skip("a shallow clone has no history to look at")
    done = run(str(python_tool("scanners") / "gitleaks"), "git", "--no-banner", "--redact", "--verbose", ".")
    assert done.returncode == 0, done.stdout


def test_gitleaks_finds_something(tmp_path: Path) -> None:
    """With the same configuration it finds a key of AWS, in a test's file too."""
    key = "AKIA" + "Z7Q2XK4M5N3PBVWT"
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/ill.py").write_text(f'AWS_ACCESS_KEY_ID = "{key}"\n')
    program = str(python_tool("scanners") / "gitleaks")
    done = run(
        program,
        "dir",
        "--no-banner",
        "--config",
        ".gitleaks.toml",
        "--report-format",
        "json",
        "--report-path",
        "-",
        str(tmp_path),
    )
    assert done.returncode == 1
    assert [each["RuleID"] for each in json.loads(done.stdout)] == ["aws-access-token"]


def test_zizmor() -> None:
    """zizmor finds nothing of medium weight in the workflows. `make lint` asks it the same."""
    done = run(
        str(Path(sys.executable).with_name("zizmor")),
        "--offline",
        "--quiet",
        "--no-progress",
        "--min-severity=medium",
        ".github",
    )
    assert done.returncode == 0, done.stdout


def test_pip_audit() -> None:
    """No package that is shipped has a known vulnerability. Where the database cannot be reached nothing was audited, which is
    said, and is a failure where PIP_AUDIT=required."""
    program = str(python_tool("scanners") / "pip-audit")
    lock = ["--requirement", "requirements/server.lock", "--disable-pip", "--require-hashes", "--strict"]
    done = run(program, "--vulnerability-service", "osv", "--progress-spinner", "off", *lock)
    if done.returncode and "vulnerabilit" not in done.stdout + done.stderr.splitlines()[-1]:
        if os.environ.get("PIP_AUDIT") == "required":
            pytest.fail(f"not audited: {done.stderr[-300:]}")
        pytest.skip("not audited: the database of vulnerabilities cannot be reached")
    assert done.returncode == 0, done.stdout + done.stderr
