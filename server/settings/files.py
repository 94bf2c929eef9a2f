"""The settings of files: where their bytes are, what is taken, and how it is served. Each docstring is the comment in
`.env.example`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from server.settings.values import WEB_URL, Duration, Url, Words, variable

CLAMAV = r"^(tcp://[A-Za-z0-9.:\[\]-]+:[0-9]{1,5}|unix:///.+)$"


class FileSettings(BaseModel):
    """What takes, examines and serves files wants to know."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    files_directory: Path | None = variable("FILES_DIRECTORY", default=None)
    """A folder that holds the files' bytes instead of S3. Not for several machines."""
    s3_endpoint: Url = variable("S3_ENDPOINT", default="", pattern=WEB_URL)
    """An S3-compatible service's URL. Empty: AWS."""
    s3_public_endpoint: Url = variable("S3_PUBLIC_ENDPOINT", default="", pattern=WEB_URL)
    """The same service as browsers reach it, for presigned addresses. Empty: S3_ENDPOINT."""
    s3_addressing_style: Literal["auto", "path", "virtual"] = variable("S3_ADDRESSING_STYLE", default="auto")
    """Where the bucket's name stands: path (https://HOST/BUCKET), virtual (https://BUCKET.HOST), or auto: in the path of an
    S3_ENDPOINT, in the host of AWS."""
    s3_access_key: str = variable("S3_ACCESS_KEY", "AWS_ACCESS_KEY_ID", default="", repr=False)
    """The access key. Empty: what the AWS SDK finds by itself."""
    s3_secret_key: str = variable("S3_SECRET_KEY", "AWS_SECRET_ACCESS_KEY", default="", repr=False)
    """The secret key."""
    s3_bucket_name: str = variable("S3_BUCKET_NAME", "AWS_S3_BUCKET", default="", pattern=r"^[A-Za-z0-9._-]*$")
    """The bucket that holds the files' bytes. Required unless FILES_DIRECTORY is set."""
    s3_region: str = variable("S3_REGION", "AWS_REGION", default="us-east-1", pattern=r"^[A-Za-z0-9-]+$")
    """The bucket's region."""
    s3_cdn_url: Url = variable("S3_CDN_URL", "AWS_S3_CDN_URL", default="", pattern=WEB_URL)
    """The address under which a CDN serves the bucket: presigned addresses of downloads are of it. It must hand on the query,
    and ask the bucket by the bucket's own name."""
    max_file_size: int = variable("MAX_FILE_SIZE", default=5242880, ge=1)
    """The largest file that may be uploaded, in bytes."""
    allowed_file_types: Words = variable("ALLOWED_FILE_TYPES", default="image/jpeg,image/png,application/pdf")
    """The media types that may be uploaded. docs/files.md lists those that can be: there is a parser for each."""
    file_quota: int = variable("FILE_QUOTA", default=0, ge=0)
    """How many bytes of files an organisation may have, unless SetFileQuota says otherwise of it. 0: no bound."""
    upload_expiration_time: Duration = variable("UPLOAD_EXPIRATION_TIME", default="1d")
    """How long an upload in pieces may take from its beginning to its end."""
    clamav_url: str = variable("CLAMAV_URL", default="", pattern=rf"{CLAMAV}|^$")
    """The virus scanner (clamd): tcp://HOST:3310 or unix:///PATH. Empty: files are not scanned."""
    rendition_widths: Words = variable("RENDITION_WIDTHS", default="160,320,480,640,960,1280,1920")
    """The widths, in pixels, of the images that anyone may have made of a public one."""
    file_max_age: Duration = variable("FILE_MAX_AGE", default="365d")
    """For how long browsers and CDNs may keep a version of a public file, and its renditions, without asking again."""
    cdn_purge_url: Url = variable("CDN_PURGE_URL", default="", pattern=WEB_URL)
    """Where a CDN takes PURGE requests with a Surrogate-Key, such as https://cdn.example.gov. Empty: none is told."""
