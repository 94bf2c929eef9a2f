"""What the workflows run: each step is run here as GitHub would, with stand-ins for what is not here, or it is said why not."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.deploy.stand_ins import ROOT, Stage, set_stage
from tests.deploy.workflow_steps import STEPS, execute
from tests.installing import debian

DIGEST = "sha256:" + "a" * 64
SERVER, BACKUP = f"ghcr.io/example/gazette@{DIGEST}", f"ghcr.io/example/gazette-backup@{DIGEST}"


MAKE = "a target of the Makefile, and `.ci/run`, or who runs `make test-deploy`, runs it with other ARGS"
NOT_RUN = {
    "ci.yml lint: make lint": MAKE,
    'ci.yml unit: make test-unit ARGS="--cov --cov-report="': MAKE,
    'ci.yml integration: make test-integration ARGS="--cov --cov-report="': MAKE,
    "ci.yml web: make test-web ARGS=\"-m 'web and not heavy'\"": MAKE,
    "ci.yml deployment: make test-deploy ARGS=\"-m 'deploy and not heavy'\"": MAKE,
    "ci.yml coverage: make coverage": MAKE,
    "ci.yml release: make contract": MAKE,
    'nightly.yml soak: make test ARGS="-m soak"': MAKE,
    'nightly.yml web: make test-web ARGS="-m web"': MAKE,
    "security.yml dependencies: Audit what is shipped": MAKE,
    "security.yml repository: make test-deploy ARGS=\"-k 'scanners or checkov'\"": MAKE,
    "action environment: make env": MAKE,
    "ci.yml integration: docker info --format 'PostgreSQL and Redis run in containers of Docker {{.ServerVersion}}'": (
        "it only shows the version of an engine, which is not here"
    ),
    "ci.yml build: deploy/scripts/try_image.sh gazette:ci": "it needs an engine and the image; the tests of the image run it",
}
EXECUTED = {
    "ci.yml changes: compare",
    "ci.yml build: Keep the image and its tags",
    "ci.yml times: How long each job took",
    "ci.yml publish: Push",
    "ci.yml publish: Sign",
    "ci.yml release: Publish the release with what the changelog says of it",
    "cd.yml staging: Deploy with Compose",
    "cd.yml production: Only releases",
    "cd.yml production: Reach the cluster",
    "cd.yml production: Deploy to Kubernetes",
    "rollback.yml staging: Go back with Compose",
    "rollback.yml production: Reach the cluster",
    "rollback.yml production: Go back on Kubernetes",
    "security.yml images: Which digest",
    "action image: Resolve and verify",
    "action slack: Tell Slack",
}


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return set_stage(tmp_path)


def test_every_step_is_accounted_for() -> None:
    """A step that nobody tries is said to be so; a line here without its step is taken out."""
    assert set(NOT_RUN) | EXECUTED == set(STEPS)
    assert not set(NOT_RUN) & EXECUTED


@pytest.mark.parametrize("place", sorted(STEPS))
def test_nothing_is_pasted_into_a_script(place: str) -> None:
    """What comes from outside reaches a script by a variable, never as a part of its text."""
    assert "${{" not in STEPS[place].text


@pytest.mark.deploy
@pytest.mark.parametrize("place", sorted(STEPS))
def test_shellcheck(place: str) -> None:
    """shellcheck has nothing to say of the step's script."""
    debian("shellcheck")
    script = STEPS[place].text
    done = subprocess.run(["shellcheck", "--shell=bash", "-"], input=script, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("event", "changed", "code"),
    [("push", "docs/a.md", "true"), ("pull_request", "docs/a.md", "false"), ("pull_request", "server/app.py", "true")],
)
def test_changes(stage: Stage, tmp_path: Path, event: str, changed: str, code: str) -> None:
    """A pull request that changes prose alone needs no build."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    own = {"GIT_CONFIG_GLOBAL": "/dev/null", "HOME": str(tmp_path)}
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.gov"]
    subprocess.run([*git, "init", "--quiet"], cwd=folder, check=True, env={**os.environ, **own})
    for name in ("README.md", changed):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("text")
        subprocess.run([*git, "add", "."], cwd=folder, check=True)
        subprocess.run([*git, "commit", "--quiet", "--message", name], cwd=folder, check=True, env={**os.environ, **own})
    done, outputs = execute(stage, "ci.yml changes: compare", folder=str(folder), GITHUB_EVENT_NAME=event)
    assert (done.returncode, outputs) == (0, {"code": code}), done.stderr


def test_image_and_tags_are_kept_and_pushed(stage: Stage, tmp_path: Path) -> None:
    """What build keeps publish pushes, all its tags, and the digest is what was pushed."""
    tags = "ghcr.io/example/gazette:sha-abcdef0\nghcr.io/example/gazette:main"
    done, _ = execute(stage, "ci.yml build: Keep the image and its tags", folder=str(tmp_path), TAGS=tags)
    assert done.returncode == 0, done.stderr
    done, outputs = execute(stage, "ci.yml publish: Push", folder=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert outputs == {"name": "ghcr.io/example/gazette", "digest": "sha256:" + "b" * 64}
    assert [call for call in stage.calls if " push " in call] == [f"docker push {tag}" for tag in tags.splitlines()]


@pytest.mark.parametrize("failing", ["^load", "^push"])
def test_a_push_that_fails(stage: Stage, tmp_path: Path, failing: str) -> None:
    """Where an image cannot be loaded or pushed, nothing is signed."""
    (tmp_path / "tags.txt").write_text("ghcr.io/example/gazette:main\n")
    done, outputs = execute(stage, "ci.yml publish: Push", folder=str(tmp_path), FAIL_AT=failing)
    assert (done.returncode != 0, outputs) == (True, {})


def job(name: str, start: str, end: str, conclusion: str | None = "success") -> dict[str, str | None]:
    day = "2027-01-15T"
    return {
        "name": name,
        "started_at": f"{day}{start}Z",
        "completed_at": f"{day}{end}Z" if end else None,
        "conclusion": conclusion,
    }


def test_times(stage: Stage, tmp_path: Path) -> None:
    """Each job that ran has a line; what took longer than it should has a warning."""
    jobs = [
        job("lint", "10:00:00", "10:02:30"),
        job("build (gazette)", "10:09:00", "10:16:00"),
        job("staging", "10:16:00", "10:16:00", "skipped"),
        job("times", "10:17:00", "", None),
    ]
    (stage.home / "answer").write_text(json.dumps({"jobs": jobs}))
    summary = tmp_path / "summary"
    try:
        place = "ci.yml times: How long each job took"
        done, _ = execute(stage, place, GH_TOKEN="x", GITHUB_STEP_SUMMARY=str(summary))
    finally:
        (ROOT / "jobs.json").unlink(missing_ok=True)
    assert done.returncode == 0, done.stderr
    assert summary.read_text().splitlines()[2:] == ["| lint | 2.5 |", "| build (gazette) | 7.0 |", "| **all** | 16.0 |"]
    assert done.stderr.splitlines() == [
        "::warning::build (gazette) took 7.0 minutes, more than 5",
        "::warning::CI took 16.0 minutes, more than 15",
    ]
    assert stage.calls == ["gh api repos/Example/gazette/actions/runs/7/jobs?per_page=100"]


def test_sign(stage: Stage) -> None:
    """The digest is signed, not a tag."""
    done, _ = execute(stage, "ci.yml publish: Sign", IMAGE=SERVER)
    assert (done.returncode, stage.calls) == (0, [f"cosign sign --yes {SERVER}"])


def test_release(stage: Stage) -> None:
    """The release has the changelog's words, and the contract; a tag that the changelog does not know is no release."""
    try:
        place = "ci.yml release: Publish the release with what the changelog says of it"
        done, _ = execute(stage, place, TAG="v0.1.0", GH_TOKEN="x")
        assert done.returncode == 0, done.stderr
        assert stage.calls == [
            "gh release create v0.1.0 build/contract/gazette-contract.zip --verify-tag --title v0.1.0 --notes-file notes.md"
        ]
        assert (ROOT / "notes.md").read_text().strip() in (ROOT / "CHANGELOG.md").read_text()
        done, _ = execute(stage, place, TAG="v99.0.0", GH_TOKEN="x")
        assert (done.returncode, len(stage.calls)) == (1, 1)
    finally:
        (ROOT / "notes.md").unlink(missing_ok=True)


