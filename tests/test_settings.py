"""Settings: what stops the start, and what it says."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from server.settings import InvalidSettings, load, with_dotenv

GOOD = {
    "DATABASE_URL": "postgresql://gazette:hidden-one@localhost/gazette",
    "REDIS_URL": "redis://localhost:6379/0",
    "JWT_SECRET": "an access token secret of 32 bytes or more",
    "REFRESH_TOKEN_SECRET": "a refresh token secret of 32 bytes or more",
    "ENCRYPTION_KEY": "an encryption key of 32 bytes or more",
    "S3_BUCKET_NAME": "files",
    "PUBLIC_URL": "https://editors.example.gov",
}


def refusal(**changed: str) -> str:
    with pytest.raises(InvalidSettings) as caught:
        load({**GOOD, **changed})
    return str(caught.value)


def test_defaults() -> None:
    """What is not given has the documented default."""
    settings = load(GOOD)
    assert settings.environment == "development"
    assert (settings.http_port, settings.grpc_port, settings.metrics_port) == (8080, 50051, 9464)
    assert settings.jwt_expiration_time == timedelta(minutes=15)
    assert settings.refresh_token_expiration_time == timedelta(days=7)
    assert settings.allowed_file_types == ("image/jpeg", "image/png", "application/pdf")


@pytest.mark.parametrize(
    ("name", "value", "field", "read"),
    [
        ("NODE_ENV", "prod", "environment", "production"),
        ("HTTP_PORT", "9000", "http_port", 9000),
        ("JWT_EXPIRES_IN", "24h", "jwt_expiration_time", timedelta(hours=24)),
        ("JWT_REFRESH_EXPIRES_IN", "90", "refresh_token_expiration_time", timedelta(seconds=90)),
        ("AWS_S3_BUCKET", "files", "s3_bucket_name", "files"),
        ("AWS_REGION", "eu-west-2", "s3_region", "eu-west-2"),
        ("AWS_ACCESS_KEY_ID", "id", "s3_access_key", "id"),
    ],
)
def test_aliases(name: str, value: str, field: str, read: object) -> None:
    """A setting is read from each of its names."""
    assert getattr(load({**GOOD, name: value}), field) == read


def test_two_names_that_differ() -> None:
    """Two names of one setting with different values stop the start, and both are named."""
    assert refusal(PORT="8080", HTTP_PORT="9090") == "PORT and HTTP_PORT differ, but are one setting; set one of them"


@pytest.mark.parametrize(
    "name", ["DATABASE_URL", "REDIS_URL", "JWT_SECRET", "REFRESH_TOKEN_SECRET", "ENCRYPTION_KEY", "S3_BUCKET_NAME"]
)
def test_what_is_missing_is_named(name: str) -> None:
    """A required setting that is absent, or empty, is named."""
    assert refusal(**{name: ""}).startswith(f"{name} is missing")


@pytest.mark.parametrize(
    ("changed", "begins"),
    [
        ({"GRPC_PORT": "70000"}, "GRPC_PORT is not valid"),
        ({"GRPC_PORT": "many"}, "GRPC_PORT is not valid"),
        ({"JWT_EXPIRATION_TIME": "soon"}, "JWT_EXPIRATION_TIME is not a duration"),
        ({"JWT_EXPIRATION_TIME": "0m"}, "JWT_EXPIRATION_TIME is not a duration"),
        ({"API_VERSION": "v2"}, "API_VERSION is not valid"),
        ({"LOG_LEVEL": "loud"}, "LOG_LEVEL is not valid"),
        ({"ENVIRONMENT": "moon"}, "ENVIRONMENT is not valid"),
        ({"DATABASE_URL": "mysql://root@localhost/x"}, "DATABASE_URL is not valid"),
        ({"MIGRATION_DATABASE_URL": "nonsense"}, "MIGRATION_DATABASE_URL is not valid"),
        ({"DATABASE_REPLICA_URL": "nonsense"}, "DATABASE_REPLICA_URL is not valid"),
        ({"S3_ENDPOINT": "127.0.0.1:9000"}, "S3_ENDPOINT is not valid"),
        ({"S3_ENDPOINT": "http://127.0.0.1:many"}, "S3_ENDPOINT is no URL"),
        ({"S3_BUCKET_NAME": "two words"}, "S3_BUCKET_NAME is not valid"),
        ({"S3_REGION": "two words"}, "S3_REGION is not valid"),
        ({"S3_CDN_URL": "files.example.gov"}, "S3_CDN_URL is not valid"),
        ({"SENTRY_DSN": "https://sentry.example.gov/1"}, "SENTRY_DSN is not valid"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4317"}, "OTEL_EXPORTER_OTLP_ENDPOINT is not valid"),
        ({"SMTP_HOST": "smtp://example.gov"}, "SMTP_HOST is not valid"),
        ({"PROXY_ADDRESSES": "10.0.0.0/8"}, "PROXY_ADDRESSES is no list of IP addresses"),
        ({"DATABASE_POOL_MIN": "30"}, "DATABASE_POOL_MAX is less than DATABASE_POOL_MIN"),
        ({"REFRESH_TOKEN_SECRET": GOOD["JWT_SECRET"]}, "REFRESH_TOKEN_SECRET equals JWT_SECRET"),
        ({"TLS_KEY_FILE": "/nowhere/key.pem"}, "TLS_KEY_FILE and TLS_CERTIFICATE_FILE go together"),
        ({"TLS_CLIENT_CA_FILE": "/nowhere/ca.pem"}, "TLS_CLIENT_CA_FILE needs TLS_CERTIFICATE_FILE"),
    ],
)
def test_what_is_wrong_is_named(changed: dict[str, str], begins: str) -> None:
    """A setting with a value that cannot be stops the start with one line that begins with its name."""
    said = refusal(**changed)
    assert said.startswith(begins)
    assert "\n" not in said


def test_addresses_are_compared_as_connections_show_them() -> None:
    """However an address is written, it is the one that a connection shows."""
    assert load({**GOOD, "PROXY_ADDRESSES": "10.0.0.1, 0:0:0:0:0:0:0:1"}).proxy_addresses == ("10.0.0.1", "::1")


@pytest.mark.parametrize("environment", ["staging", "production"])
@pytest.mark.parametrize("name", ["JWT_SECRET", "REFRESH_TOKEN_SECRET", "ENCRYPTION_KEY"])
def test_weak_secrets(environment: str, name: str) -> None:
    """Sample secrets, and secrets under 32 bytes, are refused where others depend on the service."""
    assert "is the sample" in refusal(ENVIRONMENT=environment, **{name: "sample-only-change-me-0123456789abcdef"})
    assert "is shorter than 32 bytes" in refusal(ENVIRONMENT=environment, **{name: "rather-short-secret"})


def test_reflection_in_production() -> None:
    """Reflection is refused in production (D9)."""
    assert refusal(ENVIRONMENT="production", REFLECTION="true").startswith("REFLECTION is on in production")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("PUBLIC_URL", "http://localhost:8080", "PUBLIC_URL is the machine's own address"),
        ("PUBLIC_URL", "http://[::1]/", "PUBLIC_URL is the machine's own address"),
        ("MAIL_DIRECTORY", "/tmp/mail", "MAIL_DIRECTORY is for development"),
        (
            "API_KEY",
            f"gaz_sample-only_{'0' * 64}_66736dea",
            "API_KEY is the sample of .env.example; make one with: gazette keys",
        ),
    ],
)
def test_what_is_for_development(name: str, value: str, message: str) -> None:
    """Links that lead nowhere, mails that are not sent and the sample key are refused where others depend on the service."""
    assert load({**GOOD, "ENVIRONMENT": "production"}).is_public
    assert refusal(ENVIRONMENT="production", **{name: value}).startswith(message)


def test_no_secret_is_told() -> None:
    """Neither a refusal nor the settings' own text holds a secret."""
    said = refusal(DATABASE_URL="postgres:hidden-one@nowhere", JWT_SECRET="hidden")
    assert "hidden" not in said
    assert "hidden-one" not in repr(load(GOOD))
    assert GOOD["JWT_SECRET"] not in repr(load(GOOD))


@pytest.mark.parametrize(("given", "is_read"), [({}, True), ({"ENVIRONMENT": ""}, True), ({"NODE_ENV": "production"}, False)])
def test_dotenv(given: dict[str, str], is_read: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`.env` is read in development only, by whichever name the environment goes, and `.env.local` goes before it."""
    monkeypatch.chdir(tmp_path)
    Path(".env").write_text("LOG_LEVEL=error\nWORKERS=3\n")
    Path(".env.local").write_text("WORKERS=4\n")
    merged = with_dotenv({**GOOD, **given})
    assert (merged.get("LOG_LEVEL"), merged.get("WORKERS")) == (("error", "4") if is_read else (None, None))
