"""Links by which somebody without an account reads a draft as the page that it would be."""

from __future__ import annotations

import base64
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pytest
from sqlalchemy import select, update

from gazette.auth.v1.account_administration_pb2 import DisableAccountRequest
from gazette.auth.v1.account_pb2 import Role
from gazette.auth.v1.account_service_pb2_grpc import AccountServiceStub
from gazette.content.v1 import preview_pb2 as rpc
from gazette.content.v1.document_pb2 import Document, LinkTargets
from gazette.delivery.v1.page_pb2 import Page
from server.content import models
from server.delivery.pages.cache import PageCache
from tests.content.desk import Desk
from tests.content.revising import discard, preview_link, previewed, restore_revision, revoke, upload
from tests.content.taking import events, served
from tests.refusals import refused

NOT_FOUND, PRECONDITION = grpc.StatusCode.NOT_FOUND, grpc.StatusCode.FAILED_PRECONDITION
BODY = """# Tides

The *tide* comes <b onclick="x">in</b>.[^1]

| a | b |
|---|--:|
| 1 | 2 |

[^1]: Twice a day.
"""


def comparable(page: Page) -> bytes:
    """Without what a preview has or lacks."""
    rest = Page.FromString(page.SerializeToString())
    for name in ("draft", "draft_revision_number", "record_number", "publish_time", "first_publish_time", "public_update_time"):
        rest.ClearField(name)
    return rest.SerializeToString(deterministic=True)


async def ended(desk: Desk, made: rpc.CreatePreviewLinkResponse) -> bool:
    refusal = await refused(previewed(desk, made))
    return (refusal.code, refusal.reason) == (NOT_FOUND, "PREVIEW_ENDED")


async def test_it_shows_what_publication_makes(desk: Desk) -> None:
    """A preview is what the page is after publication, to the byte, but for its mark, its record number and its times; and
    nobody else is served anything at the path before (C34, Z6)."""
    target = await desk.published(f"{desk.root}/target", title="Target")
    file = await upload(desk)
    links = {"related": LinkTargets(translation_keys=[target.translation_key, str(uuid.uuid4())])}
    document = await desk.create(
        f"{desk.root}/a", body=BODY, summary="S", tags=["x"], details={"n": 1}, links=links, attachments=[file.id]
    )
    made = await preview_link(desk, document)
    assert (made.path, made.locale, made.preview_link.revision_number) == (document.path, "en", 1)
    page = await previewed(desk, made)
    assert (page.draft, page.draft_revision_number, page.record_number) == (True, 1, 0)
    assert [each.name for each in page.attachments] == ["form.pdf"]
    assert await served(desk, document.path) == ""
    published = await desk.through_review(document)
    public = (await desk.page(published.path)).page
    assert not public.draft
    assert comparable(page) == comparable(public)


async def test_it_shows_one_revision(desk: Desk) -> None:
    """A link shows the revision that it was made for, at that one's path, whatever is saved later; the live page stays what it
    is for everybody else, and for who has the link (C34)."""
    document = await desk.published(f"{desk.root}/a", title="One", summary="public")
    document = await desk.update(document, title="Two", path=f"{desk.root}/b")
    second = await preview_link(desk, document)
    document = await desk.update(document, title="Three", path=f"{desk.root}/a")
    third = await preview_link(desk, document)
    assert (second.path, third.path) == (f"{desk.root}/b", f"{desk.root}/a")
    assert [(await previewed(desk, each)).title for each in (second, third)] == ["Two", "Three"]
    assert await served(desk, f"{desk.root}/a") == "One"
    earlier = await preview_link(desk, document, 2)
    assert (await previewed(desk, earlier)).title == "Two"


async def test_a_token_is_for_its_place(desk: Desk) -> None:
    """At another path or in another language a token shows nothing, as if there were no page; slashes and any language are as
    for pages."""
    document = await desk.create(f"{desk.root}/a", locale="cy", title="Llanw")
    made = await preview_link(desk, document)
    for where in ({"path": f"{desk.root}/b"}, {"locale": "en"}):
        refusal = await refused(previewed(desk, made, **where))
        assert (refusal.code, refusal.reason) == (NOT_FOUND, "PAGE_NOT_FOUND")
    assert (await previewed(desk, made, path=f"{document.path}/".lstrip("/"))).title == "Llanw"
    assert (await previewed(desk, made, locale="")).title == "Llanw"
    assert (await previewed(desk, made, locale="fr", any_locale=True)).locale == "cy"