@pytest.mark.parametrize(
    ("version", "tag"),
    [
        ("v1.2.0", "1.2.0"),
        ("1.2.0", "1.2.0"),
        ("sha-0123456" + "7" * 33, "sha-0123456"),
        ("1.2.0-rc.1", "1.2.0-rc.1"),
    ],
)
def test_image(stage: Stage, version: str, tag: str) -> None:
    """A version becomes the digests of both images, each with its provenance and its signature verified first."""
    done, outputs = execute(stage, "action image: Resolve and verify", VERSION=version, GH_TOKEN="x")
    assert done.returncode == 0, done.stderr
    assert outputs == {"image": SERVER, "backup-image": BACKUP}
    assert stage.calls[0].split()[:5] == ["docker", "buildx", "imagetools", "inspect", f"ghcr.io/example/gazette:{tag}"]
    verified = [call for call in stage.calls if call.startswith(("gh attestation verify", "cosign verify"))]
    assert len(verified) == 4
    assert all(SERVER in call or BACKUP in call for call in verified)
    assert all("Example/gazette/.github/workflows/ci.yml" in call for call in verified)


@pytest.mark.parametrize(
    "wrong",
    [
        {"VERSION": "latest"},
        {"VERSION": "main"},
        {"VERSION": "1.2"},
        {"VERSION": "1.2.0; rm"},
        {"FAIL_AT": "imagetools"},
        {"DIGEST": "nothing"},
        {"FAIL_AT": "attestation verify"},
        {"FAIL_AT": "^verify ghcr"},
    ],
    ids=str,
)
def test_image_that_is_not_ours(stage: Stage, wrong: dict[str, str]) -> None:
    """What CI has not pushed, attested and signed is not deployed."""
    done, outputs = execute(stage, "action image: Resolve and verify", **{"VERSION": "1.2.0", "GH_TOKEN": "x", **wrong})
    assert (done.returncode != 0, outputs) == (True, {})


