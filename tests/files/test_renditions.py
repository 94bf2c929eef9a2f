"""Images made from files: which there are, who gets them, and that each is made once."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import grpc
import pytest
from PIL import Image
from sqlalchemy import update

from gazette.auth.v1.account_pb2 import Role
from gazette.files.v1.file_service_pb2_grpc import FileServiceStub
from gazette.files.v1.serving_pb2 import CreateRenditionUrlRequest
from server.files.models import File
from server.files.renditions import making, rules, specifications
from server.files.renditions.service import Renditions
from tests.files.drawing import BLUE, RED, colour, counted, is_near, over_http, rendition, rows, uploaded
from tests.files.test_downloads import authored, publish
from tests.files.uploading import PDF, PNG, blobs, send, upload_of
from tests.formats.pictures import RIGHT_TOP, exif, halves
from tests.formats.samples import encoded
from tests.refusals import refused
from tests.service import Service


@pytest.fixture
def renditions(service: Service) -> Renditions:
    """What makes them in the server, which has made none in this test."""
    found = service.app.means(Renditions)
    found.making.held.clear()
    found.making.hopeless.clear()
    return found


@pytest.mark.usefixtures("renditions")
@pytest.mark.parametrize(
    ("specification", "kind", "format"),
    [
        ("w480.webp", "image/webp", "WEBP"),
        ("w480.avif", "image/avif", "AVIF"),
        ("w480.jpg", "image/jpeg", "JPEG"),
        ("w480.png", "image/png", "PNG"),
    ],
)
async def test_a_listed_width_is_for_everybody(service: Service, specification: str, kind: str, format: str) -> None:
    """Of a public file, in each format."""
    id, organisation_id, _ = await uploaded(service)
    await publish(service, organisation_id, id)
    content_type, image = await rendition(service, id, specification)
    assert (content_type, image.format, image.size) == (kind, format, (480, 240))
    assert is_near(colour(image, 100, 100), RED)
    assert is_near(colour(image, 400, 100), BLUE)


@pytest.mark.usefixtures("renditions")
async def test_a_rendition_is_never_larger_than_the_file(service: Service) -> None:
    """All that come to the same are one."""
    id, organisation_id, _ = await uploaded(service)
    await publish(service, organisation_id, id)
    for width in (1280, 1920):
        assert (await rendition(service, id, f"w{width}.webp"))[1].size == (1000, 500)
    assert [(row.specification, row.width, row.height) for row in await rows(service)] == [("w1000.webp", 1000, 500)]


async def test_a_rendition_is_made_once(service: Service, renditions: Renditions) -> None:
    """For many who ask at once; and for those who ask later, other processes among them. It is kept beside the file."""
    id, organisation_id, _ = await uploaded(service)
    await publish(service, organisation_id, id)
    before, made = len(blobs(service)), counted("made")
    images = await asyncio.gather(*(rendition(service, id, "w320.webp") for _ in range(20)))
    assert {image.size for _, image in images} == {(320, 160)}
    assert (counted("made") - made, len(blobs(service)) - before) == (1, 1)

    renditions.making.held.clear()
    await rendition(service, id, "w320.webp")
    assert counted("made") - made == 1
    (row,) = await rows(service)
    assert row.key.startswith("renditions/")
    assert row.key.endswith("/w320-webp")


async def test_what_the_storage_has_lost_is_made_again(service: Service, renditions: Renditions) -> None:
    id, organisation_id, _ = await uploaded(service)
    await publish(service, organisation_id, id)
    _, before = await over_http(service, id, "w160.webp")
    await renditions.making.storage.delete((await rows(service))[0].key)
    assert (await over_http(service, id, "w160.webp"))[1] == before


@pytest.mark.usefixtures("renditions")
async def test_a_rendition_is_for_who_may_have_the_file(service: Service) -> None:
    """Before it is public there is none for anybody else, whatever is asked."""
    id, _, author = await uploaded(service)
    assert (await rendition(service, id, "w160.webp", author.metadata))[1].size == (160, 80)
    stranger = await service.account(role=Role.ROLE_AUTHOR, organisation_id=await service.organisation())
    for metadata in ((), stranger.metadata):
        refusal = await refused(rendition(service, id, "w160.webp", metadata))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "FILE_NOT_FOUND")
    refusal = await refused(rendition(service, str(uuid.uuid4()), "w160.webp"))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "FILE_NOT_FOUND")


async def test_what_is_not_listed_wants_a_signature(service: Service, renditions: Renditions) -> None:
    """One that was made for this file, this version and this specification. Whoever may read the file can have it made."""
    id, organisation_id, author = await uploaded(service)
    await publish(service, organisation_id, id)
    other, *_ = await uploaded(service, PNG)
    stub = FileServiceStub(service.channel)
    asked = CreateRenditionUrlRequest(id=id, specification="w200-h200-cover.webp")
    address = (await stub.CreateRenditionUrl(asked, metadata=author.metadata)).url
    path, _, signature = address.partition("?signature=")
    assert path == f"/v1/files/{id}/versions/1/renditions/w200-h200-cover-x50-y50.webp"
    given: dict[str, Any] = {"version": 1, "signature": signature}
    assert (await rendition(service, id, "w200-h200-cover-x50-y50.webp", **given))[1].size == (200, 200)

    signing = renditions.signing
    wrong: tuple[tuple[str, dict[str, Any]], ...] = (
        ("w961.webp", {}),
        ("w961.webp", {"signature": "x"}),
        ("w200-h200-cover-x50-y51.webp", given),
        ("w200-h200-cover-x50-y50.jpg", given),
        ("w200-h200-cover-x50-y50.webp", {"signature": signing.signature(id, 2, "w200-h200-cover-x50-y50.webp")}),
        ("w200-h200-cover-x50-y50.webp", {"signature": signing.signature(other, 1, "w200-h200-cover-x50-y50.webp")}),
    )
    for specification, more in wrong:
        refusal = await refused(rendition(service, id, specification, author.metadata, **more))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "RENDITION_NOT_LISTED"), specification
        assert list(refusal.fields) == ["specification"]


async def test_the_address_of_what_is_listed_needs_no_signature(service: Service) -> None:
    id, _, author = await uploaded(service)
    stub = FileServiceStub(service.channel)
    asked = CreateRenditionUrlRequest(id=id, specification="w960.webp")
    assert (
        await stub.CreateRenditionUrl(asked, metadata=author.metadata)
    ).url == f"/v1/files/{id}/versions/1/renditions/w960.webp"
    stranger = await service.account(role=Role.ROLE_AUTHOR, organisation_id=await service.organisation())
    refusal = await refused(stub.CreateRenditionUrl(asked, metadata=stranger.metadata))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "FILE_NOT_FOUND")


def test_signatures_of_the_secret_before_hold() -> None:
    before = rules.Signing.from_secrets("a" * 40)
    now = rules.Signing.from_secrets("b" * 40, "a" * 40)
    signature = before.signature("id", 1, "w1.webp")
    assert now.holds(signature, "id", 1, "w1.webp")
    assert not rules.Signing.from_secrets("b" * 40).holds(signature, "id", 1, "w1.webp")
    assert not now.holds("ä", "id", 1, "w1.webp")


async def test_the_focal_point_stays(service: Service, renditions: Renditions) -> None:
    """What is farthest from it is cut off: from that of the file, or another one that is asked for."""
    id, organisation_id, _ = await uploaded(service)
    await publish(service, organisation_id, id)

    async def cut(specification: str) -> Image.Image:
        return (await rendition(service, id, specification, signature=renditions.signing.signature(id, 1, specification)))[1]

    for x, seen in ((0, RED), (100, BLUE)):
        async with service.database.transaction() as connection:
            await connection.execute(update(File).where(File.id == uuid.UUID(id)).values(focal_x=x, focal_y=50))
        image = await cut("w100-h100-cover.png")
        assert image.size == (100, 100)
        assert is_near(colour(image, 50, 50), seen)
    assert is_near(colour(await cut("w100-h100-cover-x0-y0.png"), 50, 50), RED)
    assert (await cut("w100-h100.png")).size == (100, 50)
    assert (await cut("w9999-h9999-contain.png")).size == (1000, 500)
    assert (await cut("w9999-h9999-cover.png")).size == (500, 500)


@pytest.mark.usefixtures("renditions")
async def test_what_is_drawn_of_a_pdf_is_its_first_page(service: Service) -> None:
    id, organisation_id, _ = await uploaded(service, PDF, "form.pdf")
    await publish(service, organisation_id, id)
    content_type, image = await rendition(service, id, "w480.png")
    assert (content_type, image.size) == ("image/png", (480, 680))
    darkest, lightest = image.convert("L").getextrema()
    assert isinstance(darkest, int)
    assert darkest < 60
    assert lightest == 255


@pytest.mark.usefixtures("renditions")
async def test_there_are_no_renditions_of_what_is_no_picture(service: Service) -> None:
    id, organisation_id, author = await uploaded(service)
    await publish(service, organisation_id, id)
    async with service.database.transaction() as connection:
        await connection.execute(update(File).where(File.id == uuid.UUID(id)).values(content_type="text/csv"))
    for asked in (
        rendition(service, id, "w160.webp"),
        FileServiceStub(service.channel).CreateRenditionUrl(
            CreateRenditionUrlRequest(id=id, specification="w160.webp"), metadata=author.metadata
        ),
    ):
        refusal = await refused(asked)
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "NO_RENDITIONS")


async def test_what_cannot_be_drawn_is_not_tried_again_at_once(
    service: Service, renditions: Renditions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It costs its time once, for whatever is asked of it (C9)."""
    noise = Image.effect_noise((1280, 960), 60).convert("RGB")
    id, organisation_id, _ = await uploaded(service, encoded(noise, "JPEG"), "noise.jpg")
    await publish(service, organisation_id, id)
    monkeypatch.setattr(making, "SECONDS", 0.01)  # it takes half a second
    for specification in ("w1280.avif", "w960.avif"):
        refusal = await refused(rendition(service, id, specification))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "NO_RENDITIONS")
    assert len(renditions.making.hopeless) == 1
    assert await rows(service) == []


