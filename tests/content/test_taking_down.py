"""Pages that are withdrawn, gone or redirected, and restored: what readers, lists, the record and the audit say of it."""

from __future__ import annotations

import hashlib
from typing import Any

import grpc
import pytest

from gazette.content.v1 import content_service_pb2 as content
from gazette.content.v1 import taking_down_pb2 as rpc
from gazette.content.v1.document_pb2 import Document, LinkTargets, LiveState
from gazette.content.v1.removal_pb2 import Redirection, Removal
from gazette.delivery.v1.delivery_service_pb2 import GetPageResponse
from gazette.delivery.v1.page_pb2 import PageState
from server.content.taking_down import rules
from server.content.taking_down.failures import WrongLiveState
from server.content.transitions import CHANGES, Verb
from server.rpc.objects import plain
from tests.content.desk import Desk, imported
from tests.content.taking import (
    GONE,
    PUBLISHED,
    REDIRECTED,
    VANISHED,
    WITHDRAWN,
    comes_to_serve,
    events,
    kinds,
    listed,
    redirect,
    remove,
    restore,
    served,
    unpublish,
    withdraw,
)
from tests.refusals import refused
from tools import transitions


async def test_what_is_withdrawn_is_read_on(desk: Desk) -> None:
    """The page stays where it is and as it is, with why and since when; lists show it as withdrawn, and readers are not told of
    a change of its content (C30)."""
    document = await desk.published(f"{desk.root}/a", body="**b**", summary="S")
    before = (await desk.page(document.path)).page
    answer = await withdraw(desk, document, "<p onclick=x>Old</p>")
    live = answer.document.live
    assert (live.state, live.path, live.revision_number, live.explanation) == (
        WITHDRAWN,
        document.path,
        1,
        "<p onclick=x>Old</p>",
    )
    assert answer.record_number == live.record_number
    page = (await desk.page(document.path)).page
    assert (page.state, page.withdrawal.explanation) == (PageState.PAGE_STATE_WITHDRAWN, "<p>Old</p>")
    assert page.withdrawal.withdraw_time == page.publish_time == live.withdraw_time
    for name in ("html", "title", "summary", "first_publish_time", "public_update_time", "document_id"):
        assert getattr(page, name) == getattr(before, name), name
    assert await listed(desk) == [document.path]
    assert await desk.get(document) == answer.document


async def test_an_explanation_can_be_changed(desk: Desk) -> None:
    """What is withdrawn is withdrawn anew with another explanation, since the same time (C30)."""
    first = (await withdraw(desk, await desk.published())).document
    again = (await withdraw(desk, first, "See the new guide.")).document
    page = (await desk.page(again.live.path)).page
    assert "See the new guide." in page.withdrawal.explanation
    assert page.withdrawal.withdraw_time == again.live.withdraw_time == first.live.withdraw_time


async def test_what_is_gone_says_why(desk: Desk) -> None:
    """The path tells that there was a page, why it is gone and where to look instead; no list has it any more (C30, I4)."""
    other = await desk.published(f"{desk.root}/other")
    document = await remove(desk, await desk.published(f"{desk.root}/a"), "<b>Closed</b><script>x</script>", other.path)
    assert (document.live.state, document.live.location) == (GONE, other.path)
    gone = (await desk.page(f"{desk.root}/a")).gone
    assert (gone.explanation, gone.alternative_path) == ("<b>Closed</b>", other.path)
    assert gone.record_number == document.live.record_number
    assert await listed(desk) == [other.path]


async def test_what_is_redirected_leads_on(desk: Desk) -> None:
    """The path leads to another; with a prefix all below it does, and what follows is kept where that is wanted (C13, C30)."""
    new = await desk.published(f"{desk.root}/new", title="New")
    await desk.published(f"{desk.root}/new/x", title="New x")
    document = await redirect(desk, await desk.published(f"{desk.root}/old"), f"{new.path}?a=1#b")
    assert await comes_to_serve(desk, f"{desk.root}/old", f"{new.path}?a=1#b")
    assert await served(desk, f"{desk.root}/old/x") == ""
    document = await redirect(desk, document, new.path, keeps=True)
    assert (document.live.state, document.live.covers_prefix, document.live.preserves_suffix) == (REDIRECTED, True, True)
    assert await comes_to_serve(desk, f"{desk.root}/old/x", f"{new.path}/x")
    document = await redirect(desk, document, new.path, covers=True)
    assert await comes_to_serve(desk, f"{desk.root}/old/x", new.path)
    document = await restore(desk, document)
    assert (document.live.covers_prefix, document.live.location) == (False, "")
    assert await comes_to_serve(desk, f"{desk.root}/old/x", "")


