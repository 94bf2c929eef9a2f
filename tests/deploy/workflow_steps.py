"""The steps of the workflows and of our own actions that run something."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.deploy.stand_ins import ROOT, Stage

WORKFLOWS = sorted(ROOT.glob(".github/workflows/*.yml"))
ACTIONS = sorted(ROOT.glob(".github/actions/*/action.yml"))


@dataclass(frozen=True)
class Step:
    """A `run:`, and where it stands."""

    place: str
    """`ci.yml publish: Push`: the file, the job, and the step's name, or its id, or what it runs."""
    text: str
    variables: tuple[str, ...]
    """What its `env:` sets."""

    def with_defaults(self) -> list[str]:
        """The command by which GitHub runs it."""
        return ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", self.text]


def load(file: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(file.read_text())
    return loaded


def of(place: str, steps: list[dict[str, Any]]) -> Iterator[Step]:
    for step in steps:
        if "run" in step:
            name = step.get("name") or step.get("id") or step["run"].strip()
            yield Step(f"{place}: {name}", step["run"], tuple(step.get("env", {})))


def steps() -> dict[str, Step]:
    found: list[Step] = []
    for file in WORKFLOWS:
        for name, job in load(file)["jobs"].items():
            found += of(f"{file.name} {name}", job.get("steps", []))
    for file in ACTIONS:
        found += of(f"action {file.parent.name}", load(file)["runs"]["steps"])
    return {step.place: step for step in found}


STEPS = steps()
GITHUB = {
    "GITHUB_REPOSITORY": "Example/gazette",
    "GITHUB_ACTOR": "someone",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_RUN_ID": "7",
}
Done = tuple[subprocess.CompletedProcess[str], dict[str, str]]
"""What a step did, and its outputs."""


def execute(stage: Stage, place: str, **given: str) -> Done:
    """Runs a step with its variables and GitHub's, in the checkout or in `folder`."""
    step, folder = STEPS[place], Path(given.pop("folder", str(ROOT)))
    assert set(step.variables) <= set(given), "the step has a variable that the test does not give"
    output = stage.home / "output"
    output.write_text("")
    done = stage.execute(step.with_defaults(), folder, **GITHUB, GITHUB_OUTPUT=str(output), **given)
    return done, dict(line.split("=", 1) for line in output.read_text().splitlines())
