"""Legal removals: to the public it is as if there had never been anything; the record and the audit know."""

from __future__ import annotations

import hashlib
import uuid

import grpc
from sqlalchemy import select

from gazette.auth.v1.account_pb2 import Role
from gazette.auth.v1.organisation_service_pb2 import ReservePathRequest
from gazette.auth.v1.organisation_service_pb2_grpc import OrganisationServiceStub
from gazette.content.v1.document_import_pb2 import (
    ExportDocumentsRequest,
    ImportDocumentsRequest,
    ImportedRedirect,
    ImportOptions,
    ImportOutcome,
)
from gazette.delivery.v1.delivery_service_pb2 import GetPageRequest
from server.delivery.models import Page
from tests.content.desk import Desk, imported
from tests.content.taking import (
    DISCARD,
    KEEP,
    PUBLISHED,
    VANISHED,
    comes_to_serve,
    events,
    kinds,
    listed,
    redirect,
    remove,
    restore,
    served,
    vanish,
    withdraw,
)
from tests.delivery.workers import another
from tests.refusals import refused
from tests.service import Service

REFUSED = ImportOutcome.IMPORT_OUTCOME_REFUSED


async def test_what_has_vanished_is_as_absent_as_what_never_was(desk: Desk) -> None:
    """Its path answers, byte for byte, as one at which there was never anything; no list has it, and no row of it is left (C31,
    I4)."""
    document = await desk.published(f"{desk.root}/a", title="Secret")
    other = await desk.published(f"{desk.root}/b")
    assert await comes_to_serve(desk, document.path, "Secret")
    document = await vanish(desk, document)
    assert (document.live.state, document.live.path, document.live.explanation) == (VANISHED, f"{desk.root}/a", "")
    assert await comes_to_serve(desk, f"{desk.root}/a", "")
    absent, vanished = await refused(desk.page(f"{desk.root}/absent")), await refused(desk.page(f"{desk.root}/a"))
    assert (vanished.code, vanished.info, vanished.status.message) == (absent.code, absent.info, absent.status.message)
    assert await listed(desk) == [other.path]
    async with desk.service.database.read() as connection:
        left = select(Page.path).where(Page.document_id == uuid.UUID(document.id))
        assert (await connection.execute(left)).all() == []
    assert await desk.get(document) == document


async def test_the_record_says_that_and_when(desk: Desk) -> None:
    """The record keeps that something was removed, where and when, and that nothing is served there since: the hash is that of
    nothing (C31)."""
    document = await vanish(desk, await desk.published(f"{desk.root}/a"))
    assert await kinds(desk) == [("PUBLISHED", "/a"), ("VANISHED", "/a")]
    entry = (await desk.record())[-1]
    assert entry.answer_sha256 == hashlib.sha256(b"").digest()
    assert (entry.document_id, entry.record_time) == (document.id, document.live.publish_time)
    assert entry.number == document.live.record_number


async def test_former_paths_vanish_too(desk: Desk) -> None:
    """Nothing leads to what has vanished any more, each former path on the record; restored, they lead there again, but for one
    that is another's by now (C31)."""
    document = await desk.published(f"{desk.root}/one")
    for path in ("/two", "/three"):
        document = await desk.through_review(await desk.update(document, path=f"{desk.root}{path}"))
    document = await vanish(desk, document)
    for path in ("/one", "/two", "/three"):
        assert await comes_to_serve(desk, f"{desk.root}{path}", "")
    assert {*(await kinds(desk))[-3:]} == {("VANISHED", "/one"), ("VANISHED", "/two"), ("VANISHED", "/three")}
    await desk.published(f"{desk.root}/two", title="Another")
    document = await restore(desk, document, by=desk.admin)
    assert await comes_to_serve(desk, f"{desk.root}/one", f"{desk.root}/three")
    assert await served(desk, f"{desk.root}/two") == "Another"
    assert (await desk.page(f"{desk.root}/three")).page.document_id == document.id


