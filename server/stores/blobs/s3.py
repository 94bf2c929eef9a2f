"""Blobs in a bucket of S3, or of anything that speaks its protocol. The only place that knows boto3."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import boto3
import structlog
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ConnectTimeoutError, ReadTimeoutError

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client
    from types_boto3_s3.type_defs import CompletedPartTypeDef

from server.settings import Settings
from server.stores.blobs.interface import CHUNK_BYTES, BlobNotFound, StorageUnavailable, checked, undone_on_failure
from server.stores.blobs.threads import Threads
from server.stores.metering import failed

log = structlog.get_logger(__name__)

THREADS = 16
PART_BYTES = 8 * 1024 * 1024
CALL_SECONDS = 4.0
"""The longest that a call may take, its wait for a thread included; a part of an upload must get through in that time."""


BACKUP_PART_BYTES = 32 * 1024 * 1024
"""Ten thousand parts are the most that S3 takes: an object of a backup has up to 312 GiB."""
BACKUP_SECONDS = 300.0


class S3:
    """A blob of less than a part is put at once, and a longer one as a multipart upload: neither is seen before it is whole."""

    def __init__(self, client: S3Client, bucket: str, *, patience: float = CALL_SECONDS, part_bytes: int = PART_BYTES) -> None:
        self.client = client
        self.bucket = bucket
        self.patience = patience
        self.part_bytes = part_bytes
        self.threads = Threads(THREADS)

    @classmethod
    def open(cls, settings: Settings) -> S3:
        keys = (settings.s3_access_key, settings.s3_secret_key)
        config = configuration(settings.s3_endpoint, connect_timeout=1, read_timeout=4, attempts=2)
        return cls(connected(settings.s3_endpoint, keys, settings.s3_region, config), settings.s3_bucket_name)

    @classmethod
    def open_backups(cls, settings: Settings) -> S3:
        """The bucket of the backups, whose parts are greater, and may take longer."""
        keys = (settings.backup_s3_access_key, settings.backup_s3_secret_key)
        config = configuration(settings.backup_s3_endpoint, connect_timeout=5, read_timeout=60, attempts=4)
        client = connected(settings.backup_s3_endpoint, keys, settings.backup_s3_region, config)
        return cls(client, settings.backup_s3_bucket_name, patience=BACKUP_SECONDS, part_bytes=BACKUP_PART_BYTES)

    async def write(self, key: str, chunks: AsyncIterator[bytes], *, content_type: str) -> None:
        async with undone_on_failure(self, checked(key)):
            await self.put(key, in_parts(chunks, self.part_bytes), content_type)

    async def put(self, key: str, parts: AsyncIterator[bytes], content_type: str) -> None:
        part = await anext(parts, b"")
        if len(part) < self.part_bytes:
            await self.change(key, self.client.put_object, Body=part, ContentType=content_type)
            return
        upload = await self.change(key, self.client.create_multipart_upload, ContentType=content_type)
        done: list[CompletedPartTypeDef] = []
        while part:
            number = len(done) + 1
            answer = await self.change(key, self.client.upload_part, UploadId=upload["UploadId"], PartNumber=number, Body=part)
            done.append({"ETag": answer["ETag"], "PartNumber": number})
            part = await anext(parts, b"")
        await self.change(
            key, self.client.complete_multipart_upload, UploadId=upload["UploadId"], MultipartUpload={"Parts": done}
        )

    async def read(self, key: str, start: int = 0, stop: int | None = None) -> AsyncGenerator[bytes, None]:
        place = {"Bucket": self.bucket, "Key": checked(key)}
        if start or stop is not None:
            place["Range"] = f"bytes={start}-{'' if stop is None else stop - 1}"
        body = (await self.run(self.client.get_object, **place))["Body"]
        try:
            while chunk := await self.run(body.read, CHUNK_BYTES):
                yield chunk
        finally:
            self.threads.start(body.close)  # a read may still be under way in its thread

    async def delete(self, key: str) -> None:
        await self.threads.quiet(checked(key))
        await self.change(key, self.client.delete_object)
        listed = await self.run(self.client.list_multipart_uploads, Bucket=self.bucket, Prefix=key)
        for upload in listed.get("Uploads", ()):
            if upload["Key"] == key:
                await self.change(key, self.client.abort_multipart_upload, UploadId=upload["UploadId"])

    async def keys(self, prefix: str) -> AsyncGenerator[str, None]:
        page: dict[str, Any] = {"Bucket": self.bucket, "Prefix": f"{checked(prefix)}/"}
        while True:
            listed = await self.run(self.client.list_objects_v2, **page)
            for each in listed.get("Contents", ()):
                yield each["Key"]
            if not listed.get("IsTruncated"):
                return
            page["ContinuationToken"] = listed["NextContinuationToken"]

    async def check(self) -> None:
        await self.run(self.client.head_bucket, Bucket=self.bucket)

    async def close(self) -> None:
        self.threads.close()
        self.client.close()

    async def change(self, key: str, function: Any, **named: Any) -> Any:
        return await bounded(self.threads.change(key, function, Bucket=self.bucket, Key=key, **named), self.patience)

    async def run(self, function: Any, *args: Any, **named: Any) -> Any:
        return await bounded(self.threads.run(function, *args, **named), self.patience)


def configuration(endpoint: str, *, connect_timeout: int, read_timeout: int, attempts: int) -> Config:
    return Config(
        connect_timeout=connect_timeout,
        read_timeout=read_timeout,
        retries={"mode": "standard", "total_max_attempts": attempts},  # the default of boto3 goes on for minutes
        max_pool_connections=THREADS,
        tcp_keepalive=True,
        s3={"addressing_style": "path" if endpoint else "auto"},
        request_checksum_calculation="when_required",  # not every S3-compatible service knows the newer checksums
        response_checksum_validation="when_required",
    )


def connected(endpoint: str, keys: tuple[str, str], region: str, config: Config) -> S3Client:
    access, secret = keys
    return boto3.session.Session(
        aws_access_key_id=access or None, aws_secret_access_key=secret or None, region_name=region
    ).client("s3", endpoint_url=endpoint or None, config=config)


async def bounded(call: Awaitable[Any], seconds: float) -> Any:
    with outages_translated():
        async with asyncio.timeout(seconds):
            return await call


@contextmanager
def outages_translated() -> Iterator[None]:
    try:
        yield
    except (BotoCoreError, ClientError, OSError) as error:
        if isinstance(error, ClientError) and error.response.get("Error", {}).get("Code") == "NoSuchKey":
            raise BlobNotFound(str(error)) from None
        failed["object_storage", kind_of(error)]()
        log.warning("the object storage failed", kind=type(error).__name__, error=str(error))
        raise StorageUnavailable from error


def kind_of(error: Exception) -> str:
    """A failure's kind, as it is counted (`metering.KINDS`)."""
    if isinstance(error, ClientError):
        return "failed" if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500) >= 500 else "refused"
    return "timeout" if isinstance(error, TimeoutError | ConnectTimeoutError | ReadTimeoutError) else "unreachable"


async def in_parts(chunks: AsyncIterator[bytes], size: int) -> AsyncIterator[bytes]:
    """The same bytes in parts of this size, the last one shorter."""
    part = bytearray()
    async for chunk in chunks:
        part += chunk
        while len(part) >= size:
            yield bytes(part[:size])
            del part[:size]
    if part:
        yield bytes(part)