@pytest.mark.usefixtures("renditions")
async def test_what_caches_keep_of_a_rendition(service: Service) -> None:
    """That of a version for good; that of what the file is now only until they have asked; of what is not public nothing."""
    id, organisation_id, author = await uploaded(service)
    private, _ = await over_http(service, id, "w160.webp", *author.metadata)
    assert private["cache-control"] == "private, no-store"
    assert "surrogate-key" not in private

    await publish(service, organisation_id, id)
    headers, content = await over_http(service, id, "w160.webp")
    assert headers["cache-control"] == "public, no-cache"
    final, _ = await over_http(service, id, "w160.webp", version=1)
    assert final["cache-control"] == f"public, max-age={365 * 86400}, immutable"
    assert final["surrogate-key"] == final["cache-tag"] == f"file-{id}"
    assert final["x-body-length"] == str(len(content))
    assert final["content-disposition"] == 'inline; filename="harbour-w160.webp"'
    assert final["x-content-type-options"] == "nosniff"
    assert final["content-security-policy"] == "default-src 'none'; sandbox"

    unchanged, nothing = await over_http(service, id, "w160.webp", ("if-none-match", final["etag"]), version=1)
    assert (unchanged["x-http-status"], unchanged["cache-control"], nothing) == ("304", final["cache-control"], b"")


