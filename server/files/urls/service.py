"""CreateDownloadUrl."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from gazette.files.v1 import serving_pb2 as rpc
from server.files import failures
from server.files.downloads import rules
from server.files.downloads.access import Access
from server.files.downloads.served import Asked
from server.rpc.call import Call
from server.rpc.messages import message
from server.stores.blobs import ObjectStorage

SECONDS = 300


@dataclass(frozen=True)
class DownloadUrls:
    """Makes addresses that carry their own permission: of the object storage where it takes such, else of this service."""

    access: Access
    storage: ObjectStorage

    async def CreateDownloadUrl(self, request: rpc.CreateDownloadUrlRequest, call: Call) -> rpc.CreateDownloadUrlResponse:
        file = await self.access.served(Asked(uuid.UUID(request.id), request.version), call)
        if file.is_elsewhere:  # which is for addresses that somebody has kept
            raise failures.FileNotFound
        lifetime = timedelta(seconds=request.lifetime_seconds or SECONDS)
        expire_time = int(time.time() + lifetime.total_seconds())
        if self.storage.presigns:
            disposition = rules.content_disposition(file.name, file.content_type)
            url = self.storage.presigned_read(
                file.blob_key, content_type=file.content_type, disposition=disposition, lifetime=lifetime
            )
        else:
            token = self.access.tokens.token(file.id, file.version, expire_time)
            url = f"{rules.address(file)}?downloadToken={token}"
        return message(rpc.CreateDownloadUrlResponse, url=url, expire_time=datetime.fromtimestamp(expire_time, UTC))
