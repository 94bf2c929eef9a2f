"""Documents that were never public are deleted, found among what is deleted, brought back, or erased in the end."""

from __future__ import annotations

import uuid
from datetime import timedelta

import grpc
import pytest
from sqlalchemy import func, select, text, update

from gazette.content.v1 import content_service_pb2 as content
from gazette.content.v1.comment_pb2 import Comment
from gazette.content.v1.commenting_pb2 import AddCommentRequest
from gazette.content.v1.document_pb2 import Document, DraftState
from gazette.content.v1.revising_pb2 import GetRevisionRequest
from gazette.content.v1.translations_pb2 import ListTranslationGapsRequest, ListTranslationsRequest, TranslationGapKind
from server.app import TABLES
from server.content import models
from server.content.deletion.queries import OF_DOCUMENTS, expired
from server.stores import retention
from tests.content.desk import Desk, imported
from tests.content.referring import references, related
from tests.content.revising import delete, discard, listed, preview_link, previewed, undelete
from tests.content.taking import events, restore, withdraw
from tests.content.type_changes import change
from tests.refusals import refused

NOT_FOUND, PRECONDITION = grpc.StatusCode.NOT_FOUND, grpc.StatusCode.FAILED_PRECONDITION
DAY = timedelta(days=1)


async def test_what_is_deleted_is_not_there(desk: Desk) -> None:
    """A deleted document answers every call as one that does not exist, even to those who may delete, and no list has it but
    that of what is deleted (C33)."""
    document = await desk.update(await desk.create(), title="B")
    kept = await desk.create()
    deleted = await delete(desk, document)
    assert (deleted.title, int(deleted.etag)) == ("B", int(document.etag) + 1)
    assert deleted.purge_time.ToDatetime() - deleted.delete_time.ToDatetime() == 30 * DAY
    asked = content.ListRevisionsRequest(document_id=document.id)
    metadata = desk.admin.metadata
    for call in (
        desk.documents.GetDocument(content.GetDocumentRequest(id=document.id), metadata=metadata),
        desk.documents.ListRevisions(asked, metadata=metadata),
        desk.documents.GetRevision(GetRevisionRequest(document_id=document.id, number=1), metadata=metadata),
        desk.update(deleted, title="C"),
        desk.submit(deleted),
        desk.publish(deleted),
        discard(desk, deleted),
        delete(desk, deleted),
        preview_link(desk, deleted),
        withdraw(desk, deleted),
        restore(desk, deleted),
    ):
        refusal = await refused(call)
        assert (refusal.code, refusal.reason) == (NOT_FOUND, "DOCUMENT_NOT_FOUND")
    assert await listed(desk) == [kept.id]
    assert await listed(desk, deleted=True) == [deleted.id]
    assert await listed(desk, deleted=True, by=desk.author) == []
    assert (await events(desk, document))[-1].action == "document.delete"


async def test_nobody_finds_it_by_what_it_was(desk: Desk) -> None:
    """What is deleted takes no comments, refers to nothing, is nobody's translation, and no link leads to it (C33)."""
    source, target = await desk.published(locale="en"), await desk.create()
    document = await desk.create(locale="cy", translation_key=source.translation_key, links=related(target))
    assert [each.document_id for each in await references(desk, target)] == [document.id]
    await delete(desk, document)
    comment = AddCommentRequest(document_id=document.id, comment=Comment(text="Late."))
    for call in (
        desk.documents.AddComment(comment, metadata=desk.editor.metadata),
        desk.documents.ListTranslations(ListTranslationsRequest(document_id=document.id), metadata=desk.editor.metadata),
        references(desk, document),
    ):
        assert (await refused(call)).reason == "DOCUMENT_NOT_FOUND"
    assert await references(desk, target) == []
    request = ListTranslationsRequest(document_id=source.id)
    answer = await desk.documents.ListTranslations(request, metadata=desk.author.metadata)
    assert [each.document_id for each in answer.translations] == [source.id]
    gaps = ListTranslationGapsRequest(
        kind=TranslationGapKind.TRANSLATION_GAP_KIND_MISSING,
        organisation_id=desk.organisation_id,
        source_locale="en",
        target_locale="cy",
    )
    answer = await desk.documents.ListTranslationGaps(gaps, metadata=desk.author.metadata)
    assert [each.source.document_id for each in answer.gaps] == [source.id]
    refusal = await refused(desk.published(body=f"[Where it was](document:{document.id})"))
    assert refusal.reason == "LINK_TARGET_NOT_FOUND"


