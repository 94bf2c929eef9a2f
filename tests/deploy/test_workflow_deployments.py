"""The steps of the workflows that deploy and go back, run here as GitHub would, with stand-ins for SSH, Docker and kubectl."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.deploy.stand_ins import NEW, OLD, Stage, set_stage
from tests.deploy.workflow_steps import execute

BACKUP = "ghcr.io/example/gazette-backup@sha256:" + "a" * 64
OVER_SSH = {
    "IMAGE": NEW,
    "BACKUP_IMAGE": BACKUP,
    "URL": "https://staging.example.gov",
    "SSH_TARGET": "deploy@staging.example.gov",
    "SSH_KNOWN_HOSTS": "staging.example.gov ssh-ed25519 AAAA",
    "SSH_PRIVATE_KEY": "a key",
    "ENV_FILE": "ENVIRONMENT=staging\nWORKERS=2",
    "GAZETTE_TOKEN": "a token",
    "REGISTRY_USER": "someone",
    "REGISTRY_TOKEN": "a registry's token",
}
CLUSTER = {
    "IMAGE": NEW,
    "BACKUP_IMAGE": BACKUP,
    "VERSION": "v2.0.0",
    "URL": "https://api.example.gov",
    "GAZETTE_TOKEN": "a token",
}


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    (tmp_path / "remote").mkdir()
    (tmp_path / "remote/gazette").mkdir()
    (tmp_path / "remote/gazette/docker-compose.staging.yml").write_text("")
    return set_stage(tmp_path)


@pytest.mark.parametrize("workflow", ["cd.yml", "rollback.yml"])
def test_cluster(stage: Stage, workflow: str) -> None:
    """The cluster is reached with the credentials of the role."""
    done, _ = execute(stage, f"{workflow} production: Reach the cluster", CLUSTER="gazette-production")
    assert (done.returncode, stage.calls) == (0, ["aws eks update-kubeconfig --name gazette-production"])


def test_deploy_to_kubernetes(stage: Stage) -> None:
    """Production's step runs deploy.sh, and asks for the version without the tag's v."""
    done, _ = execute(stage, "cd.yml production: Deploy to Kubernetes", **CLUSTER)
    assert done.returncode == 0, done.stderr
    assert f"smoke smoke --url {CLUSTER['URL']} --wait 30 --expect-version 2.0.0" in stage.calls
    assert stage.state["gazette-server"]["containers"]["server"] == NEW  # type: ignore[index]
    assert stage.called(r"rollout status deployment/gazette-server --timeout=600s") != -1


def test_deploy_to_kubernetes_fails(stage: Stage) -> None:
    """The step fails when the version does not become healthy."""
    done, _ = execute(stage, "cd.yml production: Deploy to Kubernetes", **CLUSTER, BROKEN=NEW)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith(f"{OLD} still serves")


@pytest.mark.parametrize("revision", ["", "0026"])
def test_go_back_on_kubernetes(stage: Stage, revision: str) -> None:
    """The schema goes back only when the form names a revision."""
    given = {**CLUSTER, "DOWNGRADE_TO": revision}
    done, _ = execute(stage, "rollback.yml production: Go back on Kubernetes", **given)
    assert done.returncode == 0, done.stderr
    jobs = list(stage.state["jobs"].values())  # type: ignore[attr-defined]
    assert jobs == (["backup", [OLD, "migrate", "0026"]] if revision else [])


@pytest.mark.parametrize(
    ("place", "revision"),
    [
        ("cd.yml staging: Deploy with Compose", ""),
        ("rollback.yml staging: Go back with Compose", ""),
        ("rollback.yml staging: Go back with Compose", "0026"),
    ],
)
def test_compose_over_ssh(stage: Stage, place: str, revision: str) -> None:
    """The Compose files and deploy/ go there, the environment file only its owner can read, and the script runs there."""
    done, _ = execute(stage, place, **OVER_SSH, DOWNGRADE_TO=revision)
    assert done.returncode == 0, done.stderr
    there = stage.home / "remote/gazette"
    assert (there / ".env").read_text() == OVER_SSH["ENV_FILE"] + "\n"
    assert (there / ".env").stat().st_mode & 0o777 == 0o600
    assert (there / "docker-compose.yml").exists()
    assert stage.state["image"] == NEW
    assert stage.state["login"] == OVER_SSH["REGISTRY_TOKEN"]
    assert stage.calls[-1] == "docker logout ghcr.io"
    assert (
        stage.state["migrations"]
        == {"cd.yml": [[NEW, "head"]], "": [], "0026": [[OLD, "0026"]]}["cd.yml" if place.startswith("cd") else revision]
    )


def test_compose_over_ssh_fails(stage: Stage) -> None:
    """What fails there fails here, and the registry's token is forgotten there all the same."""
    done, _ = execute(stage, "cd.yml staging: Deploy with Compose", **OVER_SSH, BROKEN=NEW)
    assert done.returncode == 1
    assert f"{OLD} still serves" in done.stderr
    assert stage.calls[-1] == "docker logout ghcr.io"
    done, _ = execute(stage, "cd.yml staging: Deploy with Compose", **OVER_SSH, FAIL_AT="^login")
    assert done.returncode == 1


@pytest.mark.parametrize("name", sorted(set(OVER_SSH) - {"IMAGE", "BACKUP_IMAGE", "URL", "GAZETTE_TOKEN"}))
def test_compose_over_ssh_needs(stage: Stage, name: str) -> None:
    """Without one of its secrets it ends before it speaks to anybody, and names it."""
    done, _ = execute(stage, "cd.yml staging: Deploy with Compose", **{**OVER_SSH, name: ""})
    assert (done.returncode, name in done.stderr, stage.calls) == (1, True, [])


def test_no_secret_is_an_argument(stage: Stage) -> None:
    """Other users of a machine see the arguments of its programs."""
    execute(stage, "cd.yml staging: Deploy with Compose", **OVER_SSH)
    said = "\n".join(stage.calls)
    assert all(OVER_SSH[name] not in said for name in ("SSH_PRIVATE_KEY", "REGISTRY_TOKEN", "GAZETTE_TOKEN"))
