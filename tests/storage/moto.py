"""An S3 service on loopback, for tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import boto3
import httpx
from moto.server import ThreadedMotoServer

BUCKET = "gazette-files"
KEYS = {"S3_BUCKET_NAME": BUCKET, "S3_ACCESS_KEY": "key", "S3_SECRET_KEY": "secret"}


@contextmanager
def serving() -> Iterator[str]:
    """Its endpoint; the bucket is there."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    endpoint = "http://{}:{}".format(*server.get_host_and_port())
    client = boto3.client(
        "s3", endpoint_url=endpoint, aws_access_key_id="key", aws_secret_access_key="secret", region_name="us-east-1"
    )
    client.create_bucket(Bucket=BUCKET)
    try:
        yield endpoint
    finally:
        httpx.post(f"{endpoint}/moto-api/reset")  # moto keeps its buckets in the process, not in the server
        server.stop()
