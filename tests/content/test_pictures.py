"""Pictures in pages: in several sizes, with the room that they take; and what pages say of their files."""

from __future__ import annotations

import re
import uuid
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import update

from server.content.publish_checks.registry import name
from server.content.publishing import showing
from server.content.publishing.pictures import picture
from server.content.rendering.markup import is_sanitised, sanitised
from server.content.rendering.work import rendered
from server.files import Pictures, is_own
from server.files.addresses import widths
from server.files.models import File
from server.settings import InvalidSettings
from tests.content.checking import check
from tests.content.desk import Desk
from tests.files.drawing import over_http
from tests.files.uploading import PDF, send, upload_of
from tests.formats.pictures import halves
from tests.formats.samples import encoded

WIDE = encoded(halves((1000, 500)), "JPEG")
ID = "01a1fc98-1456-7b21-896a-ed5e06f788c9"
ROOT = f"/v1/files/{ID}/versions/3"
PICTURES = Pictures((160, 480, 960))
SET = f"{ROOT}/renditions/w160.webp 160w, {ROOT}/renditions/w480.webp 300w"


def file(content_type: str = "image/jpeg", **image: Any) -> SimpleNamespace:
    return SimpleNamespace(id=ID, version=3, content_type=content_type, facts={"image": image} if image else {})


async def uploaded(desk: Desk, content: bytes, file_name: str) -> str:
    upload = upload_of(desk.organisation_id, content, file_name, alternative_text="a harbour")
    return str((await send(desk.service, desk.author, upload, content)).file.id)


async def test_a_picture_in_a_page(desk: Desk) -> None:
    """Its page names this version of it, in each listed width and its own, and says how large it is. Each of these addresses
    is answered for good. What is attached is said so, too."""
    id, form = await uploaded(desk, WIDE, "harbour.jpg"), await uploaded(desk, PDF, "form.pdf")
    body = f"![a harbour](file:{id})"
    page = (await desk.page((await desk.published(body=body, attachments=[id, form])).path)).page

    root = f"/v1/files/{id}/versions/1"
    listed = (160, 320, 480, 640, 960)
    srcset = ", ".join(
        [*(f"{root}/renditions/w{width}.webp {width}w" for width in listed), f"{root}/renditions/w1280.webp 1000w"]
    )
    assert page.html.strip() == (
        f'<p><img src="{root}:download" alt="a harbour" srcset="{srcset}" sizes="auto, 100vw" width="1000" height="500" '
        'loading="lazy"></p>'
    )
    said, attached = page.attachments
    assert (said.version, said.url, said.width, said.height, said.srcset) == (1, f"{root}:download", 1000, 500, srcset)
    assert (attached.url, attached.width, attached.srcset) == (f"/v1/files/{form}/versions/1:download", 0, "")
    assert attached.page_count == 1
    for specification, width in re.findall(r"renditions/(\S+) ([0-9]+)w", srcset)[::5]:
        headers, content = await over_http(desk.service, id, specification, version=1)
        assert headers["cache-control"].endswith("immutable")
        assert len(content) > int(width) / 10
    assert is_sanitised(page.html)


