"""Histories of changes, where an installation is restored."""

from __future__ import annotations

from google.protobuf.timestamp_pb2 import Timestamp

from gazette.auth.v1.account_pb2 import Role
from gazette.content.v1.content_service_pb2 import GetDocumentRequest
from gazette.content.v1.content_service_pb2_grpc import ContentServiceStub
from gazette.delivery.v1.delivery_service_pb2 import GetPageResponse
from gazette.delivery.v1.page_pb2 import ChangeNote
from tests.content.desk import Desk, imported
from tests.content.test_restoring import changed
from tests.content.transferring import RESTORES, admin_of_all, exported, results_of
from tests.service import Service


async def test_what_readers_were_told(own_desk: Desk, elsewhere: Service) -> None:
    """A page that is restored has the history that it had, said here or claimed, and the next update goes on with it. One that
    shows what its document does not say is refused (I9, C36)."""
    key = "018f0000-0000-7000-8000-00000000c036"
    said = [ChangeNote(time=Timestamp(seconds=1_000), note="Elsewhere.")]
    await own_desk.bring_in(imported("/a", key=key, change_history=said))
    there = await own_desk.page("/a")
    found = GetDocumentRequest(id=there.page.document_id)
    document = (await own_desk.documents.GetDocument(found, metadata=own_desk.author.metadata)).document
    changes = await own_desk.update(document, title="B")
    await own_desk.publish(await own_desk.approve(await own_desk.submit(changes)), change_note="Here.")
    parts = await exported(own_desk.service, own_desk.admin, for_restoring=True)
    admin = await admin_of_all(elsewhere)

    def forge(answer: GetPageResponse) -> None:
        answer.page.change_history[0].note = "Otherwise."

    forged = await results_of(elsewhere, admin, RESTORES, changed(parts, "/a", forge))
    assert "change_history" in next(each.message for each in forged if each.reason == "INVALID_ANSWER")


async def test_a_history_goes_on(own_desk: Desk, elsewhere: Service) -> None:
    """What was restored is exported as the same, and the next update is told beside what was told before (I9, C36)."""
    document = await own_desk.published("/a")
    draft = await own_desk.approve(await own_desk.submit(await own_desk.update(document, title="B")))
    await own_desk.publish(draft, change_note="Here.")
    parts = await exported(own_desk.service, own_desk.admin, for_restoring=True)
    admin = await admin_of_all(elsewhere)
    await results_of(elsewhere, admin, RESTORES, parts)
    assert await exported(elsewhere, admin, for_restoring=True) == parts
    asked = GetDocumentRequest(id=document.id)
    restored = (await ContentServiceStub(elsewhere.channel).GetDocument(asked, metadata=admin.metadata)).document
    other = await elsewhere.account(role=Role.ROLE_PUBLISHER)
    desk = Desk(elsewhere, restored.organisation_id, admin, other, other, admin)
    await desk.through_review(await desk.update(restored, title="C"))
    assert [each.note for each in (await desk.page("/a")).page.change_history] == ["Something changed.", "Here."]
