"""The settings of backups: where they go, as whom, and for how long. Each docstring is the comment in `.env.example`."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from server.settings.values import POSTGRES_URL, WEB_URL, Duration, Url, variable


class BackupSettings(BaseModel):
    """What `gazette backup` and `gazette restore` want to know. No serving process uses it."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    backup_directory: Path | None = variable("BACKUP_DIRECTORY", default=None)
    """A folder that holds the backups instead of S3. It belongs on another machine's disk."""
    backup_s3_endpoint: Url = variable("BACKUP_S3_ENDPOINT", default="", pattern=WEB_URL)
    """The URL of the S3-compatible service that holds the backups. Empty: AWS."""
    backup_s3_access_key: str = variable("BACKUP_S3_ACCESS_KEY", default="", repr=False)
    """Its access key; another than S3_ACCESS_KEY, which is to reach no backup. Empty: what the AWS SDK finds by itself."""
    backup_s3_secret_key: str = variable("BACKUP_S3_SECRET_KEY", default="", repr=False)
    """The secret key."""
    backup_s3_bucket_name: str = variable("BACKUP_S3_BUCKET_NAME", default="", pattern=r"^[A-Za-z0-9._-]*$")
    """The bucket that holds the backups, and nothing else. Required for a backup unless BACKUP_DIRECTORY is set."""
    backup_s3_region: str = variable("BACKUP_S3_REGION", default="us-east-1", pattern=r"^[A-Za-z0-9-]+$")
    """The bucket's region; another than S3_REGION, so that a backup outlives it."""
    backup_encryption_key: str = variable("BACKUP_ENCRYPTION_KEY", default="", repr=False)
    """The key that backups are encrypted with: 32 bytes at least. Without it no backup can be read: keep it elsewhere, too.
    Empty: they are not encrypted."""
    backup_database_url: Url = variable("BACKUP_DATABASE_URL", default="", pattern=POSTGRES_URL, repr=False)
    """The database with a role that may read all of it, and replicate. Empty: MIGRATION_DATABASE_URL."""
    backup_physical: bool = variable("BACKUP_PHYSICAL", default=True)
    """Whether a backup holds a base backup beside the dump. A provider's database gives none: turn it off there."""
    backup_retention: Duration = variable("BACKUP_RETENTION", default="30d")
    """For how long backups are kept. The last one that is whole is kept however old it is."""
    backup_postgres_bin: Path | None = variable("BACKUP_POSTGRES_BIN", default=None)
    """The folder of pg_dump and its like, of the database's version or a later one. Empty: they are on PATH."""
    backup_wal_directory: Path | None = variable("BACKUP_WAL_DIRECTORY", default=None)
    """The folder in which `gazette backup wal` receives, on a volume that outlives its process. Required for that command."""
    backup_wal_interval: Duration = variable("BACKUP_WAL_INTERVAL", default="5s")
    """How often it uploads what came since: about so much is lost when the database's machine is."""
    backup_wal_slot: str = variable("BACKUP_WAL_SLOT", default="gazette_backup", pattern=r"^[a-z0-9_]{1,63}$")
    """The replication slot that keeps in the database what was not received yet."""
