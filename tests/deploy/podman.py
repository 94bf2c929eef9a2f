"""Podman with a store of its own, and the manifest's pod as podman can play it."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.deploy import manifests
from tests.deploy.engine import Engine
from tests.deploy.manifests import Object
from tests.installing import ROOT

NAME = "gazette-server"
CONFIGURATION = """
[containers]
default_ulimits = ["nofile=20000:20000", "nproc=20000:20000"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
"""


@dataclass(frozen=True)
class Podman:
    home: Path

    @classmethod
    def at(cls, home: Path) -> Podman:
        home.mkdir(parents=True, exist_ok=True)
        (home / "containers.conf").write_text(CONFIGURATION)
        return cls(home)

    def start(self, *arguments: str, said: int = subprocess.PIPE, given: int | None = None) -> subprocess.Popen[bytes]:
        command = ["podman", "--root", str(self.home / "data"), "--runroot", str(self.home / "run"), *arguments]
        environment = {**os.environ, "CONTAINERS_CONF": str(self.home / "containers.conf")}
        return subprocess.Popen(command, env=environment, stdin=given, stdout=said, stderr=subprocess.STDOUT)

    def __call__(self, *arguments: str, given: bytes = b"") -> str:
        """What podman says. It must end with 0."""
        process = self.start(*arguments, given=subprocess.PIPE)
        said, _ = process.communicate(given, timeout=300)
        assert process.returncode == 0, f"podman {' '.join(arguments)}\n{said.decode()[-4000:]}"
        return said.decode().strip()

    def inside(self, container: str, *command: str) -> str | None:
        """What a command in one of the pod's containers says; None where it fails."""
        process = self.start("exec", f"{NAME}-{container}", *command)
        said, _ = process.communicate(timeout=60)
        return said.decode().strip() if process.returncode == 0 else None

    def load(self, engine: Engine, *images: str) -> None:
        """Takes images over from Docker."""
        saving = subprocess.Popen(["docker", "save", *images], env={**os.environ, **engine.environment}, stdout=subprocess.PIPE)
        assert saving.stdout is not None
        loading = self.start("load", given=saving.stdout.fileno())
        said, _ = loading.communicate(timeout=300)
        assert (saving.wait(60), loading.returncode) == (0, 0), said
        for image in images:
            if image.startswith("docker.io/"):  # which Docker leaves out of the name, and podman reads as localhost/
                self("tag", image.replace("docker.io/", "localhost/"), image)

    def keep_secret(self, name: str, values: Mapping[str, str]) -> None:
        """A Secret in the form in which podman 4.3 looks for its keys; one from a manifest it cannot read again."""
        encoded = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
        self("secret", "create", name, "-", given=json.dumps(encoded).encode())

    def clear(self) -> None:
        """Removes the pod, its volumes and all secrets, whether they are there or not. Images stay."""
        self("pod", "rm", "--force", "--ignore", NAME)
        for secret in self("secret", "ls", "--format", "{{.ID}}").split():
            self("secret", "rm", secret)
        self("volume", "prune", "--force")

    def state(self, container: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self("inspect", f"{NAME}-{container}"))[0]["State"]
        return found


def playable(rendered: str, settings: Mapping[str, str], beside: list[Object], volumes: list[Object]) -> str:
    """The server's pod and its ConfigMap with these settings, and with containers beside it. What podman 4.3 does not know is
    said in its own way: a native sidecar is one of the containers; and what has ended well is not started again, which it
    would do even with an init container."""
    found = manifests.objects(rendered)
    configuration = manifests.find(found, "ConfigMap", "gazette-config")
    configuration["data"] |= settings
    template = manifests.find(found, "Deployment", NAME)["spec"]["template"]
    spec = template["spec"]
    sidecars = [each for each in spec["initContainers"] if each.pop("restartPolicy", "") == "Always"]
    spec["initContainers"] = [each for each in spec["initContainers"] if each not in sidecars]
    for each in (*sidecars, *spec["containers"]):
        del each["ports"]  # there is no network that they could be published to
    spec["containers"] = [*sidecars, *spec["containers"], *beside]
    spec["volumes"] += volumes
    spec["restartPolicy"] = "OnFailure"
    metadata = {"name": NAME, "labels": template["metadata"]["labels"]}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
    return yaml.safe_dump_all([configuration, pod])


def stores(images: list[str], password: str) -> tuple[list[Object], list[Object]]:
    """A database with Gazette's roles, and Redis, of these images: their containers and volumes."""
    postgres, redis = (f"localhost/{image}" for image in images)
    scripts = {"name": "scripts", "hostPath": {"path": str(ROOT / "deploy/compose"), "type": "Directory"}}
    passwords = ("POSTGRES_PASSWORD", "DATABASE_PASSWORD", "DATABASE_OWNER_PASSWORD", "BACKUP_DATABASE_PASSWORD")
    database: Object = {
        "name": "postgres",
        "image": postgres,
        "env": [{"name": name, "value": password} for name in passwords],
        "securityContext": {"runAsNonRoot": False, "runAsUser": 0, "runAsGroup": 0},
        "volumeMounts": [{"name": "scripts", "mountPath": "/docker-entrypoint-initdb.d", "readOnly": True}],
    }
    counts: Object = {
        "name": "redis",
        "image": redis,
        "command": ["redis-server", "--requirepass", password, "--save", ""],
    }
    return [database, counts], [scripts]