async def test_a_picture_that_is_replaced_meanwhile(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is replaced while its page is being published is in the page as it is then."""
    id = await uploaded(desk, WIDE, "harbour.jpg")
    read, done = showing.files_of, list[bool]()

    async def replaced(*asked: Any) -> Any:
        found = await read(*asked)
        if not done:
            done.append(True)
            async with desk.service.database.transaction() as connection:
                await connection.execute(update(File).where(File.id == uuid.UUID(id)).values(version=2))
        return found

    monkeypatch.setattr(showing, "files_of", replaced)
    page = (await desk.page((await desk.published(body=f"![a harbour](file:{id})")).path)).page
    assert done
    assert f'src="/v1/files/{id}/versions/2:download"' in page.html


async def test_an_image_without_an_alternative_is_in_the_way(desk: Desk) -> None:
    """Of the body, before publication; of what is attached, it is said (WCAG 1.1.1)."""
    content = encoded(halves((300, 200)), "JPEG")
    id = str((await send(desk.service, desk.author, upload_of(desk.organisation_id, content, "a.jpg"), content)).file.id)
    document = await desk.create(body=f"![](file:{id})", attachments=[id])
    found = {name(problem.check) for problem in (await check(desk, document)).problems}
    assert {"IMAGE_WITHOUT_ALTERNATIVE", "ATTACHMENT_WITHOUT_ALTERNATIVE"} <= found


@pytest.mark.parametrize(
    ("said", "becomes"),
    [
        ('alt="x"', f'srcset="{SET}" sizes="auto, 100vw" width="300" height="200" loading="lazy"'),
        ('width="90" alt="x"', f'srcset="{SET}" sizes="auto, 90px" loading="lazy"'),
        ('alt="x" loading="eager"', f'srcset="{SET}" sizes="auto, 100vw" width="300" height="200"'),
    ],
)  # fmt: skip
def test_what_its_author_says_of_a_picture_stays(said: str, becomes: str) -> None:
    """A width alone keeps the picture's shape, since no height comes to it."""
    found = picture("", f" {said}", PICTURES.attributes(file(width=300, height=200)))
    assert found == f'<img src="{ROOT}:download" {said} {becomes}>'
    assert is_sanitised(found)


def test_which_sizes_there_are_of_a_picture() -> None:
    """Not of what moves, nor of what is as small as the smallest of them. What browsers cannot show, they get as JPEG."""
    assert PICTURES.srcset(file(width=2000, height=10)).endswith(f", {ROOT}/renditions/w960.webp 960w")
    assert PICTURES.srcset(file(width=960, height=10)).endswith(f", {ROOT}/renditions/w960.webp 960w")
    for other in (file(width=160, height=9), file(width=900, height=9, isAnimated=True), file()):
        assert PICTURES.srcset(other) == ""
    assert PICTURES.attributes(file()) == {"src": f"{ROOT}:download", "loading": "lazy"}
    assert PICTURES.source(file("image/tiff", width=2000, height=10)) == f"{ROOT}/renditions/w960.jpg"


def test_authors_name_no_sizes_themselves() -> None:
    """What loads is what a page names: no other address gets into it, and a page that is restored has no other one."""
    written = '<img src="/a.png" alt="x" srcset="https://example.com/a.png 100w" sizes="1px">'
    assert sanitised(written, is_body=True) == '<img src="/a.png" alt="x">'
    assert "srcset" not in rendered(written, 2)
    for srcset in ("https://example.com/a.webp 1w", f"{ROOT}/renditions/w160.webp 160w, //example.com/a 9w", "x"):
        assert not is_sanitised(f'<img src="/a.png" srcset="{srcset}">')


def test_what_a_restored_page_says_of_addresses() -> None:
    said = SimpleNamespace(id=ID, url=f"{ROOT}:download", srcset=PICTURES.srcset(file(width=2000, height=10)))
    assert is_own(said)
    assert is_own(SimpleNamespace(id=ID, url="", srcset=""))
    for wrong in ({"url": "https://example.com/"}, {"url": f"/v1/files/{ID[::-1]}/versions/3:download"}, {"srcset": "x 1w"}):
        assert not is_own(SimpleNamespace(**{**vars(said), **wrong}))


def test_widths_that_are_none() -> None:
    for listed in (["x"], ["0"], ["10000"], [str(each) for each in range(1, 18)], []):
        with pytest.raises(InvalidSettings, match="RENDITION_WIDTHS"):
            widths(SimpleNamespace(rendition_widths=listed))  # type: ignore[arg-type]
    assert widths(SimpleNamespace(rendition_widths=["480", "160", "480"])) == (160, 480)  # type: ignore[arg-type]
