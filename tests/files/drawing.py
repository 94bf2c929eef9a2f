"""Renditions, as callers ask for them, and what they show."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from PIL import Image
from prometheus_client import REGISTRY
from sqlalchemy import select

from gazette.files.v1.file_service_pb2_grpc import FileServiceStub
from gazette.files.v1.serving_pb2 import GetRenditionRequest
from server.files.models import Rendition
from server.stores.postgres import AnyRow
from tests.files.test_downloads import OVER_HTTP, authored
from tests.files.uploading import send, upload_of
from tests.formats.pictures import halves
from tests.formats.samples import encoded
from tests.service import Person, Service

WIDE = encoded(halves((1000, 500)), "PNG")
"""Red on the left, blue on the right."""
RED, BLUE = (192, 32, 32), (32, 32, 192)
Metadata = tuple[tuple[str, str], ...]


async def uploaded(service: Service, content: bytes = WIDE, name: str = "harbour.png") -> tuple[str, str, Person]:
    """A file's id, its organisation's, and its author."""
    organisation_id, author = await authored(service)
    file = (await send(service, author, upload_of(organisation_id, content, name), content)).file
    return file.id, organisation_id, author


async def rendition(
    service: Service, id: str, specification: str, metadata: Metadata = (), **given: Any
) -> tuple[str, Image.Image]:
    """Its media type, and the image."""
    request = GetRenditionRequest(id=id, specification=specification, **given)
    call = FileServiceStub(service.channel).GetRendition(request, metadata=metadata)
    parts = [part async for part in call]
    return parts[0].content_type, Image.open(BytesIO(b"".join(part.data for part in parts)))


async def over_http(
    service: Service, id: str, specification: str, *metadata: tuple[str, str], **given: Any
) -> tuple[dict[str, str], bytes]:
    """What Envoy gets to make response headers of, and the bytes."""
    request = GetRenditionRequest(id=id, specification=specification, **given)
    call = FileServiceStub(service.channel).GetRendition(request, metadata=(OVER_HTTP, *metadata))
    content = b"".join([part.data async for part in call])
    return {name: str(value) for name, value in await call.initial_metadata()}, content


async def rows(service: Service) -> list[AnyRow]:
    async with service.database.read() as connection:
        return list(await connection.execute(select(Rendition).where(Rendition.create_time >= service.start_time)))


def counted(outcome: str) -> float:
    return REGISTRY.get_sample_value("gazette_renditions_total", {"outcome": outcome}) or 0.0


def colour(image: Image.Image, x: int, y: int) -> tuple[int, ...]:
    found = image.convert("RGB").getpixel((x, y))
    assert isinstance(found, tuple)
    return found


def is_near(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return all(abs(a - b) < 25 for a, b in zip(one, other, strict=True))