async def test_what_is_not_ours_is_no_page(desk: Desk) -> None:
    """Any token that was not signed here is answered exactly as a path that serves nothing, whatever of it was changed (Z6)."""
    document = await desk.create(f"{desk.root}/a")
    made = await preview_link(desk, document)
    raw = bytearray(base64.urlsafe_b64decode(made.token.removeprefix("gzp_") + "=="))
    absent = await refused(desk.page_now(f"{desk.root}/nothing", "en"))
    tokens = ["x", "gzp_", "gzp_é", "gzp_" + "A" * 75, made.token[:-2], made.token + "A", made.token.upper()]
    for at in range(0, len(raw), 5):
        forged = bytes([*raw[:at], raw[at] ^ 1, *raw[at + 1 :]])
        tokens.append("gzp_" + base64.urlsafe_b64encode(forged).decode().rstrip("="))
    for token in tokens:
        refusal = await refused(previewed(desk, rpc.CreatePreviewLinkResponse(token=token, path=made.path, locale="en")))
        assert (refusal.code, refusal.reason) == (absent.code, absent.reason), token
        assert refusal.status.message == absent.status.message
    assert (await previewed(desk, made)).draft


async def test_it_ends_when_its_time_has_come(desk: Desk) -> None:
    """A link ends by itself, by default after seven days; nobody makes one for the past, or for longer than 30 days (C34)."""
    document = await desk.create()
    made = await preview_link(desk, document)
    lasts = made.preview_link.expire_time.ToDatetime() - made.preview_link.create_time.ToDatetime()
    assert abs(lasts - timedelta(days=7)) < timedelta(minutes=1)
    for wrong in (timedelta(seconds=-1), timedelta(days=30, minutes=5)):
        refusal = await refused(preview_link(desk, document, expire_time=datetime.now(UTC) + wrong))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_EXPIRE_TIME")
        assert [*refusal.fields] == ["expire_time"]
    past = update(models.PreviewLink).where(models.PreviewLink.id == uuid.UUID(made.preview_link.id))
    async with desk.service.database.transaction() as connection:
        await connection.execute(past.values(expire_time=datetime.now(UTC)))
    assert await ended(desk, made)


@pytest.mark.parametrize("how", ["publication", "later publication", "discarding", "discarding and a new draft", "revoking"])
async def test_it_ends_with_its_draft(desk: Desk, how: str) -> None:
    """A link ends once its revision or a later one is published, once the draft is given up, for good, and when it is revoked;
    its list says so (C34)."""
    document = await desk.update(await desk.published(f"{desk.root}/a", title="One"), title="Two")
    made = await preview_link(desk, document)
    assert (await listed(desk, document))[0].is_open
    if how == "later publication":
        document = await desk.update(document, title="Three")
    match how:
        case "publication" | "later publication":
            await desk.through_review(document)
        case "discarding" | "discarding and a new draft":
            document = await discard(desk, document)
        case "revoking":
            revoked = await revoke(desk, made)
            assert revoked.HasField("end_time")
            assert await revoke(desk, made) == revoked
    if how == "discarding and a new draft":
        assert (await restore_revision(desk, document, 2)).title == "Two"
    assert await ended(desk, made)
    assert not (await listed(desk, document))[0].is_open


async def test_it_ends_with_its_maker(desk: Desk) -> None:
    """While who made a link may not read drafts, since the account is disabled say, it shows nothing (C34)."""
    leaver = await desk.service.account(role=Role.ROLE_AUTHOR, organisation_id=desk.organisation_id)
    document = await desk.create()
    made = await preview_link(desk, document, by=leaver)
    assert (await previewed(desk, made)).draft
    await AccountServiceStub(desk.service.channel).DisableAccount(
        DisableAccountRequest(id=leaver.id), metadata=desk.admin.metadata
    )
    assert await ended(desk, made)


