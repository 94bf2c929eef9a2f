"""GetFileText."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta

from gazette.files.v1 import serving_pb2 as rpc
from server.files.downloads import rules
from server.files.downloads.access import Access
from server.files.downloads.served import Asked
from server.files.texts import queries
from server.rpc import http
from server.rpc.call import Call


@dataclass(frozen=True)
class Texts:
    """Answers with what files say, to those who may have them. It was found when they were examined."""

    access: Access
    max_age: timedelta

    async def GetFileText(self, request: rpc.GetFileTextRequest, call: Call) -> rpc.GetFileTextResponse:
        file = await self.access.served(Asked(uuid.UUID(request.id)), call)
        if call.is_http:
            etag = f"W/{rules.etag(file)}"  # of other bytes than the file's
            call.headers += (("etag", etag), *rules.cache_headers(file, self.max_age))
            if http.matches(call, etag):
                call.headers += (http.NOT_MODIFIED,)
                return rpc.GetFileTextResponse()
        async with self.access.database.read() as connection:
            said = await queries.text(connection, file.blob_key)
        return rpc.GetFileTextResponse(text=said.text, is_truncated=said.is_truncated) if said else rpc.GetFileTextResponse()
