"""Settings: what stops the start, and what it says."""

from __future__ import annotations

import base64
import itertools
import random
import re
import secrets
from datetime import timedelta
from pathlib import Path

import flask_unsign_wordlist
import pytest

from server.settings import InvalidSettings, load, strength, with_dotenv
from tests.soak import rounds as repeated

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
        (
            {"REDIRECT_HOSTS": "https://www.example.gov"},
            "REDIRECT_HOSTS is not valid: 'https://www.example.gov' is no name of a host",
        ),
        (
            {"REDIRECT_HOSTS": "www.example.gov:8443"},
            "REDIRECT_HOSTS is not valid: 'www.example.gov:8443' is no name of a host",
        ),
        ({"REDIRECT_HOSTS": "*"}, "REDIRECT_HOSTS is not valid: '*' is no name of a host"),
        ({"REDIRECT_HOSTS": "*.gov"}, "REDIRECT_HOSTS is not valid: '*.gov' is no name of a host"),
        ({"REDIRECT_HOSTS": "10.0.0.1"}, "REDIRECT_HOSTS is not valid: '10.0.0.1' is no name of a host"),
        ({"CORS_ORIGINS": "https://www.example.gov/"}, "CORS_ORIGINS is not valid: 'https://www.example.gov/' is no origin"),
        (
            {"CORS_ORIGINS": "https://www.example.gov:443"},
            "CORS_ORIGINS is not valid: 'https://www.example.gov:443' never",
        ),
        ({"CORS_ORIGINS": "https://*"}, "CORS_ORIGINS is not valid: 'https://*' is no origin"),
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


def test_hosts_are_compared_as_urls_have_them() -> None:
    """However a host is written, it is the one that a URL names: in ASCII and small letters."""
    settings = load({**GOOD, "REDIRECT_HOSTS": "WWW.Example.GOV, *.Käpten.example"})
    assert settings.redirect_hosts == ("www.example.gov", "*.xn--kpten-gra.example")


def test_addresses_are_compared_as_connections_show_them() -> None:
    """However an address is written, it is the one that a connection shows."""
    assert load({**GOOD, "PROXY_ADDRESSES": "10.0.0.1, 0:0:0:0:0:0:0:1"}).proxy_addresses == ("10.0.0.1", "::1")


SECRETS = ["JWT_SECRET", "REFRESH_TOKEN_SECRET", "ENCRYPTION_KEY", "JWT_PREVIOUS_SECRET", "ENCRYPTION_PREVIOUS_KEY"]
PAIRS = [*itertools.combinations(SECRETS, 2)]


@pytest.mark.parametrize("environment", ["staging", "production"])
@pytest.mark.parametrize("name", SECRETS)
def test_weak_secrets(environment: str, name: str) -> None:
    """Sample secrets, and secrets under 32 bytes, are refused where others depend on the service (T4)."""
    for sample in (
        "sample-only-change-me-0123456789abcdef",
        "SAMPLE-ONLY-ACCESS-TOKENS-ARE-SIGNED-WITH-THIS",
        "Sample_Only" * 4,
    ):
        assert refusal(ENVIRONMENT=environment, **{name: sample}).startswith(f"{name} is the sample")
    assert "is shorter than 32 bytes" in refusal(ENVIRONMENT=environment, **{name: "rather-short-secret"})


GUESSED = {
    "one character": "a" * 32,
    "zeros": "0" * 64,
    "halves": "0123456789abcdef" * 4,
    "counting": "12345678901234567890123456789012",
    "alphabet": "abcdefghijklmnopqrstuvwxyz012345",
    "keys": "qwertyuiopasdfghjklzxcvbnm1234567890",
    "words": "changeme-changeme-changeme-changeme",
    "padded": "supersecret".ljust(32, "0"),
    "well known": "your-256-bit-secret-which-is-longer-still",
    "example": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "phrase": "this_is_my_super_secret_key_for_jwt_2024",
    "deadbeef": "deadbeef" * 8,
    "text as base64": base64.b64encode(b"a short text, and no secret at all").decode(),
    "text as hex": b"a short text, and no secret at all".hex(),
    "counting as base64": base64.b64encode(bytes(range(32))).decode(),
    "zeros as base64": base64.b64encode(bytes(32)).decode(),
    "long and dull": secrets.token_hex(18) + "x" * 40,
}


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("kind", GUESSED)
def test_secrets_that_are_easily_guessed(name: str, kind: str) -> None:
    """Length alone makes no secret, nor does writing a text as hex or base64 (T4)."""
    said = refusal(ENVIRONMENT="production", **{name: GUESSED[kind]})
    assert said.startswith((f"{name} is easily guessed", f"{name} is a sample", f"{name} stands on public lists"))
    assert said.endswith("make one with: openssl rand -base64 48")
    assert GUESSED[kind] not in said


