"""The server's pod of deploy/kubernetes, played by podman: the manifest's own containers, configuration, secrets, volumes and
bounds. A database and Redis run beside them, since the pod has no network."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from functools import partial

import pytest

from tests.deploy import manifests
from tests.deploy.engine import engine
from tests.deploy.manifests import Object
from tests.deploy.podman import NAME, Podman, playable, stores
from tests.deploy.stack import IMAGE, image_of, make_images
from tests.installing import HOME, alone, debian
from tests.polling import wait_until

PASSWORD = secrets.token_hex(24)
SECRETS = {
    "DATABASE_URL": f"postgresql://gazette:{PASSWORD}@127.0.0.1:5432/gazette",
    "REDIS_URL": f"redis://:{PASSWORD}@127.0.0.1:6379/0",
    **{name: secrets.token_urlsafe(48) for name in ("JWT_SECRET", "REFRESH_TOKEN_SECRET", "ENCRYPTION_KEY")},
}
SETTINGS = {"ENVIRONMENT": "staging", "FILES_DIRECTORY": "/tmp/files", "PUBLIC_URL": "https://gazette.example.gov"}
OWNER_URL = f"postgresql://gazette_owner:{PASSWORD}@127.0.0.1:5432/gazette"
LONGEST = 180.0
READ = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1], timeout=5).status)"
pytestmark = [pytest.mark.deploy, pytest.mark.heavy]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Podman]:
    """The pod, with its database migrated. Until it was, the server has been started again and again, as a cluster would."""
    debian("podman", "catatonit", "runc")
    rendered = manifests.kustomized("base")
    own, proxy = (manifests.container(specification(), name)["image"] for name in ("server", "envoy"))
    others = [image_of("postgres"), image_of("redis")]
    made = Podman.at(HOME / "podman")
    with alone("podman"):
        with engine() as docker:
            make_images(docker)
            docker.docker("tag", IMAGE, own)
            docker.docker("tag", image_of("envoy"), proxy)
            made.load(docker, own, proxy, *others)
        manifest = tmp_path_factory.mktemp("pod") / "pod.yaml"
        manifest.write_text(playable(rendered, SETTINGS, *stores(others, PASSWORD)))
        made.clear()  # what a run has left that was killed
        made.keep_secret("gazette-secrets", SECRETS)
        try:
            made("play", "kube", "--network", "none", str(manifest))
            database = ("pg_isready", "--host=127.0.0.1", "--username=gazette", "--dbname=gazette")
            wait_until(lambda: made.inside("postgres", *database), LONGEST)
            given = [word for name, value in {**SECRETS, **SETTINGS}.items() for word in ("--env", f"{name}={value}")]
            owner = ("--env", f"MIGRATION_DATABASE_URL={OWNER_URL}")
            made("run", "--rm", "--pod", NAME, *given, *owner, own, "migrate")
            yield made
        finally:
            made.clear()


def test_it_serves(played: Podman) -> None:
    """Server and Envoy run, confined as the manifest has it, and the server becomes healthy."""
    wait_until(partial(is_serving, played), LONGEST)
    for name in ("server", "envoy"):
        assert played.state(name)["Status"] == "running"
        assert played.inside(name, "id", "-u") == "1001"
        assert played.inside(name, "sh", "-c", "touch /x 2> /dev/null || echo refused") == "refused"
        limit = played.inside(
            name, "sh", "-c", "cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes; true"
        )
        wanted = manifests.container(specification(), name)["resources"]["limits"]["memory"]
        assert str(int(manifests.quantity(wanted))) in (limit or "")


def test_its_probes_are_answered(played: Podman) -> None:
    """What the manifest lets a kubelet ask is answered well: over gRPC at the server, and through Envoy's port; over HTTP."""
    pod = specification()
    ports = {port["name"]: port["containerPort"] for each in manifests.containers(pod) for port in each.get("ports", [])}
    probes = [each[kind] for each in manifests.containers(pod) for kind in each if kind.endswith("Probe")]
    assert len(probes) == 6
    for probe in probes:
        if "grpc" in probe:
            about = ("--address", f"127.0.0.1:{probe['grpc']['port']}", "--service", probe["grpc"]["service"])
            wait_until(partial(is_serving, played, *about), LONGEST)
        else:
            address = f"http://127.0.0.1:{ports[probe['httpGet']['port']]}{probe['httpGet']['path']}"
            assert played.inside("server", "python3", "-c", READ, address) == "200"
    assert played.inside("server", "python3", "-c", READ, "http://127.0.0.1:8080/health") == "200"


def test_it_ends_well(played: Podman) -> None:
    """Envoy takes its hook, and both end by themselves when they are told to: the server first, as a cluster does it."""
    hook = manifests.container(specification(), "envoy")["lifecycle"]["preStop"]["exec"]["command"]
    assert "200" in (played.inside("envoy", *hook) or "")
    for name in ("server", "envoy"):
        played("stop", "--time", "60", f"{NAME}-{name}")
        assert played.state(name)["ExitCode"] == 0


def specification() -> Object:
    """What the manifest says of the pod."""
    deployment = manifests.find(manifests.objects(manifests.kustomized("base")), "Deployment", NAME)
    found: Object = deployment["spec"]["template"]["spec"]
    return found


def is_serving(played: Podman, *about: str) -> bool:
    return (played.inside("server", "gazette", "health", *about) or "").startswith("SERVING ")
