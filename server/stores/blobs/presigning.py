"""Addresses by which others have and send blobs themselves, each for one purpose and a while. No storage is asked for them."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

from server.stores.blobs.interface import PresignedForm, checked


class Presigning:
    """Signs what a caller may do with one key."""

    def __init__(self, client: S3Client, bucket: str, cdn_url: str = "") -> None:
        self.client = client
        self.bucket = bucket
        self.cdn_url = cdn_url

    def form(self, key: str, *, size: int, content_type: str, sha256: str, lifetime: timedelta) -> PresignedForm:
        fields = {"Content-Type": content_type}
        if sha256:
            fields["x-amz-checksum-algorithm"] = "SHA256"
            fields["x-amz-checksum-sha256"] = base64.b64encode(bytes.fromhex(sha256)).decode()
        conditions: list[Any] = [{name: value} for name, value in fields.items()]
        made = self.client.generate_presigned_post(
            Bucket=self.bucket,
            Key=checked(key),
            Fields=fields,
            Conditions=[*conditions, ["content-length-range", size, size]],
            ExpiresIn=seconds(lifetime),
        )
        return PresignedForm(made["url"], made["fields"])

    def part(self, key: str, assembly: str, number: int, *, size: int, lifetime: timedelta) -> str:
        """The length is among what is signed, so nothing longer or shorter can be sent."""
        named = {"UploadId": assembly, "PartNumber": number, "ContentLength": size}
        return self.signed("upload_part", key, named, lifetime)

    def read(self, key: str, *, content_type: str, disposition: str, lifetime: timedelta) -> str:
        """Of the CDN where there is one: it asks the bucket with the bucket's own name, which is the one that is signed."""
        named = {"ResponseContentType": content_type, "ResponseContentDisposition": disposition}
        return led_by(self.cdn_url, self.signed("get_object", key, named, lifetime))

    def signed(self, operation: str, key: str, named: dict[str, Any], lifetime: timedelta) -> str:
        place = {"Bucket": self.bucket, "Key": checked(key)}
        return self.client.generate_presigned_url(operation, Params={**place, **named}, ExpiresIn=seconds(lifetime))


def led_by(base: str, url: str) -> str:
    """The same path and query at another address."""
    if not base:
        return url
    _, _, rest = url.partition("://")
    return f"{base.rstrip('/')}/{rest.partition('/')[2]}"


def seconds(lifetime: timedelta) -> int:
    return max(1, int(lifetime.total_seconds()))