async def test_who_may_make_one(desk: Desk) -> None:
    """Whoever writes drafts makes links, and ends them; other organisations' people find no document, nor another document's
    link (Z2)."""
    document = await desk.create()
    other = await Desk.opened(desk.service)
    assert (await refused(preview_link(desk, document, by=other.author))).reason == "DOCUMENT_NOT_FOUND"
    reader = await desk.service.account(role=Role.ROLE_READER, organisation_id=desk.organisation_id)
    assert (await refused(preview_link(desk, document, by=reader))).code == grpc.StatusCode.PERMISSION_DENIED
    made = await preview_link(desk, document, note="For the harbour master")
    assert [each.note for each in await listed(desk, document, by=reader)] == ["For the harbour master"]
    assert (await refused(listed(desk, document, by=other.author))).reason == "DOCUMENT_NOT_FOUND"
    assert (await refused(revoke(desk, made, by=reader))).code == grpc.StatusCode.PERMISSION_DENIED
    assert (await refused(revoke(desk, made, by=other.author))).reason == "DOCUMENT_NOT_FOUND"
    wrong = rpc.RevokePreviewLinkRequest(document_id=(await desk.create()).id, id=made.preview_link.id)
    call = desk.documents.RevokePreviewLink(wrong, metadata=desk.author.metadata)
    assert (await refused(call)).reason == "PREVIEW_LINK_NOT_FOUND"
    assert (await previewed(desk, made)).draft


async def test_there_must_be_something_to_preview(desk: Desk) -> None:
    """What the public sees needs no preview, and what it saw before neither; nor is there one of no revision."""
    document = await desk.published()
    document = await desk.through_review(await desk.update(document, title="Two"))
    for number in (0, 1, 2):
        refusal = await refused(preview_link(desk, document, number))
        assert (refusal.code, refusal.reason) == (PRECONDITION, "NOTHING_TO_PREVIEW")
    assert (await refused(preview_link(desk, document, 3))).reason == "REVISION_NOT_FOUND"
    discarded = await discard(desk, await desk.update(document, title="Three"))
    assert (await refused(preview_link(desk, discarded))).reason == "NOTHING_TO_PREVIEW"


async def test_a_document_has_so_many(desk: Desk) -> None:
    """A hundred links to a document may be open; one that ended makes room for another."""
    document = await desk.create()
    made = await preview_link(desk, document)
    for _ in range(99):
        await preview_link(desk, document)
    refusal = await refused(preview_link(desk, document))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_PREVIEW_LINKS")
    await revoke(desk, made)
    await preview_link(desk, document)
    first = await desk.documents.ListPreviewLinks(
        rpc.ListPreviewLinksRequest(document_id=document.id, page_size=60), metadata=desk.author.metadata
    )
    rest = await desk.documents.ListPreviewLinks(
        rpc.ListPreviewLinksRequest(document_id=document.id, page_size=60, page_token=first.next_page_token),
        metadata=desk.author.metadata,
    )
    ids = [each.id for each in (*first.preview_links, *rest.preview_links)]
    assert ids == sorted({*ids}, reverse=True)
    assert (len(ids), rest.next_page_token) == (101, "")


async def test_what_could_not_be_published_says_why(desk: Desk) -> None:
    """A draft with files that are not there cannot be published, and its preview says so."""
    document = await desk.create(attachments=[str(uuid.uuid4())])
    refusal = await refused(previewed(desk, await preview_link(desk, document)))
    assert (refusal.code, refusal.reason) == (PRECONDITION, "ATTACHMENT_NOT_FOUND")


async def test_nothing_is_kept(desk: Desk) -> None:
    """No preview is held in a cache or put on the record, no file becomes public by one, and no token is stored (C34)."""
    file = await upload(desk)
    document = await desk.create(f"{desk.root}/a", attachments=[file.id])
    made = await preview_link(desk, document)
    await previewed(desk, made)
    cache = next(part for part in pages_of(desk) if isinstance(part.page_cache, PageCache)).page_cache
    assert not [key for key in (*cache.entries, *cache.absent) if key[0] == document.path]
    assert await desk.record() == []
    async with desk.service.database.read() as connection:
        stored = (await connection.execute(select(models.PreviewLink.__table__))).all()
    assert stored
    assert made.token not in str(stored)
    kinds = [event.action for event in await events(desk, document)]
    assert kinds == ["document.create", "document.create_preview_link"]
    assert made.token not in str(await events(desk, document))


def pages_of(desk: Desk) -> list[Any]:
    """The parts of the server that answer GetPage."""
    return [
        part
        for domain in desk.service.app.domains
        for service, parts in domain.services.items()
        if service.name == "DeliveryService"
        for part in parts
        if hasattr(part, "GetPage")
    ]


async def listed(desk: Desk, document: Document, by: Any = None) -> list[rpc.PreviewLink]:
    request = rpc.ListPreviewLinksRequest(document_id=document.id)
    answer = await desk.documents.ListPreviewLinks(request, metadata=(by or desk.author).metadata)
    return [*answer.preview_links]
