"""Blobs in a bucket of S3, or of anything that speaks its protocol. The only place that knows boto3."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import boto3
import structlog
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client
    from types_boto3_s3.type_defs import CompletedPartTypeDef

from server.settings import Settings
from server.stores.blobs.interface import CHUNK_BYTES, BlobNotFound, StorageUnavailable, checked, undone_on_failure
from server.stores.blobs.threads import Threads

log = structlog.get_logger(__name__)

THREADS = 16
PART_BYTES = 8 * 1024 * 1024
CALL_SECONDS = 4.0
"""The longest that a call may take, its wait for a thread included; a part of an upload must get through in that time."""


class S3:
    """A blob of less than a part is put at once, and a longer one as a multipart upload: neither is seen before it is whole."""

    def __init__(self, client: S3Client, bucket: str) -> None:
        self.client = client
        self.bucket = bucket
        self.threads = Threads(THREADS)

    @classmethod
    def open(cls, settings: Settings) -> S3:
        config = Config(
            connect_timeout=1,
            read_timeout=4,
            retries={"mode": "standard", "total_max_attempts": 2},  # the default of boto3 goes on for minutes
            max_pool_connections=THREADS,
            tcp_keepalive=True,
            s3={"addressing_style": "path" if settings.s3_endpoint else "auto"},
            request_checksum_calculation="when_required",  # not every S3-compatible service knows the newer checksums
            response_checksum_validation="when_required",
        )
        client = boto3.session.Session(
            aws_access_key_id=settings.s3_access_key or None,
            aws_secret_access_key=settings.s3_secret_key or None,
            region_name=settings.s3_region,
        ).client("s3", endpoint_url=settings.s3_endpoint or None, config=config)
        return cls(client, settings.s3_bucket_name)

    async def write(self, key: str, chunks: AsyncIterator[bytes], *, content_type: str) -> None:
        async with undone_on_failure(self, checked(key)):
            await self.put(key, in_parts(chunks), content_type)

    async def put(self, key: str, parts: AsyncIterator[bytes], content_type: str) -> None:
        part = await anext(parts, b"")
        if len(part) < PART_BYTES:
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

    async def read(self, key: str, start: int = 0) -> AsyncGenerator[bytes, None]:
        place = {"Bucket": self.bucket, "Key": checked(key)} | ({"Range": f"bytes={start}-"} if start else {})
        body = (await bounded(self.threads.run(self.client.get_object, **place)))["Body"]
        try:
            while chunk := await bounded(self.threads.run(body.read, CHUNK_BYTES)):
                yield chunk
        finally:
            self.threads.start(body.close)  # a read may still be under way in its thread

    async def delete(self, key: str) -> None:
        await self.threads.quiet(checked(key))
        await self.change(key, self.client.delete_object)
        listed = await bounded(self.threads.run(self.client.list_multipart_uploads, Bucket=self.bucket, Prefix=key))
        for upload in listed.get("Uploads", ()):
            if upload["Key"] == key:
                await self.change(key, self.client.abort_multipart_upload, UploadId=upload["UploadId"])

    async def check(self) -> None:
        await bounded(self.threads.run(self.client.head_bucket, Bucket=self.bucket))

    async def close(self) -> None:
        self.threads.close()
        self.client.close()

    async def change(self, key: str, function: Any, **named: Any) -> Any:
        return await bounded(self.threads.change(key, function, Bucket=self.bucket, Key=key, **named))


async def bounded(call: Awaitable[Any]) -> Any:
    with outages_translated():
        async with asyncio.timeout(CALL_SECONDS):
            return await call


@contextmanager
def outages_translated() -> Iterator[None]:
    try:
        yield
    except (BotoCoreError, ClientError, OSError) as error:
        if isinstance(error, ClientError) and error.response.get("Error", {}).get("Code") == "NoSuchKey":
            raise BlobNotFound(str(error)) from None
        log.warning("the object storage failed", kind=type(error).__name__, error=str(error))
        raise StorageUnavailable from error


async def in_parts(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same bytes in parts of PART_BYTES, the last one shorter."""
    part = bytearray()
    async for chunk in chunks:
        part += chunk
        while len(part) >= PART_BYTES:
            yield bytes(part[:PART_BYTES])
            del part[:PART_BYTES]
    if part:
        yield bytes(part)
