"""`.env.example` against `Settings`: complete, in step, good for development and refused where others depend on it."""

import io
import re
import secrets
from pathlib import Path

import pytest
from dotenv import dotenv_values

from server.settings import SAMPLE_MARK, InvalidSettings, Settings, load, names
from tests.servers import Servers
from tests.service import running
from tools.env_example import TARGET, example

TEXT = TARGET.read_text()


def values(text: str = TEXT) -> dict[str, str]:
    return {name: value for name, value in dotenv_values(stream=io.StringIO(text)).items() if value is not None}


def test_in_step() -> None:
    """The file is what the settings' names, comments and defaults make it; mend it with python -m tools.env_example."""
    assert example() == TEXT


def test_complete() -> None:
    """Each setting has one line with a sample, under its first name, and each alias is mentioned."""
    for field in Settings.model_fields:
        name, *aliases = names(field)
        assert len(re.findall(rf"^#?{name}=.+$", TEXT, re.MULTILINE)) == 1, name
        assert all(alias in TEXT for alias in aliases)


def test_starts_development() -> None:
    """A copy named .env is all that the service needs in development."""
    settings = load(values())
    assert settings.environment == "development"
    assert settings.s3_bucket_name
    assert settings.owner_database_url != settings.database_url


async def test_starts_a_server(servers: Servers, template: str, tmp_path: Path) -> None:
    """A server with these settings starts and lets people in; the stores alone are the tests' own."""
    own = r"(MIGRATION_)?DATABASE_URL|REDIS_\w+|(GRPC|METRICS)_PORT|MAIL_DIRECTORY"
    example = {name: value for name, value in values().items() if not re.fullmatch(own, name)}
    async with running(servers, template, tmp_path, **example) as service:
        assert service.settings.environment == "development"
        account = await service.account("ada@example.gov")
        assert (await service.sign_in(account.email)).access_token


def test_optional_samples() -> None:
    """What is commented out is valid too; certificates and keys alone want files that exist."""
    given = re.sub(r"^#(?!TLS_|\w+_FILES?=)([A-Z0-9_]+=)", r"\1", TEXT, flags=re.MULTILINE)
    assert load(values(given)).smtp_host


@pytest.mark.parametrize("environment", ["staging", "production"])
@pytest.mark.parametrize("name", ["JWT_SECRET", "REFRESH_TOKEN_SECRET", "ENCRYPTION_KEY"])
def test_refused_in_public(environment: str, name: str) -> None:
    """Staging and production do not start with a sample secret; the one line names it and says how to make another."""
    good = {each: secrets.token_hex(32) for each in ("JWT_SECRET", "REFRESH_TOKEN_SECRET", "ENCRYPTION_KEY")}
    with pytest.raises(InvalidSettings, match=rf"^{name} is the sample of \.env\.example; .*openssl"):
        load({**values(), **good, name: values()[name], "ENVIRONMENT": environment, "REFLECTION": "false"})


def test_every_secret_is_marked() -> None:
    """Each sample of a secret carries the mark by which it is refused."""
    samples = re.findall(r"^#?(\w*(?:SECRET|PASS|PASSWORD|SECRET_KEY|API_KEY)=.*)$", TEXT, re.MULTILINE)
    assert len(samples) >= 8
    assert all(SAMPLE_MARK in sample for sample in samples)
