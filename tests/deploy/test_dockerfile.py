"""The Dockerfile, as hadolint sees it."""

from __future__ import annotations

import subprocess

import pytest

from tests.installing import ROOT, python_tool


@pytest.mark.deploy
def test_hadolint() -> None:
    command = [str(python_tool("images") / "hadolint"), "Dockerfile"]
    checked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stdout) == (0, "")