@pytest.mark.parametrize("state", [WITHDRAWN, REDIRECTED, GONE])
async def test_what_was_taken_down_comes_back(desk: Desk, state: int) -> None:
    """Restored, a page says what it said, without an explanation, in lists again, first published when it was (C30)."""
    await desk.published(f"{desk.root}/b")
    published = await desk.published(f"{desk.root}/a", title="A", body="*b*", tags=["t"], details={"n": 1})
    before = (await desk.page(published.path)).page
    if state == WITHDRAWN:
        document = (await withdraw(desk, published)).document
    else:
        document = await (remove(desk, published) if state == GONE else redirect(desk, published, f"{desk.root}/b"))
    assert document.live.state == state
    document = await restore(desk, document)
    live = document.live
    assert (live.state, live.revision_number, live.explanation, live.location) == (PUBLISHED, 1, "", "")
    assert not live.HasField("withdraw_time")
    page = (await desk.page(published.path)).page
    for name in ("title", "html", "tags", "details", "state", "first_publish_time", "public_update_time"):
        assert getattr(page, name) == getattr(before, name), name
    assert not page.HasField("withdrawal")
    assert page.record_number == live.record_number > before.record_number
    assert set(await listed(desk)) == {f"{desk.root}/a", f"{desk.root}/b"}
    assert await desk.get(document) == document


async def test_the_record_has_each_change(desk: Desk) -> None:
    """Each change is one entry, with the hash of what the path serves since (C30)."""
    document = await desk.published(f"{desk.root}/a")
    await desk.published(f"{desk.root}/b")
    document = (await withdraw(desk, document)).document
    document = await redirect(desk, document, f"{desk.root}/b")
    document = await remove(desk, document)
    answer = await desk.page(document.path)
    assert (await desk.record())[-1].answer_sha256 == hashlib.sha256(answer.SerializeToString()).digest()
    await restore(desk, document)
    told = await kinds(desk)
    assert told[2:] == [("WITHDRAWN", "/a"), ("REDIRECTED", "/a"), ("GONE", "/a"), ("PUBLISHED", "/a")]
    numbers = [each.number for each in await desk.record()]
    assert numbers == [*range(numbers[0], numbers[0] + 6)]


async def test_the_audit_knows_who_and_what(desk: Desk) -> None:
    """Each change is an event of whoever made it, with what it was before and after, and where it leads (C30)."""
    document = await desk.published(f"{desk.root}/a")
    await desk.published(f"{desk.root}/b")
    document = (await withdraw(desk, document)).document
    document = await redirect(desk, document, f"{desk.root}/b", keeps=True)
    document = await remove(desk, document)
    await restore(desk, document)
    told = [(each.action, str(each.actor_id), each.details) for each in (await events(desk, document))[-4:]]
    assert [action for action, _, _ in told] == [
        "document.withdraw",
        "document.redirect",
        "document.remove",
        "document.reinstate",
    ]
    assert {actor for _, actor, _ in told} == {desk.publisher.id}
    states = [(details["before"]["live_state"], details["after"]["live_state"]) for _, _, details in told]
    assert states == [("PUBLISHED", "WITHDRAWN"), ("WITHDRAWN", "REDIRECTED"), ("REDIRECTED", "GONE"), ("GONE", "PUBLISHED")]
    assert (told[1][2]["location"], told[1][2]["preserves_suffix"]) == (f"{desk.root}/b", True)
    assert [details["record_number"] for _, _, details in told] == [each.number for each in (await desk.record())[-4:]]


async def test_former_paths_lead_there_still(desk: Desk) -> None:
    """What moves have left leads to where the document was last, and so to what is there now; in one hop if that leads on."""
    document = await desk.published(f"{desk.root}/first")
    document = await desk.through_review(await desk.update(document, path=f"{desk.root}/second"))
    await desk.published(f"{desk.root}/b")
    document = await remove(desk, document, "Closed")
    assert await comes_to_serve(desk, f"{desk.root}/second", "Closed")
    assert await served(desk, f"{desk.root}/first") == f"{desk.root}/second"
    document = await redirect(desk, document, f"{desk.root}/b")
    assert await comes_to_serve(desk, f"{desk.root}/first", f"{desk.root}/b")
    await restore(desk, document)
    assert await comes_to_serve(desk, f"{desk.root}/first", f"{desk.root}/second")