@pytest.mark.parametrize("name", SECRETS)
def test_secrets_that_stand_on_public_lists(name: str) -> None:
    """Whoever tries what was ever pasted somewhere finds none of ours: each that looks random and is listed is refused (T4)."""
    lists = Path(flask_unsign_wordlist.get("all")).read_text(errors="replace").splitlines()
    random_ones = [line[1:-1] for line in lists if re.fullmatch(r"'[0-9a-f]{32,64}'", line)]
    assert len(random_ones) > 500
    for secret in random.Random(name).sample(random_ones, 8):
        assert refusal(ENVIRONMENT="production", **{name: secret}).startswith(f"{name} "), secret


@repeated(20, 1_000)
def test_random_secrets(rounds: int) -> None:
    """What `openssl rand` and Python's `secrets` make is always taken (T4)."""
    for _ in range(rounds):
        for secret in (secrets.token_hex(32), base64.b64encode(secrets.token_bytes(32)).decode(), secrets.token_urlsafe(32)):
            assert not strength.weakness(secret), secret


@pytest.mark.parametrize("pair", [*PAIRS, *(pytest.param(pair[::-1], marks=pytest.mark.soak) for pair in PAIRS)], ids="-".join)
def test_secrets_that_equal_each_other(pair: tuple[str, str]) -> None:
    """Who learns one of them has one of them, whatever was trimmed, capitalised or added (T4)."""
    one = secrets.token_hex(32)
    for other in (one, one.upper(), f"{one}-2", one[:40]):
        said = refusal(ENVIRONMENT="production", **{pair[0]: one, pair[1]: other})
        assert said.startswith(pair)
        assert pair[0] in said
        assert pair[1] in said


def test_a_secret_is_no_password_of_another() -> None:
    """What the database or the cache is asked with signs nothing (T4)."""
    secret = secrets.token_hex(32)
    for name, value in (("REDIS_PASSWORD", secret), ("DATABASE_URL", f"postgresql://gazette:{secret}@db/gazette")):
        said = refusal(ENVIRONMENT="production", **{"JWT_SECRET": secret, name: value})
        assert said.startswith(f"{name} equals JWT_SECRET")


@pytest.mark.parametrize("password", ["SAMPLE-ONLY", "gazette", "changeme", "12345678"])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "postgresql://gazette:{}@db.example.gov/gazette"),
        ("DATABASE_URL", "postgresql://gazette@db.example.gov/gazette?password={}"),
        ("MIGRATION_DATABASE_URL", "postgresql://owner:{}@db.example.gov/gazette"),
        ("DATABASE_REPLICA_URL", "postgresql://gazette:{}@replica.example.gov/gazette"),
        ("REDIS_URL", "redis://:{}@cache.example.gov:6379/0"),
        ("REDIS_PASSWORD", "{}"),
        ("S3_SECRET_KEY", "{}"),
        ("SMTP_PASS", "{}"),
    ],
)
def test_sample_passwords(name: str, value: str, password: str) -> None:
    """What stands in every manual is no password of a database, a cache, a storage or a mail server (T4)."""
    said = refusal(ENVIRONMENT="staging", **{name: value.format(password)})
    assert said.startswith(f"{name} has a password that is ")
    strong = value.format(secrets.token_urlsafe(24))
    assert password != "SAMPLE-ONLY" or load({**GOOD, "ENVIRONMENT": "staging", name: strong}).is_public


def test_a_key_of_zeros() -> None:
    """The first service account's key is random too (T4)."""
    said = refusal(ENVIRONMENT="production", API_KEY=f"gaz_019f_{'0' * 64}_66736dea")
    assert said.startswith("API_KEY is easily guessed")
    assert load({**GOOD, "ENVIRONMENT": "production", "API_KEY": f"gaz_019f_{secrets.token_hex(32)}_66736dea"}).is_public


def test_reflection_in_production() -> None:
    """Reflection is refused in production (D9)."""
    assert refusal(ENVIRONMENT="production", REFLECTION="true").startswith("REFLECTION is on in production")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("PUBLIC_URL", "http://localhost:8080", "PUBLIC_URL is the machine's own address"),
        ("PUBLIC_URL", "http://[::1]/", "PUBLIC_URL is the machine's own address"),
        ("PUBLIC_URL", "https://127.8.8.8", "PUBLIC_URL is the machine's own address"),
        ("PUBLIC_URL", "https://editors.localhost.", "PUBLIC_URL is the machine's own address"),
        ("PUBLIC_URL", "https://0.0.0.0", "PUBLIC_URL is the machine's own address"),
        ("PUBLIC_URL", "http://editors.example.gov", "PUBLIC_URL is no https:// address"),
        ("CORS_ORIGINS", "https://www.example.gov,*", "CORS_ORIGINS is *"),
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


def test_links_lead_to_the_host_that_was_named() -> None:
    """The host of links in mails is in ASCII, by IDNA 2008 (A9)."""
    named = load({**GOOD, "PUBLIC_URL": "https://straße-amt.example:8443/redaktion"})
    assert named.public_url == "https://xn--strae-amt-j1a.example:8443/redaktion"
    assert refusal(PUBLIC_URL="https://exa_mplé.gov").startswith("PUBLIC_URL is no URL")


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
