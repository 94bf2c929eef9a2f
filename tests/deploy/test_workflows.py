"""The workflows: what actionlint and zizmor cannot know of this repository."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.stand_ins import ROOT
from tests.deploy.workflow_steps import ACTIONS, WORKFLOWS, load
from tests.installing import node_tool

FILES = [*WORKFLOWS, *ACTIONS]
TEXTS = {str(file.relative_to(ROOT)): file.read_text() for file in FILES}
JOBS: dict[str, dict[str, Any]] = load(ROOT / ".github/workflows/ci.yml")["jobs"]


@pytest.mark.parametrize("name", TEXTS)
def test_actions_are_pinned(name: str) -> None:
    """Every action is pinned by its commit, with the release beside it, or is our own."""
    for used in re.findall(r"uses: (.+)", TEXTS[name]):
        assert re.fullmatch(
            r"[\w-]+/[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+|\./\.github/(actions/\w+|workflows/\w+\.yml)", used
        ), used


@pytest.mark.parametrize("name", TEXTS)
def test_make_targets_exist(name: str) -> None:
    """A step that calls make calls a target of the Makefile."""
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for called in re.findall(r"run: make ([a-z-]+)", TEXTS[name]):
        assert called in targets


def test_ci_runs_what_ci_run_runs() -> None:
    """The checks of a commit on a laptop and on GitHub are the same: lint, the tests in halves, the deployment, web clients."""
    steps = set(re.findall(r"^(?:step make|tests) ([a-z-]+)", (ROOT / ".ci/run").read_text(), re.MULTILINE))
    assert steps == {"env", "lint", "test", "test-deploy", "test-web"}
    called = set(re.findall(r"make ([a-z-]+)", "".join(TEXTS.values())))
    assert called >= {"env", "lint", "test-unit", "test-integration", "test-deploy", "test-web", "coverage"}


def test_only_publish_may_write_to_the_registry() -> None:
    """One job may write to the registry. It needs all that check, and runs nothing of a pull request."""
    writers = [name for name, job in JOBS.items() if job["permissions"].get("packages") == "write"]
    assert writers == ["publish"]
    assert "github.event_name == 'push'" in JOBS["publish"]["if"]
    assert needed("publish") == {"build", "lint", "coverage", "unit", "integration", "deployment", "web", "changes"}
    assert not any("checkout" in step.get("uses", "") for step in JOBS["publish"]["steps"])


def needed(name: str) -> set[str]:
    """All jobs that a job waits for."""
    found: set[str] = set()
    queue = [name]
    while queue:
        wanted = JOBS[queue.pop()].get("needs", [])
        queue += [wanted] if isinstance(wanted, str) else wanted
        found |= set(queue)
    return found


def test_what_is_deployed_when() -> None:
    """main goes to staging, a tag to production, and a release is published when production has it."""
    assert JOBS["staging"]["if"] == "github.ref == 'refs/heads/main'"
    assert JOBS["production"]["if"] == "startsWith(github.ref, 'refs/tags/v')"
    assert [JOBS[name]["with"]["environment"] for name in ("staging", "production")] == ["staging", "production"]
    assert "publish" in needed("staging") & needed("production")
    assert JOBS["release"]["needs"] == "production"


WRITING = {
    "ci.yml": {
        "publish": {"packages", "id-token", "attestations"},
        "staging": {"id-token"},
        "production": {"id-token"},
        "release": {"contents"},
    },
    "cd.yml": {"production": {"id-token"}},
    "rollback.yml": {"production": {"id-token"}},
    "security.yml": {"images": {"security-events"}, "dependencies": {"security-events"}, "codeql": {"security-events"}},
}
"""All that a job may write. An id-token is for signing, and for the role in AWS."""


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
class TestWorkflow:
    def test_least_permissions(self, file: Path) -> None:
        """A workflow may nothing; each job says what it needs, and writes what is listed here."""
        workflow = load(file)
        assert workflow["permissions"] == {}
        writes = {
            name: {scope for scope, right in job["permissions"].items() if right == "write"}
            for name, job in workflow["jobs"].items()
        }
        assert {name: scopes for name, scopes in writes.items() if scopes} == WRITING.get(file.name, {})

    def test_jobs_end(self, file: Path) -> None:
        """Each job has an end, and its runner a version."""
        for name, job in load(file)["jobs"].items():
            if "uses" not in job:
                assert job["timeout-minutes"] <= 60, name
                assert job["runs-on"] == "ubuntu-24.04"

    def test_secrets_are_documented(self, file: Path) -> None:
        """docs/secrets.md knows each secret that the workflow names."""
        named = set(re.findall(r"secrets\.([A-Z_]+)", file.read_text())) - {"GITHUB_TOKEN"}
        assert named <= documented("Secrets of GitHub")

    def test_variables_are_documented(self, file: Path) -> None:
        """docs/secrets.md knows each variable that the workflow names."""
        assert set(re.findall(r"vars\.([A-Z_]+)", file.read_text())) <= documented("Variables of GitHub")

    def test_nothing_floats(self, file: Path) -> None:
        """Neither latest nor a branch of an action is used."""
        text = file.read_text()
        assert not re.search(r"[:@](latest|master|main)\b", text.replace("$name:main", ""))
        assert "pull_request_target" not in text
        assert "secrets: inherit" not in text


def documented(heading: str) -> set[str]:
    """The names in the first column of a table of docs/secrets.md."""
    section = (ROOT / "docs/secrets.md").read_text().split(f"## {heading}\n")[1].split("\n## ")[0]
    return {
        name for row in re.findall(r"^\| (`.*?) \|", section, re.MULTILINE) for name in re.findall(r"`([A-Z][A-Z0-9_]+)`", row)
    }


def test_no_secret_is_documented_that_nobody_uses() -> None:
    """What docs/secrets.md says of GitHub is used there."""
    text = "".join(TEXTS.values())
    used = set(re.findall(r"secrets\.([A-Z_]+)", text)), set(re.findall(r"vars\.([A-Z_]+)", text))
    assert documented("Secrets of GitHub") == used[0] - {"GITHUB_TOKEN"}
    assert documented("Variables of GitHub") == used[1]


@pytest.mark.parametrize("workflow", ["cd.yml", "rollback.yml"])
@pytest.mark.parametrize("environment", ["staging", "production"])
def test_one_deployment_at_a_time(workflow: str, environment: str) -> None:
    """Deployments and rollbacks of an environment wait for one another, none is cut off, and Slack hears of each."""
    job = load(ROOT / ".github/workflows" / workflow)["jobs"][environment]
    assert job["concurrency"] == {"group": f"deploy-{environment}", "cancel-in-progress": False}
    assert job["environment"]["name"] == environment
    assert job["steps"][-1]["uses"] == "./.github/actions/slack"
    assert job["steps"][-1]["if"] == "always()"


KNOWN_GAPS = (
    r'label "ubuntu-24.04" is unknown',
    r'undefined variable "vars"',
    r'unknown permission scope "attestations"',
)
"""What GitHub has had since, and actionlint's release in the lock file does not know."""


