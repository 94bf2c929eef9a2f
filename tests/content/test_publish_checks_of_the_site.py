"""Publish checks that ask the site: where links lead, whether targets are public, whether files are there."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import update

from gazette.content.v1.document_pb2 import Document, LinkTargets
from server.files.models import File
from tests.content.checking import check, problems, submitted
from tests.content.desk import Desk
from tests.content.referring import block_type, mark, published_block
from tests.content.taking import redirect, remove, vanish, withdraw
from tests.files.uploading import PDF, PNG, send, upload_of
from tests.service import Service


def path(desk: Desk, name: str) -> str:
    return f"{desk.root}/{name}"


async def test_links_that_lead_nowhere(desk: Desk) -> None:
    """A link to a path that serves nothing is named with its line, and whether a document of the organisation is to be read
    there; one to a page is not, in whatever form it names the path."""
    there = await desk.published(path(desk, "there"))
    await desk.create(path(desk, "draft"))
    body = (
        f"## A\n\n[a]({there.path}) [b]({there.path}/?q#c) [c](./there) [d]({path(desk, 'none')}#x)\n[e]({path(desk, 'draft')})"
    )
    document = await desk.create(path(desk, "from"), body=f"{body} [f]({path(desk, 'from')}) [g](/v1/files/x:download)")
    dead = (await problems(desk, document))["LINK_DEAD"]
    assert [(each.line, each.element, each.excerpt) for each in dead] == [(3, "(//a)[4]", "d"), (4, "(//a)[5]", "e")]
    assert "nothing is served" in dead[0].message
    assert "not published" in dead[1].message


async def test_a_draft_of_others_is_nothing(desk: Desk, service: Service) -> None:
    """Nobody learns from a link, or from a target, that another organisation has a draft."""
    other = await Desk.opened(service)
    draft = await other.create(path(other, "draft"))
    links = {"related": LinkTargets(translation_keys=[draft.translation_key])}
    document = await desk.create(path(desk, "from"), body=f"[a]({draft.path})", links=links)
    found = await problems(desk, document)
    assert "nothing is served" in found["LINK_DEAD"][0].message
    assert "is not there" in found["LINK_TARGET_NOT_PUBLIC"][0].message


async def test_what_a_body_names_by_id(desk: Desk) -> None:
    """Documents, blocks and files that the body names by their ids are told of as those beside it are; those that are public
    are not."""
    there, draft, other = await desk.published(), await desk.create(), await Desk.opened(desk.service)
    theirs, block = await other.create(), await published_block(desk, "Words.")
    unpublished = await desk.create(content_type=await block_type(desk))
    named = [there.id, draft.id, draft.translation_key, theirs.id]
    links = " ".join(f"[Link {at}](document:{id})" for at, id in enumerate(named))
    missing = str(uuid.uuid4())
    body = f"{links} [The form](file:{missing})\n\n{mark(block)}\n\n{mark(unpublished)}\n"
    found = await problems(desk, await desk.create(body=body))
    assert sorted((each.excerpt, "not published yet" in each.message) for each in found["LINK_TARGET_NOT_PUBLIC"]) == sorted(
        [(draft.id, True), (draft.translation_key, True), (theirs.id, False), (unpublished.translation_key, True)]
    )
    assert [each.excerpt for each in found["ATTACHMENT_NOT_READY"]] == [missing]
    assert {each.field for each in found["LINK_TARGET_NOT_PUBLIC"]} == {"document.body"}


async def test_links_to_what_is_elsewhere_or_gone(desk: Desk) -> None:
    """What leads elsewhere is named with where, below a prefix too, and so is what is gone; what has vanished is not there."""
    to = await desk.published(path(desk, "to"))
    for name in ("moved", "prefix", "gone", "vanished"):
        made = await desk.published(path(desk, name))
        match name:
            case "gone":
                await remove(desk, made)
            case "vanished":
                await vanish(desk, made)
            case _:
                await redirect(desk, made, to.path, covers=name == "prefix")
    names = ("moved", "prefix/below", "gone", "vanished", "moved")
    document = await desk.create(
        path(desk, "from"), body=" ".join(f"[{at} {name}]({path(desk, name)})" for at, name in enumerate(names))
    )
    found = await problems(desk, document)
    led = found["LINK_REDIRECTED"]
    assert [each.excerpt for each in led] == ["0 moved", "1 prefix/below"]
    assert all(to.path in each.message for each in led)
    assert "1 more" in led[0].message
    assert [each.excerpt for each in found["LINK_GONE"]] == ["2 gone"]
    assert [each.excerpt for each in found["LINK_DEAD"]] == ["3 vanished"]


async def test_targets_that_are_not_public(desk: Desk) -> None:
    """Each element of links whose target the page would leave out is named, by its place and with why; a withdrawn one is named
    by a check of its own; one that is public in another language is all right."""
    draft, live = await desk.create(path(desk, "draft")), await desk.published(path(desk, "live"))
    gone, withdrawn = await desk.published(path(desk, "gone")), await desk.published(path(desk, "withdrawn"))
    await remove(desk, gone)
    await withdraw(desk, withdrawn)
    welsh = await desk.published(path(desk, "cymraeg"), locale="cy")
    keys = [each.translation_key for each in (live, draft, gone, withdrawn, welsh)] + [str(uuid.uuid4())]
    document = await desk.create(path(desk, "from"), links={"related": LinkTargets(translation_keys=keys)})
    found = await problems(desk, document)
    missing = found["LINK_TARGET_NOT_PUBLIC"]
    assert [each.pointer for each in missing] == ["/related/1", "/related/2", "/related/5"]
    assert {each.field for each in missing} == {"document.links"}
    assert [each.excerpt for each in missing] == [keys[1], keys[2], keys[5]]
    assert all(why in each.message for each, why in zip(missing, ("not published", "is gone", "is not there"), strict=True))
    assert [each.pointer for each in found["LINK_TARGET_WITHDRAWN"]] == ["/related/3"]


async def test_files_that_are_not_there(desk: Desk) -> None:
    """Attached files that the organisation does not have ready are named, and so are images without alternative text."""
    ids = []
    for content, name, text in ((PDF, "form.pdf", ""), (PNG, "a.png", ""), (PNG, "b.png", "a harbour"), (PNG, "c.png", "d")):
        upload = upload_of(desk.organisation_id, content, name, alternative_text=text)
        ids.append((await send(desk.service, desk.author, upload, content)).file.id)
    async with desk.service.database.transaction() as connection:
        await connection.execute(update(File).where(File.id == uuid.UUID(ids[3])).values(state=1))
    document = await desk.create(path(desk, "from"), attachments=[*ids, str(uuid.uuid4())])
    found = await problems(desk, document)
    assert [each.pointer for each in found["ATTACHMENT_NOT_READY"]] == ["/3", "/4"]
    assert [(each.pointer, each.excerpt) for each in found["ATTACHMENT_WITHOUT_ALTERNATIVE"]] == [("/1", "a.png")]
    assert found["ATTACHMENT_WITHOUT_ALTERNATIVE"][0].criterion.number == "1.1.1"


async def told(desk: Desk, document: Document) -> list[Any]:
    return [each.SerializeToString(deterministic=True) for each in (await check(desk, document)).problems]


async def test_the_same_again(desk: Desk) -> None:
    """The same revision and the same site give the same problems in the same order, and a submission names the same ones
    (C42)."""
    keys = [str(uuid.uuid4()) for _ in range(5)]
    links = {kind: LinkTargets(translation_keys=keys) for kind in ("related", "parent", "above")}
    body = "# A\n\n### B\n\n" + " ".join(f"[here](/{number}) [x](#{number})" for number in range(20))
    document = await desk.create(path(desk, "from"), body=body, links=links, attachments=keys)
    first = await told(desk, document)
    assert len(first) > 40
    assert [await told(desk, document) for _ in range(3)] == [first] * 3
    answer = await submitted(desk, document)
    assert [each.SerializeToString(deterministic=True) for each in answer.problems] == first