async def test_what_follows_the_focal_point_is_asked_for_each_time(service: Service, renditions: Renditions) -> None:
    id, organisation_id, _ = await uploaded(service)
    await publish(service, organisation_id, id)
    for specification, age in (("w50-h50-cover.webp", "public, no-cache"), ("w50-h50-cover-x1-y1.webp", "immutable")):
        signature = renditions.signing.signature(id, 1, specification)
        headers, _ = await over_http(service, id, specification, version=1, signature=signature)
        assert headers["cache-control"].endswith(age)


@pytest.mark.usefixtures("renditions")
async def test_a_photograph_is_upright(service: Service) -> None:
    """What its camera said is taken from it before, and the file says how it is seen."""
    content = encoded(halves((900, 600)), "JPEG", exif=exif(RIGHT_TOP))
    organisation_id, author = await authored(service)
    file = (await send(service, author, upload_of(organisation_id, content, "photo.jpg"), content)).file
    assert (file.image.width, file.image.height) == (600, 900)
    assert file.sha256 != file.uploaded_sha256
    assert (await rendition(service, file.id, "w160.webp", author.metadata))[1].size == (160, 240)


async def test_too_many_at_once_are_refused(service: Service, renditions: Renditions, monkeypatch: pytest.MonkeyPatch) -> None:
    """At once, and not after a while; what was made before is there all along."""
    id, organisation_id, _ = await uploaded(service)
    await publish(service, organisation_id, id)
    await rendition(service, id, "w160.webp")
    monkeypatch.setattr(renditions.making.processes, "places", 0)
    refusal = await refused(rendition(service, id, "w320.webp"))
    assert refusal.code == grpc.StatusCode.RESOURCE_EXHAUSTED
    await rendition(service, id, "w160.webp")


def test_specifications_that_come_to_the_same_are_one() -> None:
    """Of an image of 1000 × 500."""
    for asked, is_the_same in (
        ("w480.webp", "w480.webp"),
        ("w2000.webp", "w1000.webp"),
        ("w480-h480.webp", "w480-h240.webp"),
        ("w480-h480-contain.webp", "w480-h240.webp"),
        ("w480-h240.webp", "w480-h240.webp"),
        ("w100-h100-cover.webp", "w100-h100-cover-x50-y50.webp"),
        ("w2000-h1000-cover-x1-y2.jpg", "w1000-h500-cover-x1-y2.jpg"),
        ("w9999-h1.avif", "w2-h1.avif"),
    ):
        wanted = specifications.read(asked).about(None, None).within(1000, 500)
        assert wanted.specification == is_the_same
    assert not rules.is_listed(specifications.read("w480-h480.webp"), (480,))