async def test_who_may_make_it_vanish(desk: Desk) -> None:
    """A publisher may neither make something vanish nor bring it back, by restoring or publishing; an admin of the organisation
    may, and one of another finds nothing (C31, Z2)."""
    document = await desk.published(f"{desk.root}/a")
    assert (await refused(vanish(desk, document, by=desk.publisher))).code == grpc.StatusCode.PERMISSION_DENIED
    assert await served(desk, document.path) == document.title
    others = await desk.service.account(role=Role.ROLE_ADMIN, organisation_id=await desk.service.organisation())
    assert (await refused(vanish(desk, document, by=others))).reason == "DOCUMENT_NOT_FOUND"
    admin = await desk.service.account(role=Role.ROLE_ADMIN, organisation_id=desk.organisation_id)
    document = await vanish(desk, document, by=admin)
    assert (await refused(restore(desk, document))).code == grpc.StatusCode.PERMISSION_DENIED
    draft = await desk.approve(await desk.submit(await desk.update(document, body="without the name")))
    assert (await refused(desk.publish(draft))).code == grpc.StatusCode.PERMISSION_DENIED
    assert await comes_to_serve(desk, document.live.path, "")
    published = await desk.publish(draft, by=admin)
    assert published.live.state == PUBLISHED
    assert (await desk.page(document.live.path)).page.html == "<p>without the name</p>\n"


async def test_the_audit_has_the_reason(desk: Desk) -> None:
    """Who made it vanish, and on what grounds, is on the audit, and nowhere else (C31)."""
    document = await vanish(desk, await desk.published(f"{desk.root}/a"), "Court of Appeal, 4 B 7/26")
    event = (await events(desk, document))[-1]
    assert (event.action, str(event.actor_id)) == ("document.vanish", desk.admin.id)
    assert event.details["reason"] == "Court of Appeal, 4 B 7/26"
    assert event.details["before"] == {"live_state": "PUBLISHED"}
    assert "Court" not in str(await desk.get(document))


async def test_nothing_but_restoring_follows(desk: Desk) -> None:
    """What has vanished is not withdrawn, redirected or gone afterwards, which would tell of it."""
    document = await vanish(desk, await desk.published(f"{desk.root}/a"))
    assert (await refused(withdraw(desk, document, by=desk.admin))).reason == "WRONG_LIVE_STATE"
    assert (await refused(remove(desk, document, by=desk.admin))).reason == "WRONG_LIVE_STATE"
    assert (await refused(vanish(desk, document, by=desk.admin))).reason == "WRONG_LIVE_STATE"
    assert (await refused(redirect(desk, document, "/b", by=desk.admin))).reason == "WRONG_LIVE_STATE"


async def test_from_each_state(desk: Desk) -> None:
    """What is withdrawn, gone or redirected vanishes as a page does, with all below a prefix, and comes back as a page."""
    await desk.published(f"{desk.root}/to")
    withdrawn = (await withdraw(desk, await desk.published(f"{desk.root}/w"))).document
    gone = await remove(desk, await desk.published(f"{desk.root}/g"))
    way = await redirect(desk, await desk.published(f"{desk.root}/r"), f"{desk.root}/to", covers=True)
    assert await comes_to_serve(desk, f"{desk.root}/r/x", f"{desk.root}/to")
    for document in (withdrawn, gone, way):
        vanished = await vanish(desk, document)
        assert await comes_to_serve(desk, vanished.live.path, "")
        assert (await restore(desk, vanished, by=desk.admin)).live.state == PUBLISHED
        assert await comes_to_serve(desk, vanished.live.path, vanished.title)
    assert await served(desk, f"{desk.root}/r/x") == ""


async def test_published_elsewhere_it_leaves_nothing_behind(desk: Desk) -> None:
    """A document that has vanished and is published under another path leaves no redirect where it was (C31)."""
    document = await vanish(desk, await desk.published(f"{desk.root}/a"))
    document = await desk.approve(await desk.submit(await desk.update(document, path=f"{desk.root}/b")))
    await desk.publish(document, by=desk.admin)
    assert await comes_to_serve(desk, f"{desk.root}/b", document.title)
    assert await served(desk, f"{desk.root}/a") == ""


