"""deploy.sh and rollback.sh against stand-ins for kubectl and docker: their order, and what is left when a step fails."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.stand_ins import BACKUP, MIGRATION_JOB, NEW, OLD, SCRIPTS, Stage, set_stage
from tests.installing import debian

URL = "https://api.example.gov"
TARGETS = ("kubernetes", "compose")
STILL_SERVES = f"{OLD} still serves"


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return set_stage(tmp_path)


def deploy(stage: Stage, target: str, *more: str, **environment: str) -> subprocess.CompletedProcess[str]:
    arguments = ("--target", target, "--image", NEW, "--backup-image", BACKUP, "--url", URL, "--timeout", "5", *more)
    return stage.run("deploy.sh", *arguments, **environment)


def images(stage: Stage, target: str) -> set[str]:
    """What runs Gazette's code now."""
    if target == "compose":
        return {str(stage.state["image"])}
    workloads: list[Any] = [stage.state["gazette-server"], stage.state["gazette-worker"]]
    found = {image for each in workloads for place in ("initContainers", "containers") for image in each[place].values()}
    assert "envoyproxy/envoy:v1.40.0" in found, "Envoy's image is Envoy's"
    return found - {"envoyproxy/envoy:v1.40.0"}


@pytest.mark.parametrize("target", TARGETS)
def test_new_version(stage: Stage, target: str) -> None:
    """Backup, migration, new version, smoke test, in this order; all of Gazette's containers have the new image then."""
    done = deploy(stage, target)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith(f"deploy.sh: {NEW} serves\n")
    assert images(stage, target) == {NEW}
    if target == "compose":
        order = ["run --rm backup", "run --rm migrate migrate head", "up --detach", "smoke --url"]
        assert (stage.state["backups"], stage.state["migrations"]) == (1, [[NEW, "head"]])
    else:
        order = [
            "--from=cronjob/gazette-backup",
            "create --filename -",
            "set image deployment",
            "rollout status",
            "smoke --url",
        ]
        assert [NEW, "migrate", "head"] in stage.state["jobs"].values()  # type: ignore[attr-defined]
        assert stage.state["cronjob/gazette-backup"]["containers"] == {"backup": BACKUP}  # type: ignore[index]
    places = [stage.called(step) for step in order]
    assert -1 not in places
    assert places == sorted(places)


@pytest.mark.parametrize("target", TARGETS)
def test_never_healthy(stage: Stage, target: str) -> None:
    """A version that does not become healthy is taken back. The script fails, and says which version still serves."""
    done = deploy(stage, target, BROKEN=NEW)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == f"deploy.sh: {NEW} did not become healthy; the old version {STILL_SERVES}"
    assert images(stage, target) == {OLD}
    assert "serves\n" not in done.stdout
    assert stage.called("smoke") == -1, "what is not healthy is not asked"


@pytest.mark.parametrize("target", TARGETS)
def test_no_smoke_without_fire(stage: Stage, target: str) -> None:
    """A healthy version that the public cannot reach is taken back too."""
    done = deploy(stage, target, SMOKE_STATUS="1")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith(f"does not pass the smoke test; the old version {STILL_SERVES}")
    assert images(stage, target) == {OLD}


BEFORE = {
    "kubernetes": [
        "create job gazette-backup",
        "get job gazette-backup",
        "get job gazette-migrate --output json",
        "create --filename",
    ],
    "compose": ["run --rm backup", "run --rm migrate"],
}
AFTER = {"kubernetes": ["set image deployment", "rollout status"], "compose": ["pull --quiet", "up --detach"]}


@pytest.mark.parametrize(("target", "step"), [(target, step) for target in TARGETS for step in BEFORE[target]])
def test_fails_before_anything_is_replaced(stage: Stage, target: str, step: str) -> None:
    """Where the backup or the migration fails, the version that serves is not touched."""
    done = deploy(stage, target, FAIL_AT=step)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith(f"nothing was replaced: {STILL_SERVES}")
    assert images(stage, target) == {OLD}
    assert stage.called("set image|up --detach") == -1


