"""Object storage: the files' bytes, as blobs by key. In a bucket (`s3`) or in a folder (`directory`), behind one interface.

- **blob**: bytes that are written once, whole or not at all, and never changed.
- **key**: a blob's name, such as `blobs/2026/03/5d0c…`. The server makes it up; nothing of it comes from a user.

Whose a blob is, what is in it and who may have it stand in the database. Both kinds of storage keep a blob under its key as it
is, so a folder that is copied into a bucket works there.
"""

from __future__ import annotations

from server.settings import InvalidSettings, Settings
from server.stores.blobs.directory import Directory
from server.stores.blobs.interface import (
    BlobChanged,
    BlobNotFound,
    ObjectStorage,
    Part,
    PresignedForm,
    Stat,
    StorageUnavailable,
)

__all__ = [
    "BlobChanged",
    "BlobNotFound",
    "ObjectStorage",
    "Part",
    "PresignedForm",
    "Stat",
    "StorageUnavailable",
    "open_backups",
    "open_storage",
]


def open_storage(settings: Settings) -> ObjectStorage:
    """The storage that the settings name. Raises InvalidSettings for a folder that cannot be made; S3 is not asked yet."""
    if settings.files_directory:
        return Directory.open(settings.files_directory)
    from server.stores.blobs.s3 import S3  # noqa: PLC0415 - boto3 takes 15 MB and half a second, which a folder does not need

    return S3.open(settings)


def open_backups(settings: Settings) -> ObjectStorage:
    """The storage of the backups. Raises InvalidSettings where none is named, or for a folder that cannot be made."""
    if settings.backup_directory:
        return Directory.open(settings.backup_directory, "BACKUP_DIRECTORY")
    if not settings.backup_s3_bucket_name:
        raise InvalidSettings(
            "BACKUP_S3_BUCKET_NAME is missing; name a bucket for backups, or set BACKUP_DIRECTORY to a folder"
        )
    from server.stores.blobs.s3 import S3  # noqa: PLC0415 - as above

    return S3.open_backups(settings)