async def test_a_prefix_that_ends_ends_at_former_paths_too(desk: Desk) -> None:
    """A redirect that covered what is below takes that along when it is a page again."""
    await desk.published(f"{desk.root}/to")
    old = imported(f"{desk.root}/old")
    how: dict[str, Any] = {"live_state": REDIRECTED, "location": f"{desk.root}/to", "covers_prefix": True}
    key = old.document.translation_key
    *_, result = await desk.bring_in(
        old, imported(f"{desk.root}/old", key=key, **how), imported(f"{desk.root}/moved", key=key, **how)
    )
    assert await comes_to_serve(desk, f"{desk.root}/old/x", f"{desk.root}/to")
    document = await desk.get(Document(id=result.document_id))
    await restore(desk, document)
    assert await comes_to_serve(desk, f"{desk.root}/old/x", "")
    assert await served(desk, f"{desk.root}/old") == f"{desk.root}/moved"


async def test_links_of_pages_that_are_published_later(desk: Desk) -> None:
    """A page that is published while its target is gone does not link there; while the target is withdrawn, it does."""
    target = await desk.published(f"{desk.root}/target")
    links = {"related": LinkTargets(translation_keys=[target.translation_key])}
    target = (await withdraw(desk, target)).document
    one = await desk.published(f"{desk.root}/one", links=links)
    assert [each.path for each in (await desk.page(one.path)).page.links["related"].pages] == [target.live.path]
    await remove(desk, target)
    two = await desk.published(f"{desk.root}/two", links=links)
    assert not (await desk.page(two.path)).page.links


async def test_steps_out_of_turn(desk: Desk) -> None:
    """What was never public cannot be taken down, and what is a page cannot be restored; nothing changes then (C30)."""
    draft, page = await desk.create(), await desk.published(f"{desk.root}/a")
    for step in (withdraw, remove, restore):
        refusal = await refused(step(desk, draft))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "WRONG_LIVE_STATE")
        assert refusal.info.metadata["live_state"] == "not public yet"
    refusal = await refused(restore(desk, page))
    assert (refusal.reason, refusal.info.metadata["live_state"]) == ("WRONG_LIVE_STATE", "PUBLISHED")
    assert (await desk.get(draft), await desk.get(page)) == (draft, page)
    assert await kinds(desk) == [("PUBLISHED", "/a")]


async def test_who_may(desk: Desk) -> None:
    """Publishers may, editors may not, and to another organisation there is no such document (Z2)."""
    document = await desk.published()
    for step in (withdraw, remove, restore):
        assert (await refused(step(desk, document, by=desk.editor))).code == grpc.StatusCode.PERMISSION_DENIED
    others = await Desk.opened(desk.service)
    for step in (withdraw, remove, restore):
        assert (await refused(step(others, document))).reason == "DOCUMENT_NOT_FOUND"
    assert await desk.get(document) == document


async def test_an_old_etag(desk: Desk) -> None:
    """Each needs the newest etag, says which that is, and a repeated call does nothing twice."""
    old = await desk.published(f"{desk.root}/a")
    document = (await withdraw(desk, old)).document
    for step in (withdraw, remove, restore):
        refusal = await refused(step(desk, old))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.ABORTED, "STALE_ETAG")
        told = dict(refusal.info.metadata)
        assert (told["given"], told["current"]) == (old.etag, document.etag)
    assert await kinds(desk) == [("PUBLISHED", "/a"), ("WITHDRAWN", "/a")]


INVALID: list[tuple[str, dict[str, Any], str]] = [
    ("Withdraw", {"explanation": ""}, "explanation"),
    ("Withdraw", {"explanation": " \u200b "}, "explanation"),
    ("Unpublish", {"gone": Removal()}, "gone.explanation"),
    ("Unpublish", {"redirect": Redirection()}, "redirect.location"),
    ("Unpublish", {"redirect": Redirection(location="http://example.gov/a")}, "redirect.location"),
    ("Unpublish", {"redirect": Redirection(location="//example.gov/a")}, "redirect.location"),
    ("Unpublish", {"redirect": Redirection(location="/a", preserves_suffix=True)}, ""),
    ("Unpublish", {"vanish": rpc.Vanishing()}, "vanish.reason"),
    ("Unpublish", {}, ""),
]


