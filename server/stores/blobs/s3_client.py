"""boto3's client, and what its failures mean."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import boto3
import structlog
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ConnectTimeoutError, ReadTimeoutError

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

from server.settings import Settings
from server.stores.blobs.interface import BlobChanged, BlobNotFound, StorageUnavailable
from server.stores.metering import failed

log = structlog.get_logger(__name__)

THREADS = 16
SLOW_SECONDS = 30
"""The longest that the storage may take to copy or to put together what it has, without a byte of an answer."""
BACKUP_SECONDS = 300.0
MISSING = frozenset({"404", "NoSuchKey", "NoSuchUpload", "InvalidPart", "InvalidPartOrder", "EntityTooSmall"})
CHANGED = frozenset({"412", "PreconditionFailed"})

Style = Literal["auto", "path", "virtual"]


class Clients(NamedTuple):
    """Clients of one bucket's service, which share their credentials."""

    usual: S3Client
    slow: S3Client
    """For what takes the storage a while."""
    presigning: S3Client
    """Knows the service by the name that browsers know."""

    def close(self) -> None:
        for client in self:
            client.close()


def of_files(settings: Settings) -> Clients:
    session = session_of(settings.s3_access_key, settings.s3_secret_key, settings.s3_region)
    endpoint, style = settings.s3_endpoint, settings.s3_addressing_style
    usual = configuration(endpoint, style, connect_timeout=1, read_timeout=4, attempts=2)
    slow = configuration(endpoint, style, connect_timeout=1, read_timeout=SLOW_SECONDS, attempts=1)
    public = settings.s3_public_endpoint or endpoint
    return Clients(
        connected(session, endpoint, usual),
        connected(session, endpoint, slow),
        connected(session, public, configuration(public, style, connect_timeout=1, read_timeout=4, attempts=1)),
    )


def of_backups(settings: Settings) -> Clients:
    """Parts of a backup are greater, and may take longer."""
    session = session_of(settings.backup_s3_access_key, settings.backup_s3_secret_key, settings.backup_s3_region)
    endpoint = settings.backup_s3_endpoint
    client = connected(session, endpoint, configuration(endpoint, connect_timeout=5, read_timeout=60, attempts=4))
    return Clients(client, client, client)


def configuration(endpoint: str, style: Style = "auto", *, connect_timeout: int, read_timeout: int, attempts: int) -> Config:
    return Config(
        signature_version="s3v4",  # presigned addresses are else of the version before, which few services know still
        connect_timeout=connect_timeout,
        read_timeout=read_timeout,
        retries={"mode": "standard", "total_max_attempts": attempts},  # the default of boto3 goes on for minutes
        max_pool_connections=THREADS,
        tcp_keepalive=True,
        s3={"addressing_style": "path" if endpoint and style == "auto" else style},
        request_checksum_calculation="when_required",  # not every S3-compatible service knows the newer checksums
        response_checksum_validation="when_required",
    )


def session_of(access_key: str, secret_key: str, region: str) -> boto3.session.Session:
    return boto3.session.Session(
        aws_access_key_id=access_key or None, aws_secret_access_key=secret_key or None, region_name=region
    )


def connected(session: boto3.session.Session, endpoint: str, config: Config) -> S3Client:
    return session.client("s3", endpoint_url=endpoint or None, config=config)


async def bounded(call: Awaitable[Any], seconds: float) -> Any:
    with outages_translated():
        async with asyncio.timeout(seconds):
            return await call


@contextmanager
def outages_translated() -> Iterator[None]:
    """Raises BlobNotFound, BlobChanged and StorageUnavailable."""
    try:
        yield
    except (BotoCoreError, ClientError, OSError) as error:
        code = error.response.get("Error", {}).get("Code") if isinstance(error, ClientError) else ""
        if code in MISSING:
            raise BlobNotFound(str(error)) from None
        if code in CHANGED:
            raise BlobChanged(str(error)) from None
        failed["object_storage", kind_of(error)]()
        log.warning("the object storage failed", kind=type(error).__name__, error=str(error))
        raise StorageUnavailable from error


def kind_of(error: Exception) -> str:
    """A failure's kind, as it is counted (`metering.KINDS`)."""
    if isinstance(error, ClientError):
        return "failed" if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500) >= 500 else "refused"
    return "timeout" if isinstance(error, TimeoutError | ConnectTimeoutError | ReadTimeoutError) else "unreachable"