async def test_no_translation_is_made_from_it(desk: Desk) -> None:
    """A translation is made from one of the documents that there are (C33)."""
    deleted = await desk.create(locale="en")
    await delete(desk, deleted)
    first = await desk.create(locale="cy", translation_key=deleted.translation_key)
    second = await desk.create(locale="fr", translation_key=deleted.translation_key)
    assert (first.source_document_id, second.source_document_id) == ("", first.id)


async def test_it_comes_back_by_the_etag_that_was_told(desk: Desk) -> None:
    """What DeleteDocument answers brings the document back, though its content type has moved members since it was saved; and
    the answer is what everybody reads from then on (C33)."""
    made = await desk.content_type(desk.kind("kept"))
    document = await desk.create(content_type=made.name, details={"old": 1})
    await change(desk, made, moves=[("/old", "/new")])
    deleted = await delete(desk, await desk.get(document))
    for path in ("", f"{desk.root}/elsewhere"):
        back = await undelete(desk, deleted, path)
        assert back == await desk.get(document)
        deleted = await delete(desk, back)


async def test_its_place_is_free(desk: Desk) -> None:
    """Another document can come to the path of a deleted one, and to its place among its translations (C33)."""
    key = str(uuid.uuid4())
    document = await delete(desk, await desk.create(f"{desk.root}/a", translation_key=key))
    other = await desk.create(f"{desk.root}/a", translation_key=key)
    taken = await refused(undelete(desk, document))
    assert (taken.code, taken.reason) == (grpc.StatusCode.ALREADY_EXISTS, "PATH_TAKEN")
    translated = await refused(undelete(desk, document, f"{desk.root}/b"))
    assert (translated.code, translated.reason) == (grpc.StatusCode.ALREADY_EXISTS, "TRANSLATION_EXISTS")
    await delete(desk, other)
    assert (await undelete(desk, document)).path == f"{desk.root}/a"


async def test_it_comes_back(desk: Desk) -> None:
    """What was deleted comes back as a draft with all its revisions, where it was or elsewhere; then it goes on as ever, and is
    not deleted any more (C33)."""
    document = await desk.approved(f"{desk.root}/a", title="A", body="b")
    deleted = await delete(desk, document)
    back = await undelete(desk, deleted)
    assert (back.title, back.body, back.path, back.revision_number) == ("A", "b", f"{desk.root}/a", 1)
    assert (back.draft.state, back.HasField("delete_time")) == (DraftState.DRAFT_STATE_DRAFT, False)
    assert await desk.get(back) == back
    assert (await refused(undelete(desk, back))).code == NOT_FOUND
    again = await delete(desk, back)
    await desk.create(f"{desk.root}/a")
    moved = await undelete(desk, again, f"{desk.root}/b")
    assert (moved.path, moved.revision_number, moved.body) == (f"{desk.root}/b", 2, "b")
    approved = await desk.approve(await desk.submit(moved), by=desk.publisher)
    assert (await desk.publish(approved)).live.path == f"{desk.root}/b"
    actions = [event.action for event in await events(desk, document)]
    assert [each for each in actions if "delete" in each] == ["document.delete", "document.undelete"] * 2


