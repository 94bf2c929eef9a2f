"""GetFile and DownloadFile: the way out."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass

from google.api.httpbody_pb2 import HttpBody

from gazette.files.v1 import file_service_pb2 as rpc
from server.files import failures, views
from server.files.downloads import queries, ranges, rules
from server.process.domains import Previewing
from server.rpc import http, identifying
from server.rpc.call import Call, Need
from server.rpc.caller import ANONYMOUS
from server.rpc.identifying import Authenticator
from server.stores.blobs import ObjectStorage
from server.stores.postgres import AnyRow, Database


@dataclass(frozen=True)
class Downloads:
    """Answers with what is known of a file, and with its bytes."""

    database: Database
    storage: ObjectStorage
    authenticator: Authenticator
    previews: Callable[[], Previewing]

    async def GetFile(self, request: rpc.GetFileRequest, call: Call) -> rpc.GetFileResponse:
        return rpc.GetFileResponse(file=views.shown(await self.visible(request.id, call)))

    async def DownloadFile(self, request: rpc.DownloadFileRequest, call: Call) -> AsyncIterator[HttpBody]:
        file = await self.visible(request.id, call, request.preview_token)
        headers = rules.cache_headers(file) if call.is_http else ()
        if call.is_http and http.matches(call, rules.etag(file)):
            call.headers += (*headers, http.NOT_MODIFIED)
            return
        span = ranges.window(file.size_bytes, request.offset, request.limit)
        if call.is_http:
            asked, condition = call.metadata.get("range", ""), call.metadata.get("if-range", "")
            span, told = rules.over_http(file, span, asked, condition)
            headers = (*headers, *told)
        if not span.length:
            call.headers += headers
            yield HttpBody(content_type=file.content_type)
            return
        async with aclosing(self.storage.read(file.blob_key, span.start, span.stop)) as pieces:
            first = await anext(pieces)  # before the headers go: an outage must still be able to say so
            call.headers += headers
            yield HttpBody(content_type=file.content_type, data=first)
            async for piece in pieces:
                yield HttpBody(data=piece)

    async def visible(self, id: str, call: Call, preview_token: str = "") -> AnyRow:
        """The file, if the caller may have it, or was given a preview of a page that has it. Raises FileNotFound, and
        Unauthenticated for a bad access token."""
        caller = call.caller = await identifying.identified(call, self.authenticator)
        async with self.database.read() as connection:
            file = await queries.file(connection, uuid.UUID(id))
        if file is None or not rules.is_visible(file, caller):
            if file is not None and preview_token and await self.previews().shows_file(preview_token, file.id):
                return file
            raise failures.FileNotFound
        if not file.is_public:
            call.needs += (Need(rules.READ, file.organisation_id),)
        else:
            call.caller = ANONYMOUS  # to whom it makes no difference
        return file
