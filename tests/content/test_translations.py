"""Documents that translate each other: what each was made from, and what is missing or outdated."""

from __future__ import annotations

import uuid
from typing import Any

import grpc
import pytest

from gazette.auth.v1.account_pb2 import Role
from gazette.content.v1 import content_service_pb2 as content
from gazette.content.v1 import translations_pb2 as rpc
from gazette.content.v1.document_pb2 import Document, LiveState
from gazette.content.v1.translations_pb2 import Translation, TranslationGap
from server.content.translations import queries
from tests.content.desk import Desk, imported
from tests.refusals import refused

MISSING = rpc.TranslationGapKind.TRANSLATION_GAP_KIND_MISSING
OUTDATED = rpc.TranslationGapKind.TRANSLATION_GAP_KIND_OUTDATED


async def listed(desk: Desk, document: Document, **how: Any) -> list[Translation]:
    request = rpc.ListTranslationsRequest(document_id=document.id, **how)
    return [*(await desk.documents.ListTranslations(request, metadata=desk.author.metadata)).translations]


async def confirmed(desk: Desk, document: Document, source: Document | None = None, number: int = 0) -> Document:
    source_id = source.id if source else ""
    request = rpc.ConfirmTranslationRequest(
        id=document.id, etag=document.etag, source_document_id=source_id, source_revision_number=number
    )
    answer = await desk.documents.ConfirmTranslation(request, metadata=desk.author.metadata)
    found: Document = answer.document
    return found


def asked(desk: Desk, kind: rpc.TranslationGapKind.ValueType, **how: Any) -> rpc.ListTranslationGapsRequest:
    said = {"organisation_id": desk.organisation_id, "source_locale": "en", "target_locale": "cy"} | how
    return rpc.ListTranslationGapsRequest(kind=kind, **said)


async def gaps(desk: Desk, kind: rpc.TranslationGapKind.ValueType, **how: Any) -> list[TranslationGap]:
    """All of them, through as many parts as there are."""
    found: list[TranslationGap] = []
    request = asked(desk, kind, **how)
    while True:
        answer = await desk.documents.ListTranslationGaps(request, metadata=desk.author.metadata)
        found += answer.gaps
        if not answer.next_page_token:
            return found
        request.page_token = answer.next_page_token


async def test_a_translation_knows_what_it_was_made_from(desk: Desk) -> None:
    """It was made from what was public of the first document of its key; when that is published anew it is outdated, until
    somebody says that it says the same again. (C38)"""
    english = await desk.published(f"{desk.root}/a", title="Tides")
    assert (english.source_document_id, english.source_revision_number) == ("", 0)
    english = await desk.update(english, title="Tides and times")
    welsh = await desk.create(f"{desk.root}/cy", locale="cy", translation_key=english.translation_key, title="Llanw")
    assert (welsh.source_document_id, welsh.source_revision_number) == (english.id, 1)
    assert [(each.locale, each.title, each.outdated) for each in await listed(desk, english)] == [
        ("cy", "Llanw", False),
        ("en", "Tides and times", False),
    ]
    await desk.through_review(english)
    of_welsh, of_english = await listed(desk, welsh)
    assert (of_welsh.document_id, of_welsh.source_document_id, of_welsh.source_revision_number, of_welsh.outdated) == (
        welsh.id,
        english.id,
        1,
        True,
    )
    assert (of_english.live_state, of_english.live_revision_number, of_english.outdated) == (
        LiveState.LIVE_STATE_PUBLISHED,
        2,
        False,
    )
    welsh = await confirmed(desk, welsh)
    assert (welsh.source_revision_number, welsh.revision_number, welsh.draft.revision_number) == (2, 1, 1)
    assert [each.outdated for each in await listed(desk, english)] == [False, False]
    assert (await desk.get(welsh)).etag == welsh.etag


async def test_what_a_translation_may_be_made_from(desk: Desk) -> None:
    """Another of its translations, in a revision that there is; all else is as absent as what is another organisation's."""
    english = await desk.create(f"{desk.root}/a")
    alone = await desk.create(f"{desk.root}/alone")
    french = await desk.create(f"{desk.root}/fr", locale="fr", translation_key=english.translation_key)
    welsh = await desk.create(f"{desk.root}/cy", locale="cy", translation_key=english.translation_key)
    assert (welsh.source_document_id, welsh.source_revision_number) == (english.id, 1)
    welsh = await confirmed(desk, welsh, french, 1)
    assert (welsh.source_document_id, welsh.source_revision_number) == (french.id, 1)
    for source, number, reason in (
        (alone, 0, "SOURCE_NOT_FOUND"),
        (welsh, 0, "SOURCE_NOT_FOUND"),
        (Document(id=str(uuid.uuid4())), 0, "SOURCE_NOT_FOUND"),
        (french, 2, "INVALID_SOURCE"),
    ):
        assert (await refused(confirmed(desk, welsh, source, number))).reason == reason
    assert (await refused(confirmed(desk, alone))).reason == "NO_SOURCE"
    stale = Document(id=welsh.id, etag="1")
    refusal = await refused(confirmed(desk, stale))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.ABORTED, "STALE_ETAG")
    stranger = await desk.service.account(role=Role.ROLE_ADMIN, organisation_id=await desk.service.organisation())
    for call in (
        desk.documents.ListTranslations(rpc.ListTranslationsRequest(document_id=welsh.id), metadata=stranger.metadata),
        desk.documents.ConfirmTranslation(
            rpc.ConfirmTranslationRequest(id=welsh.id, etag=welsh.etag), metadata=stranger.metadata
        ),
    ):
        assert (await refused(call)).reason == "DOCUMENT_NOT_FOUND"


