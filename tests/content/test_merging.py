"""Changes that are merged with what others have saved since, and those that cannot be."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.json_format import MessageToDict
from sqlalchemy import text

from gazette.auth.v1.account_pb2 import Role
from gazette.content.v1 import content_service_pb2 as rpc
from gazette.content.v1.document_pb2 import BodyFormat, Document, DraftState, LinkTargets
from gazette.content.v1.merging_pb2 import MergeDocumentRequest
from server.content.merging import merging
from tests.auth.stored import events
from tests.content.desk import Desk
from tests.content.merging import BOTH, THEIRS, YOURS, conflict_of, merge, origins, preview, versions
from tests.refusals import refused
from tests.service import Person

BODY = "One.\n\nTwo.\n\nThree."
HTML = BodyFormat.BODY_FORMAT_HTML


def name_of(person: Person) -> str:
    return person.email.partition("@")[0]


async def execute(desk: Desk, statement: str, id: str) -> None:
    async with desk.service.owner.begin() as connection:
        await connection.execute(text(statement), {"id": uuid.UUID(id)})


async def test_a_stale_etag_names_who_saved_and_what(desk: Desk) -> None:
    """Whoever comes too late is told who has saved meanwhile, the last one first, and which fields differ now (I3)."""
    began = await desk.create(title="A", body="b", summary="s")
    theirs = await desk.update(began, by=desk.editor, title="B", summary="t")
    theirs = await desk.update(theirs, by=desk.publisher, body="c", summary="s")
    refusal = await refused(desk.update(began, title="C"))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.ABORTED, "STALE_ETAG")
    assert dict(refusal.info.metadata) == {
        "given": began.etag,
        "current": theirs.etag,
        "base_revision": "1",
        "revision": "3",
        "saved_by": f"{desk.publisher.id}, {desk.editor.id}",
        "saved_by_names": f"{name_of(desk.publisher)}, {name_of(desk.editor)}",
        "fields": "title, body",
    }
    conflict = conflict_of(refusal)
    assert (conflict.document_id, conflict.base_revision_number, conflict.revision_number) == (began.id, 1, 3)
    assert [(each.account_id, each.display_name) for each in conflict.saved_by] == [
        (desk.publisher.id, name_of(desk.publisher)),
        (desk.editor.id, name_of(desk.editor)),
    ]
    assert ([*conflict.fields], conflict.saved_by_count) == (["title", "body"], 2)


async def test_every_change_says_it(desk: Desk) -> None:
    """Whatever somebody wants to do to a document that has changed, they are told the same."""
    live = await desk.published()
    theirs = await desk.update(live, by=desk.editor, title="Another")
    calls: list[Any] = [
        desk.submit(live),
        desk.approve(live),
        desk.request_changes(live),
        desk.publish(live),
        desk.unschedule(live),
    ]
    for call in calls:
        refusal = await refused(call)
        assert refusal.reason == "STALE_ETAG"
        assert (refusal.info.metadata["saved_by"], refusal.info.metadata["fields"]) == (desk.editor.id, "title")
        assert conflict_of(refusal).current_etag == theirs.etag


async def test_nobody_saved(desk: Desk) -> None:
    """Where a document has changed and nobody has saved, nobody is named."""
    began = await desk.create()
    await desk.submit(began)
    conflict = conflict_of(await refused(desk.update(began, title="C")))
    assert (conflict.base_revision_number, conflict.revision_number) == (1, 1)
    assert ([*conflict.saved_by], [*conflict.fields], conflict.saved_by_count) == ([], [], 0)


async def test_many_saved(desk: Desk) -> None:
    """Three are named, and it is said how many there were; whoever may not read there any more is not called by name."""
    document = began = await desk.create()
    for number in range(4):
        somebody = await desk.service.account(role=Role.ROLE_AUTHOR, organisation_id=desk.organisation_id)
        document = await desk.update(document, by=somebody, title=f"Title {number}")
    await execute(desk, "DELETE FROM grants WHERE account_id = :id", somebody.id)
    conflict = conflict_of(await refused(desk.update(began, title="late")))
    assert (conflict.saved_by[0].account_id, conflict.saved_by_count) == (somebody.id, 4)
    assert [bool(each.display_name) for each in conflict.saved_by] == [False, True, True]


async def test_etags_that_never_were(desk: Desk) -> None:
    """An etag that no version had is stale, with `merge` too, and nothing is known of what it stood for."""
    document = await desk.create()
    for etag in ("nonsense", "0", "007", "99999999999", "2", "-1"):
        wrong = Document(id=document.id, etag=etag)
        for call in (desk.update(wrong, title="C"), merge(desk, wrong, title="C"), preview(desk, wrong, title="C")):
            refusal = await refused(call)
            assert (refusal.code, refusal.reason) == (grpc.StatusCode.ABORTED, "STALE_ETAG")
            assert refusal.info.metadata["base_revision"] == ""
            assert not conflict_of(refusal).fields


async def test_fields_are_merged(desk: Desk) -> None:
    """What two people change of one version is saved as both have it, field by field, and the answer says whose is what."""
    began = await desk.create(title="A", summary="s", body=BODY, tags=["a", "b"])
    await desk.update(began, by=desk.editor, title="B", body=BODY.replace("One", "First"), tags=["a", "b", "c"])
    answer = await merge(desk, began, summary="t", body=BODY.replace("Three", "Third"), tags=["b", "d"])
    saved = answer.document
    assert (saved.title, saved.summary, saved.body) == ("B", "t", "First.\n\nTwo.\n\nThird.")
    assert {*saved.tags} == {"b", "c", "d"}
    assert origins(answer) == {"title": THEIRS, "summary": YOURS, "body": BOTH, "tags": BOTH}
    assert (answer.merged.base_revision_number, answer.merged.theirs_revision_number, saved.revision_number) == (1, 2, 3)
    request = rpc.ListRevisionsRequest(document_id=began.id)
    revisions = (await desk.documents.ListRevisions(request, metadata=desk.author.metadata)).revisions
    assert [(each.number, each.author_id, each.etag) for each in revisions] == [
        (3, desk.author.id, saved.etag),
        (2, desk.editor.id, "2"),
        (1, desk.author.id, began.etag),
    ]
    assert await desk.get(saved) == saved


async def test_what_is_not_in_the_mask_is_theirs(desk: Desk) -> None:
    """A merge changes what its mask names, and nothing else."""
    began = await desk.create(title="A", summary="s")
    await desk.update(began, by=desk.editor, summary="t")
    saved = (await merge(desk, began, title="B")).document
    assert (saved.title, saved.summary) == ("B", "t")


async def test_without_anybody_else(desk: Desk) -> None:
    """With `merge`, a change of the newest version is saved as any other."""
    began = await desk.create()
    answer = await merge(desk, began, title="B")
    assert (answer.document.title, answer.HasField("merged")) == ("B", False)


async def test_an_approval_is_void(desk: Desk) -> None:
    """What is merged into a draft that was approved meanwhile makes it a draft again."""
    began = await desk.create()
    approved = await desk.approve(await desk.submit(began))
    answer = await merge(desk, began, title="B")
    assert (answer.document.draft.state, answer.merged.theirs_revision_number) == (DraftState.DRAFT_STATE_DRAFT, 1)
    assert (await refused(desk.publish(approved))).reason == "STALE_ETAG"


async def test_a_retry_saves_nothing_again(desk: Desk) -> None:
    """A merge whose answer was lost is made again, and saves nothing a second time."""
    began = await desk.create(body=BODY)
    await desk.update(began, by=desk.editor, title="B")
    first = await merge(desk, began, body=BODY.replace("One", "First"))
    again = await merge(desk, began, body=BODY.replace("One", "First"))
    assert (again.document, again.merged.unchanged, first.merged.unchanged) == (first.document, True, False)


async def test_what_collides_is_refused(desk: Desk) -> None:
    """What both have changed, each otherwise, is named with all three versions, and nothing is saved."""
    began = await desk.create(title="A", summary="s", body=BODY)
    theirs = await desk.update(began, by=desk.editor, title="B", body=BODY.replace("Two", "Zwei"))
    refusal = await refused(merge(desk, began, title="C", summary="t", body=BODY.replace("Two", "Deux")))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.ABORTED, "MERGE_CONFLICT")
    assert refusal.info.metadata["saved_by"] == desk.editor.id
    conflict = conflict_of(refusal)
    assert ([each.field for each in conflict.conflicts], conflict.conflict_count) == (["title", "body"], 2)
    title, body = conflict.conflicts
    assert versions(title) == ("A", "B", "C")
    (hunk,) = body.hunks
    assert (hunk.base, hunk.theirs, hunk.yours) == ("Two.\n", "Zwei.\n", "Deux.\n")
    assert (hunk.base_line, hunk.theirs_line, hunk.yours_line, hunk.merged_line) == (3, 3, 3, 3)
    assert await desk.get(began) == theirs


async def test_a_merge_is_looked_at_before(desk: Desk) -> None:
    """MergeDocument answers what a merge would save, theirs where both collide, and saves nothing; what is then settled is
    saved with the etag that it answers."""
    began = await desk.create(title="A", body=BODY)
    theirs = await desk.update(began, by=desk.editor, body=BODY.replace("Two", "Zwei"))
    answer = await preview(desk, began, title="C", body=BODY.replace("Two", "Deux").replace("Three", "Third"))
    assert (answer.document.title, answer.document.body) == ("C", "One.\n\nZwei.\n\nThird.")
    assert answer.document.etag == theirs.etag
    assert origins(answer) == {"title": YOURS, "body": BOTH}
    (body,) = answer.conflicts
    assert versions(body)[0] == BODY
    assert [each.yours for each in body.hunks] == ["Deux.\n"]
    assert await desk.get(began) == theirs
    settled = await desk.update(answer.document, title="C", body="One.\n\nZwei, deux.\n\nThird.")
    assert settled.revision_number == theirs.revision_number + 1
    fresh = await preview(desk, settled, title="D")
    assert (fresh.document.title, origins(fresh), [*fresh.conflicts]) == ("D", {"title": YOURS}, [])


async def test_details_links_and_files(desk: Desk) -> None:
    """Details are merged by their members, links by their kind, and a text in them by its lines."""
    a, b, c = (f"00000000-0000-7000-8000-00000000000{n}" for n in range(3))
    p, q = {"id": "p", "n": 1}, {"id": "q", "n": 2}
    old = {"rates": {"low": 1, "high": 2}, "text": "x\ny\nz", "gone": True, "parts": [p, q]}
    their = {"rates": {"low": 1, "high": 3}, "text": "X\ny\nz", "parts": [p, {**q, "n": 4}]}
    your = {**old, "rates": {"low": 0, "high": 2}, "text": "x\ny\nZ", "new": None}
    your["parts"] = [{**p, "n": 3}, q, {"id": "r", "n": 5}]
    began = await desk.create(details=old, links={"related": LinkTargets(translation_keys=[a, b])})
    await desk.update(began, by=desk.editor, details=their, links={"related": LinkTargets(translation_keys=[b])})
    links = {"related": LinkTargets(translation_keys=[a, b, c]), "parent": LinkTargets(translation_keys=[a])}
    saved = (await merge(desk, began, details=your, links=links)).document
    assert MessageToDict(saved.details) == {
        "rates": {"low": 0, "high": 3},
        "text": "X\ny\nZ",
        "new": None,
        "parts": [{"id": "p", "n": 3}, {"id": "q", "n": 4}, {"id": "r", "n": 5}],
    }
    assert {kind: [*each.translation_keys] for kind, each in saved.links.items()} == {"related": [b, c], "parent": [a]}
    refusal = await refused(merge(desk, began, details={**old, "rates": {"low": 9, "high": 9}, "a.b": 1}))
    assert [each.field for each in conflict_of(refusal).conflicts] == ["details.rates.low", "details.rates.high"]


async def test_a_body_and_its_format_belong_together(desk: Desk) -> None:
    """Whoever writes on in Markdown what another one has made HTML collides with them."""
    began = await desk.create(body=BODY)
    await desk.update(began, by=desk.editor, body="<p>One.</p>", body_format=HTML)
    refusal = await refused(merge(desk, began, body=BODY + "\n\nFour."))
    assert [each.field for each in conflict_of(refusal).conflicts] == ["body", "body_format"]
    assert conflict_of(refusal).conflicts[1].theirs.string_value == "BODY_FORMAT_HTML"
    assert (await merge(desk, began, title="B")).document.body == "<p>One.</p>"


async def test_who_may_not_write_merges_nothing(desk: Desk) -> None:
    """A merge asks for what a save asks for."""
    began = await desk.create()
    await desk.update(began, title="B")
    reader = await desk.service.account(role=Role.ROLE_READER, organisation_id=desk.organisation_id)
    stranger = await desk.service.account(role=Role.ROLE_AUTHOR, organisation_id=await desk.service.organisation())
    for call in (merge, preview):
        assert (await refused(call(desk, began, by=reader, summary="s"))).code == grpc.StatusCode.PERMISSION_DENIED
        assert (await refused(call(desk, began, by=stranger, summary="s"))).reason == "DOCUMENT_NOT_FOUND"


@pytest.mark.parametrize("paths", [[], ["*"], ["locale"], ["details.a"]])
async def test_masks(desk: Desk, paths: list[str]) -> None:
    """MergeDocument takes the masks that UpdateDocument takes, and no others (Z3)."""
    began = await desk.create()
    request = MergeDocumentRequest(document=Document(id=began.id, etag=began.etag), update_mask=FieldMask(paths=paths))
    refusal = await refused(desk.documents.MergeDocument(request, metadata=desk.author.metadata))
    assert refusal.reason == "INVALID_UPDATE_MASK"


@pytest.mark.parametrize("lines", [2, 4000])
async def test_large_texts(desk: Desk, lines: int) -> None:
    """Texts of any length are merged by their lines; those that may take long in another process."""
    body = "\n\n".join(f"Paragraph {number} of many, with some words in it." for number in range(lines))
    began = await desk.create(body=body)
    await desk.update(began, by=desk.editor, body=body.replace("Paragraph 0 ", "The first paragraph "))
    saved = (await merge(desk, began, body=body.replace(f"Paragraph {lines - 1} ", "The last paragraph "))).document
    assert (saved.body.count("Paragraph"), saved.body.count("The first paragraph"), saved.body.count("The last")) == (
        lines - 2,
        1,
        1,
    )


async def test_conflicts_that_no_refusal_can_hold(desk: Desk) -> None:
    """Of much that collides a refusal names as much as fits into it, and MergeDocument has all."""
    body = "\n\n".join(f"Paragraph {number}." for number in range(300))
    began = await desk.create(body=body, title="A", summary="s" * 5000)
    await desk.update(began, by=desk.editor, body=body.replace("Para", "Their para"), title="B", summary="t" * 5000)
    changed: dict[str, Any] = {"body": body.replace("Para", "Your para"), "title": "C", "summary": "u" * 5000}
    refusal = await refused(merge(desk, began, **changed))
    conflict = conflict_of(refusal)
    assert conflict.conflict_count == 3
    assert conflict.ByteSize() <= 2_000
    told = {each.field: each for each in conflict.conflicts}
    assert (versions(told["title"]), told["summary"].is_shortened) == (("A", "B", "C"), True)
    answer = await preview(desk, began, **changed)
    assert [each.field for each in answer.conflicts] == ["title", "summary", "body"]
    assert not any(each.is_shortened for each in answer.conflicts)
    assert len(answer.conflicts[2].hunks) == 300
    assert "<<<" not in answer.document.body


async def test_revisions_that_do_not_say_their_version(own_desk: Desk) -> None:
    """A revision that a process of the release before has saved says no version: what an etag stood for is then not guessed."""
    desk = own_desk
    began = await desk.create()
    second = await desk.update(began, title="B")
    await execute(desk, "UPDATE revisions SET version = NULL WHERE document_id = :id AND number = 2", began.id)
    await desk.update(second, summary="t")
    for etag in (began, second):
        refusal = await refused(merge(desk, etag, body="x"))
        assert (refusal.reason, refusal.info.metadata["base_revision"]) == ("STALE_ETAG", "")


async def test_fifty_paragraphs_at_once(desk: Desk) -> None:
    """Fifty who change another paragraph each of one version, at once and with `merge`, are all in what is saved (I10)."""
    began = await desk.create(body="\n\n".join(f"Paragraph {number}." for number in range(50)))

    async def change(number: int) -> None:
        await merge(desk, began, body=began.body.replace(f"Paragraph {number}.", f"Changed-{number} by somebody."))

    await asyncio.gather(*(change(number) for number in range(50)))
    saved = await desk.get(began)
    assert [line for line in saved.body.split("\n") if line] == [f"Changed-{number} by somebody." for number in range(50)]
    assert saved.revision_number == 51


async def test_who_is_always_overtaken(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A merge that others overtake each time is given up, says that a retry will do, and has saved nothing."""
    began = await desk.create()
    theirs = await desk.update(began, title="B")
    monkeypatch.setattr(merging, "ATTEMPTS", 0)
    refusal = await refused(merge(desk, began, summary="t"))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.UNAVAILABLE, "MERGE_OVERTAKEN")
    assert await desk.get(began) == theirs


