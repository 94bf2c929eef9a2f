"""GetRendition and CreateRenditionUrl."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass

from google.api.httpbody_pb2 import HttpBody

from gazette.files.v1 import serving_pb2 as rpc
from server.background.processes import Processes
from server.files import addresses
from server.files.downloads import rules as downloads
from server.files.downloads.access import Access
from server.files.downloads.sending import Sending
from server.files.downloads.served import Asked, Served
from server.files.renditions import rules, specifications
from server.files.renditions.making import SERVED, Making
from server.files.renditions.rules import Signing
from server.formats import drawing
from server.rpc.call import Call
from server.settings import Settings
from server.stores.blobs import BlobNotFound, ObjectStorage


@dataclass(frozen=True)
class Renditions:
    """Answers with images made from files, and with their addresses."""

    access: Access
    sending: Sending
    making: Making
    signing: Signing
    widths: tuple[int, ...]

    @classmethod
    def from_settings(cls, settings: Settings, storage: ObjectStorage, access: Access, sending: Sending) -> Renditions:
        """Raises InvalidSettings."""
        processes = Processes(memory=drawing.MEMORY, imports=drawing.DRAWERS)
        signing = Signing.from_secrets(settings.jwt_secret, settings.jwt_previous_secret)
        return cls(access, sending, Making(access.database, storage, processes), signing, addresses.widths(settings))

    async def GetRendition(self, request: rpc.GetRenditionRequest, call: Call) -> AsyncIterator[HttpBody]:
        file = await self.access.served(Asked(uuid.UUID(request.id), request.version, request.preview_token), call)
        asked = specifications.read(request.specification)
        if file.is_elsewhere:
            call.headers += downloads.redirect(file, addresses.rendition(file.id, file.version, request.specification))
            return
        rules.check_drawn(file)
        rules.check_allowed(asked, request.specification, request.signature, file, self.widths, self.signing)
        if asked.depends_on_focus:  # it becomes another one with the focal point, whatever the version
            file = file._replace(is_named=False)
        wanted = specifications.of(asked, file)
        rendition = await self.making.rendition(file, wanted)
        try:
            first = await anext(parts := self.sending.send(rules.served(file, rendition, wanted), call), None)
        except BlobNotFound:
            rendition = await self.making.again(rendition, file, wanted)
            first = await anext(parts := self.sending.send(rules.served(file, rendition, wanted), call), None)
        if first is not None:
            SERVED.inc()
            yield first
            async for part in parts:
                yield part

    async def CreateRenditionUrl(self, request: rpc.CreateRenditionUrlRequest, call: Call) -> rpc.CreateRenditionUrlResponse:
        file = await self.access.served(Asked(uuid.UUID(request.id)), call)
        rules.check_drawn(file)
        return rpc.CreateRenditionUrlResponse(url=self.address(file, request.specification))

    def address(self, file: Served, specification: str) -> str:
        """Of this version, with a signature where there has to be one: then what follows the focal point names it, too."""
        wanted = specifications.read(specification)
        if rules.is_listed(wanted, self.widths):
            return addresses.rendition(file.id, file.version, specification)
        specification = wanted.about(file.focal_x, file.focal_y).specification
        signature = self.signing.signature(file.id, file.version, specification)
        return f"{addresses.rendition(file.id, file.version, specification)}?signature={signature}"