async def test_pages_of_translations(desk: Desk) -> None:
    """The translations of a document come in parts, by language, none twice."""
    first = await desk.create(f"{desk.root}/en")
    for locale in ("fr", "cy", "de", "gd"):
        await desk.create(f"{desk.root}/{locale}", locale=locale, translation_key=first.translation_key)
    seen: list[str] = []
    request = rpc.ListTranslationsRequest(document_id=first.id, page_size=2)
    while True:
        answer = await desk.documents.ListTranslations(request, metadata=desk.author.metadata)
        seen += [each.locale for each in answer.translations]
        request.page_token = answer.next_page_token
        if not request.page_token:
            break
    assert seen == ["cy", "de", "en", "fr", "gd"]


async def test_what_is_missing_and_what_is_outdated(desk: Desk) -> None:
    """Of the pages in a language those are missing that have no document in the other one, and those are outdated whose
    source was published since, with the two revisions that differ. Drafts are neither. (C38)"""
    await desk.create(f"{desk.root}/draft")
    pages = [await desk.published(f"{desk.root}/{number}", title=f"Page {number}") for number in range(3)]
    assert [each.source.document_id for each in await gaps(desk, MISSING)] == [each.id for each in pages]
    assert [each.source.document_id for each in await gaps(desk, MISSING, page_size=1)] == [each.id for each in pages]
    assert await gaps(desk, OUTDATED) == []
    welsh = await desk.published(f"{desk.root}/cy", locale="cy", translation_key=pages[0].translation_key)
    await desk.create(f"{desk.root}/cy1", locale="cy", translation_key=pages[1].translation_key)
    missing = await gaps(desk, MISSING)
    assert [(each.source.title, each.to_revision_number, each.HasField("translation")) for each in missing] == [
        ("Page 2", 1, False)
    ]
    changed = await desk.through_review(await desk.update(pages[0], title="Page 0, changed"))
    (outdated,) = await gaps(desk, OUTDATED)
    assert (outdated.source.document_id, outdated.translation.document_id) == (changed.id, welsh.id)
    assert (outdated.from_revision_number, outdated.to_revision_number) == (1, 2)
    assert (outdated.source.title, outdated.translation.outdated) == ("Page 0, changed", True)
    assert await gaps(desk, OUTDATED, source_locale="cy", target_locale="en") == []
    assert [each.source.locale for each in await gaps(desk, MISSING, source_locale="cy", target_locale="gd")] == ["cy"]
    assert await gaps(desk, MISSING, content_type="none_such") == []
    elsewhere = await desk.service.organisation()
    stranger = await desk.service.account(role=Role.ROLE_ADMIN, organisation_id=elsewhere)
    for whose in (desk.organisation_id, str(uuid.uuid4()), ""):
        request = asked(desk, MISSING, organisation_id=whose)
        assert not (await desk.documents.ListTranslationGaps(request, metadata=stranger.metadata)).gaps
    await confirmed(desk, await desk.get(welsh))
    assert await gaps(desk, OUTDATED) == []


async def test_what_was_imported_goes_by_its_times(desk: Desk) -> None:
    """Nobody knows what an imported translation was made from: it is outdated where its source had a major update later."""
    key, when = str(uuid.uuid4()), [{"seconds": seconds} for seconds in (1_000, 2_000)]
    await desk.bring_in(imported(f"{desk.root}/en", key=key, claimed_public_update_time=when[1]))
    said = {"locale": "cy"}
    await desk.bring_in(imported(f"{desk.root}/cy", key=key, said=said, claimed_public_update_time=when[0]))
    (gap,) = await gaps(desk, OUTDATED)
    assert (gap.source.path, gap.from_revision_number, gap.to_revision_number) == (f"{desk.root}/en", 0, 1)
    await desk.bring_in(imported(f"{desk.root}/cy", key=key, said=said, claimed_public_update_time=when[1]))
    assert await gaps(desk, OUTDATED) == []


async def test_a_part_looks_at_so_many(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A part that has looked at as many pages as it may ends there, however few of them lack something; the next goes on."""
    monkeypatch.setattr(queries, "LOOKED_AT", 2)
    queries.gaps.cache_clear()
    try:
        pages = [await desk.published(f"{desk.root}/{number}") for number in range(5)]
        for number in (0, 1, 3):
            key = pages[number].translation_key
            await desk.create(f"{desk.root}/cy{number}", locale="cy", translation_key=key)
        request = asked(desk, MISSING)
        first = await desk.documents.ListTranslationGaps(request, metadata=desk.author.metadata)
        assert (len(first.gaps), bool(first.next_page_token)) == (0, True)
        assert [each.source.document_id for each in await gaps(desk, MISSING)] == [pages[2].id, pages[4].id]
    finally:
        monkeypatch.undo()
        queries.gaps.cache_clear()


async def test_a_translation_that_is_made_under_a_key(desk: Desk) -> None:
    """A create that is retried under its idempotency key answers with what the translation was made from, both times."""
    english = await desk.create(f"{desk.root}/a")
    wanted = desk.draft(f"{desk.root}/cy", locale="cy", translation_key=english.translation_key)
    metadata = (*desk.author.metadata, ("idempotency-key", desk.service.unique("key")))
    request = content.CreateDocumentRequest(document=wanted)
    first, second = [await desk.documents.CreateDocument(request, metadata=metadata) for _ in range(2)]
    assert first.document.source_document_id == second.document.source_document_id == english.id
