"""deploy.sh and rollback.sh with the real kubectl. It has no cluster here: manifests are files, which it reads and changes."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.stand_ins import BACKUP, NEW, OLD, Stage, set_stage

pytestmark = pytest.mark.deploy
ENVOY = "envoyproxy/envoy:v1.40.0"

KUBECTL = f"""#!{sys.executable}
import os, re, subprocess, sys
from pathlib import Path
home = Path(os.environ["STAND_IN_HOME"])
given = sys.argv[3:]  # without --namespace gazette
said = " ".join(given)
with open(home / "calls", "a") as calls:
    calls.write("kubectl " + said + "\\n")

def real(*arguments, **more):
    return subprocess.run([os.environ["REAL_KUBECTL"], *arguments], check=True, text=True, **more)

def file(workload):
    return str(home / (workload.replace("deployment/", "").replace("cronjob/", "").replace("job ", "") + ".yaml"))

if found := re.match(r"get (deployment/\\S+|cronjob/\\S+|job \\S+) --output ", said):
    name = file(found[1] if "job " not in found[1] or "gazette-migrate --output json" in said else "job ended")
    real("label", "--local", "--filename", name, "looked=at", "--output", given[-1])
elif given[0] == "set":
    name = file(given[2])
    changed = real(*given[:2], "--local", "--filename", name, *given[3:], "--output", "yaml", capture_output=True)
    Path(name).write_text(changed.stdout)
elif said == "create --filename -":
    job = real("label", "--local", "--filename", "-", "looked=at", "--output", "json", stdin=sys.stdin, capture_output=True)
    (home / "created.json").write_text(job.stdout)
elif re.match(r"create job gazette-backup-\\d+ --from=cronjob/gazette-backup$|rollout status deployment/", said):
    pass
else:
    sys.exit("an unknown call: " + said)
"""


def pod(*containers: tuple[str, str], before: tuple[tuple[str, str], ...] = ()) -> dict[str, Any]:
    both = {"containers": containers, "initContainers": before}
    return {"spec": {part: [{"name": name, "image": image} for name, image in each] for part, each in both.items() if each}}


def manifest(kind: str, version: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": "gazette"}, "spec": spec}


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    real = shutil.which("kubectl")
    if not real:
        pytest.skip("needs kubectl")
    stage = set_stage(tmp_path)
    (tmp_path / "bin/kubectl").write_text(KUBECTL.replace('os.environ["REAL_KUBECTL"]', repr(real)))
    selector = {"matchLabels": {"a": "b"}}
    server = pod(("envoy", ENVOY), ("server", OLD), before=(("envoy-config", OLD),))
    cron = {
        "schedule": "0 1 * * *",
        "jobTemplate": {"spec": {"template": pod(("backup", "ghcr.io/example/gazette-backup:1.0.0"))}},
    }
    ended = {
        "status": {"conditions": [{"type": "SuccessCriteriaMet", "status": "True"}, {"type": "Complete", "status": "True"}]}
    }
    migrate = pod(("migrate", OLD))
    migrate["metadata"] = {"labels": {"job-name": "gazette-migrate", "app.kubernetes.io/name": "gazette"}}
    for each in (
        manifest("Deployment", "apps/v1", "gazette-server", {"selector": selector, "template": server}),
        manifest("Deployment", "apps/v1", "gazette-worker", {"selector": selector, "template": pod(("worker", OLD))}),
        manifest("CronJob", "batch/v1", "gazette-backup", cron),
        manifest("Job", "batch/v1", "gazette-migrate", {"backoffLimit": 0, "template": migrate}),
        manifest("Job", "batch/v1", "ended", {"template": pod(("any", OLD))}) | ended,
    ):
        (tmp_path / f"{each['metadata']['name']}.yaml").write_text(yaml.safe_dump(each))
    return stage


def template(stage: Stage, name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((stage.home / f"{name}.yaml").read_text())["spec"]["template"]["spec"]
    return loaded


def images(stage: Stage, name: str) -> dict[str, str]:
    found = template(stage, name)
    return {each["name"]: each["image"] for part in ("initContainers", "containers") for each in found.get(part, [])}


def test_deploy(stage: Stage) -> None:
    """Gazette's containers get the image, and so does the one that renders Envoy's configuration; Envoy keeps its own."""
    done = stage.run("deploy.sh", "--target", "kubernetes", "--image", NEW, "--backup-image", BACKUP, "--timeout", "5")
    assert done.returncode == 0, done.stderr
    assert images(stage, "gazette-server") == {"envoy-config": NEW, "envoy": ENVOY, "server": NEW}
    assert images(stage, "gazette-worker") == {"worker": NEW}
    cron = yaml.safe_load((stage.home / "gazette-backup.yaml").read_text())["spec"]["jobTemplate"]["spec"]["template"]
    assert cron["spec"]["containers"][0]["image"] == BACKUP
    job = json.loads((stage.home / "created.json").read_text())
    assert job["metadata"]["name"].startswith("gazette-migrate-")
    assert "job-name" not in job["spec"]["template"]["metadata"]["labels"]
    (container,) = job["spec"]["template"]["spec"]["containers"]
    assert (container["image"], container["args"]) == (NEW, ["migrate", "head"])


def test_rollback(stage: Stage) -> None:
    """The image goes back, and no Job is made."""
    done = stage.run("rollback.sh", "--target", "kubernetes", "--image", NEW, "--timeout", "5")
    assert done.returncode == 0, done.stderr
    assert images(stage, "gazette-server") == {"envoy-config": NEW, "envoy": ENVOY, "server": NEW}
    assert not (stage.home / "created.json").exists()


def test_dry_run(stage: Stage) -> None:
    """It reads, and changes no manifest."""
    before = {file.name: file.read_text() for file in stage.home.glob("*.yaml")}
    done = stage.run("deploy.sh", "--target", "kubernetes", "--image", NEW, "--dry-run")
    assert done.returncode == 0, done.stderr
    assert {file.name: file.read_text() for file in stage.home.glob("*.yaml")} == before
    assert f"set image deployment/gazette-server envoy-config={NEW} server={NEW}" in done.stderr
