"""deploy/env: what each environment sets is a setting, says no secret, and is what the environment is."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from dotenv import dotenv_values

from server.settings import Settings, load, names
from tests.installing import ROOT

FILES = sorted((ROOT / "deploy/env").glob("*.env.example"))
COMPOSE = {
    "GAZETTE_IMAGE", "GAZETTE_BACKUP_IMAGE", "POSTGRES_PASSWORD", "DATABASE_OWNER_PASSWORD", "DATABASE_PASSWORD",
    "BACKUP_DATABASE_PASSWORD", "TRUSTED_HOPS", "ENVOY_OPTIONS"
}  # fmt: skip
"""What only the Compose files read."""
SETTINGS = {name for field in Settings.model_fields for name in names(field)}


def values(file: Path) -> dict[str, str]:
    return {name: value or "" for name, value in dotenv_values(stream=io.StringIO(file.read_text())).items()}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_each_line_is_read_by_somebody(file: Path) -> None:
    unknown = set(values(file)) - SETTINGS - COMPOSE
    assert not unknown
    composed = "".join(path.read_text() for path in ROOT.glob("docker-compose*.yml"))
    assert all(f"${{{name}" in composed for name in set(values(file)) & COMPOSE)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_no_secret_is_said(file: Path) -> None:
    """What must be kept is empty there."""
    hidden = {name for field, made in Settings.model_fields.items() if not made.repr for name in names(field)}
    assert not {name for name, value in values(file).items() if value and (name in hidden or name.endswith("PASSWORD"))}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_it_is_the_environment(file: Path) -> None:
    """With secrets in the empty places a server starts with it, as the environment that the file is named after."""
    stores = {"DATABASE_URL": "postgresql://gazette:q9F2Vd8nLwQ3@db/gazette", "REDIS_URL": "redis://redis/0"}
    secrets = {
        name: f"{name[0]}Zk4wVd8nLwQ3xRt6uYp1sBm5cHj0aEg9kZf2"
        for name in ("JWT_SECRET", "REFRESH_TOKEN_SECRET", "ENCRYPTION_KEY")
    }
    said = {name: value for name, value in values(file).items() if value and name in SETTINGS}
    settings = load({**stores, **secrets, "S3_BUCKET_NAME": "files", "SMTP_HOST": "mail.example.gov", **said})
    assert settings.environment == file.name.partition(".")[0]
    assert not settings.mail_directory


def test_all_environments_are_there() -> None:
    assert [file.name.partition(".")[0] for file in FILES] == ["development", "production", "staging"]
    assert all(re.search(r"^ENVIRONMENT=", file.read_text(), re.MULTILINE) for file in FILES)
