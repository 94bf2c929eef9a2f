"""The workflows: what actionlint and zizmor cannot know of this repository."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
FILES = [*ROOT.glob(".github/workflows/*.yml"), *ROOT.glob(".github/actions/*/action.yml")]
TEXTS = {str(file.relative_to(ROOT)): file.read_text() for file in FILES}
JOBS: dict[str, dict[str, Any]] = yaml.safe_load(TEXTS[".github/workflows/ci.yml"])["jobs"]


@pytest.mark.parametrize("name", TEXTS)
def test_actions_are_pinned(name: str) -> None:
    """Every action is pinned by its commit, with the release beside it, or is our own."""
    for used in re.findall(r"uses: (.+)", TEXTS[name]):
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+|\./\.github/actions/\w+", used), used


@pytest.mark.parametrize("name", TEXTS)
def test_make_targets_exist(name: str) -> None:
    """A step that calls make calls a target of the Makefile."""
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for called in re.findall(r"run: make ([a-z-]+)", TEXTS[name]):
        assert called in targets


def test_ci_runs_what_ci_run_runs() -> None:
    """The checks of a commit on a laptop and on GitHub are the same: lint, and the tests in two halves."""
    assert set(re.findall(r"^step make ([a-z-]+)", (ROOT / ".ci/run").read_text(), re.MULTILINE)) >= {"env", "lint", "test"}
    called = set(re.findall(r"make ([a-z-]+)", "".join(TEXTS.values())))
    assert called >= {"env", "lint", "test-unit", "test-integration", "coverage"}


def test_only_publish_may_write() -> None:
    """One job may write to the registry. It needs all others, and runs nothing of a pull request."""
    writers = [name for name, job in JOBS.items() if "write" in job["permissions"].values()]
    assert writers == ["publish"]
    assert "github.event_name == 'push'" in JOBS["publish"]["if"]
    needed, queue = set(), ["publish"]
    while queue:
        wanted = JOBS[queue.pop()].get("needs", [])
        queue += [wanted] if isinstance(wanted, str) else wanted
        needed |= set(queue)
    assert needed == set(JOBS) - {"publish"}