async def test_what_would_take_too_long(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A merge that takes more computing time than it may is ended, and nothing is saved (C9)."""
    body = "\n".join(f"{number}" for number in range(100_000))
    began = await desk.create(body=body)
    theirs = await desk.update(began, by=desk.editor, body=f"a\n{body}")
    monkeypatch.setattr(merging, "SECONDS", 0.01)
    for call in (merge, preview):
        refusal = await refused(call(desk, began, body=f"{body}\nz"))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "TOO_COSTLY_TO_MERGE")
    assert await desk.get(began) == theirs


async def test_a_merge_must_be_right(desk: Desk) -> None:
    """What two have changed, each rightly, is refused where it is wrong together, as any save would be."""
    kind = desk.kind("tides")
    either = {"not": {"required": ["high", "low"]}}
    await desk.content_type(kind, {"type": "object", **either})
    began = await desk.create(content_type=kind)
    await desk.update(began, by=desk.editor, details={"high": 1})
    assert (await refused(merge(desk, began, details={"low": 1}))).reason == "INVALID_DETAILS"


async def test_a_path_that_is_taken(desk: Desk) -> None:
    """A merge goes nowhere where no save could go."""
    began, other = await desk.create(), await desk.create()
    await desk.update(began, by=desk.editor, title="B")
    assert (await refused(merge(desk, began, path=other.path))).reason == "PATH_TAKEN"


async def test_the_audit_knows(desk: Desk) -> None:
    """The event of a merge names the revision that it began with."""
    began = await desk.create()
    await desk.update(began, by=desk.editor, title="B")
    await merge(desk, began, summary="t")
    found = [each for each in await events(desk.service, "document.update") if each.target == began.id]
    assert [each.details.get("merged_from") for each in found] == [None, 1]
