"""Every setting of the service: its names, default and bounds. Each docstring is the comment in `.env.example`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import BeforeValidator, ConfigDict, model_validator

from server.settings import strength
from server.settings.backups import BackupSettings
from server.settings.files import FileSettings
from server.settings.mail import MailSettings
from server.settings.strength import SAMPLE_MARK
from server.settings.values import (
    API_KEY,
    POSTGRES_URL,
    SENTRY_URL,
    WEB_URL,
    Addresses,
    Duration,
    Hosts,
    Origins,
    Port,
    Roles,
    Site,
    Url,
    Words,
    credentials,
    is_own_address,
    random_part,
    variable,
)

__all__ = ["ENVIRONMENTS", "SAMPLE_MARK", "Settings"]

ENVIRONMENTS = {"dev": "development", "prod": "production"}
SECRETS = (
    "jwt_secret",
    "jwt_previous_secret",
    "refresh_token_secret",
    "encryption_key",
    "encryption_previous_key",
    "api_key",
    "backup_encryption_key",
)
"""What staging and production want to be random."""
MAKER = "openssl rand -base64 48"


Environment = Annotated[
    Literal["development", "test", "staging", "production"], BeforeValidator(lambda value: ENVIRONMENTS.get(value, value))
]


class Settings(FileSettings, MailSettings, BackupSettings):
    """The settings. Each field's docstring is its comment in `.env.example`."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    environment: Environment = variable("ENVIRONMENT", "NODE_ENV", default="development")
    """development, test, staging or production. Staging and production refuse samples, and secrets that are easily guessed."""
    http_port: Port = variable("PORT", "HTTP_PORT", default=8080)
    """Envoy's public port."""
    grpc_host: str = variable("GRPC_HOST", default="127.0.0.1")
    """The address that the gRPC port listens on. Anything but loopback wants TLS or a network that is trusted."""
    grpc_port: Port = variable("GRPC_PORT", default=50051)
    """The gRPC port, shared by all worker processes."""
    metrics_host: str = variable("METRICS_HOST", default="127.0.0.1")
    """The address that the metrics port listens on."""
    metrics_port: Port = variable("METRICS_PORT", default=9464)
    """The port of Prometheus' /metrics."""
    socket_dir: Path | None = variable("SOCKET_DIR", default=None)
    """The folder in which worker n listens on worker-n.sock, for Envoy. Empty: no sockets."""
    workers: int = variable("WORKERS", default=1, ge=1, le=64)
    """How many worker processes serve; one for each processor."""
    background_jobs: bool = variable("BACKGROUND_JOBS", default=True)
    """Whether the serving processes do the background jobs, too: mails, sealing, clearing away. False where `gazette worker`
    does them."""
    api_version: Literal["v1"] = variable("API_VERSION", default="v1")
    """The version of the contract. There is one: v1."""

    database_url: Url = variable("DATABASE_URL", pattern=POSTGRES_URL, repr=False)
    """PostgreSQL 16 or later, with the server's own role: postgresql://USER:PASSWORD@HOST:PORT/DATABASE."""
    migration_database_url: Url = variable("MIGRATION_DATABASE_URL", default="", pattern=POSTGRES_URL, repr=False)
    """The same database with the role that owns the tables. Empty: DATABASE_URL."""
    database_replica_url: Url = variable("DATABASE_REPLICA_URL", default="", pattern=POSTGRES_URL, repr=False)
    """A streaming replica for public reads. Empty: none."""
    database_pool_min: int = variable("DATABASE_POOL_MIN", default=5, ge=1, le=500)
    """Connections that each worker process keeps open in SQLAlchemy's pool, as far as that may open so many."""
    database_pool_max: int = variable("DATABASE_POOL_MAX", default=20, ge=1, le=500)
    """Connections that each worker process may open: half of them in SQLAlchemy's pool, half in the driver's own, which keeps
    what it has opened. One more hears notifications, and a replica may have as many as SQLAlchemy's pool."""
    redis_url: Url = variable("REDIS_URL", pattern=r"^(rediss?|unix)://.+$", repr=False)
    """Redis 6.2 or later: redis://[:PASSWORD@]HOST:PORT/NUMBER."""
    redis_password: str = variable("REDIS_PASSWORD", default="", repr=False)
    """Redis' password, where REDIS_URL has none."""

    jwt_secret: str = variable("JWT_SECRET", min_length=16, repr=False)
    """The secret that signs page tokens and, unless JWT_KEY_FILE is set, access tokens: 32 bytes at least."""
    jwt_previous_secret: str = variable("JWT_PREVIOUS_SECRET", default="", repr=False)
    """The secret before or after JWT_SECRET: what it signed holds too, while one replaces the other. Empty: none."""
    jwt_key_file: Path | None = variable("JWT_KEY_FILE", default=None)
    """A private key (PEM) that signs access tokens so that others can verify them: Ed25519 (EdDSA) or P-256 (ES256)."""
    jwt_verification_key_files: Words = variable("JWT_VERIFICATION_KEY_FILES", default="")
    """Keys (PEM, private or public) whose access tokens hold too, while one replaces the other. Empty: none."""
    jwt_expiration_time: Duration = variable("JWT_EXPIRATION_TIME", "JWT_EXPIRES_IN", default="15m")
    """How long an access token holds."""
    refresh_token_secret: str = variable("REFRESH_TOKEN_SECRET", min_length=16, repr=False)
    """The secret that signs refresh tokens, and the links in mails; another than JWT_SECRET."""
    refresh_token_expiration_time: Duration = variable("REFRESH_TOKEN_EXPIRATION_TIME", "JWT_REFRESH_EXPIRES_IN", default="7d")
    """How long a refresh token holds when it is not used."""
    session_expiration_time: Duration = variable("SESSION_EXPIRATION_TIME", default="30d")
    """How long a session holds at most, however often it is refreshed."""
    refresh_token_leeway: int = variable("REFRESH_TOKEN_LEEWAY", default=10, ge=0, le=60)
    """For how many seconds the refresh token before the newest is answered again (two tabs)."""
    encryption_key: str = variable("ENCRYPTION_KEY", min_length=16, repr=False)
    """The key that encrypts the secrets of authenticator apps in the database: 32 bytes at least."""
    encryption_previous_key: str = variable("ENCRYPTION_PREVIOUS_KEY", default="", repr=False)
    """The key before: what it encrypted can still be read. Empty: none."""
    totp_required_roles: Roles = variable("TOTP_REQUIRED_ROLES", default="")
    """The roles that hold nothing before there is an authenticator app, such as publisher; and the roles above them. Empty:
    none."""
    api_key: str = variable("API_KEY", default="", pattern=API_KEY, repr=False)
    """The first service account's key, which may do everything; make one with: gazette keys generate. Empty: none."""
    rate_limit_window: Duration = variable("RATE_LIMIT_WINDOW", default="15m")
    """The window that RATE_LIMIT_MAX counts in."""
    rate_limit_max: int = variable("RATE_LIMIT_MAX", default=100, ge=1)
    """Calls that an account, or an address that is not signed in, may make in the window. Public reads do not count: Envoy
    limits them by address."""

    redirect_hosts: Hosts = variable("REDIRECT_HOSTS", default="")
    """The hosts outside of the site to which editors may lead readers, such as www.example.gov, or *.example.gov for all below.
    Empty: none."""
    page_max_age: Duration = variable("PAGE_MAX_AGE", default="30s")
    """For how long browsers and CDNs may keep a page without asking again."""
    page_stale_age: Duration = variable("PAGE_STALE_AGE", default="5m")
    """For how long a cached page is served while PostgreSQL cannot be asked whether it still holds."""
    page_cache_bytes: int = variable("PAGE_CACHE_BYTES", default=67108864, ge=0)
    """How many bytes of pages each worker process keeps in memory."""
    max_concurrent_calls: int = variable("MAX_CONCURRENT_CALLS", default=250, ge=1)
    """How many public reads each worker process takes at once, and half as many of each other kind: calls of people who are
    signed in, sign-ins, streams. What exceeds it is refused at once."""
    max_streams_per_address: int = variable("MAX_STREAMS_PER_ADDRESS", default=50, ge=1)
    """How many downloads, uploads, imports, exports and large answers each worker process has under way for one address (IPv6:
    a /64) at a time; what exceeds it is refused at once. A page with thirty pictures asks for thirty at a time."""
    call_deadline: Duration = variable("CALL_DEADLINE", default="5s")
    """The longest that a unary call may take."""
    drain_time: Duration = variable("DRAIN_TIME", default="10s")
    """How long calls may take to end when the service is told to stop."""
    reflection: bool = variable("REFLECTION", default=False)
    """Whether the gRPC port answers reflection. Refused in production."""

    tls_certificate_file: Path | None = variable("TLS_CERTIFICATE_FILE", default=None)
    """The gRPC port's certificate chain (PEM). Empty: plaintext."""
    tls_key_file: Path | None = variable("TLS_KEY_FILE", default=None)
    """The certificate's private key (PEM)."""
    tls_client_ca_file: Path | None = variable("TLS_CLIENT_CA_FILE", default=None)
    """The authority that client certificates must come from (PEM): mutual TLS."""
    proxy_addresses: Addresses = variable("PROXY_ADDRESSES", default="127.0.0.1,::1")
    """The addresses whose x-forwarded-for is believed; connections on the Unix sockets always are."""

    log_level: Literal["debug", "info", "warn", "error"] = variable("LOG_LEVEL", default="info")
    """debug, info, warn or error."""
    log_directory: Path | None = variable("LOG_DIRECTORY", default=None)
    """A folder for combined.log and error.log, beside what goes to standard output. Empty: none."""
    slow_call: Duration = variable("SLOW_CALL", default="1s")
    """A call that takes longer is logged as slow."""
    sentry_dsn: Url = variable("SENTRY_DSN", default="", pattern=SENTRY_URL, repr=False)
    """Where unexpected errors are reported. Empty: nowhere."""
    revision: str = variable("REVISION", default="", pattern=r"^[\w.+-]{0,64}$")
    """The commit that was built, for metrics and error reports. The image sets it."""
    otel_exporter_otlp_endpoint: Url = variable("OTEL_EXPORTER_OTLP_ENDPOINT", default="", pattern=WEB_URL)
    """Where traces go, by gRPC. Empty: none are made."""
    otel_traces_sampler: Literal["traceidratio", "parentbased_traceidratio"] = variable(
        "OTEL_TRACES_SAMPLER", default="traceidratio"
    )
    """traceidratio: how many calls are traced is for this server to say; parentbased_traceidratio: whoever sends a traceparent
    decides, for where only one's own proxies can."""
    otel_traces_sampler_arg: float = variable("OTEL_TRACES_SAMPLER_ARG", default=0.01, ge=0, le=1)
    """Which part of the calls is traced, from 0 to 1."""
    otel_service_name: str = variable("OTEL_SERVICE_NAME", default="gazette")
    """The service's name in traces and error reports."""
    public_url: Site = variable("PUBLIC_URL", default="http://127.0.0.1:8080", pattern=WEB_URL)
    """Where people's browsers find this installation: links in mails begin with it."""
    cors_origins: Origins = variable("CORS_ORIGINS", default="")
    """The origins of front ends whose scripts may call over HTTP: https://www.example.gov; https://*.example.gov for each host
    one label below; http://localhost:* for any port. Envoy is rendered with them. Empty: none."""
    api_docs: bool = variable("API_DOCS", default=False)
    """Whether HTTP answers /openapi.json, and at /docs a page that shows it and tries calls. Envoy is rendered with it."""

    @model_validator(mode="after")
    def agree(self) -> Self:
        """What must hold between settings; a message begins with the variable that is to be mended."""
        if self.database_pool_max < self.database_pool_min:
            raise ValueError("DATABASE_POOL_MAX is less than DATABASE_POOL_MIN; raise it")
        if self.jwt_secret == self.refresh_token_secret:
            raise ValueError("REFRESH_TOKEN_SECRET equals JWT_SECRET; give it a value of its own")
        if self.files_directory is None and not self.s3_bucket_name:
            raise ValueError("S3_BUCKET_NAME is missing; name a bucket, or set FILES_DIRECTORY to a folder")
        self.keep_backups_apart()
        if bool(self.tls_certificate_file) != bool(self.tls_key_file):
            raise ValueError("TLS_KEY_FILE and TLS_CERTIFICATE_FILE go together; set both or none")
        if self.tls_client_ca_file and not self.tls_certificate_file:
            raise ValueError("TLS_CLIENT_CA_FILE needs TLS_CERTIFICATE_FILE and TLS_KEY_FILE; set them")
        for name in ("jwt_key_file", "tls_certificate_file", "tls_key_file", "tls_client_ca_file", "smtp_ca_file"):
            path: Path | None = getattr(self, name)
            if path is not None and not path.is_file():
                raise ValueError(f"{name.upper()} names no file; mend the path")
        if missing := [each for each in self.jwt_verification_key_files if not Path(each).is_file()]:
            raise ValueError(f"JWT_VERIFICATION_KEY_FILES: {missing[0]} is no file; mend the path")
        if self.is_public:
            self.refuse_weak_secrets()
            self.refuse_development_values()
        return self

    def keep_backups_apart(self) -> None:
        files = (self.s3_bucket_name, self.s3_endpoint)
        if self.backup_s3_bucket_name and (self.backup_s3_bucket_name, self.backup_s3_endpoint) == files:
            raise ValueError("BACKUP_S3_BUCKET_NAME is the bucket of the files; name one that the server cannot reach")

    def refuse_weak_secrets(self) -> None:
        secrets = {name.upper(): value for name in SECRETS if (value := getattr(self, name))}
        passwords = dict(self.passwords())
        for judge in (strength.obvious_weakness, strength.hidden_weakness):
            for name, secret in secrets.items():
                if weakness := judge(secret) or judge(random_part(secret)):
                    maker = "gazette keys generate" if name == "API_KEY" else MAKER
                    raise ValueError(f"{name} {weakness}; make one with: {maker}")
        for name, (password, user) in passwords.items():
            if weakness := strength.password_weakness(password, user):
                raise ValueError(f"{name} has a password that {weakness}; set another, such as: {MAKER}")
        for name, other in combinations([*secrets, *passwords], 2):
            one, two = ((secrets.get(each) or passwords[each][0]) for each in (name, other))
            if {name, other} & secrets.keys() and strength.are_alike(random_part(one), random_part(two)):
                raise ValueError(f"{other} equals {name}, or one stands in the other; give it a value of its own: {MAKER}")
        strength.listed.cache_clear()

    def refuse_development_values(self) -> None:
        if is_own_address(urlsplit(self.public_url).hostname or ""):
            raise ValueError(
                "PUBLIC_URL is the machine's own address: links in mails would lead nowhere; set the one that people use"
            )
        if urlsplit(self.public_url).scheme != "https":
            raise ValueError("PUBLIC_URL is no https:// address: links in mails would be read on their way; set one that is")
        if self.mail_directory is not None:
            raise ValueError("MAIL_DIRECTORY is for development: no mail would be sent; set SMTP_HOST instead")
        if "*" in self.cors_origins:
            raise ValueError("CORS_ORIGINS is *: scripts of any site could call; name the origins of your front ends")
        if self.reflection and self.environment == "production":
            raise ValueError("REFLECTION is on in production; turn it off")

    def passwords(self) -> Iterator[tuple[str, tuple[str, str]]]:
        """The passwords by which the server is known to others, each with the user that it is for, by the variables' names."""
        for name in ("database_url", "migration_database_url", "database_replica_url", "backup_database_url", "redis_url"):
            yield name.upper(), credentials(getattr(self, name))
        yield "REDIS_PASSWORD", (self.redis_password, "")
        yield "S3_SECRET_KEY", (self.s3_secret_key, self.s3_access_key)
        yield "BACKUP_S3_SECRET_KEY", (self.backup_s3_secret_key, self.backup_s3_access_key)
        yield "SMTP_PASS", (self.smtp_pass, self.smtp_user)

    @property
    def is_public(self) -> bool:
        """Whether others than its developers depend on this installation."""
        return self.environment in {"staging", "production"}

    @property
    def owner_database_url(self) -> str:
        return self.migration_database_url or self.database_url
