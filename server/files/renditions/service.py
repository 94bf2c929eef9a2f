"""GetRendition and CreateRenditionUrl."""

from __future__ import annotations

import uuid
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from google.api.httpbody_pb2 import HttpBody

from gazette.files.v1 import serving_pb2 as rpc
from server.background.processes import Processes
from server.files import addresses, failures
from server.files.downloads import queries as files
from server.files.downloads import rules as downloads
from server.files.downloads.service import Downloads
from server.files.renditions import queries, rules, specifications
from server.files.renditions.making import Making
from server.files.renditions.rules import Signing
from server.files.renditions.specifications import Wanted
from server.formats import drawing
from server.rpc import http
from server.rpc.call import Call
from server.settings import Settings
from server.stores.blobs import BlobNotFound, ObjectStorage
from server.stores.postgres import AnyRow, Database


@dataclass(frozen=True)
class Renditions:
    """Answers with images made from files, and with their addresses."""

    database: Database
    downloads: Downloads
    making: Making
    signing: Signing
    widths: tuple[int, ...]
    max_age: timedelta

    @classmethod
    def from_settings(cls, settings: Settings, database: Database, storage: ObjectStorage, downloads: Downloads) -> Renditions:
        """Raises InvalidSettings."""
        processes = Processes(memory=drawing.MEMORY, imports=drawing.DRAWERS)
        signing = Signing.from_secrets(settings.jwt_secret, settings.jwt_previous_secret)
        making = Making(database, storage, processes)
        return cls(database, downloads, making, signing, addresses.widths(settings), settings.file_max_age)

    async def GetRendition(self, request: rpc.GetRenditionRequest, call: Call) -> AsyncIterator[HttpBody]:
        file = await self.downloads.visible(request.id, call, request.preview_token)
        source = await self.version(file, request.version)
        asked = specifications.read(request.specification)
        if source is None:
            if not call.is_http:
                raise failures.FileNotFound
            call.headers += moved(file, request.specification)
            return
        rules.check_drawn(source)
        rules.check_allowed(asked, request.specification, request.signature, source, self.widths, self.signing)
        wanted = specifications.of(asked, source)
        rendition = await self.making.rendition(source, wanted)
        headers: tuple[tuple[str, str], ...] = ()
        if call.is_http:
            is_final = bool(request.version) and not asked.depends_on_focus
            headers = rules.cache_headers(source, rendition, is_final=is_final, max_age=self.max_age)
            if http.matches(call, rules.etag(rendition)):
                call.headers += (*headers, http.NOT_MODIFIED)
                return
            headers = (*headers, *rules.body_headers(source, rendition, wanted))
        async with aclosing(self.pieces(rendition, source, wanted)) as pieces:
            first = await anext(pieces)  # before the headers go: an outage must still be able to say so
            call.headers += headers
            yield HttpBody(content_type=rendition.content_type, data=first)
            async for piece in pieces:
                yield HttpBody(data=piece)

    async def pieces(self, rendition: AnyRow, source: Any, wanted: Wanted) -> AsyncGenerator[bytes, None]:
        """The bytes of a rendition, which is made again if the storage has lost them."""
        try:
            async with aclosing(self.making.storage.read(rendition.key)) as pieces:
                async for piece in pieces:
                    yield piece
        except BlobNotFound:
            again = await self.making.again(rendition, source, wanted)
        else:
            return
        async with aclosing(self.making.storage.read(again.key)) as pieces:
            async for piece in pieces:
                yield piece

    async def version(self, file: AnyRow, version: int) -> AnyRow | None:
        """What the file is in this version, or now for 0; None where it was that, and is to be asked for what it is now. Raises
        FileNotFound for one that there is not."""
        if version in {0, file.version}:
            return file
        if version > file.version:
            raise failures.FileNotFound
        if file.is_public:
            return None
        async with self.database.read() as connection:
            former = await queries.former(connection, file.id, version)
        if former is None:
            raise failures.FileNotFound
        return former

    async def CreateRenditionUrl(self, request: rpc.CreateRenditionUrlRequest, call: Call) -> rpc.CreateRenditionUrlResponse:
        async with self.database.read() as connection:
            file = await files.file(connection, uuid.UUID(request.id))
        if file is None or not downloads.is_visible(file, call.caller):
            raise failures.FileNotFound
        rules.check_drawn(file)
        wanted = specifications.read(request.specification)
        if rules.is_listed(wanted, self.widths):
            return rpc.CreateRenditionUrlResponse(url=addresses.rendition(file.id, file.version, request.specification))
        specification = wanted.about(file.focal_x, file.focal_y).specification
        signature = self.signing.signature(file.id, file.version, specification)
        return rpc.CreateRenditionUrlResponse(
            url=f"{addresses.rendition(file.id, file.version, specification)}?signature={signature}"
        )


def moved(file: AnyRow, specification: str) -> tuple[tuple[str, str], ...]:
    """Leads from a former version to what the file is now."""
    where = addresses.rendition(file.id, file.version, specification)
    return (("x-http-status", "301"), ("location", where), ("cache-control", "public, no-cache"))