@pytest.mark.parametrize("job", ["backup", "migrate"])
def test_failed_jobs(stage: Stage, job: str) -> None:
    """A Job that ends without success is a failure, at once, and what it said is shown."""
    done = deploy(stage, "kubernetes", FAILED_JOB=job)
    assert done.returncode == 1
    assert "what the job said" in done.stderr
    assert done.stderr.splitlines()[-1].endswith(STILL_SERVES)
    assert (stage.called("create --filename") == -1) == (job == "backup"), "no migration without a backup"


@pytest.mark.parametrize(("target", "step"), [(target, step) for target in TARGETS for step in AFTER[target]])
def test_old_version_cannot_be_brought_back(stage: Stage, target: str, step: str) -> None:
    """Where what replaces versions does not work at all, the exit code is another, and nothing is said to serve."""
    done = deploy(stage, target, FAIL_AT=step)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].endswith("could not be brought back: somebody must look now")
    assert "still serves" not in done.stderr


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("script", ["deploy.sh", "rollback.sh"])
def test_nobody_knows_what_serves(stage: Stage, target: str, script: str) -> None:
    """Where the version that serves cannot be asked for, nothing is done."""
    done = stage.run(script, "--target", target, "--image", NEW, FAIL_AT="get deployment|ps --quiet")
    assert done.returncode == 1
    assert "nothing was changed" in done.stderr or "nothing serves now" in done.stderr
    assert len([call for call in stage.calls if " set " in call or " up " in call or " run " in call]) == 0


def test_first_version(stage: Stage) -> None:
    """On a new machine there is nothing to back up, and nothing to bring back."""
    (stage.home / "state").write_text(json.dumps({**stage.state, "image": ""}))
    done = deploy(stage, "compose")
    assert (done.returncode, stage.state["image"], stage.state["backups"]) == (0, NEW, 0), done.stderr
    (stage.home / "state").write_text(json.dumps({**stage.state, "image": ""}))
    done = deploy(stage, "compose", BROKEN=NEW)
    assert done.returncode == 1
    assert "there is no version before" in done.stderr


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("script", ["deploy.sh", "rollback.sh"])
def test_dry_run(stage: Stage, target: str, script: str) -> None:
    """It shows what it would do, and does none of it."""
    before = stage.state
    done = stage.run(script, "--target", target, "--image", NEW, "--url", URL, "--dry-run")
    assert done.returncode == 0, done.stderr
    assert stage.state == before
    assert "+ " in done.stderr
    assert "smoke --url" in done.stderr
    assert stage.called("smoke") == -1


@pytest.mark.parametrize("target", TARGETS)
class TestRollback:
    def test_image_back(self, stage: Stage, target: str) -> None:
        """Without being asked it touches no schema."""
        done = stage.run("rollback.sh", "--target", target, "--image", NEW, "--url", URL)
        assert done.returncode == 0, done.stderr
        assert images(stage, target) == {NEW}
        assert (stage.state["migrations"], stage.state["jobs"]) == ([], {})

    def test_schema_back(self, stage: Stage, target: str) -> None:
        """When asked, it makes a backup first, and takes the schema back with the image that knows the way: the newer one."""
        done = stage.run("rollback.sh", "--target", target, "--image", NEW, "--downgrade-to", "0026")
        assert done.returncode == 0, done.stderr
        if target == "compose":
            assert (stage.state["backups"], stage.state["migrations"]) == (1, [[OLD, "0026"]])
            assert stage.state["restarted"] == ["server", "worker"]
        else:
            jobs: Any = stage.state["jobs"]
            assert list(jobs.values()) == ["backup", [OLD, "migrate", "0026"]]
            assert stage.state["restarted"] == ["gazette-server", "gazette-worker"]

    @pytest.mark.parametrize("step", [r"from=cronjob|--rm backup", r"create --filename|--rm migrate"])
    def test_schema_stays(self, stage: Stage, target: str, step: str) -> None:
        """Where the backup or the downgrade fails, the earlier version serves on with the newer schema."""
        done = stage.run("rollback.sh", "--target", target, "--image", NEW, "--downgrade-to", "0026", FAIL_AT=step)
        assert done.returncode == 1
        assert done.stderr.splitlines()[-1].endswith(f"{NEW} serves")
        assert images(stage, target) == {NEW}

    def test_not_healthy(self, stage: Stage, target: str) -> None:
        """A version that does not become healthy is no way back: what served goes on."""
        done = stage.run("rollback.sh", "--target", target, "--image", NEW, BROKEN=NEW)
        assert done.returncode == 1
        assert done.stderr.splitlines()[-1].endswith(STILL_SERVES)
        assert images(stage, target) == {OLD}

    def test_not_reached(self, stage: Stage, target: str) -> None:
        """What is up and does not pass the smoke test is said to be so."""
        done = stage.run("rollback.sh", "--target", target, "--image", NEW, "--url", URL, SMOKE_STATUS="1")
        assert (done.returncode, "is up, but does not pass" in done.stderr) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "--target is compose or kubernetes"),
        (["--target", "swarm"], "--target is compose or kubernetes"),
        (["--target", "compose"], "--image is missing"),
        (["--target", "compose", "--image"], "--image needs a value"),
        (["--target", "compose", "--image", "gazette:latest"], "never latest"),
        (["--target", "compose", "--image", "gazette"], "names no version"),
        (["--target", "compose", "--image", NEW, "--version", "1"], "unknown option --version"),
        (["--target", "compose", "--image", NEW, "--timeout", "long"], "--timeout is a number"),
        (["--target", "compose", "--image", NEW, "--env-file", ".none"], "there is no .none"),
        (["--target", "compose", "--image", NEW, "--compose-file", "docker-compose.prod.yml:no.yml"], "there is no no.yml"),
    ],
)
@pytest.mark.parametrize("script", ["deploy.sh", "rollback.sh"])
def test_misuse(stage: Stage, script: str, arguments: list[str], says: str) -> None:
    """What makes no sense is one line that says what would, before anything is called."""
    done = stage.run(script, *arguments)
    assert (done.returncode, says in done.stderr, len(done.stderr.splitlines())) == (1, True, 1), done.stderr
    assert stage.calls == []


