"""Blobs in a bucket of S3, or of anything that speaks its protocol. This and its neighbours alone know boto3."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing, suppress
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from server.background.behind import Behind
from server.settings import Settings
from server.stores.blobs import s3_client
from server.stores.blobs.interface import (
    CHUNK_BYTES,
    BlobChanged,
    BlobNotFound,
    Part,
    PresignedForm,
    Stat,
    StorageUnavailable,
    checked,
    undone_on_failure,
)
from server.stores.blobs.presigning import Presigning
from server.stores.blobs.reading import read_ahead
from server.stores.blobs.s3_client import BACKUP_SECONDS, SLOW_SECONDS, THREADS, Clients, bounded
from server.stores.blobs.threads import Threads

PART_BYTES = 8 * 1024 * 1024
CALL_SECONDS = 4.0
"""The longest that a call may take, its wait for a thread included; a part of an upload must get through in that time."""
BACKUP_PART_BYTES = 32 * 1024 * 1024
"""Ten thousand parts are the most that S3 takes: an object of a backup has up to 312 GiB."""
COPY_BYTES = 256 * 1024 * 1024
"""What is longer is copied by parts of this size, some at once: S3 copies 5 GiB at most, and none too fast."""
COPIES = 4


class S3:
    """A blob of less than a part is put at once, and a longer one as a multipart upload: neither is seen before it is whole."""

    presigns = True

    def __init__(
        self,
        clients: Clients,
        bucket: str,
        *,
        cdn_url: str = "",
        patience: float = CALL_SECONDS,
        part_bytes: int = PART_BYTES,
        copy_bytes: int = COPY_BYTES,
    ) -> None:
        self.clients = clients
        self.client = clients.usual
        self.bucket = bucket
        self.patience = patience
        self.part_bytes = part_bytes
        self.copy_bytes = copy_bytes
        self.presigning = Presigning(clients.presigning, bucket, cdn_url)
        self.threads = Threads(THREADS)

    @classmethod
    def open(cls, settings: Settings) -> S3:
        return cls(s3_client.of_files(settings), settings.s3_bucket_name, cdn_url=settings.s3_cdn_url)

    @classmethod
    def open_backups(cls, settings: Settings) -> S3:
        clients, bucket = s3_client.of_backups(settings), settings.backup_s3_bucket_name
        return cls(clients, bucket, patience=BACKUP_SECONDS, part_bytes=BACKUP_PART_BYTES)

    async def write(self, key: str, chunks: AsyncIterator[bytes], *, content_type: str) -> str:
        checked(key)
        parts = in_parts(chunks, self.part_bytes)
        first = await anext(parts, b"")
        if len(first) < self.part_bytes:
            put = await self.change(key, self.client.put_object, Body=first, ContentType=content_type)
            return tag_of(put)
        upload = await self.begin(key, content_type=content_type)

        async def undo() -> None:
            await self.abandon(key, upload)

        async with undone_on_failure(undo, key):
            done: list[Part] = []

            async def put(data: bytes) -> None:
                done.append(await self.put_part(key, upload, len(done) + 1, [data]))

            putting = Behind()
            await putting.begin(put, first)
            async for part in parts:
                await putting.begin(put, part)
            await putting.done()
            return await self.complete(key, upload, done)

    async def read(self, key: str, start: int = 0, stop: int | None = None) -> AsyncGenerator[bytes, None]:
        place = {"Bucket": self.bucket, "Key": checked(key)}
        if start or stop is not None:
            place["Range"] = f"bytes={start}-{'' if stop is None else stop - 1}"
        body = (await self.run(self.client.get_object, **place))["Body"]
        try:
            async with aclosing(read_ahead(self.run, iter(partial(body.read, CHUNK_BYTES), b""))) as pieces:
                async for piece in pieces:
                    yield piece
        finally:
            self.threads.start(body.close)  # a read may still be under way in its thread

    async def stat(self, key: str) -> Stat | None:
        try:
            found = await self.run(self.client.head_object, Bucket=self.bucket, Key=checked(key))
        except BlobNotFound:
            await self.check()  # a missing bucket has the same answer
            return None
        return Stat(key, found["ContentLength"], tag_of(found), found["LastModified"])

    async def move(self, source: str, target: str, *, tag: str, content_type: str) -> None:
        found = await self.unchanged(source, tag)
        origin = {"CopySource": {"Bucket": self.bucket, "Key": source}, "CopySourceIfMatch": tag}
        if found.size <= self.copy_bytes:
            copy = self.clients.slow.copy_object
            await self.slow(target, copy, **origin, MetadataDirective="REPLACE", ContentType=content_type)
        else:
            await self.copy_by_parts(found, checked(target), origin, content_type)
        await self.change(source, self.client.delete_object)

    async def unchanged(self, key: str, tag: str) -> Stat:
        found = await self.stat(key)
        if found is None:
            raise BlobNotFound(key)
        if found.tag != tag:
            raise BlobChanged(key)
        return found

    async def copy_by_parts(self, source: Stat, target: str, origin: dict[str, Any], content_type: str) -> None:
        upload = await self.begin(target, content_type=content_type)
        turns = asyncio.Semaphore(COPIES)

        async def copy(number: int, start: int) -> Part:
            stop = min(start + self.copy_bytes, source.size)
            named = {"UploadId": upload, "PartNumber": number, "CopySourceRange": f"bytes={start}-{stop - 1}"}
            async with turns:
                answer = await self.slow(target, self.clients.slow.upload_part_copy, **origin, **named)
            return Part(number, stop - start, answer["CopyPartResult"]["ETag"])

        async def undo() -> None:
            await self.abandon(target, upload)

        async with undone_on_failure(undo, target):
            starts = range(0, source.size, self.copy_bytes)
            try:
                async with asyncio.TaskGroup() as group:
                    copies = [group.create_task(copy(number, start)) for number, start in enumerate(starts, 1)]
            except BaseExceptionGroup as failures:
                raise failures.exceptions[0] from None
            await self.unchanged(source.key, source.tag)  # not every service heeds CopySourceIfMatch of a part
            await self.complete(target, upload, [copied.result() for copied in copies])

    async def delete(self, key: str) -> None:
        await self.threads.quiet(checked(key))
        await self.change(key, self.client.delete_object)
        async for found, upload, _ in self.uploads(key):
            if found == key:
                await self.abandon(key, upload)

    async def begin(self, key: str, *, content_type: str) -> str:
        made = await self.change(checked(key), self.client.create_multipart_upload, ContentType=content_type)
        return str(made["UploadId"])

    async def put_part(self, key: str, assembly: str, number: int, data: Sequence[bytes]) -> Part:
        body = data[0] if len(data) == 1 else b"".join(data)
        named = {"UploadId": assembly, "PartNumber": number, "Body": body}
        answer = await self.change(checked(key), self.client.upload_part, **named)
        return Part(number, len(body), answer["ETag"])

    async def assemble(self, key: str, assembly: str, parts: Sequence[Part]) -> Stat:
        try:
            place = {"Bucket": self.bucket, "Key": checked(key), "UploadId": assembly}
            await self.run(self.client.list_parts, **place, MaxParts=1)  # an outage is told sooner than by what may take long
            await self.complete(key, assembly, parts)
        except BlobNotFound:
            there = await self.stat(key)
            if there is None or there.size != sum(part.size for part in parts):
                raise
            return there
        found = await self.stat(key)
        if found is None:
            raise BlobNotFound(key)
        return found

    async def complete(self, key: str, assembly: str, parts: Sequence[Part]) -> str:
        """The blob's tag."""
        done = {"Parts": [{"ETag": part.tag, "PartNumber": part.number} for part in parts]}
        made = await self.slow(key, self.clients.slow.complete_multipart_upload, UploadId=assembly, MultipartUpload=done)
        return tag_of(made)

    async def abandon(self, key: str, assembly: str) -> None:
        await self.threads.quiet(checked(key))
        with suppress(BlobNotFound):
            await self.change(key, self.client.abort_multipart_upload, UploadId=assembly)

    def assemblies(self, prefix: str) -> AsyncGenerator[tuple[str, str, datetime], None]:
        return self.uploads(f"{checked(prefix)}/")

    async def uploads(self, beginning: str) -> AsyncGenerator[tuple[str, str, datetime], None]:
        """The multipart uploads of keys that begin so."""
        page: dict[str, Any] = {"Bucket": self.bucket, "Prefix": beginning}
        while True:
            listed = await self.run(self.client.list_multipart_uploads, **page)
            for each in listed.get("Uploads", ()):
                yield each["Key"], each["UploadId"], each["Initiated"]
            if not listed.get("IsTruncated"):
                return
            page |= {"KeyMarker": listed["NextKeyMarker"], "UploadIdMarker": listed["NextUploadIdMarker"]}

    async def keys(self, prefix: str) -> AsyncGenerator[str, None]:
        async for found in self.stats(prefix):
            yield found.key

    async def stats(self, prefix: str) -> AsyncGenerator[Stat, None]:
        page: dict[str, Any] = {"Bucket": self.bucket, "Prefix": f"{checked(prefix)}/"}
        while True:
            listed = await self.run(self.client.list_objects_v2, **page)
            for each in listed.get("Contents", ()):
                yield Stat(each["Key"], each["Size"], tag_of(each), each["LastModified"])
            if not listed.get("IsTruncated"):
                return
            page["ContinuationToken"] = listed["NextContinuationToken"]

    def presigned_form(self, key: str, *, size: int, content_type: str, sha256: str, lifetime: timedelta) -> PresignedForm:
        return self.presigning.form(key, size=size, content_type=content_type, sha256=sha256, lifetime=lifetime)

    def presigned_part(self, key: str, assembly: str, number: int, *, size: int, lifetime: timedelta) -> str:
        return self.presigning.part(key, assembly, number, size=size, lifetime=lifetime)

    def presigned_read(self, key: str, *, content_type: str, disposition: str, lifetime: timedelta) -> str:
        return self.presigning.read(key, content_type=content_type, disposition=disposition, lifetime=lifetime)

    def local(self, key: str) -> Path | None:
        return None

    async def check(self) -> None:
        try:
            await self.run(self.client.head_bucket, Bucket=self.bucket)
        except BlobNotFound as error:
            raise StorageUnavailable from error

    async def close(self) -> None:
        self.threads.close()
        self.clients.close()

    async def change(self, key: str, function: Any, **named: Any) -> Any:
        return await bounded(self.threads.change(key, function, Bucket=self.bucket, Key=key, **named), self.patience)

    async def slow(self, key: str, function: Any, **named: Any) -> Any:
        """A change that the storage makes of what it has."""
        call = self.threads.change(key, function, Bucket=self.bucket, Key=key, **named)
        return await bounded(call, max(self.patience, SLOW_SECONDS))

    async def run(self, function: Any, *args: Any, **named: Any) -> Any:
        return await bounded(self.threads.run(function, *args, **named), self.patience)


def tag_of(answer: Mapping[str, Any]) -> str:
    """The ETag, in quotation marks, which some services leave out where they make an object of parts."""
    tag: str = answer["ETag"]
    return f'"{tag.strip(chr(34))}"'


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