ACTIONLINT = """
const fs = require("node:fs");
require(process.argv[1]).createLinter().then((lint) => {
  fs.writeFileSync(process.argv[3], JSON.stringify(lint(fs.readFileSync(process.argv[2], "utf8"), process.argv[2])));
  process.exit(0);
});
"""


@pytest.mark.deploy
@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_actionlint(file: Path, tmp_path: Path) -> None:
    """actionlint finds nothing in the workflow but what it is too old to know."""
    module, report = node_tool("workflows").parent / "actionlint", tmp_path / "report.json"
    done = subprocess.run(
        ["node", "-e", ACTIONLINT, str(module), str(file), str(report)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(report.read_text())
    assert [each for each in found if not any(re.match(gap, each["message"]) for gap in KNOWN_GAPS)] == []
    assert found, "it has looked: each workflow has a runner that it does not know"


def test_owners_own_what_is_there() -> None:
    """CODEOWNERS names folders that exist, and teams by the placeholder."""
    lines = [
        line.split() for line in (ROOT / ".github/CODEOWNERS").read_text().splitlines() if line and not line.startswith("#")
    ]
    assert all(path == "*" or (ROOT / path.strip("/")).is_dir() for path, *_ in lines)
    assert all(re.fullmatch(r"@example/[a-z-]+", owner) for _, *owners in lines for owner in owners)


@pytest.mark.parametrize("file", sorted(ROOT.glob(".github/ISSUE_TEMPLATE/*.yml")), ids=lambda file: file.name)
def test_issue_forms(file: Path) -> None:
    """A form has what GitHub wants of one."""
    kind = "github-issue-config" if file.name == "config.yml" else "github-issue-forms"
    form = load(file)
    if kind == "github-issue-forms":
        assert {"name", "description", "body"} <= set(form)
        assert all(part["type"] in {"markdown", "textarea", "input", "dropdown", "checkboxes"} for part in form["body"])
        ids = [part["id"] for part in form["body"] if part["type"] != "markdown"]
        assert len(ids) == len(set(ids)) > 0
