"""docker-compose.prod.yml and docker-compose.staging.yml, as Compose itself reads them."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from server.settings import load
from tests.deploy.stack import compose as program
from tests.installing import ROOT

pytestmark = pytest.mark.deploy

FILES = {"production": ("prod",), "staging": ("prod", "staging")}
SECRETS = re.findall(r"^([A-Z0-9_]+)=$", (ROOT / "deploy/env/production.env.example").read_text(), re.MULTILINE)
OWNER, SUPERUSER, REPLICATION = "DATABASE_OWNER_PASSWORD", "POSTGRES_PASSWORD", "BACKUP_DATABASE_PASSWORD"
ALL = (OWNER, SUPERUSER, REPLICATION)
GIB, MIB = 1 << 30, 1 << 20
LIMITS = {
    "server": (1, GIB, 0.5, 512 * MIB),
    "worker": (1, GIB, 0.25, 256 * MIB),
    "postgres": (2, 2 * GIB, 0.5, GIB),
}


def compose(name: str, *command: str, without: str = "", directory: Path) -> subprocess.CompletedProcess[str]:
    """What Docker Compose says, with the example's settings and a value for each that is empty there."""
    example = (ROOT / f"deploy/env/{name}.env.example").read_text()
    filled = re.sub(r"^([A-Z0-9_]+)=$", lambda line: f"{line[1]}={made_up(line[1])}", example, flags=re.MULTILINE)
    if without:
        filled = re.sub(rf"^{without}=.*$", "", filled, flags=re.MULTILINE)
    file = directory / ".env"
    file.write_text(filled)
    files = [word for part in FILES[name] for word in ("--file", str(ROOT / f"docker-compose.{part}.yml"))]
    environment = {"PATH": os.environ["PATH"], "HOME": str(directory), "GAZETTE_ENV_FILE": str(file)}
    return subprocess.run(
        [program(), *files, "--env-file", str(file), *command],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def made_up(name: str) -> str:
    """What nobody would guess, and another for each name."""
    digest = hashlib.sha256(f"{name} of the tests".encode()).hexdigest()
    return f"filled-in-{digest}"


@cache
def parsed(name: str, directory: Path) -> dict[str, Any]:
    done = compose(name, "--profile", "backup", "config", "--format", "json", directory=directory)
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("compose")


@pytest.mark.parametrize("name", FILES)
def test_it_is_valid(name: str, directory: Path) -> None:
    done = compose(name, "config", "--quiet", directory=directory)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("secret", SECRETS)
def test_nothing_starts_without(secret: str, directory: Path) -> None:
    """What the example leaves empty has no default: Compose stops, and names it."""
    done = compose("production", "config", "--quiet", without=secret, directory=directory)
    assert done.returncode != 0
    assert secret in done.stderr


@pytest.mark.parametrize("name", FILES)
def test_only_envoy_publishes(name: str, directory: Path) -> None:
    """Only Envoy can be reached from outside. The catcher of staging's mails can, from the machine itself."""
    published = {service: made["ports"] for service, made in parsed(name, directory)["services"].items() if made.get("ports")}
    mails = published.pop("mail", [])
    assert set(published) == {"envoy"}
    assert all(each["host_ip"] == "127.0.0.1" for each in mails)


def test_replicas_and_limits(directory: Path) -> None:
    """Three servers, each with a processor and a GiB, of which half is reserved; the database may take twice as much."""
    services = parsed("production", directory)["services"]
    assert services["server"]["deploy"]["replicas"] == 3
    for name, (cpus, memory, reserved_cpus, reserved_memory) in LIMITS.items():
        resources = services[name]["deploy"]["resources"]
        assert (float(resources["limits"]["cpus"]), int(resources["limits"]["memory"])) == (cpus, memory)
        kept = resources["reservations"]
        assert (float(kept["cpus"]), int(kept["memory"])) == (reserved_cpus, reserved_memory)
    lasting = {name for name, made in services.items() if made.get("restart") == "unless-stopped"}
    assert all(services[name]["deploy"]["resources"]["limits"]["memory"] for name in lasting)
    assert all(services[name]["logging"]["options"]["max-size"] for name in lasting)


def test_the_database_takes_all_connections(directory: Path) -> None:
    """Every process may open its whole pool, and there are some left for commands and backups."""
    services = parsed("production", directory)["services"]
    (limit,) = [int(each.partition("=")[2]) for each in services["postgres"]["command"] if each.startswith("max_connections")]
    pool = load(settings_of(services["server"])).database_pool_max
    assert limit >= pool * (services["server"]["deploy"]["replicas"] + 1) + 20


@pytest.mark.parametrize("name", FILES)
def test_settings(name: str, directory: Path) -> None:
    """What server, worker and migration get is what Settings takes there, and only the migration knows the owner's password."""
    services = parsed(name, directory)["services"]
    for service in ("server", "worker", "migrate"):
        settings = load(settings_of(services[service]))
        assert settings.environment == name
        assert settings.proxy_addresses == (services["envoy"]["networks"]["front"]["ipv4_address"],)
        assert ("gazette_owner" in settings.migration_database_url) == (service == "migrate")
    for service, hidden in {
        "server": ALL,
        "worker": ALL,
        "migrate": (SUPERUSER, REPLICATION),
        "archive": (OWNER, SUPERUSER),
    }.items():
        assert not any(made_up(each) in value for each in hidden for value in settings_of(services[service]).values())
    assert not load(settings_of(services["server"])).background_jobs
    assert load(settings_of(services["worker"])).background_jobs


def settings_of(service: dict[str, Any]) -> dict[str, str]:
    """As a server finds them."""
    return {key: str(value) for key, value in service["environment"].items() if value is not None}


@pytest.mark.parametrize("name", FILES)
def test_order(name: str, directory: Path) -> None:
    """The schema comes before the servers, and they before Envoy."""
    services = parsed(name, directory)["services"]
    conditions = {
        (service, other): made["condition"]
        for service, each in services.items()
        for other, made in each.get("depends_on", {}).items()
    }
    for service in ("server", "worker"):
        assert conditions[service, "migrate"] == "service_completed_successfully"
    assert conditions["migrate", "postgres"] == "service_healthy"
    assert conditions["envoy", "server"] == "service_healthy"


@pytest.mark.parametrize("name", FILES)
def test_confined(name: str, directory: Path) -> None:
    """What is ours, and what faces the network, can write nowhere and gain nothing."""
    services = parsed(name, directory)["services"]
    for service in ("server", "worker", "migrate", "envoy", "envoy-config", "backup", "archive"):
        made = services[service]
        assert made["read_only"]
        assert made["cap_drop"] == ["ALL"]
        assert made["security_opt"] == ["no-new-privileges:true"]
    assert all(re.search(r"[:@](v?\d|sha256:)|^filled-in", made["image"]) for made in services.values())
    stores = {service for service, made in services.items() if set(made.get("networks") or {}) == {"stores"}}
    assert {"postgres", "redis"} <= stores
    assert parsed(name, directory)["networks"]["stores"]["internal"]