@pytest.mark.parametrize("how", ["published", "withdrawn", "imported"])
async def test_what_was_public_stays(desk: Desk, how: str) -> None:
    """A document that the public has ever seen cannot be deleted, whatever became of it (C33)."""
    if how == "imported":
        (result,) = await desk.bring_in(imported(f"{desk.root}/a"))
        document = await desk.get(Document(id=result.document_id))
    else:
        document = await desk.published(f"{desk.root}/a")
    if how == "withdrawn":
        document = (await withdraw(desk, document)).document
    refusal = await refused(delete(desk, document))
    assert (refusal.code, refusal.reason) == (PRECONDITION, "WAS_PUBLIC")
    draft = await desk.update(document, title="B")
    assert (await refused(delete(desk, draft))).reason == "WAS_PUBLIC"


async def test_what_is_scheduled_stays(desk: Desk) -> None:
    """What somebody has scheduled is not deleted before they take that back."""
    document = await desk.schedule(await desk.approved(), DAY)
    refusal = await refused(delete(desk, document))
    assert (refusal.code, refusal.reason) == (PRECONDITION, "WRONG_STATE")
    assert (await delete(desk, await desk.unschedule(document))).HasField("delete_time")


async def test_who_may(desk: Desk) -> None:
    """Editors delete and bring back, and authors do not; another organisation's people find nothing (Z2); a stale etag does
    neither."""
    document = await desk.create()
    denied = await refused(delete(desk, document, by=desk.author))
    assert (denied.code, denied.info.metadata["permission"]) == (
        grpc.StatusCode.PERMISSION_DENIED,
        "PERMISSION_DOCUMENTS_DELETE",
    )
    other = await Desk.opened(desk.service)
    assert (await refused(delete(desk, document, by=other.editor))).reason == "DOCUMENT_NOT_FOUND"
    changed = await desk.update(document, title="B")
    assert (await refused(delete(desk, document))).reason == "STALE_ETAG"
    deleted = await delete(desk, changed)
    assert (await refused(undelete(desk, changed))).reason == "STALE_ETAG"
    assert (await refused(undelete(desk, deleted, by=other.editor))).reason == "DOCUMENT_NOT_FOUND"
    assert (await refused(undelete(desk, deleted, by=desk.author))).code == grpc.StatusCode.PERMISSION_DENIED
    assert await listed(desk, by=other.editor, deleted=True) == []


async def test_an_import_may_come_to_its_place(desk: Desk) -> None:
    """What is brought in under the translation key of a deleted document is another document; the deleted one stays so."""
    key = str(uuid.uuid4())
    document = await delete(desk, await desk.create(translation_key=key))
    (result,) = await desk.bring_in(imported(f"{desk.root}/a", key=key))
    assert result.document_id != document.id
    assert await listed(desk, deleted=True) == [document.id]


async def test_previews_end_with_it(desk: Desk) -> None:
    """A link to a preview of a deleted document shows nothing, also once that is back (C34)."""
    document = await desk.create()
    made = await preview_link(desk, document)
    deleted = await delete(desk, document)
    assert (await refused(previewed(desk, made))).reason == "PREVIEW_ENDED"
    await undelete(desk, deleted)
    assert (await refused(previewed(desk, made))).reason == "PREVIEW_ENDED"


async def test_a_change_voids_a_deletion(desk: Desk) -> None:
    """A process of the release before, which knows of no deletions, can change a deleted document: then it is not deleted any
    more, and nothing of it is erased (decision 0027)."""
    document = await desk.create(f"{desk.root}/a")
    await delete(desk, document)
    change = (
        update(models.Document).where(models.Document.id == uuid.UUID(document.id)).values(version=models.Document.version + 1)
    )
    async with desk.service.database.transaction() as connection:
        await connection.execute(change)
    found = await desk.get(document)
    assert not found.HasField("delete_time")
    assert (await refused(desk.create(f"{desk.root}/a"))).reason == "PATH_TAKEN"
    assert await listed(desk, deleted=True) == []