@pytest.mark.parametrize(("method", "said", "field"), INVALID)
async def test_what_is_wrong_is_named(desk: Desk, method: str, said: dict[str, Any], field: str) -> None:
    """What cannot be meant is refused at its field, and changes nothing."""
    document = await desk.published()
    kind = {"Withdraw": rpc.WithdrawDocumentRequest, "Unpublish": rpc.UnpublishDocumentRequest}[method]
    request = kind(id=document.id, etag=document.etag, **said)
    refusal = await refused(getattr(desk.documents, f"{method}Document")(request, metadata=desk.publisher.metadata))
    assert refusal.code == grpc.StatusCode.INVALID_ARGUMENT
    assert [*refusal.fields] == [field]
    assert await desk.get(document) == document


async def test_what_of_an_explanation_is_lost_is_named(desk: Desk) -> None:
    """Notices say what of an explanation does not reach readers (C21)."""
    document = await desk.published()
    answer = await withdraw(desk, document, "<p>Old</p>\n<iframe src=x></iframe>")
    assert [(each.field, each.reason) for each in answer.notices] == [("explanation", "ELEMENT_DROPPED")]
    gone = await unpublish(desk, answer.document, gone=Removal(explanation="<object></object>Old"))
    assert [each.field for each in gone.notices] == ["explanation"]


async def test_what_was_never_a_page_is_not_restored(desk: Desk) -> None:
    """What was imported as gone says something that nobody has seen or approved; a draft of it can be published (C30)."""
    (result,) = await desk.bring_in(imported(f"{desk.root}/a", live_state=GONE, explanation="Old"))
    document = await desk.get(Document(id=result.document_id))
    for step in (restore, withdraw):
        refusal = await refused(step(desk, document))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "NEVER_A_PAGE")
    assert (await desk.page(f"{desk.root}/a")).gone.explanation == "Old"
    await desk.through_review(await desk.update(document, body="New"))
    assert (await desk.page(f"{desk.root}/a")).page.html == "<p>New</p>\n"


async def test_what_was_imported_as_gone_after_it_was_a_page(desk: Desk) -> None:
    """If it says what its page said, it is restored; if it says something else, it is not."""
    key = (await desk.published(f"{desk.root}/a", body="x")).translation_key
    same = imported(f"{desk.root}/a", key=key, live_state=GONE, said={"body": "x"})
    (result,) = await desk.bring_in(same)
    document = await restore(desk, await desk.get(Document(id=result.document_id)))
    assert (await desk.page(f"{desk.root}/a")).page.html == "<p>x</p>\n"
    await desk.bring_in(imported(f"{desk.root}/a", key=key, live_state=GONE, said={"body": "y"}))
    assert (await refused(restore(desk, await desk.get(document)))).reason == "NEVER_A_PAGE"


async def test_lists_of_documents_by_what_is_live(desk: Desk) -> None:
    """Editors find what is withdrawn or gone by its state; a list says where what is redirected leads, and leaves out why."""
    gone = await remove(desk, await desk.published(), "Long story.")
    request = content.ListDocumentsRequest(organisation_id=desk.organisation_id, live_state=GONE)
    (found,) = (await desk.documents.ListDocuments(request, metadata=desk.author.metadata)).documents
    assert (found.id, found.live.state, found.live.explanation) == (gone.id, GONE, "")


async def test_what_is_restored_meets_no_new_schema(desk: Desk) -> None:
    """A page that was public comes back, whatever its content type asks for by now."""
    kind = desk.kind("notice")
    content_type = await desk.content_type(kind)
    document = await remove(desk, await desk.published(content_type=kind, details={"a": 1}))
    await desk.change_content_type(content_type, details_schema={"required": ["number"]})
    document = await restore(desk, document)
    answer: GetPageResponse = await desk.page(document.live.path)
    assert plain(answer.page.details) == {"a": 1}


def test_the_diagram_is_current() -> None:
    """docs/taking-down.md shows the table of transitions as it is; mend it with make proto."""
    assert transitions.page(transitions.TAKING_DOWN) == (transitions.ROOT / transitions.TAKING_DOWN).read_text()
    assert "".join(transitions.live_diagram()).count("-->") == 1 + sum(len(change.live_needs) for change in CHANGES)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.action)
def test_the_table_of_transitions(change: Verb) -> None:
    """From each state a change leads to its own, or is refused, as the table says; vanishing is for few."""
    for state in LiveState.values():
        if state in change.live_needs:
            assert rules.step(state, change) == change.live
            assert rules.concerns_vanishing(state, change) == (VANISHED in {state, change.live})
        else:
            with pytest.raises(WrongLiveState):
                rules.step(state, change)
