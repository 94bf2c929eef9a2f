"""Files that are kept in S3."""

from __future__ import annotations

from pathlib import Path

import boto3

from gazette.auth.v1.account_pb2 import Role
from gazette.files.v1.file_service_pb2 import DownloadFileRequest
from gazette.files.v1.file_service_pb2_grpc import FileServiceStub
from tests.files.uploading import png, rows, send, upload_of
from tests.refusals import refused
from tests.servers import Servers
from tests.service import running
from tests.storage.moto import BUCKET, KEYS, serving

SIZE = 17_000_000  # three parts


async def test_a_long_file_goes_to_the_bucket_in_parts_and_comes_back(servers: Servers, template: str, tmp_path: Path) -> None:
    """With S3 as the storage a file is what it was; the blob says its type, and a refused file leaves no part of itself."""
    with serving() as endpoint:
        given = {"FILES_DIRECTORY": "", "S3_ENDPOINT": endpoint, "MAX_FILE_SIZE": str(SIZE), **KEYS}
        async with running(servers, template, tmp_path, **given) as service:
            organisation_id = await service.organisation()
            author = await service.account(role=Role.ROLE_AUTHOR, organisation_id=organisation_id)
            content = png(SIZE)

            file = (await send(service, author, upload_of(organisation_id, content), content)).file
            call = FileServiceStub(service.channel).DownloadFile(DownloadFileRequest(id=file.id), metadata=author.metadata)
            downloaded = b"".join([part.data async for part in call])
            refusal = await refused(send(service, author, upload_of(organisation_id, content), content[:-1]))

            assert downloaded == content
            assert refusal.reason == "SIZE_MISMATCH"
            (row,) = await rows(service)
            client = boto3.client(
                "s3", endpoint_url=endpoint, aws_access_key_id="key", aws_secret_access_key="secret", region_name="us-east-1"
            )
            (blob,) = client.list_objects_v2(Bucket=BUCKET)["Contents"]
            assert blob["Key"] == row.blob_key
            assert client.head_object(Bucket=BUCKET, Key=row.blob_key)["ContentType"] == "image/png"
            assert "Uploads" not in client.list_multipart_uploads(Bucket=BUCKET)
