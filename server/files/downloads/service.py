"""GetFile and DownloadFile: the way out."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass

from google.api.httpbody_pb2 import HttpBody

from gazette.files.v1 import file_service_pb2 as rpc
from server.files import views
from server.files.downloads import rules
from server.files.downloads.access import Access
from server.files.downloads.sending import Sending
from server.files.downloads.served import Asked
from server.files.replacing import queries as replacing
from server.rpc.call import Call


@dataclass(frozen=True)
class Downloads:
    """Answers with what is known of a file, and with its bytes."""

    access: Access
    sending: Sending

    async def GetFile(self, request: rpc.GetFileRequest, call: Call) -> rpc.GetFileResponse:
        file, is_insider = await self.access.known(uuid.UUID(request.id), call)
        if not is_insider:
            return rpc.GetFileResponse(file=views.shown(file))
        async with self.access.database.read() as connection:
            replacements = await replacing.replacements(connection, [file.id])
        return rpc.GetFileResponse(file=views.shown(file, replacement=replacements.get(file.id)))

    async def DownloadFile(self, request: rpc.DownloadFileRequest, call: Call) -> AsyncIterator[HttpBody]:
        asked = Asked(uuid.UUID(request.id), request.version, request.preview_token, request.download_token)
        file = await self.access.served(asked, call)
        if file.is_elsewhere:
            call.headers += rules.redirect(file, rules.address(file))
            return
        async for part in self.sending.send(file, call, offset=request.offset, limit=request.limit):
            yield part