def test_digest_of_what_is_scanned(stage: Stage) -> None:
    """The scanners look at a digest."""
    done, outputs = execute(stage, "security.yml images: Which digest", SUFFIX="-backup")
    assert (done.returncode, outputs) == (0, {"image": BACKUP})
    done, outputs = execute(stage, "security.yml images: Which digest", SUFFIX="", DIGEST="")
    assert (done.returncode, outputs) == (1, {})


@pytest.mark.parametrize(("version", "code"), [("v1.2.0", 0), ("1.2.0", 0), ("sha-0123456", 1), ("main", 1), ("1.2.0-rc.1", 1)])
def test_only_releases(stage: Stage, version: str, code: int) -> None:
    """Production gets releases alone."""
    done, _ = execute(stage, "cd.yml production: Only releases", VERSION=version)
    assert done.returncode == code


def test_slack(stage: Stage) -> None:
    """The channel is told what was done, what came of it, by whom, and where the log is."""
    place = "action slack: Tell Slack"
    given = {"WEBHOOK": "https://hooks.example.gov/x", "WHAT": 'Deployment of "1.2.0" to staging', "OUTCOME": "failure"}
    done, _ = execute(stage, place, **given)
    assert done.returncode == 0, done.stderr
    told = json.loads((stage.home / "given").read_text())["text"]
    assert (
        told == 'Deployment of "1.2.0" to staging: failure, by someone <https://github.com/Example/gazette/actions/runs/7|log>'
    )


@pytest.mark.parametrize("given", [{"WEBHOOK": ""}, {"FAIL_AT": "hooks"}], ids=str)
def test_slack_is_away(stage: Stage, given: dict[str, str]) -> None:
    """A deployment does not fail because nobody could be told of it."""
    done, _ = execute(
        stage, "action slack: Tell Slack", **{"WEBHOOK": "https://hooks.example.gov", "WHAT": "x", "OUTCOME": "y", **given}
    )
    assert done.returncode == 0
