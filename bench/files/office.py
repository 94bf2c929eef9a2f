"""Who sends and has files here: the demo's administrator, by gRPC and by HTTP, and an S3 service to send them to."""

from __future__ import annotations

import subprocess
import sys
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any, NamedTuple

import boto3
import grpc
import httpx
from botocore.config import Config

from bench import installation
from bench.installation import EMAIL, PASSWORD, Installation
from devstack.ports import free_port
from gazette.auth.v1.organisation_service_pb2 import ListOrganisationsRequest
from gazette.files.v1.file_pb2 import FileUpload
from gazette.files.v1.file_service_pb2_grpc import FileServiceStub
from gazette_client import Client

MIB = 1 << 20
HERE = "127.0.0.1"
KEYS = ("key", "a-secret-of-the-benchmark")
BUCKET = "gazette-files"
ROW = b"2026-11-30,Harbour Office,Moorings,The fee for a berth of up to twelve metres,1234.50\n"
Chunks = Sequence[bytes]


class Office(NamedTuple):
    """Signed in."""

    ours: Installation
    channel: grpc.Channel
    stub: FileServiceStub
    metadata: tuple[tuple[str, str], ...]
    organisation_id: str

    def upload(self, chunks: Chunks, name: str = "fees.csv") -> FileUpload:
        return FileUpload(organisation_id=self.organisation_id, name=name, size_bytes=sum(map(len, chunks)))

    def http(self, method: str, path: str, body: Iterable[bytes] | None = None, size: int = 0, **more: str) -> int:
        """Sends the body, reads the answer, and says how long that is. Raises if it is no good one."""
        headers = {"authorization": self.metadata[0][1], "content-length": str(size), **more}
        with closing(HTTPConnection(HERE, self.ours.http_port)) as connection:
            connection.request(method, path, body=body, headers=headers if body is not None else {**headers, **NOTHING})
            return length(connection.getresponse())


NOTHING = {"content-length": "0"}


def length(answer: HTTPResponse) -> int:
    size = 0
    if answer.status >= 300:
        raise AssertionError((answer.status, answer.read()))
    while piece := answer.read(MIB):
        size += len(piece)
    return size


@contextmanager
def opened(path: Path, **settings: str) -> Iterator[Office]:
    """An installation of one worker, which takes large files."""
    settings = {
        "MAX_FILE_SIZE": str(4 << 30),
        "ALLOWED_FILE_TYPES": "text/csv,image/jpeg,image/png,application/pdf",
        **settings,
    }
    with (
        installation.gazette(path, settings=settings) as ours,
        Client(f"{HERE}:{ours.grpc_port}", email=EMAIL, password=PASSWORD) as client,
        grpc.insecure_channel(f"{HERE}:{ours.grpc_port}") as channel,
    ):
        organisation = client.organisations.ListOrganisations(ListOrganisationsRequest()).organisations[0].id
        signed = httpx.post(
            f"http://{HERE}:{ours.http_port}/v1/auth/login", json={"email": EMAIL, "password": PASSWORD}
        ).raise_for_status()
        token = signed.json()["accessToken"]
        yield Office(ours, channel, FileServiceStub(channel), (("authorization", f"Bearer {token}"),), organisation)


def table(size: int) -> list[bytes]:
    """So many bytes of a CSV, in chunks of 1 MiB."""
    block = (ROW * (MIB // len(ROW) + 1))[:MIB]
    return [block] * (size // MIB)


def another(chunks: Chunks) -> Chunks:
    """The same, but for its first line: no two are stored as one."""
    line = f"{uuid.uuid4()}\n".encode()
    return [line + chunks[0][len(line) :], *chunks[1:]]


class Bucket(NamedTuple):
    """An S3 service with a bucket."""

    endpoint: str
    client: Any
    pid: int

    @property
    def settings(self) -> dict[str, str]:
        access, secret = KEYS
        return {
            "S3_ENDPOINT": self.endpoint,
            "S3_BUCKET_NAME": BUCKET,
            "S3_ACCESS_KEY": access,
            "S3_SECRET_KEY": secret,
            "FILES_DIRECTORY": "",
        }


@contextmanager
def bucket() -> Iterator[Bucket]:
    """moto, in a process of its own."""
    port = free_port()
    command = [sys.executable, "-c", f"from moto.server import main; main(['-H', '{HERE}', '-p', '{port}'])"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        endpoint = f"http://{HERE}:{port}"
        access, secret = KEYS
        plain = Config(request_checksum_calculation="when_required", response_checksum_validation="when_required")
        client = boto3.client(
            "s3",
            endpoint_url=endpoint,
            config=plain,
            aws_access_key_id=access,
            aws_secret_access_key=secret,
            region_name="us-east-1",
        )
        wait_for(endpoint)
        client.create_bucket(Bucket=BUCKET)
        yield Bucket(endpoint, client, process.pid)
    finally:
        process.terminate()
        process.wait()


def wait_for(url: str) -> None:
    end = time.monotonic() + 60
    while True:
        try:
            httpx.get(url)
        except httpx.TransportError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)
        else:
            return