async def test_it_is_erased_in_the_end(own_desk: Desk) -> None:
    """After 30 days it cannot come back, and the job that clears away erases it with its revisions, reviews and links, and no
    other one; what happened stays on the audit (C33)."""
    desk = own_desk
    document = await desk.approved(body="words")
    await preview_link(desk, document)
    recent = await delete(desk, await desk.create())
    kept = await desk.create()
    deleted = await delete(desk, document)
    old = models.Document.delete_time - timedelta(days=30, minutes=30)
    change = update(models.Document).where(models.Document.id == uuid.UUID(document.id)).values(delete_time=old)
    async with desk.service.database.transaction() as connection:
        await connection.execute(change)
    assert (await refused(undelete(desk, deleted))).reason == "DOCUMENT_NOT_FOUND"
    await retention.clear(desk.service.database, expired())
    assert await rows_of(desk, document) == (1, 1, 1, 1)  # an hour later, and not before
    async with desk.service.database.transaction() as connection:
        await connection.execute(change)
    await retention.clear(desk.service.database, expired())
    assert await rows_of(desk, document) == (0, 0, 0, 0)
    assert [await rows_of(desk, each) for each in (recent, kept)] == [(1, 1, 0, 0)] * 2
    assert [event.action for event in await events(desk, document)][-1] == "document.delete"


async def rows_of(desk: Desk, document: Document) -> tuple[int, ...]:
    id = uuid.UUID(document.id)
    tables = (models.Document.id, models.Revision.document_id, models.Review.document_id, models.PreviewLink.document_id)
    async with desk.service.database.read() as connection:
        counts = [(await connection.execute(select(func.count()).where(column == id))).scalar_one() for column in tables]
    return tuple(min(count, 1) for count in counts)


def test_all_that_belongs_to_documents_is_erased_with_them() -> None:
    """Every table whose rows belong to documents is among those that are erased: another one would keep them from it."""
    of_them = {
        table.name
        for table in TABLES.tables.values()
        for key in table.foreign_keys
        if key.column.table.name == "documents" and table.name != "documents"
    }
    assert of_them == {table.__tablename__ for table in OF_DOCUMENTS}


async def test_the_indexes_are_used(desk: Desk) -> None:
    """Who looks for a document by its path or its translation key finds it by an index, though that has no deleted ones."""
    there = "delete_version IS DISTINCT FROM version"
    queries = {
        f"SELECT id FROM documents WHERE path = '/a' AND locale = 'en' AND {there}": "uq_documents_path_locale",
        f"SELECT id FROM documents WHERE translation_key = '{uuid.uuid4()}' AND locale = 'en' AND {there}": (
            "uq_documents_translation_key_locale"
        ),
        "SELECT id FROM documents WHERE delete_time IS NOT NULL AND delete_version = version ORDER BY create_time DESC": (
            "ix_documents_deleted"
        ),
    }
    for query, index in queries.items():
        plan = await plan_with(desk, index, query)
        assert f"using {index} on documents" in plan, plan
        assert "Sort" not in plan, plan


async def plan_with(desk: Desk, index: str, query: str) -> str:
    """How PostgreSQL would answer the query, were this the only index of documents.

    Among several, what it takes depends on how many rows it believes to be there, which tests beside this one change.
    """
    async with desk.service.database.transaction() as connection:
        defined = (await connection.execute(text(f"SELECT pg_get_indexdef('{index}'::regclass)"))).scalar_one()
        await connection.execute(text("CREATE TEMPORARY TABLE documents (LIKE documents) ON COMMIT DROP"))
        await connection.execute(text(defined.replace(" ON public.documents ", " ON pg_temp.documents ")))
        for scan in ("seqscan", "bitmapscan"):
            await connection.execute(text(f"SET LOCAL enable_{scan} = off"))
        return "\n".join((await connection.execute(text(f"EXPLAIN {query}"))).scalars())
