"""What the tests of storage have in common: settings, a key, and what a storage holds."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

from server.settings import Settings, load
from server.stores.blobs import ObjectStorage
from server.stores.blobs.directory import Directory
from server.stores.blobs.s3 import S3
from tests.storage.moto import BUCKET, KEYS
from tests.test_settings import GOOD

KEY = "blobs/2026/03/0190d5c3"


def s3_settings(endpoint: str, bucket: str = BUCKET, **more: str) -> Settings:
    return load({**GOOD, **KEYS, "S3_ENDPOINT": endpoint, "S3_BUCKET_NAME": bucket, **more})


def folder_settings(folder: Path) -> Settings:
    return load({**GOOD, "FILES_DIRECTORY": str(folder)})


def left(storage: ObjectStorage) -> list[str]:
    """All that the storage holds, half-written things included."""
    if isinstance(storage, Directory):
        unfinished = storage.folder / ".unfinished"
        begun = unfinished.iterdir() if unfinished.is_dir() else ()
        whole = (path for path in storage.folder.rglob("*") if path.is_file() and unfinished not in path.parents)
        return sorted(str(path.relative_to(storage.folder)) for path in (*whole, *begun))
    assert isinstance(storage, S3)
    blobs = storage.client.list_objects_v2(Bucket=BUCKET).get("Contents", [])
    uploads = storage.client.list_multipart_uploads(Bucket=BUCKET).get("Uploads", [])
    return [*(blob["Key"] for blob in blobs), *(upload["Key"] for upload in uploads)]


async def pieces(content: bytes, size: int = 1_000_000) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


async def whole(chunks: AsyncIterator[bytes]) -> bytes:
    return b"".join([chunk async for chunk in chunks])