def test_downgrade_to_no_revision(stage: Stage) -> None:
    """`base` would remove everything: only a revision by its number is taken."""
    done = stage.run("rollback.sh", "--target", "compose", "--image", NEW, "--downgrade-to", "base")
    assert (done.returncode, "four digits" in done.stderr, stage.calls) == (1, True, [])


@pytest.mark.parametrize("script", ["deploy.sh", "rollback.sh"])
def test_help(stage: Stage, script: str) -> None:
    """--help names every option that there is."""
    done = stage.run(script, "--help")
    assert done.returncode == 0
    assert all(
        f"--{name}" in done.stdout for name in ("target", "image", "url", "timeout", "dry-run", "env-file", "expect-version")
    )
    assert ("--downgrade-to" in done.stdout) == (script == "rollback.sh") or "rollback.sh --downgrade-to" in done.stdout


def test_migration_job() -> None:
    """The new Job has nothing that the cluster has added to the old one, and keeps its settings."""
    made = subprocess.run(
        [sys.executable, str(SCRIPTS / "migration_job.py"), "gazette-migrate-7", NEW, "0026"],
        input=json.dumps(MIGRATION_JOB),
        capture_output=True,
        text=True,
        check=True,
    )
    job = json.loads(made.stdout)
    assert "uid" not in made.stdout
    assert "job-name" not in made.stdout
    assert (job["metadata"]["name"], job["spec"]["backoffLimit"], "selector" in job["spec"]) == ("gazette-migrate-7", 0, False)
    (container,) = job["spec"]["template"]["spec"]["containers"]
    assert (container["image"], container["args"], container["envFrom"]) == (
        NEW,
        ["migrate", "0026"],
        [{"secretRef": {"name": "s"}}],
    )


@pytest.mark.deploy
def test_shellcheck() -> None:
    """Debian's shellcheck has nothing to say of any script."""
    debian("shellcheck")
    scripts = sorted(map(str, SCRIPTS.glob("*.sh")))
    done = subprocess.run(
        ["shellcheck", "--external-sources", *scripts], cwd=SCRIPTS.parents[1], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("script", sorted(SCRIPTS.glob("*.sh")), ids=lambda script: script.name)
def test_scripts_are_short(script: Path) -> None:
    """What needs more than some fifty lines belongs into Python."""
    lines = [line for line in script.read_text().splitlines() if line.strip() and not line.strip().startswith("#")]
    assert len(lines) <= 55