async def test_no_import_brings_it_back(desk: Desk) -> None:
    """Neither the document, imported anew, nor a former path that leads to it: each is refused by its reason (C31)."""
    document = await desk.published(f"{desk.root}/a")
    document = await vanish(desk, document)
    (result,) = await desk.bring_in(imported(f"{desk.root}/a", key=document.translation_key, said={"title": "Again"}))
    assert (result.outcome, result.reason) == (REFUSED, "DOCUMENT_VANISHED")
    former = ImportedRedirect(translation_key=document.translation_key, path=f"{desk.root}/f", source="x")
    options = ImportDocumentsRequest(options=ImportOptions(organisation_id=desk.organisation_id))
    parts = iter([options, ImportDocumentsRequest(redirect=former)])
    (result,) = (await desk.documents.ImportDocuments(parts, metadata=desk.admin.metadata)).results
    assert (result.outcome, result.reason) == (REFUSED, "DOCUMENT_NOT_FOUND")
    assert await comes_to_serve(desk, f"{desk.root}/a", "")


async def test_no_export_has_it(desk: Desk) -> None:
    """An export of the organisation has what is public, and nothing of what has vanished (C31)."""
    kept = await desk.published(f"{desk.root}/kept")
    await vanish(desk, await desk.published(f"{desk.root}/gone", title="Secret"))
    request = ExportDocumentsRequest(organisation_id=desk.organisation_id)
    parts = [part async for part in desk.documents.ExportDocuments(request, metadata=desk.author.metadata)]
    assert [part.document.document.path for part in parts if part.HasField("document")] == [kept.path]
    assert "Secret" not in str(parts)


async def test_a_path_that_another_has_taken(desk: Desk) -> None:
    """What has vanished is not restored to where something else is by now (C30)."""
    document = await vanish(desk, await desk.published(f"{desk.root}/a"))
    moved = await desk.update(document, path=f"{desk.root}/b")
    await desk.published(f"{desk.root}/a", title="Another")
    for draft in (KEEP, DISCARD):
        refusal = await refused(restore(desk, moved, draft=draft, by=desk.admin))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.ALREADY_EXISTS, "PATH_TAKEN")
    assert await comes_to_serve(desk, f"{desk.root}/a", "Another")


async def test_a_prefix_above_answers_again(desk: Desk) -> None:
    """Where a redirect above covers the path, it answers for what has vanished below, as for all that is not there."""
    await desk.published(f"{desk.root}/to", title="To")
    await redirect(desk, await desk.published(f"{desk.root}/p"), f"{desk.root}/to", covers=True)
    below = await desk.published(f"{desk.root}/p/x", title="Below")
    assert await comes_to_serve(desk, below.path, "Below")
    await vanish(desk, below)
    assert await comes_to_serve(desk, below.path, f"{desk.root}/to")


async def test_a_new_process_knows_nothing_of_it(own_service: Service) -> None:
    """A process that has just started, and asks Redis first, answers 404 as well (I4)."""
    desk = await Desk.opened(own_service)
    document = await desk.published(f"{desk.root}/a", title="Secret")
    assert await comes_to_serve(desk, document.path, "Secret")
    await vanish(desk, document)
    assert await comes_to_serve(desk, document.path, "")
    async with another(own_service) as other:
        assert (await refused(other.delivery.GetPage(GetPageRequest(path=document.path)))).reason == "PAGE_NOT_FOUND"


async def test_a_path_that_is_anothers_by_now(desk: Desk) -> None:
    """Where something has vanished, and its draft has moved away, another organisation may come to own the path: then it is not
    restored there (`PATH_RESERVED`), and published elsewhere all the same."""
    document = await vanish(desk, await desk.published(f"{desk.root}/a"))
    moved = await desk.update(document, path=f"{desk.root}/b")
    request = ReservePathRequest(organisation_id=await desk.service.organisation(), prefix=f"{desk.root}/a".strip("/"))
    await OrganisationServiceStub(desk.service.channel).ReservePath(request, metadata=desk.admin.metadata)
    refusal = await refused(restore(desk, moved, draft=KEEP, by=desk.admin))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.PERMISSION_DENIED, "PATH_RESERVED")
    published = await desk.publish(await desk.approve(await desk.submit(moved)), by=desk.admin)
    assert published.live.path == f"{desk.root}/b"
