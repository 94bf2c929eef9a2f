"""Writes `.env.example`: every setting with its comment and a sample. `python -m tools.env_example --check` only compares.

The names, comments and defaults are those of `server.settings.Settings`. Here stand the samples of what has no default, such
that a copy named `.env` starts the service in development, with docker-compose.yml and beside it.
"""

import sys
import textwrap
from pathlib import Path

from server.settings import SAMPLE_MARK, Settings, names
from server.settings.backups import BackupSettings
from server.settings.mail import MailSettings

TARGET = Path(__file__).resolve().parent.parent / ".env.example"

HEAD = f"""\
# Gazette's settings, each with a sample. For development: cp .env.example .env
#
# Written from server/settings by `python -m tools.env_example`. A line that begins with # and a name is a sample of what is
# optional. Staging and production refuse what contains "{SAMPLE_MARK}".
"""

SAMPLES = {
    "workers": "2",
    "database_url": f"postgresql://gazette:{SAMPLE_MARK}@127.0.0.1:5432/gazette",
    "migration_database_url": f"postgresql://gazette_owner:{SAMPLE_MARK}@127.0.0.1:5432/gazette",
    "redis_url": "redis://127.0.0.1:6379/0",
    "redis_password": SAMPLE_MARK,
    "jwt_secret": f"{SAMPLE_MARK}-access-tokens-are-signed-with-this",
    "refresh_token_secret": f"{SAMPLE_MARK}-refresh-tokens-are-signed-with-this",
    "encryption_key": f"{SAMPLE_MARK}-authenticators-are-encrypted-with-this",
    "mail_directory": ".gazette/mail",
    "s3_endpoint": "http://127.0.0.1:9000",
    "s3_access_key": "gazette",
    "s3_secret_key": SAMPLE_MARK,
    "s3_bucket_name": "gazette-files",
    "reflection": "true",
    "api_docs": "true",
    "cors_origins": "http://localhost:*,http://127.0.0.1:*",
}

OPTIONAL = {
    "socket_dir": "/run/gazette",
    "database_replica_url": f"postgresql://gazette:{SAMPLE_MARK}@127.0.0.1:5433/gazette",
    "files_directory": "/var/lib/gazette",
    "s3_cdn_url": "https://files.example.gov",
    "s3_public_endpoint": "https://s3.example.gov",
    "clamav_url": "tcp://127.0.0.1:3310",
    "cdn_purge_url": "https://cdn.example.gov",
    "file_quota": "107374182400",
    "tls_certificate_file": "/etc/gazette/tls/tls.crt",
    "tls_key_file": "/etc/gazette/tls/tls.key",
    "tls_client_ca_file": "/etc/gazette/tls/ca.crt",
    "log_directory": "/var/log/gazette",
    "sentry_dsn": "https://key@sentry.example.gov/1",
    "revision": "0123456789abcdef",
    "otel_exporter_otlp_endpoint": "http://127.0.0.1:4317",
    "smtp_host": "smtp.example.gov",
    "smtp_user": "gazette@example.gov",
    "smtp_pass": SAMPLE_MARK,
    "jwt_previous_secret": f"{SAMPLE_MARK}-access-tokens-were-signed-with-this",
    "jwt_key_file": "/etc/gazette/jwt/private.pem",
    "jwt_verification_key_files": "/etc/gazette/jwt/next.pem",
    "encryption_previous_key": f"{SAMPLE_MARK}-authenticators-were-encrypted-with-this",
    "totp_required_roles": "publisher",
    "redirect_hosts": "www.example.gov,*.service.example.gov",
    "smtp_ca_file": "/etc/ssl/certs/mail-authority.pem",
    "backup_directory": "/var/backups/gazette",
    "backup_s3_endpoint": "https://s3.example.gov",
    "backup_s3_access_key": "gazette-backup",
    "backup_s3_secret_key": SAMPLE_MARK,
    "backup_s3_bucket_name": "gazette-backups",
    "backup_encryption_key": f"{SAMPLE_MARK}-backups-are-encrypted-with-this",
    "backup_database_url": f"postgresql://gazette_backup:{SAMPLE_MARK}@127.0.0.1:5432/gazette",
    "backup_postgres_bin": "/usr/lib/postgresql/18/bin",
    "backup_wal_directory": "/var/lib/gazette-wal",
    "api_key": f"gaz_{SAMPLE_MARK}_{'0' * 64}_66736dea",
}

COMPOSE = f"""\
# What follows is not the server's: docker-compose.yml alone reads it, for a new PostgreSQL volume. The first is the superuser's
# password; the other two are those of MIGRATION_DATABASE_URL and of DATABASE_URL.
POSTGRES_PASSWORD={SAMPLE_MARK}
DATABASE_OWNER_PASSWORD={SAMPLE_MARK}
DATABASE_PASSWORD={SAMPLE_MARK}
"""


def line(field: str) -> str:
    """`NAME=sample`; behind a # where the sample needs something that is not there by itself."""
    name, default = names(field)[0], Settings.model_fields[field].default
    if field in OPTIONAL:
        return f"#{name}={OPTIONAL[field]}"
    sample = SAMPLES.get(field, str(default).lower() if isinstance(default, bool) else str(default or ""))
    if not sample:
        sys.exit(f"{name} has neither a default nor a sample: give it one in tools/env_example.py")
    return f"{name}={sample}"


def paragraph(field: str) -> str:
    comment = Settings.model_fields[field].description or ""
    _, *aliases = names(field)
    also = f" Also read as {' or '.join(aliases)}." if aliases else ""
    lines = textwrap.wrap(f"{comment}{also}", width=126, break_long_words=False, break_on_hyphens=False)
    return "".join(f"# {text}\n" for text in lines) + line(field) + "\n"


def example() -> str:
    apart = [*MailSettings.model_fields, *BackupSettings.model_fields]  # the second are what no server needs
    fields = [*(field for field in Settings.model_fields if field not in apart), *apart]
    return "\n".join((HEAD, *map(paragraph, fields), COMPOSE))


def main() -> None:
    if "--check" not in sys.argv:
        TARGET.write_text(example())
    elif not TARGET.is_file() or TARGET.read_text() != example():
        sys.exit(".env.example is not what server/settings/model.py says: run `python -m tools.env_example`")


if __name__ == "__main__":
    main()
